"""Streets are of many kinds."""

from __future__ import annotations

from steps_ros.sim.road import draw_road
from steps_ros.sim.settings import ClipSettings, Stream


def test_streets_differ_in_curves_slopes_lanes_and_parking():
    roads = [draw_road(ClipSettings(scene=scene).generator(Stream.STREET)) for scene in range(24)]
    assert 6 < sum(abs(road.swing) > 0.05 for road in roads) < 22
    assert 4 < sum(road.rise > 0.3 for road in roads) < 20
    assert {road.lanes_right for road in roads} >= {1, 2}
    assert 4 < sum(road.parking_right > 0 for road in roads) < 22
    assert any(road.lanes_left == 0 for road in roads)
