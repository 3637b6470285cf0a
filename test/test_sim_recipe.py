"""Streets are of many kinds, and the same ones tomorrow: known numbers of some."""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.sim.clip import simulate_clip
from steps_ros.sim.road import draw_road
from steps_ros.sim.settings import ClipSettings, Stream

# Of frame 3 of a street of seed 900 at 48x80: median depth of what is no sky, its share, how many
# objects are seen, median step of the flow; mean level by night and by day. Whoever changes what
# is drawn changes these numbers, and says so in the changelog.
STREETS = [
    (0, 11.093, 0.9570, 69, 0.4707, 38.58, 99.07),
    (1, 9.063, 0.8708, 56, 1.0524, 36.96, 107.42),
]


def test_streets_differ_in_curves_slopes_lanes_and_parking():
    roads = [draw_road(ClipSettings(scene=scene).generator(Stream.STREET)) for scene in range(24)]
    assert 6 < sum(abs(road.swing) > 0.05 for road in roads) < 22
    assert 4 < sum(road.rise > 0.3 for road in roads) < 20
    assert {road.lanes_right for road in roads} >= {1, 2}
    assert 4 < sum(road.parking_right > 0 for road in roads) < 22
    assert any(road.lanes_left == 0 for road in roads)


@pytest.mark.parametrize(('scene', 'depth', 'seen', 'objects', 'step', 'night', 'day'), STREETS)
def test_a_seed_keeps_its_street(scene, depth, seen, objects, step, night, day):
    """Rounding differs between processors, streets do not."""
    levels = []
    for time in ('night', 'day'):
        (frame,) = simulate_clip(ClipSettings(900, scene, 6, 48, 80, time), 3, 4)
        is_solid = np.isfinite(frame.depth)
        assert np.median(frame.depth[is_solid]) == pytest.approx(depth, rel=2e-3)
        assert is_solid.mean() == pytest.approx(seen, abs=2e-3)
        assert len(np.unique(frame.instance)) == pytest.approx(objects, abs=2)
        assert np.nanmedian(np.abs(frame.flow)) == pytest.approx(step, rel=5e-3)
        levels.append(frame.image.mean())
    assert levels == pytest.approx([night, day], rel=0.02)
