"""Steadiness: zero for the truth, the right number for a known disturbance."""

import math

import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.eval.temporal import ego_error, flicker, make_view

CAMERA = Camera(160, 96, 90.0, 90.0, 80.0, 30.0)


def road(ahead, scale=1.0):
    """Return depth and a textured picture of a plane 1.5 m below, ``ahead`` metres on."""
    v = np.mgrid[:96, :160][0].astype(np.float64)
    u = np.mgrid[:96, :160][1].astype(np.float64)
    depth = np.where(v > 34, 1.5 * 90 / np.maximum(v - 30, 1e-3), 40.0)
    x, z = (u - 80) / 90 * depth, depth + ahead
    grey = 128 + 50 * np.sin(2.1 * x) * np.cos(1.3 * z) + 40 * np.sin(0.7 * z + x)
    return (scale * depth).astype(np.float32), np.repeat(grey.astype(np.uint8)[..., None], 3, 2)


def pose(ahead):
    matrix = np.eye(4)
    matrix[2, 3] = ahead
    return matrix


def views(step, scale=1.0, scales=(1.0, 1.0)):
    first, second = road(0.0), road(step, scale)
    return (
        make_view(*first, CAMERA, pose(0.0), scales[0]),
        make_view(*second, CAMERA, pose(step), scales[1]),
    )


def test_a_standing_camera_sees_no_change():
    assert flicker(*views(0.0)) == pytest.approx(0, abs=1e-6)
    assert ego_error(*views(0.0)) == pytest.approx(0, abs=1e-6)


def test_driving_over_a_plane_is_no_flicker_and_no_ego_error():
    moved = views(0.3)
    # The far wall moves along with the car, which a true scene does not.
    lower = tuple(
        view._replace(depth=np.where(view.depth < 39, view.depth, np.nan)) for view in moved
    )
    assert ego_error(*lower) < 0.02
    assert flicker(*lower) < 0.05


def test_a_change_of_scale_shows_in_both():
    assert ego_error(*views(0.0, scale=1.2)) == pytest.approx((0.2 / 1.2 + 0.2) / 2, rel=1e-3)
    assert flicker(*views(0.0, scale=1.2)) > 0.05


def test_relative_units_do_not_matter_to_the_ego_error():
    def halved(view):
        return view._replace(depth=view.depth / 2, scale=2.0)

    first, second = views(0.3)
    expected = ego_error(first, second)
    assert ego_error(halved(first), halved(second)) == pytest.approx(expected, rel=1e-3)


def test_without_pictures_poses_or_depth_it_is_unknown():
    first, second = views(0.0)
    assert math.isnan(flicker(first._replace(grey=None), second))
    assert math.isnan(ego_error(first._replace(world_from_camera=None), second))
    assert math.isnan(ego_error(first._replace(camera=None), second))
    unknown = first._replace(depth=np.full_like(first.depth, np.nan))
    assert math.isnan(flicker(unknown, second))
    assert math.isnan(ego_error(unknown, second))


def test_a_view_is_small_and_its_camera_with_it():
    view = make_view(
        np.ones((480, 640), np.float32), np.zeros((480, 640, 3), np.uint8),
        Camera(640, 480, 500.0, 500.0, 320.0, 240.0), None, 1.0,
    )  # fmt: skip
    assert view.depth.shape == view.grey.shape == (240, 320)
    assert view.camera.fx == 250
