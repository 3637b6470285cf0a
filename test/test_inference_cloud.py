"""Organised clouds: exact points, holes, strides, limits, colours, distortion."""

from __future__ import annotations

from dataclasses import replace
import tracemalloc

import cv2
import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.errors import FrameError, SettingsError
from steps_ros.inference.cloud import CloudLimits, organised_cloud
from steps_ros.inference.cloud_buffers import CloudBuffers
from steps_ros.inference.cloud_filters import corners, edge_reach, usable_pixels
from steps_ros.inference.rays import camera_rays

CAMERA = Camera(width=5, height=4, fx=2.0, fy=4.0, cx=2.0, cy=1.0)
ALL = CloudLimits(stride=1, max_range=1e6, min_confidence=0.0, edge_ratio=0.0)


def _depth(value: float, camera: Camera = CAMERA) -> np.ndarray:
    return np.full((camera.height, camera.width), value, np.float32)


def test_a_wall_back_projects_to_known_points():
    cloud = organised_cloud(_depth(4.0), CAMERA, limits=ALL)
    assert cloud.shape == (4, 5, 4)
    assert cloud.dtype == np.float32
    np.testing.assert_array_equal(cloud[1, 2, :3], [0, 0, 4])
    np.testing.assert_array_equal(cloud[0, 0, :3], [-4, -1, 4])
    np.testing.assert_array_equal(cloud[3, 4, :3], [4, 2, 4])


def test_a_ground_plane_comes_back_flat():
    camera = Camera(64, 48, 50.0, 50.0, 31.5, 15.5)
    rows = np.arange(48, dtype=np.float32)[:, None] + np.zeros((1, 64), np.float32)
    with np.errstate(divide='ignore'):
        depth = np.where(rows > 15.5, 1.5 * camera.fy / (rows - camera.cy), np.inf)
    cloud = organised_cloud(depth.astype(np.float32), camera, limits=ALL)
    np.testing.assert_allclose(cloud[16:, :, 1], 1.5, rtol=1e-6)
    assert np.isnan(cloud[:16, :, :3]).all()


@pytest.mark.parametrize(('stride', 'shape'), [(2, (2, 3)), (3, (2, 2)), (64, (1, 1))])
def test_stride_picks_pixels_and_keeps_their_points(stride, shape):
    depth = np.arange(1, 21, dtype=np.float32).reshape(4, 5)
    full = organised_cloud(depth, CAMERA, limits=ALL)
    thin = organised_cloud(depth, CAMERA, limits=replace(ALL, stride=stride))
    assert thin.shape[:2] == shape
    np.testing.assert_array_equal(thin, full[::stride, ::stride])


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf, 0.0, -1.0])
def test_depth_that_is_no_distance_is_a_hole(value):
    depth = _depth(2.0)
    depth[2, 3] = value
    cloud = organised_cloud(depth, CAMERA, limits=ALL)
    assert np.isnan(cloud[2, 3, :3]).all()
    assert np.isfinite(cloud[..., :3]).sum() == 19 * 3


def test_range_height_and_confidence_cut_holes():
    depth = _depth(4.0)
    depth[0, 0], depth[0, 1] = 1.0, 9.0
    confidence = np.ones_like(depth)
    confidence[0, 2] = 0.4
    limits = CloudLimits(
        stride=1,
        min_range=2,
        max_range=8,
        min_height=-1.5,
        max_height=0.5,
        min_confidence=0.5,
        edge_ratio=0.0,
    )
    kept = np.isfinite(organised_cloud(depth, CAMERA, None, confidence, limits)[..., 2])
    # y of the rows is -1, 0, 1, 2: the first is 1 m above the camera, the last 2 m below.
    assert kept.tolist() == [[False] * 5, [True] * 5, [True] * 5, [False] * 5]
    ranged = replace(limits, min_height=-100.0, max_height=100.0)
    kept = np.isfinite(organised_cloud(depth, CAMERA, None, confidence, ranged)[..., 2])
    assert kept[0].tolist() == [False, False, False, True, True]


def test_colour_is_packed_as_rgb():
    colour = np.zeros((4, 5, 3), np.uint8)
    colour[1, 2] = (0x12, 0x34, 0x56)
    cloud = organised_cloud(_depth(1.0), CAMERA, colour, limits=ALL)
    packed = np.ascontiguousarray(cloud[..., 3]).view(np.uint32)
    assert packed[1, 2] == 0x123456
    assert packed[0, 0] == 0


@pytest.mark.parametrize(
    ('model', 'coefficients'),
    [('plumb_bob', (-0.2, 0.05, 0.001, -0.002, 0.0)), ('equidistant', (0.1, -0.02, 0.0, 0.0))],
)
def test_points_of_a_distorting_lens_project_back_to_their_pixels(model, coefficients):
    camera = Camera(8, 6, 10.0, 10.0, 3.5, 2.5, model, coefficients)
    cloud = organised_cloud(_depth(3.0, camera), camera, limits=ALL)
    points = cloud[..., :3].reshape(-1, 1, 3).astype(np.float64)
    project = cv2.fisheye.projectPoints if model == 'equidistant' else cv2.projectPoints
    arguments = (np.zeros(3), np.zeros(3), np.array(camera.matrix), np.array(coefficients))
    pixels = project(points, *arguments)[0].reshape(6, 8, 2)
    u, v = np.meshgrid(np.arange(8), np.arange(6))
    np.testing.assert_allclose(pixels, np.stack([u, v], -1), atol=5e-3)


