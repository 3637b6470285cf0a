"""The contact sheet of a recording that the test makes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from steps_ros.data.mcap_writer import McapWriter
from steps_ros.data.messages import depth_message, image_message
from steps_ros.errors import OutputError, SourceError
from steps_ros.eval.contact_sheet import LABEL_HEIGHT, make_contact_sheet, TILE_WIDTH, Topics

TOPICS = Topics('/image', '/enhanced', '/depth', '/confidence')


def _record(path: Path, frames: int, has_depth: bool = True) -> Path:
    grey = np.full((90, 160, 3), 40, np.uint8)
    ramp = np.linspace(1, 50, 90, dtype=np.float32)[:, None] + np.zeros((1, 160), np.float32)
    ramp[0] = np.inf
    with McapWriter(path) as writer:
        for stamp in range(1, frames + 1):
            writer.write_message('/image', image_message(grey, stamp, 'camera'), stamp)
            writer.write_message('/enhanced', image_message(grey * 2, stamp, 'camera'), stamp)
            if has_depth:
                writer.write_message('/depth', depth_message(ramp, stamp, 'camera'), stamp)
            sure = np.ones((90, 160), np.float32)
            writer.write_message('/confidence', depth_message(sure, stamp, 'camera'), stamp)
    return path


def test_rows_are_frames_and_columns_are_topics(tmp_path: Path):
    out = tmp_path / 'sheet.png'
    make_contact_sheet(_record(tmp_path / 'a.mcap', 5), TOPICS, out, rows=3)
    sheet = cv2.cvtColor(cv2.imread(str(out)), cv2.COLOR_BGR2RGB)
    assert sheet.shape == (LABEL_HEIGHT + 3 * 180, 4 * TILE_WIDTH, 3)
    middle = sheet[LABEL_HEIGHT + 90]
    assert middle[160].tolist() == [40] * 3
    assert middle[TILE_WIDTH + 160].tolist() == [80] * 3
    assert middle[3 * TILE_WIDTH + 160].tolist() == [255] * 3
    near, far = sheet[LABEL_HEIGHT + 6, 2 * TILE_WIDTH + 160], sheet[-3, 2 * TILE_WIDTH + 160]
    assert near[0] > far[0]
    assert far[2] > near[2]


def test_fewer_frames_than_rows(tmp_path: Path):
    out = tmp_path / 'sheet.png'
    make_contact_sheet(_record(tmp_path / 'a.mcap', 1), TOPICS, out)
    assert cv2.imread(str(out)).shape[0] == LABEL_HEIGHT + 180


def test_no_depth_is_one_line(tmp_path: Path):
    path = _record(tmp_path / 'a.mcap', 2, has_depth=False)
    with pytest.raises(SourceError, match='/depth'):
        make_contact_sheet(path, TOPICS, tmp_path / 'sheet.png')


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path):
    path = _record(tmp_path / 'a.mcap', 1)
    with pytest.raises(OutputError, match='cannot be written'):
        make_contact_sheet(path, TOPICS, tmp_path / 'missing' / 'sheet.png')
