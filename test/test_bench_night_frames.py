"""Depth of consecutive frames without a reference: flicker, and the sheet."""

import cv2
import numpy as np
import pytest
from ros_harness import write_tiny_checkpoint

from steps_ros.bench import night_frames
from steps_ros.shipped_weights import DEFAULT_WEIGHTS


@pytest.fixture(scope='module')
def frames(tmp_path_factory):
    """Write a folder of six frames, the picture moved by two pixels each time."""
    folder = tmp_path_factory.mktemp('still')
    grain = np.random.default_rng(0).uniform(0, 255, (48, 96, 3)).astype(np.float32)
    picture = np.clip(128 + 4 * (cv2.GaussianBlur(grain, (0, 0), 2) - 128), 0, 255)
    for number in range(6):
        moved = np.roll(picture, 2 * number, axis=1).astype(np.uint8)
        cv2.imwrite(str(folder / f'{number}.png'), moved)
    return folder


def test_a_run_with_two_weights(tmp_path, capsys, frames):
    other = write_tiny_checkpoint(tmp_path / 'other.safetensors')
    out = tmp_path / 'out'
    words = ['--checkpoint', str(DEFAULT_WEIGHTS), '--checkpoint', str(other)]
    assert night_frames.main([str(frames), '--out', str(out), *words]) == 0
    text = (out / 'night_frames.md').read_text()
    assert capsys.readouterr().out == text
    rows = [[cell.strip() for cell in row.split('|')[1:-1]] for row in text.splitlines()[2:]]
    assert [row[:2] for row in rows] == [
        [f'{frames.name} (6)', 'default'],
        [f'{frames.name} (6)', 'other'],
    ]
    for _, _, middle, high, known in rows:
        assert 0 <= float(middle.split()[0]) <= float(high.split()[0]) < 100
        assert known == '100.0 %'
    # The untrained network says the same of all.
    assert float(rows[1][2].split()[0]) < float(rows[0][2].split()[0])
    assert cv2.imread(str(out / 'night_frames.jpg')).shape == (20 + 4 * 180, 4 * 320, 3)


def test_one_picture_has_nothing_to_flicker_against(tmp_path, capsys, frames):
    assert night_frames.main([str(frames / '0.png'), '--out', str(tmp_path)]) == 0
    row = capsys.readouterr().out.splitlines()[2]
    assert [cell.strip() for cell in row.split('|')[1:-1]] == [
        '0.png (1)',
        'default',
        '',
        '',
        '100.0 %',
    ]


def test_a_source_that_is_not_there_is_one_line(tmp_path, capsys):
    assert night_frames.main([str(tmp_path / 'none'), '--out', str(tmp_path / 'out')]) == 1
    error = capsys.readouterr().err
    assert 'none' in error
    assert error.count('\n') == 1
