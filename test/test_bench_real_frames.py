"""Weights on frames with measured depth by day and darkened: the numbers, the table, the sheet."""

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from ros_harness import write_tiny_checkpoint

from steps_ros.bench import real_frames
from steps_ros.bench.compared import names_of
from steps_ros.bench.real_frames import DAY, Measured, NIGHT, table
from steps_ros.cli.main import main
from steps_ros.shipped_weights import DEFAULT_WEIGHTS


def test_each_set_in_both_lights_for_all_weights(tmp_path, capsys):
    drive, other = tmp_path / 'drive', write_tiny_checkpoint(tmp_path / 'other.safetensors')
    options = ['--frames', '3', '--size', '32x48', '--time', 'day', '--seed', '4']
    assert main(['simulate', '--out', str(drive), *options]) == 0
    out = tmp_path / 'out'
    words = [drive, '--out', out, '--checkpoint', DEFAULT_WEIGHTS, '--checkpoint', other]
    assert real_frames.main([*map(str, words)]) == 0
    found = json.loads((out / 'real_frames.json').read_text())
    assert [(one['weights'], one['light'], one['frames']) for one in found] == [
        ('default', DAY, 3), ('default', NIGHT, 3), ('other', DAY, 3), ('other', NIGHT, 3),
    ]  # fmt: skip
    by_day, by_night = found[:2]
    assert by_day['abs_rel']['network'] != by_night['abs_rel']['network']
    # What does not look at the picture does not see the dark.
    assert by_day['abs_rel']['template'] == by_night['abs_rel']['template'] > 0
    text = (out / 'real_frames.md').read_text()
    assert len(text.splitlines()) == 6
    assert text in capsys.readouterr().out
    assert cv2.imread(str(out / 'real_frames.jpg')).shape == (20 + 3 * 180, 4 * 320, 3)


def test_files_called_alike_are_told_apart_by_their_paths():
    paths = [Path('a/final.safetensors'), Path('b/final.safetensors'), Path('c/best.safetensors')]
    assert names_of(paths) == [str(paths[0]), str(paths[1]), 'best']


def test_weights_of_one_name_are_measured_both_and_the_picture_is_the_measured_one(
    tmp_path, monkeypatch
):
    drive = tmp_path / 'drive'
    options = ['--frames', '2', '--size', '32x48', '--time', 'day', '--seed', '4']
    assert main(['simulate', '--out', str(drive), *options]) == 0
    paths = []
    for seed in range(2):
        (tmp_path / str(seed)).mkdir()
        paths.append(write_tiny_checkpoint(tmp_path / str(seed) / 'final.safetensors', seed))
    seen, measured = [], []
    depth_of = real_frames.network_depth

    def watched(predictor, protocol, scale, sample, light):
        (measured if len(measured) < 8 else seen).append(sample.image)
        return depth_of(predictor, protocol, scale, sample, light=light)

    monkeypatch.setattr(real_frames, 'network_depth', watched)
    words = [drive, '--out', tmp_path / 'out', '--checkpoint', paths[0], '--checkpoint', paths[1]]
    assert real_frames.main([*map(str, words)]) == 0
    found = json.loads((tmp_path / 'out' / 'real_frames.json').read_text())
    assert [one['weights'] for one in found] == [str(paths[0])] * 2 + [str(paths[1])] * 2
    day, night = measured[:2], measured[2:4]
    for shown, expected in zip(seen, (day[0], night[0], day[1], night[1]), strict=True):
        np.testing.assert_array_equal(shown, expected)


def test_the_dark_is_compared_with_the_day_of_the_same_weights():
    def line(weights: str, light: str, error: float) -> Measured:
        errors = {'network': error, 'template': math.nan}
        return Measured(weights, 'a', light, 2, errors, 0.5, 0.25)

    rows = [line('w', DAY, 0.2), line('w', NIGHT, 0.3), line('v', DAY, 0.3), line('v', NIGHT, 0.3)]
    cells = [
        [cell.strip() for cell in row.split('|')[1:-1]] for row in table(rows).splitlines()[2:]
    ]
    assert [row[-1] for row in cells] == ['', '1.50', '', '1.00']
    assert cells[0][:-1] == ['a (2)', DAY, 'w', '0.200', '', '0.500', '25.0 %']


@pytest.mark.parametrize('name', ['missing', 'empty'])
def test_what_is_no_set_of_frames_is_one_line(tmp_path, capsys, name):
    (tmp_path / 'empty').mkdir()
    assert real_frames.main([str(tmp_path / name), '--out', str(tmp_path / 'out')]) == 1
    error = capsys.readouterr().err
    assert name in error
    assert error.count('\n') == 1
    assert not (tmp_path / 'out').exists()
