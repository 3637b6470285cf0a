"""Vehicles and people: measures, lamps, shapes."""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.sim.fittings import BRAKE_RADIANCE, HEADLAMP_RADIANCE, Lighting
from steps_ros.sim.mesh import Kind
from steps_ros.sim.riders import bicycle_mesh, person_mesh
from steps_ros.sim.vehicles import draw_body, headlamp_places, Model, vehicle_mesh


@pytest.fixture
def generator():
    return np.random.default_rng(4)


@pytest.mark.parametrize('model', list(Model))
def test_a_vehicle_fills_its_measures_and_stands_on_the_road(model, generator):
    body = draw_body(generator, (model,))
    mesh = vehicle_mesh(body, Lighting(True))
    low, high = mesh.vertices.min(0), mesh.vertices.max(0)
    assert low[2] == pytest.approx(0.0, abs=0.02)
    assert high[0] - low[0] == pytest.approx(body.length, abs=0.35)
    assert high[2] == pytest.approx(body.height, abs=0.55)
    # Mirrors stand out.
    assert body.width - 0.3 < high[1] - low[1] < body.width + 0.7
    assert {Kind.LAMP, Kind.SIGN} <= set(mesh.kind.tolist())


@pytest.mark.parametrize('model', [Model.SALOON, Model.VAN, Model.TRAILER])
def test_lamps_glow_when_they_are_lit_and_brakes_when_braked(model, generator):
    body = draw_body(generator, (model,))
    dark, lit, braked = (
        vehicle_mesh(body, lighting)
        for lighting in (Lighting(False), Lighting(True), Lighting(True, True))
    )
    assert not (dark.kind == Kind.LAMP).any()
    assert lit.colour[lit.kind == Kind.LAMP].max() == pytest.approx(HEADLAMP_RADIANCE)
    red = braked.colour[(braked.kind == Kind.LAMP) & (braked.colour[:, 1] < 0.1 * BRAKE_RADIANCE)]
    assert red[:, 0].max() == pytest.approx(BRAKE_RADIANCE)


def test_headlamps_are_before_the_hull(generator):
    for model in (Model.SALOON, Model.BUS):
        body = draw_body(generator, (model,))
        nose = vehicle_mesh(body, Lighting(True)).vertices[:, 0].max()
        assert min(place[0] for place in headlamp_places(body)) > nose


def test_a_stride_spreads_the_legs(generator):
    standing, walking = (person_mesh(np.random.default_rng(1), stride) for stride in (0.0, 0.5))
    tall = standing.vertices[:, 2].max()
    assert 1.4 < tall < 2.1
    feet = [mesh.vertices[mesh.vertices[:, 2] < 0.25, 0] for mesh in (standing, walking)]
    assert np.ptp(feet[1]) > np.ptp(feet[0]) + 0.3
    assert bicycle_mesh(generator, True).vertices[:, 2].min() == pytest.approx(0.0, abs=0.03)
