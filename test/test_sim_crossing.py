"""Side roads and what crosses on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from steps_ros.sim.clip import simulate_clip
from steps_ros.sim.instances import EGO, PARKED, PERSON, STANDING, VEHICLE
from steps_ros.sim.road import Road
from steps_ros.sim.settings import ClipSettings
from steps_ros.sim.street import draw_street

SETTINGS = ClipSettings(seed=2, frames=60, height=24, width=40)


@pytest.fixture(scope='module')
def streets():
    drawn = [draw_street(replace(SETTINGS, seed=seed)) for seed in range(16)]
    return [street for street in drawn if street.crossings]


def test_without_the_switch_there_are_none():
    street = draw_street(replace(SETTINGS, crossings=False))
    assert street.crossings == ()
    assert street.traffic.crossers == ()


def test_a_drive_comes_by_a_crossing_soon(streets):
    assert len(streets) > 4
    for street in streets:
        assert 30 < street.crossings[0].along < 80


def test_its_mouth_is_clear_of_all_that_stands(streets):
    for street in streets:
        mesh = street.static
        for crossing in street.crossings:
            low, high = crossing.mouth
            x, _, up = mesh.texture[mesh.faces].transpose(2, 0, 1)
            stands = STANDING.holds(mesh.instance.astype(np.uint16))
            # Bent parts keep their road coordinates as texture coordinates.
            inside = (x.min(1) > low) & (x.max(1) < high) & (up.min(1) > 0.1) & stands
            is_overhead = up.max(1) > 4.0
            assert not (inside & ~is_overhead).any()


def test_crossing_vehicles_meet_neither_the_ego_vehicle_nor_those_on_the_road(streets):
    times = np.arange(-5.0, 20.0, 0.05)
    for street in streets:
        traffic, road = street.traffic, street.road
        places = traffic.places(times)
        lengths = np.array([vehicle.length for vehicle in traffic.vehicles])
        for crosser in traffic.crossers:
            left = np.array([crosser.left(seconds) for seconds in times])
            on_road = (left > -road.kerb(-1)) & (left < road.kerb(1))
            gaps = np.abs(places[on_road] - crosser.along) - lengths / 2 - 1.0
            assert gaps.min(initial=1.0) > 0
            ego = traffic.ego_speed * times[on_road]
            assert np.abs(ego - crosser.along).min(initial=99.0) > 4.0


def test_some_drive_across_and_some_wait(streets):
    crossers = [crosser for street in streets for crosser in street.traffic.crossers]
    assert any(crosser.waits_left is None for crosser in crossers)
    assert any(crosser.waits_left is not None for crosser in crossers)


@pytest.mark.parametrize('heading', [1, -1])
def test_a_crosser_drives_sideways_and_keeps_to_the_right(streets, heading):
    crosser = next(
        crosser
        for street in streets
        for crosser in street.traffic.crossers
        if crosser.heading == heading and crosser.waits_left is None
    )
    pose = crosser.pose(Road(), crosser.left(crosser.at_s + 1))
    np.testing.assert_allclose(pose[:3, 0], [0, heading, 0], atol=1e-6)
    np.testing.assert_allclose(pose[:3, 2], [0, 0, 1], atol=1e-6)
    assert pose[1, 3] == pytest.approx(heading * crosser.speed, rel=1e-5)


def test_twins_show_the_same_geometry_traffic_flow_and_instances():
    night, day = (
        list(simulate_clip(replace(SETTINGS, time=time), 10, 12)) for time in ('night', 'day')
    )
    for dark, light in zip(night, day, strict=True):
        np.testing.assert_array_equal(dark.depth, light.depth)
        np.testing.assert_array_equal(dark.flow, light.flow)
        np.testing.assert_array_equal(dark.instance, light.instance)
        np.testing.assert_array_equal(dark.world_from_camera, light.world_from_camera)
        assert light.illuminance.mean() > 100 * dark.illuminance.mean()


def test_instances_say_what_kind_of_object_they_are():
    (frame,) = simulate_clip(replace(SETTINGS, seed=11, height=96, width=160), 30, 31)
    kinds = (STANDING, PARKED, PERSON, VEHICLE)
    assert ((frame.instance == 0) == ~np.isfinite(frame.depth)).all()
    known = (frame.instance == EGO) + sum(kind.holds(frame.instance).astype(int) for kind in kinds)
    assert (known == (frame.instance > 0)).all()
    assert VEHICLE.holds(frame.instance).any()
    assert PARKED.holds(frame.instance).any()
    assert len(np.unique(frame.instance)) > 20
    assert (frame.illuminance[frame.instance == 0] == 0).all()
