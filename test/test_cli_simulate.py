"""``steps-ros simulate``: what it writes, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from rosbags.highlevel import AnyReader

from steps_ros.cli.main import main

SMALL = ['--frames', '2', '--size', '16x24', '--seed', '4']


LONGER = ['--frames', '40', '--size', '16x24', '--seed', '4', '--lidar-columns', '64']


def simulate(out: Path, *more: str) -> int:
    return main(['simulate', '--out', str(out), *SMALL, *more])


def files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob('*') if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_a_recording_is_the_same_bytes_for_the_same_seed_and_any_workers(tmp_path, capsys):
    assert simulate(tmp_path / 'a.mcap', '--json') == 0
    assert json.loads(capsys.readouterr().out) == {'out': str(tmp_path / 'a.mcap'), 'frames': 2}
    assert simulate(tmp_path / 'b.mcap', '--workers', '2') == 0
    assert (tmp_path / 'a.mcap').read_bytes() == (tmp_path / 'b.mcap').read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ['a.mcap', 'b.mcap']


def test_after_ctrl_c_the_same_command_goes_on_to_the_same_bytes(tmp_path, capsys):
    out, parts = tmp_path / 'drive', tmp_path / 'drive.parts'
    command = [sys.executable, '-m', 'steps_ros.cli', 'simulate', '--out', str(out), *LONGER]
    process = subprocess.Popen([*command, '--workers', '2'], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(parts.glob('*.npz')) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert said.splitlines()[-1] == 'interrupted'
    assert 'Traceback' not in said
    assert not out.exists()
    assert 0 < len(list(parts.glob('*.npz'))) < 5

    assert main([*command[3:], '--seed', '5']) == 1
    assert 'clip.seed is 4 there and 5 here' in capsys.readouterr().err.splitlines()[-1]
    assert main(command[3:]) == 0
    # The bar begins at what was there.
    assert '| 0/40' not in capsys.readouterr().err
    assert not parts.exists()
    assert main([*command[3:5], str(tmp_path / 'whole'), *LONGER]) == 0
    assert files(out) == files(tmp_path / 'whole')


def test_overwrite_begins_afresh(tmp_path):
    parts = tmp_path / 'a.mcap.parts'
    parts.mkdir()
    (parts / 'settings.json').write_text('{}')
    (parts / '00000.npz').touch()
    assert simulate(tmp_path / 'a.mcap') == 1
    assert simulate(tmp_path / 'a.mcap', '--overwrite', '--lidar', '0') == 0
    assert not parts.exists()


def test_topics_follow_the_options(tmp_path):
    out = tmp_path / 'a.mcap'
    assert simulate(out, '--compressed', '--lidar', '64', '--lidar-offset', '0.03') == 0
    with AnyReader([out]) as reader:
        counts = {item.topic: item.msgcount for item in reader.connections}
    assert counts == {
        '/camera/image_raw/compressed': 2,
        '/camera/camera_info': 2,
        '/camera/depth': 2,
        '/lidar/points': 2,
        '/odom': 4,
        '/tf_static': 1,
    }


def test_what_is_there_is_not_overwritten(tmp_path, capsys):
    (tmp_path / 'mine.txt').touch()
    assert simulate(tmp_path) == 1
    assert '--overwrite' in capsys.readouterr().err.splitlines()[-1]
    assert simulate(tmp_path, '--overwrite', '--time', 'day') == 0
    assert len(list((tmp_path / 'images').iterdir())) == 2


@pytest.mark.parametrize('wrong', [['--size', '16'], ['--frames', '0'], ['--time', 'dusk']])
def test_wrong_usage_is_two(tmp_path, wrong):
    with pytest.raises(SystemExit) as stopped:
        simulate(tmp_path / 'x', *wrong)
    assert stopped.value.code == 2


@pytest.mark.parametrize(
    ('wrong', 'said'),
    [
        (['--lidar-noise', '-1'], 'range noise -1.0 m'),
        (['--lidar-offset', '0.2'], 'shorter than the time between two frames'),
        (['--rate', '0'], 'rate_hz is 0.0'),
        (['--rate', 'nan'], 'rate_hz is nan'),
        (['--rate', 'inf'], 'rate_hz is inf'),
    ],
)
def test_values_out_of_range_are_one_line(tmp_path, capsys, wrong, said):
    assert simulate(tmp_path / 'x', *wrong) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith('error: ')
    assert said in line
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_not_a_folder_and_a_folder_not_a_file(tmp_path, capsys):
    (tmp_path / 'a').touch()
    (tmp_path / 'b.mcap').mkdir()
    assert simulate(tmp_path / 'a', '--overwrite') == 1
    assert 'is a file; give a folder' in capsys.readouterr().err
    assert simulate(tmp_path / 'b.mcap', '--overwrite') == 1
    assert 'is a folder; give a file' in capsys.readouterr().err


def test_shards_from_kept_streets_are_the_same_bytes_and_turns_differ(tmp_path, capsys):
    shards = ['--shards', '2', '--scenes', '2']
    kept = ['--negatives', str(tmp_path / 'kept')]
    assert simulate(tmp_path / 'fresh', *shards, '--workers', '2', '--json') == 0
    assert json.loads(capsys.readouterr().out)['frames'] == 2
    for place in ('drawn', 'exposed'):
        assert simulate(tmp_path / place, *shards, *kept) == 0
        assert files(tmp_path / place) == files(tmp_path / 'fresh')
    assert sorted(files(tmp_path / 'fresh')) == [
        'scene_00000.npz', 'scene_00001.npz', 'settings.json'
    ]  # fmt: skip
    assert simulate(tmp_path / 'other', *shards, *kept, '--turn', '1') == 0
    first, second = (
        dict(np.load(tmp_path / place / 'scene_00001.npz')) for place in ('fresh', 'other')
    )
    np.testing.assert_array_equal(first['depth'], second['depth'])
    assert not np.array_equal(first['images'], second['images'])
    assert first['images'].shape == (1, 2, 16, 24, 3)


def test_shards_go_on_and_other_settings_are_refused(tmp_path, capsys):
    out, shards = tmp_path / 'a', ['--shards', '1', '--scenes', '2']
    assert simulate(out, *shards) == 0
    whole = files(out)
    (out / 'scene_00001.npz').unlink()
    assert simulate(out, *shards) == 0
    assert files(out) == whole
    assert simulate(out, *shards, '--turn', '1') == 1
    assert 'turn is 0 there and 1 here' in capsys.readouterr().err.splitlines()[-1]
    assert simulate(out, *shards, '--turn', '1', '--overwrite') == 0


@pytest.mark.parametrize(
    ('wrong', 'said'),
    [
        (['--turn', '1'], 'give --shards E too'),
        (['--negatives', 'x'], 'give --shards E too'),
        (['--shards', '1', '--frames', '3', '--scenes', '2'], 'give 2'),
        (['--shards', '1', '--first-scene', '2'], 'shards begin with street 0'),
    ],
)
def test_what_belongs_to_shards_is_refused_without_them(tmp_path, capsys, wrong, said):
    assert simulate(tmp_path / 'x', *wrong) == 1
    assert said in capsys.readouterr().err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_settings_that_do_not_fit_are_one_line(tmp_path, capsys):
    assert simulate(tmp_path / 'x', '--scenes', '3') == 1
    assert '3 scenes for 2 frames' in capsys.readouterr().err
    assert not (tmp_path / 'x').exists()
