"""Bent lenses: rays that OpenCV agrees with, exact flow, camera_info and depth in the picture."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import yaml

from steps_ros.core.camera import Camera
from steps_ros.data.rectification import rectification
from steps_ros.sim.clip import simulate_clip
from steps_ros.sim.dataset import camera_yaml
from steps_ros.sim.flow import optical_flow, Station
from steps_ros.sim.lens import exact_rays, project
from steps_ros.sim.mesh import box
from steps_ros.sim.raycast import RayScene
from steps_ros.sim.settings import ClipSettings
from steps_ros.sim.trajectory import draw_mounting, world_from_camera
from steps_ros.sim.world import make_world

BENT = Camera(60, 40, 40.0, 42.0, 29.0, 20.0, distortion=(-0.12, 0.005, 0.001, -0.002, 0.0))


def drawn(seed):
    settings = ClipSettings(seed=seed, height=40, width=60, has_distortion=True)
    return draw_mounting(settings).camera


def test_a_ray_through_a_pixel_appears_in_it():
    rows, columns = np.indices((40, 60)).reshape(2, -1)
    for camera in (BENT, replace(BENT, distortion=()), *map(drawn, range(20))):
        right, down = project(camera, 3.0 * exact_rays(camera))
        np.testing.assert_allclose(right, columns, atol=1e-8)
        np.testing.assert_allclose(down, rows, atol=1e-8)


def test_places_are_those_of_opencv():
    points = np.array([[0.5, -1.0, 2.0], [0.1, 0.4, -0.8], [2.0, 3.0, 4.0]])
    zero, bends = np.zeros(3), np.array(BENT.distortion)
    known, _ = cv2.projectPoints(points.T.copy(), zero, zero, np.array(BENT.matrix), bends)
    np.testing.assert_allclose(np.stack(project(BENT, points), -1), known[:, 0], atol=1e-9)


def test_what_a_bent_lens_would_fold_back_appears_nowhere():
    far = np.array([[9.0], [0.0], [1.0]])
    assert np.isnan(project(BENT, far)[0]).all()
    assert np.isfinite(project(replace(BENT, distortion=()), far)[0]).all()


def test_drawn_lenses_are_barrels_and_cushions():
    first = [drawn(seed).distortion[0] for seed in range(30)]
    assert min(first) < 0 < max(first)


def test_the_same_camera_without_distortion_is_the_rectified_one():
    settings = ClipSettings(seed=3, height=40, width=60)
    bent = replace(settings, has_distortion=True)
    assert replace(draw_mounting(bent).camera, distortion=()) == draw_mounting(settings).camera


def test_the_calibration_file_says_how_the_lens_bends():
    content = yaml.safe_load(camera_yaml(BENT))
    assert content['distortion_model'] == 'plumb_bob'
    assert content['distortion_coefficients']['data'] == pytest.approx(list(BENT.distortion))


def test_flow_in_a_bent_picture_leads_to_the_same_point():
    after = np.eye(4)
    after[:3, 3] = 0.3, -0.1, 0.5
    depth = np.full((40, 60), 8.0, np.float32)
    nothing = np.zeros((40, 60), np.uint16)
    flow = optical_flow(depth, nothing, BENT, Station(np.eye(4), ()), Station(after, ()))
    points = exact_rays(BENT) * 8.0 - after[:3, 3:]
    right, down = project(BENT, points)
    rows, columns = np.indices((40, 60))
    np.testing.assert_allclose(flow[..., 0], right.reshape(40, 60) - columns, atol=1e-5)
    np.testing.assert_allclose(flow[..., 1], down.reshape(40, 60) - rows, atol=1e-5)


def test_depth_in_a_bent_picture_is_that_of_rays_cast_through_its_pixels():
    settings = ClipSettings(seed=5, frames=1, height=24, width=36, has_distortion=True)
    (frame,) = simulate_clip(settings)
    assert any(frame.camera.distortion)
    world = make_world(settings)
    pose = world_from_camera(world.mounting, world.body(0.0))
    directions = (exact_rays(frame.camera).T @ pose[:3, :3].T).astype(np.float32)
    origins = np.broadcast_to(pose[:3, 3].astype(np.float32), directions.shape)
    parts = world.moment(0.0).parts(world.static)
    distance = np.min([part.rays.first_hits(origins, directions).distance for part in parts], 0)
    np.testing.assert_allclose(frame.depth.ravel(), distance, rtol=1e-5)


def test_a_rectified_drive_is_the_drive_of_a_straight_lens():
    settings = ClipSettings(seed=5, frames=1, height=96, width=160)
    (straight,) = simulate_clip(settings)
    (bent,) = simulate_clip(replace(settings, has_distortion=True))
    maps = rectification(bent.camera, straight.camera)
    # Inverse depth is linear within a surface, and between two of them there is nothing to say.
    moved = cv2.remap(1 / bent.depth, maps.columns, maps.rows, cv2.INTER_LINEAR)
    known = np.isfinite(straight.depth) & (maps.inside if maps.inside is not None else True)
    near = 1 / straight.depth
    is_whole = cv2.dilate(near, np.ones((3, 3))) < 1.3 * cv2.erode(near, np.ones((3, 3)))
    wrong = np.abs(moved * straight.depth - 1)[known & is_whole]
    assert len(wrong) > 0.5 * known.sum()
    assert np.median(wrong) < 5e-4
    assert (wrong < 0.02).mean() > 0.9


def test_a_straight_edge_is_bent_in_the_picture():
    post = box((8.0, -30.0, -0.02), (8.1, 30.0, 3.0), (0.5, 0.5, 0.5))
    pose = np.eye(4)
    pose[:3, :3] = [[0, 0, 1], [-1, 0, 0], [0, -1, 0]]
    pose[:3, 3] = 0.0, 0.0, 1.0
    directions = (exact_rays(BENT).T @ pose[:3, :3].T).astype(np.float32)
    origins = np.broadcast_to(pose[:3, 3].astype(np.float32), directions.shape)
    hit = RayScene(post, np.zeros(3)).first_hits(origins, directions).face >= 0
    top = hit.reshape(40, 60).argmax(0)
    assert top[29] < top[2]
