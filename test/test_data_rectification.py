"""
Rectified pictures against points that the distorted camera sees.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.data.rectification import rectified_camera, rectify, rectify_depth
from steps_ros.errors import FrameError

STRAIGHT = Camera(160, 120, 100.0, 102.0, 81.0, 58.0)
LENSES = {
    'barrel': ('plumb_bob', (-0.3, 0.1, 0.001, -0.002, 0.0)),
    'cushion': ('plumb_bob', (0.2, 0.05, 0.0, 0.0, 0.0)),
    'rational': ('rational_polynomial', (-0.2, 0.05, 0.0, 0.0, 0.01, 0.1, 0.02, 0.0)),
    'fisheye': ('equidistant', (-0.05, 0.01, 0.0, 0.0)),
}


def lens(name):
    model, distortion = LENSES[name]
    return replace(STRAIGHT, distortion_model=model, distortion=distortion)


def distorted(points, camera):
    """Return where the camera sees points (N, 3), by OpenCV."""
    module = cv2.fisheye if camera.distortion_model == 'equidistant' else cv2
    zero, matrix = np.zeros(3), np.array(camera.matrix)
    pixels, _ = module.projectPoints(
        points[:, None], zero, zero, matrix, np.array(camera.distortion)
    )
    return pixels.reshape(-1, 2)


@pytest.mark.parametrize('name', LENSES)
def test_a_point_is_where_the_rectified_camera_says(name):
    camera = lens(name)
    seen = rectified_camera(camera)
    assert (seen.width, seen.height, seen.distortion) == (160, 120, ())
    rows, columns = np.mgrid[0:120, 0:160].astype(np.float32)
    original = np.stack([columns, rows, np.zeros_like(rows)], -1).astype(np.uint8)
    rectified = rectify(original, camera)
    pixels = np.array([(20, 20), (140, 25), (80, 60), (30, 100), (120, 90)])
    rays = np.stack(
        [(pixels[:, 0] - seen.cx) / seen.fx, (pixels[:, 1] - seen.cy) / seen.fy, np.ones(5)], 1
    )
    found = rectified[pixels[:, 1], pixels[:, 0], :2].astype(float)
    np.testing.assert_allclose(found, distorted(rays, camera), atol=0.7)


@pytest.mark.parametrize('name', LENSES)
def test_nothing_of_the_rectified_picture_is_outside_the_original(name):
    white = np.full((120, 160, 3), 255, np.uint8)
    assert (rectify(white, lens(name)) > 200).mean() > 0.995


def test_a_straight_lens_is_left_alone():
    image = np.zeros((120, 160, 3), np.uint8)
    for camera in (STRAIGHT, replace(STRAIGHT, distortion=(0.0,) * 5)):
        assert rectify(image, camera) is image
        assert rectified_camera(camera) is camera


def test_depth_moves_with_the_picture_and_is_not_mixed():
    camera = lens('barrel')
    depth = np.where(np.arange(160) < 80, np.float32(5), np.float32(np.inf)) + np.zeros((120, 1))
    moved = rectify_depth(depth.astype(np.float32), camera)
    image = np.repeat((np.isinf(depth) * 255).astype(np.uint8)[..., None], 3, 2)
    sky = rectify(image, camera)[..., 0] > 127
    assert set(np.unique(moved[np.isfinite(moved)])) == {5.0}
    assert (np.isinf(moved) == sky).mean() > 0.99
    half = rectify_depth(depth[::2, ::2].astype(np.float32), camera)
    assert half.shape == (60, 80)


@pytest.mark.parametrize(
    ('model', 'distortion', 'message'),
    [
        ('omni', (0.1, 0.1), 'is not known; rectify the images with image_proc'),
        ('plumb_bob', (50.0, 900.0, 3.0, 9.0, 0.0), 'does not fit a picture of 160x120'),
    ],
)
def test_lenses_that_are_none(model, distortion, message):
    camera = replace(STRAIGHT, distortion_model=model, distortion=distortion)
    with pytest.raises(FrameError, match=message):
        rectified_camera(camera)
