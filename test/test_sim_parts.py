"""A drive in parts: it goes on where it was broken off, with the same bytes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from steps_ros.errors import OutputError, StepsError
from steps_ros.sim import drive as drive_module
from steps_ros.sim import parts as parts_module
from steps_ros.sim.drive import Drive, drive_frames
from steps_ros.sim.lidar import LidarSettings
from steps_ros.sim.parts import claim_parts, drawn_frames, parts_folder, remove_parts
from steps_ros.sim.settings import ClipSettings

CLIP = ClipSettings(seed=5, frames=5, height=8, width=12, time='day')
DRIVE = Drive(CLIP, 2, LidarSettings(columns=16))


@pytest.fixture(autouse=True)
def short_jobs(monkeypatch):
    monkeypatch.setattr(drive_module, 'FRAMES_A_JOB', 2)


def assert_same(frames, others):
    for frame, other in zip(frames, others, strict=True):
        for name in parts_module._STACKED:
            np.testing.assert_array_equal(getattr(frame, name), getattr(other, name))
        assert frame.camera == other.camera
        assert frame.mounting == other.mounting
        assert frame.scan.stamp_ns == other.scan.stamp_ns
        np.testing.assert_array_equal(frame.scan.points, other.scan.points)
        np.testing.assert_array_equal(frame.scan.body, other.scan.body)
        np.testing.assert_array_equal(frame.scan.body_from_lidar, other.scan.body_from_lidar)


def test_parts_hold_the_frames_unchanged(tmp_path):
    folder = parts_folder(tmp_path / 'drive.mcap')
    assert folder.name == 'drive.mcap.parts'
    assert claim_parts(DRIVE, folder) == frozenset()
    assert_same(drawn_frames(DRIVE, folder), drive_frames(DRIVE))
    assert claim_parts(DRIVE, folder) == frozenset(range(5))


def test_what_is_there_is_not_drawn_again_and_the_rest_is(tmp_path, monkeypatch):
    claim_parts(DRIVE, tmp_path)
    frames = drawn_frames(DRIVE, tmp_path)
    next(frames)
    frames.close()
    assert claim_parts(DRIVE, tmp_path) == frozenset({0, 1})
    drawn = []
    draw = parts_module.job_frames
    monkeypatch.setattr(
        parts_module, 'job_frames', lambda job: (drawn.append(job.number), draw(job))[1]
    )
    assert_same(drawn_frames(DRIVE, tmp_path), drive_frames(DRIVE))
    assert drawn == [1, 2]


def test_a_damaged_part_is_drawn_again(tmp_path):
    claim_parts(DRIVE, tmp_path)
    list(drawn_frames(DRIVE, tmp_path))
    path = tmp_path / '00001.npz'
    path.write_bytes(path.read_bytes()[:-200])
    assert claim_parts(DRIVE, tmp_path) == frozenset({0, 1, 3, 4})
    assert_same(drawn_frames(DRIVE, tmp_path), drive_frames(DRIVE))


def test_parts_of_another_drive_are_refused_by_name(tmp_path):
    claim_parts(DRIVE, tmp_path)
    next(drawn_frames(DRIVE, tmp_path))
    other = replace(DRIVE, clip=replace(CLIP, seed=6))
    with pytest.raises(OutputError, match=r'clip\.seed is 5 there and 6 here.*--overwrite'):
        claim_parts(other, tmp_path)
    assert claim_parts(other, tmp_path, overwrite=True) == frozenset()


def test_before_the_first_part_settings_may_change(tmp_path):
    claim_parts(DRIVE, tmp_path)
    other = replace(DRIVE, clip=replace(CLIP, seed=6))
    assert claim_parts(other, tmp_path) == frozenset()
    with pytest.raises(OutputError, match='cannot be written'):
        claim_parts(other, tmp_path / 'settings.json' / 'x')


@pytest.mark.parametrize('content', ['{', '[' * 5000])
def test_unreadable_settings_are_refused(tmp_path, content):
    (tmp_path / 'settings.json').write_text(content)
    (tmp_path / '00000.npz').touch()
    with pytest.raises(OutputError, match='cannot be read'):
        claim_parts(DRIVE, tmp_path)


def test_only_a_folder_of_parts_is_removed(tmp_path):
    (tmp_path / 'mine.txt').touch()
    remove_parts(tmp_path)
    assert (tmp_path / 'mine.txt').exists()


def test_a_lost_process_is_one_line(tmp_path):
    claim_parts(DRIVE, tmp_path)
    with (
        pytest.raises(StepsError, match='a process that draws frames died'),
        parts_module._pool(1, [], tmp_path),
    ):
        raise parts_module.BrokenProcessPool
