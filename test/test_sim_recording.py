"""A simulated drive as a recording: topics, contents, and what is left after a break."""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.data.sources import open_source
from steps_ros.errors import OutputError
from steps_ros.sim.clip import SimulatedFrame
from steps_ros.sim.recording import write_recording
from steps_ros.sim.trajectory import Mounting


def frames():
    generator = np.random.default_rng(3)
    camera = Camera(20, 11, 15.0, 15.0, 9.0, 5.0)
    for number in range(3):
        yield SimulatedFrame(
            generator.integers(0, 256, (11, 20, 3), np.uint8),
            np.full((11, 20), np.inf, np.float32),
            np.zeros((11, 20, 2), np.float32),
            np.zeros((11, 20), np.uint16),
            np.zeros((11, 20), np.float32),
            camera,
            np.eye(4),
            1_700_000_000_000_000_000 + number * 100_000_000,
            Mounting(camera, 1.5, 0.0, 0.0, 0.0, 0.0, 0.0),
        )


@pytest.mark.parametrize('compressed', [False, True])
def test_a_recording_is_a_source_of_the_same_frames(tmp_path, compressed):
    path = tmp_path / 'drive.mcap'
    assert list(write_recording(frames(), path, compressed)) == [0, 1, 2]
    source = list(open_source(path))
    assert [frame.stamp_ns for frame in source] == [frame.stamp_ns for frame in frames()]
    if not compressed:
        for read, written in zip(source, frames(), strict=True):
            np.testing.assert_array_equal(read.image, written.image)


def test_what_is_there_stays(tmp_path):
    path = tmp_path / 'drive.mcap'
    path.write_bytes(b'mine')
    with pytest.raises(OutputError, match='--overwrite'):
        list(write_recording(frames(), path))
    assert path.read_bytes() == b'mine'


def test_a_broken_off_recording_leaves_nothing(tmp_path):
    def broken():
        yield next(frames())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(write_recording(broken(), tmp_path / 'drive.mcap'))
    assert list(tmp_path.iterdir()) == []
