"""The sky, light that comes back from the street, clouds, halos in mist, traffic lights."""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.sim.crossing import Crossing
from steps_ros.sim.glow import glow_of
from steps_ros.sim.halo import with_halos
from steps_ros.sim.lamps import join_lamps, lamp
from steps_ros.sim.light import light_up, Shading
from steps_ros.sim.mesh import box
from steps_ros.sim.places import Place, PlaceKind
from steps_ros.sim.raycast import RayScene
from steps_ros.sim.road import Road
from steps_ros.sim.signals import draw_signals
from steps_ros.sim.sky import draw_sky, Sky, sky_radiance
from steps_ros.sim.texture import Surface

DARK = Sky((0, 0, 0), (0, 0, 0), (0, 0, 0))


def test_a_clear_sky_goes_from_horizon_to_zenith():
    sky = Sky((4, 4, 4), (1, 1, 1), (0, 0, 0))
    ways = np.array([[1, 0, 0], [0, 0, 1]], np.float32)
    np.testing.assert_allclose(sky_radiance(ways, sky)[:, 0], [4, 1])


def test_clouds_cover_a_part_of_the_sky():
    sky = Sky((1, 1, 1), (1, 1, 1), (0, 0, 0), clouds=0.4, cloud=(3, 3, 3))
    angles = np.linspace(0, 6, 500)
    ways = np.stack([np.cos(angles), np.sin(angles), np.full(500, 0.5)], 1) / 1.25**0.5
    found = sky_radiance(ways.astype(np.float32), sky)[:, 0]
    assert 0.05 < (found > 1.5).mean() < 0.95


def test_nights_and_days_of_one_stream_share_mist_and_clouds():
    for seed in range(20):
        night, day = (draw_sky(np.random.default_rng(seed), time) for time in ('night', 'day'))
        assert (night.fog, night.clouds, night.drift) == (day.fog, day.clouds, day.drift)
        assert max(night.horizon) < 1 < min(day.horizon)


def test_lamps_come_back_from_road_and_fronts_in_their_colour():
    glow = glow_of(lamp((0.0, 0.0, 5.0), (400.0, 200.0, 0.0)))
    places = np.array([[0, 0, 0], [0, 0, 0], [20, 0, 0], [500, 0, 0]], np.float32)
    normals = np.array([[0, 0, 1], [1, 0, 0], [1, 0, 0], [1, 0, 0]], np.float32)
    road, front, far, beyond = glow.at(places, normals)
    assert front[0] == pytest.approx(0.7 * 0.16 * 400 * np.pi / (2 * np.pi * 81), rel=0.05)
    assert road[0] == pytest.approx(4 / 7 * front[0], rel=1e-5)
    np.testing.assert_allclose(front[1:], [front[0] / 2, 0], rtol=1e-5)
    assert front[0] > far[0] > beyond[0] == 0
    assert glow_of(join_lamps([])) is None


def test_a_roof_takes_daylight_away_but_not_all():
    sky = Sky((0, 0, 0), (0, 0, 0), (1000, 1000, 1000))
    roof = box((-9.0, -9.0, 2.0), (9.0, 9.0, 2.1), (0.5, 0.5, 0.5))
    up = np.array([[0, 0, 1]] * 2, np.float32)
    points = Shading(np.array([[0, 0, 0], [99, 0, 0]], np.float32), up, up)
    matt = Surface(np.ones((2, 3), np.float32), np.zeros((2, 3), np.float32), *np.zeros((2, 2)))
    scenes = [RayScene(roof, np.zeros(3))]
    below, beside = light_up(points, matt, join_lamps([]), sky, scenes).illuminance[:, 0]
    assert beside == pytest.approx(1000, rel=1e-5)
    assert below == pytest.approx(350, rel=1e-5)


def test_mist_draws_a_halo_round_a_far_lamp_and_none_round_a_near_one():
    picture = np.zeros((64, 96, 3), np.float32)
    picture[32, 48] = 1000
    near, far = (
        with_halos(picture, np.full((64, 96), metres, np.float32), 0.02, 90.0)
        for metres in (1.0, 80.0)
    )
    assert far[32, 60, 0] > 30 * near[32, 60, 0] > 0
    np.testing.assert_array_equal(with_halos(picture, np.ones((64, 96)), 0.0, 90.0), picture)


def test_traffic_lights_stand_before_a_crossing_and_shine_at_the_camera():
    place = Place(PlaceKind.TOWN, Road())
    crossing = Crossing(60.0, 4.0, 2.0)
    for seed in range(20):
        parts, lights = draw_signals(place, 100.0, [crossing], np.random.default_rng(seed))
        if parts:
            break
    assert not crossing.is_built_on(parts[:1])
    assert {int(part.instance[0]) for part in parts[:2]} != {0}
    assert all(light.direction[0, 0] < 0 for light in lights)
    motorway = Place(PlaceKind.MOTORWAY, Road())
    assert draw_signals(motorway, 100.0, [], np.random.default_rng(0)) == ([], [])
