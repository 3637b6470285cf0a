"""
Rectified pictures against points that the distorted camera sees.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.data.distortion import rays_at
from steps_ros.data.rectification import (
    rectification,
    rectified_camera,
    rectify,
    rectify_depth,
)
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


def looking(camera):
    """Return the rays (N, 3) of all pixels of a pinhole camera."""
    rows, columns = np.mgrid[: camera.height, : camera.width].reshape(2, -1)
    across, down = (columns - camera.cx) / camera.fx, (rows - camera.cy) / camera.fy
    return np.stack([across, down, np.ones_like(across)], -1)


@pytest.mark.parametrize('wanted', [None, replace(STRAIGHT, fx=130.0, fy=125.0, cx=78.0)])
@pytest.mark.parametrize('name', LENSES)
def test_every_pixel_comes_from_where_opencv_projects_its_ray(name, wanted):
    camera = lens(name)
    found = rectification(camera, wanted)
    assert wanted in (None, found.camera)
    columns, rows = cv2.convertMaps(found.columns, found.rows, cv2.CV_32FC1)
    places = np.stack([columns, rows], -1).reshape(-1, 2)
    # Fixed-point maps know 1/32 of a pixel.
    np.testing.assert_allclose(places, distorted(looking(found.camera), camera), atol=0.02)


def checkered(rays):
    """Return the brightness of a chessboard at infinity, softened, where rays (N, 2) meet it."""
    waves = np.sin(np.pi * (rays + 0.05) / 0.2)
    return 128 + 110 * np.tanh(8 * waves[:, 0]) * np.tanh(8 * waves[:, 1])


@pytest.mark.parametrize('name', LENSES)
def test_corners_of_a_chessboard_are_where_a_pinhole_camera_sees_them(name):
    camera = lens(name).resized(320, 240)
    rows, columns = np.mgrid[:240, :320].reshape(2, -1).astype(np.float64)
    seen_rays = rays_at(np.stack([columns, rows], -1), camera)
    picture = checkered(seen_rays).reshape(240, 320, 1).round().astype(np.uint8)
    found = rectified_camera(camera)
    level = rectify(np.repeat(picture, 3, 2), camera)[..., 0]
    corners = 0.2 * np.mgrid[-2:3, -1:2].reshape(2, -1).T - 0.05
    known = corners * (found.fx, found.fy) + (found.cx, found.cy)
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1e-4)
    start = np.ascontiguousarray(known[:, None], np.float32) + np.float32(0.7)
    measured = cv2.cornerSubPix(np.ascontiguousarray(level), start, (5, 5), (-1, -1), criteria)[
        :, 0
    ]
    np.testing.assert_allclose(measured, known, atol=0.15)


@pytest.mark.parametrize('name', LENSES)
def test_no_places_have_no_rays(name):
    assert rays_at(np.zeros((0, 2)), lens(name)).shape == (0, 2)


@pytest.mark.parametrize('name', ['barrel', 'fisheye'])
def test_what_the_original_does_not_show_is_known(name):
    camera, wide = lens(name), replace(STRAIGHT, fx=50.0, fy=50.0)
    inside = rectification(camera, wide).inside
    places = distorted(looking(wide), camera).reshape(120, 160, 2)
    shown = ((places > -1) & (places < (160, 120))).all(-1)
    assert 0.2 < inside.mean() < 0.8
    assert (inside == shown).mean() > 0.999
    assert rectification(camera).inside is None


def test_what_the_lens_folds_back_is_not_shown_twice():
    # r (1 - 0.3 r2) turns back at r = 1.05.
    camera = replace(STRAIGHT, distortion=(-0.3, 0.0, 0.0, 0.0, 0.0))
    wide = replace(STRAIGHT, fx=45.0, fy=45.0)
    inside = rectification(camera, wide).inside
    far = np.hypot(*looking(wide)[:, :2].T).reshape(120, 160) > 1.06
    assert not inside[far].any()
    assert inside.any()


def test_a_region_beside_the_axis_is_rectified_around_its_middle():
    camera = lens('barrel').resized(640, 480).cropped(400, 300, 200, 150)
    found = rectification(camera)
    assert found.inside is None
    middle = np.array([(99.5, 74.5)])
    ray = rays_at(middle, camera)
    there = ray * (found.camera.fx, found.camera.fy) + (found.camera.cx, found.camera.cy)
    np.testing.assert_allclose(there, middle, atol=1e-6)


def test_a_wide_lens_is_not_stretched_beyond_120_degrees():
    wide = Camera(640, 480, 200.0, 200.0, 320.0, 240.0, 'equidistant', (0.0, 0.0, 0.0, 0.0))
    assert rectified_camera(wide).fx == pytest.approx(320 / np.tan(np.pi / 3))


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


@pytest.mark.parametrize('name', LENSES)
def test_depth_comes_from_the_nearest_pixel(name):
    camera = lens(name)
    rows = np.mgrid[0:120, 0:160][0].astype(np.float32)
    places = distorted(looking(rectified_camera(camera)), camera)[:, 1].reshape(120, 160)
    assert np.abs(rectify_depth(rows, camera) - places).max() <= 0.52


@pytest.mark.parametrize(
    ('model', 'distortion', 'message'),
    [
        ('omni', (0.1, 0.1), 'is not known, only plumb_bob, rational'),
        ('plumb_bob', (50.0, 900.0, 3.0, 9.0, 0.0), 'does not fit a picture of 160x120'),
    ],
)
def test_lenses_that_are_none(model, distortion, message):
    camera = replace(STRAIGHT, distortion_model=model, distortion=distortion)
    with pytest.raises(FrameError, match=message):
        rectified_camera(camera)
