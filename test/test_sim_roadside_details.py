"""Wires, scaffolds and tufts of grass: where they stand and where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.sim.overhead import draw_wires, wire
from steps_ros.sim.places import Place, PlaceKind
from steps_ros.sim.road import Road
from steps_ros.sim.scaffold import scaffold
from steps_ros.sim.verge import draw_tufts

GRASS, STONE = (0.04, 0.08, 0.03), (0.2, 0.19, 0.18)


def test_a_wire_hangs_through_between_its_ends():
    hung = wire((0.0, 1.0, 8.0), (30.0, 1.0, 7.0), 0.5).vertices
    np.testing.assert_allclose([hung[:, 0].min(), hung[:, 0].max()], [0, 30], atol=0.05)
    middle = hung[np.abs(hung[:, 0] - 15) < 2.5, 2]
    assert middle.mean() == pytest.approx(7.5 - 0.5, abs=0.03)


def test_wires_stand_where_they_are_usual():
    def drawn(kind):
        return [
            bool(draw_wires(Place(kind, Road()), 60.0, np.random.default_rng(seed)))
            for seed in range(40)
        ]

    assert 5 < sum(drawn(PlaceKind.RESIDENTIAL)) < 30
    assert not any(drawn(PlaceKind.MOTORWAY))


def test_a_scaffold_stands_before_its_front():
    parts = scaffold((10.0, 22.0), (9.0, 1), 8.0)
    corners = np.concatenate([part.vertices for part in parts])
    assert corners[:, 1].min() == pytest.approx(9.0 - 1.2, abs=0.03)
    assert corners[:, 1].max() < 9.0
    assert corners[:, 2].max() == pytest.approx(8.8)


def test_tufts_grow_on_green_land_only_and_beside_the_road():
    place = Place(PlaceKind.COUNTRY, Road(kerb_height=0.0))
    generator = np.random.default_rng(0)
    tufts = list(draw_tufts(place, GRASS, 40.0, generator))
    roots = np.concatenate([tuft.vertices for tuft in tufts])
    # Blades may lean over the edge.
    assert np.abs(roots[:, 1]).min() > place.road.kerb(1) - 0.2
    assert roots[:, 2].max() < 1.5
    assert list(draw_tufts(place, STONE, 40.0, generator)) == []


def test_no_tufts_grow_where_fronts_stand_at_the_road():
    place = Place(PlaceKind.CANYON, Road(setback_left=0.0, setback_right=0.0))
    assert list(draw_tufts(place, GRASS, 40.0, np.random.default_rng(0))) == []
