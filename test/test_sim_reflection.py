"""Mirrors: Fresnel's shares, lamps below the road, lights drawn out, dry roads unchanged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from steps_ros.core.camera import Camera
from steps_ros.sim.lamps import join_lamps, lamp
from steps_ros.sim.mesh import box, join, Kind, strip
from steps_ros.sim.raycast import RayScene
from steps_ros.sim.reflection import drawn_out, mirror_share, mirrored_lamps
from steps_ros.sim.render import Part, render, View
from steps_ros.sim.road import Road
from steps_ros.sim.settings import ClipSettings, Stream
from steps_ros.sim.sky import Sky
from steps_ros.sim.texture import draw_look
from steps_ros.sim.trajectory import Mounting, world_from_camera

BLACK = Sky((0, 0, 0), (0, 0, 0), (0, 0, 0))
CAMERA = Camera(64, 48, 60.0, 60.0, 32.0, 16.0)
UP = np.array([[0.0, 0.0, 1.0]] * 3, np.float32)


def test_a_dry_road_mirrors_nothing_and_a_wet_one_most_at_grazing_angles():
    road = np.full(3, Kind.ROAD, np.int32)
    cosine = np.array([0.02, 0.2, 1.0], np.float32)
    assert not mirror_share(road, cosine, 0.0).any()
    wet = mirror_share(road, cosine, 1.0)
    assert 0.6 < wet[0] < 0.8
    assert wet[0] > wet[1] > wet[2] > 0


def test_plaster_mirrors_nothing_and_glass_something():
    kinds = np.array([Kind.WALL, Kind.GLASS], np.int32)
    share = mirror_share(kinds, np.array([0.3, 0.3], np.float32), 1.0)
    assert share[0] == 0 < share[1]


def test_a_lamp_appears_as_far_below_the_road_as_it_is_above():
    place = np.array([[0, 0, 2.0], [5, 1, 2.0], [9, 0, 2.0]], np.float32)
    below = mirrored_lamps(lamp((7.0, 3.0, 8.0), (9.0, 9.0, 9.0)), place, UP)
    np.testing.assert_allclose(below.position, [[7.0, 3.0, -4.0]], atol=1e-5)


def test_light_is_drawn_out_downwards_more_than_aside():
    image = np.zeros((60, 60, 3), np.float32)
    image[30, 30] = 9.0
    found = drawn_out(image, np.ones((60, 60), np.bool_))[..., 0]
    assert found[34, 30] > 100 * found[30, 34]


def test_what_is_not_known_is_filled_from_what_is():
    known = np.zeros((40, 40), np.bool_)
    known[::2, ::2] = True
    image = np.where(known[..., None], np.float32(3), np.float32(0)).repeat(3, 2)
    np.testing.assert_allclose(drawn_out(image, known), 3.0, rtol=1e-4)


def seen(wetness):
    ground = strip(
        np.linspace(-5, 90, 9, dtype=np.float32), [(-9, 0.0), (9, 0.0)], (0.1,) * 3, Kind.ROAD
    )
    glowing = box((20.0, -0.3, 1.0), (20.1, 0.3, 1.4), (500.0, 20.0, 10.0), Kind.LAMP)
    mesh = join([ground, glowing])
    look = draw_look(ClipSettings().generator(Stream.LIGHT))
    view = View(
        (Part(mesh, RayScene(mesh, np.zeros(3))),), join_lamps([]), BLACK,
        replace(look, wetness=wetness), Road(),
    )  # fmt: skip
    pose = world_from_camera(Mounting(CAMERA, 1.5, 0.0, 0.0, 0.0, 0.0, (0.0, 0.0, 0.0)), np.eye(4))
    return render(view, CAMERA, pose)


def test_a_tail_lamp_stands_upside_down_in_a_wet_road():
    dry, wet = seen(0.0), seen(1.0)
    assert dry.radiance[20:].max() == 0
    # As far below the horizon as the mirrored lamp is below the eye: (1.5 + 1.2) / 20 x 60.
    row = int(wet.radiance[20:, 32, 0].argmax()) + 20
    assert abs(row - (16 + 60 * 2.7 / 20)) <= 1.5
    red, green, _ = wet.radiance[row, 32]
    assert red > 10 * green > 0


def test_a_mirror_changes_nothing_that_is_true():
    dry, wet = seen(0.0), seen(1.0)
    np.testing.assert_array_equal(dry.depth, wet.depth)
    np.testing.assert_array_equal(dry.instance, wet.instance)
    np.testing.assert_array_equal(dry.illuminance, wet.illuminance)
