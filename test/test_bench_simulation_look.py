"""The look at simulated pictures beside real ones: known numbers, sets, what is written."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from steps_ros.bench.picture_statistics import noise_by_level, statistics
from steps_ros.bench.simulation_look import depth_shares, main, real_sets


def flat(level, noise=0.0):
    values = np.random.default_rng(3).normal(level, noise, (128, 256, 1))
    return np.clip(np.rint(values), 0, 255).astype(np.uint8).repeat(3, 2)


def test_numbers_of_a_flat_picture_are_known():
    found = statistics(flat(40))
    assert (found.level, found.median) == (40, 40)
    assert found.black == found.saturated == found.gradient == found.colour == 0
    assert found.noise == pytest.approx(0, abs=1e-4)


def test_black_and_saturated_shares_are_counted():
    image = flat(0)
    image[:32] = 255
    found = statistics(image)
    assert found.black == pytest.approx(0.75)
    assert found.saturated == pytest.approx(0.25)


def test_noise_is_found_at_its_level():
    found = noise_by_level(flat(50, 4.0))
    assert np.isnan(found[[0, 1, 2, 4, 5]]).all()
    assert found[3] == pytest.approx(3.3, rel=0.2)


def test_depth_is_counted_in_bands():
    depth = np.array([[1.0, 7.0, 15.0, np.inf], [2.0, 99.0, 30.0, np.nan]], np.float32)
    shares = depth_shares([depth])
    assert shares['0 to 5 m'] == shares['20 to 40 m'] * 2 == 0.4
    assert sum(shares.values()) == pytest.approx(1)


def test_it_writes_sheets_and_numbers(tmp_path):
    for name in ('some_night', 'some_day'):
        (tmp_path / 'real' / name).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / 'real' / name / '0.png'), flat(30, 3.0))
    assert list(real_sets(tmp_path / 'real', 'day')) == ['some_day']
    out = tmp_path / 'out'
    assert main(['--real', str(tmp_path / 'real'), '--out', str(out), '--scenes', '1']) == 0
    assert cv2.imread(str(out / 'night.png')).shape[1] == 6 * 256
    assert cv2.imread(str(out / 'histograms.png')) is not None
    numbers = json.loads((out / 'numbers.json').read_text())
    assert numbers['night']['percentiles']['some_night']['level'][1] == pytest.approx(30, abs=1)
    assert numbers['day']['simulated depth']['0 to 5 m'] >= 0
