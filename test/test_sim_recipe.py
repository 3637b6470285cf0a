"""The streets of the default weights' recipe stay what they were when the weights were trained."""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.sim.clip import render_clip, simulate_clip
from steps_ros.sim.road import draw_road
from steps_ros.sim.settings import ClipSettings, Stream

PIXELS = ((23, 5), (18, 20), (14, 35), (10, 12), (6, 30))
# Seed, scene, time; depth at the pixels; mean log radiance; place; a row of green levels.
KNOWN = [
    (
        (0, 3, 'night'), [1.4772, 2.4774, 4.837, 28.7883, 4.6284], -2.99725,
        [42.5649, -7.229, 1.272], [0, 0, 32, 31, 22],
    ),
    (
        (1, 7, 'night'), [1.8633, 3.0043, 5.2828, 30.2017, 3.723], -2.05227,
        [42.0515, 18.328, 1.3018], [0, 7, 23, 22, 23],
    ),
    (
        (2, 40, 'day'), [2.7383, 4.4742, 6.7113, 23.4145, 4.866], 6.09635,
        [26.1322, -2.1284, 1.9756], [152, 179, 192, 255, 77],
    ),
]  # fmt: skip


@pytest.mark.parametrize(('scene', 'depth', 'level', 'place', 'row'), KNOWN)
def test_streets_of_the_default_weights_stay_what_they_were(scene, depth, level, place, row):
    seed, number, time = scene
    settings = ClipSettings(
        seed=seed, scene=number, frames=6, height=24, width=40, time=time, rate_hz=0.5,
        aspect_spread=0.15,
    )  # fmt: skip
    (frame,) = render_clip(settings, 2, 3)
    np.testing.assert_allclose([frame.depth[pixel] for pixel in PIXELS], depth, rtol=1e-4)
    np.testing.assert_allclose(frame.world_from_camera[:3, 3], place, atol=1e-3)
    assert np.log(frame.radiance + 1e-3).mean() == pytest.approx(level, abs=1e-4)
    (picture,) = simulate_clip(settings, 2, 3)
    np.testing.assert_allclose(picture.image[20, ::8, 1].astype(int), row, atol=1)


def test_streets_differ_in_curves_slopes_lanes_and_parking():
    roads = [draw_road(ClipSettings(scene=scene).generator(Stream.STREET)) for scene in range(24)]
    assert 6 < sum(abs(road.swing) > 0.05 for road in roads) < 22
    assert 4 < sum(road.rise > 0.3 for road in roads) < 20
    assert {road.lanes_right for road in roads} >= {1, 2}
    assert 4 < sum(road.parking_right > 0 for road in roads) < 22
    assert any(road.lanes_left == 0 for road in roads)
