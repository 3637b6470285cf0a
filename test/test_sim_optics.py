"""The lens: soft points, halos, spikes, dirt, drops, and a plain picture left plain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from steps_ros.sim.optics import draw_optics, Optics, through_lens

CLEAR = Optics(0.5, 0.0, 0.0, 0.0, 1, 0.0, 40.0, 0.0, 0, 0.0, 3)


def picture(optics, level=0.0, lamp=80.0):
    light = np.full((96, 160, 3), level, np.float32)
    light[47:49, 79:81] = lamp
    return through_lens(light, optics, np.random.default_rng(4))[..., 1]


def test_dim_light_passes_a_clear_lens_unchanged():
    np.testing.assert_allclose(picture(CLEAR, 0.3, 0.3), 0.3, rtol=1e-4)


def test_what_is_not_brighter_than_white_does_not_glare():
    strong = replace(CLEAR, glare=2.0, streaks=2.0, dirt=2.0)
    np.testing.assert_allclose(picture(strong, 0.3, 0.3), 0.3, rtol=1e-4)


def test_glare_falls_with_distance():
    found = picture(replace(CLEAR, glare=1.0))
    levels = found[48, [84, 92, 104, 120]]
    assert (np.diff(levels) < 0).all()
    assert levels[1] > 0


@pytest.mark.parametrize(('angle', 'along', 'across'), [(0.0, 1, 0), (np.pi / 2, 0, 1)])
def test_a_spike_lies_along_its_angle(angle, along, across):
    found = picture(replace(CLEAR, streaks=1.0, angle=angle, length=60.0))
    distance = 16
    on = found[48 + distance * across, 80 + distance * along]
    off = found[48 + distance * along, 80 + distance * across]
    assert on > 5 * max(off, 1e-6)


def test_dirt_scatters_unevenly():
    clean, dirty = picture(replace(CLEAR, glare=0.5)), picture(replace(CLEAR, glare=0.5, dirt=1))
    added = (dirty - clean)[30:66, 60:100]
    assert added.min() > -1e-4
    assert added.std() > 0.1 * added.mean()


def test_drops_change_a_part_of_the_picture():
    wet = replace(CLEAR, drops=20)
    light = np.random.default_rng(1).random((96, 160, 3), np.float32)
    rng = np.random.default_rng(2)
    changed = np.abs(through_lens(light, wet, rng) - through_lens(light, CLEAR, rng)).max(2) > 1e-3
    assert 0.01 < changed.mean() < 0.6


def test_rain_adds_light_where_there_is_some():
    rainy = replace(CLEAR, rain=0.5)
    assert picture(rainy, 0.0, 0.0).max() == 0
    assert picture(rainy, 0.2, 0.2).mean() > 0.2


def test_there_are_drops_only_where_it_is_wet():
    dry = [draw_optics(np.random.default_rng(seed), 0.0) for seed in range(40)]
    wet = [draw_optics(np.random.default_rng(seed), 1.0) for seed in range(40)]
    assert not any(item.drops or item.rain for item in dry)
    assert any(item.drops for item in wet)
    assert any(item.rain for item in wet)