@pytest.mark.parametrize('stride', [1, 2, 4, 8, 16])
def test_the_edge_filter_leaves_a_road_whatever_the_stride(stride):
    camera = Camera.assumed(320, 192)
    down = camera_rays(camera)[1]
    road = np.where(down > 0.05, 1.5 / np.maximum(down, 0.05), np.inf).astype(np.float32)
    limits = replace(ALL, stride=stride)
    count, all_of_it = (
        np.isfinite(organised_cloud(road, camera, limits=replace(limits, edge_ratio=ratio))).sum()
        for ratio in (0.2, 0.0)
    )
    assert count > 0.9 * all_of_it


@pytest.mark.parametrize('stride', [4, 16])
def test_kept_arrays_are_enough_for_the_edge_filter(stride):
    camera, buffers = Camera.assumed(320, 192), CloudBuffers()
    depth, limits = _depth(4.0, camera), replace(ALL, stride=stride, edge_ratio=0.2)
    organised_cloud(depth, camera, limits=limits, buffers=buffers)
    tracemalloc.start()
    organised_cloud(depth, camera, limits=limits, buffers=buffers)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < depth.nbytes / 4


def test_limits_that_leave_no_point_are_refused():
    for name in ('range', 'height'):
        with pytest.raises(SettingsError, match=f'cloud.min_{name} 9.0 must be less than cloud'):
            CloudLimits(**{f'min_{name}': 9.0, f'max_{name}': 9.0})


def test_limits_out_of_range_are_refused():
    with pytest.raises(SettingsError, match='stride: 0'):
        CloudLimits(stride=0)


def test_distortion_that_no_model_has_is_a_frame_error():
    camera = Camera(8, 6, 10.0, 10.0, 3.5, 2.5, 'plumb_bob', (0.1, 0.2, 0.3))
    with pytest.raises(FrameError, match='calibrate'):
        organised_cloud(_depth(3.0, camera), camera, limits=ALL)


def _literally(depth, camera, colour, confidence, limits):
    """Return the cloud as its docstring says, condition by condition."""
    every = (slice(None, None, limits.stride),) * 2
    z, rays = depth[every], camera_rays(camera, limits.stride)
    with np.errstate(all='ignore'):
        height = -rays[1] * z
        inside = (z > 0) & (z >= limits.min_range) & (z <= limits.max_range) & (z < np.inf)
        inside &= (height >= limits.min_height) & (height <= limits.max_height)
        masks = corners('', limits.bonnet), corners('', limits.region)
        inside &= usable_pixels(depth.shape, limits.stride, *masks)
        if limits.edge_ratio > 0:
            # Samples farther apart than an edge is wide are judged by the pixels beside them.
            strided = edge_reach(camera.width, limits.stride)
            reach, of = (strided, z) if strided else (edge_reach(camera.width, 1), depth)
            window = np.ones((2 * reach + 1,) * 2, np.uint8)
            nearest = cv2.erode(np.where(np.isnan(of), np.float32(np.inf), of), window)
            farthest = cv2.dilate(np.where(np.isnan(of), np.float32(0), of), window)
            factor = np.float32(1 + limits.edge_ratio)
            flies = (of / factor > nearest) & (of * factor < farthest)
            inside &= ~(flies if strided else flies[every])
        if confidence is not None:
            inside &= confidence[every] >= limits.min_confidence
        cloud = np.zeros((*z.shape, 4), np.float32)
        cloud[..., 2] = np.where(inside, z, np.float32(np.nan))
        cloud[..., 0], cloud[..., 1] = rays[0] * cloud[..., 2], rays[1] * cloud[..., 2]
    if colour is not None:
        red, green, blue = np.moveaxis(colour[every].astype(np.uint32), -1, 0)
        cloud[..., 3] = (red << 16 | green << 8 | blue).view(np.float32)
    return cloud


def _strange_depth(generator, camera):
    size = (camera.height, camera.width)
    depth = generator.uniform(0.5, 90, size).astype(np.float32)
    depth += np.linspace(0, 40, camera.width, dtype=np.float32)
    for value in (np.nan, np.inf, -np.inf, 0.0, -0.0, -3.0, 1e-40, 2.0, 60.0):
        depth[generator.random(size) < 0.02] = value
    return depth


@pytest.mark.parametrize('stride', [1, 2, 3, 4, 64])
@pytest.mark.parametrize(
    'changed',
    [
        {},
        {'edge_ratio': 0.0, 'min_confidence': 0.0, 'max_range': np.inf},
        {'min_range': 2.0, 'min_height': -1.5, 'max_height': 0.5, 'edge_ratio': 3.0},
        {'bonnet': '0.1,1 0.3,0.6 0.9,1', 'region': '0.2,0.1 0.9,0.95', 'min_confidence': 1.0},
    ],
)
def test_the_bytes_are_those_of_one_condition_after_the_other(stride, changed):
    camera = Camera(161, 91, 90.0, 95.0, 80.2, 44.7, 'plumb_bob', (-0.2, 0.05, 0.001, 0.0, 0.0))
    generator, buffers = np.random.default_rng(stride), CloudBuffers()
    limits = CloudLimits(stride=stride, **changed)
    # Twice in the same arrays: nothing of a cloud may be left in the next one.
    for is_coloured in (True, False):
        depth = _strange_depth(generator, camera)
        colour = generator.integers(0, 256, (91, 161, 3), np.uint8) if is_coloured else None
        confidence = generator.random((91, 161), np.float32) if is_coloured else None
        if confidence is not None:
            confidence[::5, ::3], confidence[1::7] = np.float32(0.2), np.nan
        found = organised_cloud(depth, camera, colour, confidence, limits, buffers)
        exact = _literally(depth, camera, colour, confidence, limits)
        np.testing.assert_array_equal(found.view(np.uint32), exact.view(np.uint32))
    assert organised_cloud(depth, camera, None, None, limits, buffers) is found
