"""Kinds of places: all are drawn, each is as it should be, and those who move have true flow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from steps_ros.sim.clip import simulate_clip
from steps_ros.sim.instances import PARKED, PERSON
from steps_ros.sim.places import draw_place, PlaceKind
from steps_ros.sim.settings import ClipSettings, Stream
from steps_ros.sim.street import draw_street
from steps_ros.sim.world import make_world

SETTINGS = ClipSettings(seed=0, frames=20, height=12, width=20)
PLACES = [draw_place(np.random.default_rng(seed)) for seed in range(200)]


def first_seed(kind):
    return next(
        seed
        for seed in range(200)
        if draw_place(replace(SETTINGS, seed=seed).generator(Stream.STREET)).kind is kind
    )


def test_all_kinds_are_drawn_and_some_traffic_queues():
    assert {place.kind for place in PLACES} == set(PlaceKind)
    assert 10 < sum(place.is_queue for place in PLACES) < 80


def test_roads_differ_in_width_curves_and_slopes():
    lanes = {(place.kind, place.road.lanes_right) for place in PLACES}
    assert {(PlaceKind.MOTORWAY, 2), (PlaceKind.MOTORWAY, 3), (PlaceKind.COUNTRY, 1)} <= lanes
    assert all(place.road.median > 0.9 for place in PLACES if place.kind is PlaceKind.MOTORWAY)
    assert any(abs(place.road.swing) > 0.3 for place in PLACES)
    assert any(place.road.rise == 0 for place in PLACES)


@pytest.mark.parametrize('kind', list(PlaceKind))
def test_every_kind_can_be_driven_through(kind):
    (frame,) = simulate_clip(replace(SETTINGS, seed=first_seed(kind)), 3, 4)
    assert frame.depth.min() > 0.2
    assert np.isfinite(frame.flow).mean() > 0.7
    assert frame.image.std() > 1


def test_motorways_are_fast_and_without_people_and_crossings():
    street = draw_street(replace(SETTINGS, seed=first_seed(PlaceKind.MOTORWAY)))
    assert street.crossings == ()
    assert street.traffic.walkers == ()
    assert not PERSON.holds(street.static.instance.astype(np.uint16)).any()


def test_a_car_park_is_full_of_parked_cars():
    street = draw_street(replace(SETTINGS, seed=first_seed(PlaceKind.CAR_PARK)))
    parked = np.unique(street.static.instance[PARKED.holds(street.static.instance)])
    assert len(parked) > 60


def test_under_the_roof_of_an_underpass_no_sky_is_above():
    street = draw_street(replace(SETTINGS, seed=first_seed(PlaceKind.UNDERPASS)))
    up = street.static.texture[:, 2]
    assert up.max() > 4.5
    assert (street.lamps.position[:, 2].max()) > 4.0


def test_a_walker_moves_as_a_whole_and_its_flow_says_so():
    settings = replace(SETTINGS, seed=first_seed(PlaceKind.CANYON), height=96, width=160)
    world = make_world(settings)
    walkers = [item for item in world.placed(0.5) if PERSON.first + 5000 <= item.instance < 50_000]
    assert walkers
    later = {item.number: item for item in world.placed(0.6)}
    for item in walkers:
        if item.number not in later:
            continue
        way = np.linalg.norm(later[item.number].pose[:2, 3] - item.pose[:2, 3])
        assert way < 0.75
        np.testing.assert_allclose(item.pose[:3, :3] @ item.pose[:3, :3].T, np.eye(3), atol=1e-9)
