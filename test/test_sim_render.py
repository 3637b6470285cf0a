"""Rays and light: exact depth of known geometry, and the laws that light obeys."""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.eval.baselines import flat_ground_depth
from steps_ros.sim.lamps import join_lamps, lamp
from steps_ros.sim.light import lamp_irradiance, light_up, Shading
from steps_ros.sim.mesh import box, join, Kind, strip
from steps_ros.sim.raycast import RayScene
from steps_ros.sim.render import Part, render, View
from steps_ros.sim.road import Road
from steps_ros.sim.sky import Sky
from steps_ros.sim.texture import Look, Surface
from steps_ros.sim.trajectory import Mounting, world_from_camera

BLACK = Sky((0, 0, 0), (0, 0, 0), (0, 0, 0))
PLAIN = Look((3.0, 6.0), False, False, 0.0, 100.0, 0.0, 1.0, 0.0, 0.0)
UP = np.array([[0.0, 0.0, 1.0]], np.float32)


def plane(size: float = 500.0):
    grid = np.linspace(-size, size, 9, dtype=np.float32)
    return strip(grid, [(-size, 0.0), (size, 0.0)], (0.2, 0.2, 0.2), Kind.PLAIN)


def view(mesh, lamps=None, sky=BLACK, shadows=True) -> View:
    rays = RayScene(mesh, np.zeros(3))
    return View((Part(mesh, rays),), lamps or join_lamps([]), sky, PLAIN, Road(), shadows)


def matt_grey(count: int) -> Surface:
    return Surface(
        np.full((count, 3), 0.5, np.float32),
        np.zeros((count, 3), np.float32),
        *np.zeros((2, count)),
    )


def mounting(camera: Camera, pitch: float = 0.0, roll: float = 0.0) -> Mounting:
    return Mounting(camera, 1.5, 0.0, pitch, roll, 0.0, (0.0, 0.0, 0.0))


@pytest.mark.parametrize(('pitch', 'roll'), [(0.0, 0.0), (0.1, 0.0), (-0.08, 0.05)])
def test_depth_of_flat_ground_is_the_analytic_one(pitch, roll):
    camera = Camera(41, 31, 40.0, 44.0, 19.0, 14.0)
    pose = world_from_camera(mounting(camera, pitch, roll), np.eye(4))
    depth = render(view(plane()), camera, pose).depth
    expected = flat_ground_depth(
        np.array(camera.matrix, np.float32), (31, 41), (1.5, pitch, roll), np.inf
    )
    near = expected < 200
    np.testing.assert_allclose(depth[near], expected[near], rtol=2e-4)
    assert np.isposinf(depth[~np.isfinite(expected)]).all()


def test_depth_is_along_the_optical_axis_and_not_along_the_ray():
    wall = box((10.0, -50.0, -50.0), (11.0, 50.0, 50.0), (0.5, 0.5, 0.5))
    camera = Camera(9, 7, 4.0, 4.0, 4.0, 3.0)
    pose = world_from_camera(mounting(camera), np.eye(4))
    depth = render(view(wall), camera, pose).depth
    np.testing.assert_allclose(depth, 10.0, rtol=1e-5)


def test_black_where_no_light_falls():
    camera = Camera(13, 11, 10.0, 10.0, 6.0, 5.0)
    pose = world_from_camera(mounting(camera), np.eye(4))
    seen = render(view(plane()), camera, pose)
    assert seen.radiance.max() == 0
    assert seen.illuminance.max() == 0


@pytest.mark.parametrize('distance', [1.0, 2.0, 5.0])
def test_inverse_square_law(distance):
    light = lamp((0.0, 0.0, distance), (100.0, 50.0, 25.0), reach=30.0)
    found = lamp_irradiance(light, 0, np.zeros((1, 3), np.float32), UP)
    np.testing.assert_allclose(found[0], np.array([100, 50, 25]) / distance**2, rtol=1e-5)


def test_lambert_law():
    light = lamp((0.0, 0.0, 2.0), (100.0, 100.0, 100.0))
    tilted = np.array([[0.0, np.sin(1.0), np.cos(1.0)]], np.float32)
    found = lamp_irradiance(light, 0, np.zeros((1, 3), np.float32), tilted)
    np.testing.assert_allclose(found, 25 * np.cos(1.0), rtol=1e-5)


def test_nothing_is_lit_from_behind():
    light = lamp((0.0, 0.0, 2.0), (100.0, 100.0, 100.0))
    assert lamp_irradiance(light, 0, np.zeros((1, 3), np.float32), -UP).max() == 0


def test_a_matt_surface_sends_back_albedo_over_pi():
    points = Shading(np.zeros((1, 3), np.float32), UP, UP)
    matt = matt_grey(1)
    light = lamp((0.0, 0.0, 2.0), (100.0, 100.0, 100.0))
    lit = light_up(points, matt, light, BLACK, [])
    np.testing.assert_allclose(lit.radiance, 0.5 / np.pi * 25, rtol=1e-5)
    np.testing.assert_allclose(lit.illuminance, 25, rtol=1e-5)


def test_a_roof_throws_a_shadow():
    roof = box((-1.0, -1.0, 1.0), (1.0, 1.0, 1.1), (0.5, 0.5, 0.5))
    mesh = join([plane(20.0), roof])
    light = lamp((0.0, 0.0, 4.0), (100.0, 100.0, 100.0))
    points = Shading(
        np.array([[0, 0, 0], [5, 0, 0]], np.float32), UP.repeat(2, 0), UP.repeat(2, 0)
    )
    matt = matt_grey(2)
    lit = light_up(points, matt, light, BLACK, [RayScene(mesh, np.zeros(3))]).radiance
    assert lit[0].max() == 0
    assert lit[1].min() > 0
