"""Optical flow: known motions, and a closed loop through a drawn street."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.sim.clip import simulate_clip
from steps_ros.sim.flow import optical_flow, Station
from steps_ros.sim.instances import STANDING, VEHICLE
from steps_ros.sim.settings import ClipSettings
from steps_ros.sim.traffic import Placed
from steps_ros.sim.trajectory import world_from_camera
from steps_ros.sim.world import make_world

CAMERA = Camera(9, 7, 20.0, 25.0, 4.0, 3.0)
EXACT = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 200, 1e-14)
ROWS, COLUMNS = np.mgrid[:7, :9].astype(float)
STREET = ClipSettings(seed=11, frames=40, height=48, width=80)


def shifted(x=0.0, y=0.0, z=0.0):
    matrix = np.eye(4)
    matrix[:3, 3] = x, y, z
    return matrix


def flow_of(now, after, depth=10.0, instance=0):
    return optical_flow(
        np.full((7, 9), depth, np.float32),
        np.full((7, 9), instance, np.uint16),
        CAMERA,
        now,
        after,
    )


def test_a_wall_grows_as_the_camera_comes_nearer():
    flow = flow_of(Station(np.eye(4), ()), Station(shifted(z=2.0), ()))
    np.testing.assert_allclose(flow[..., 0], (COLUMNS - 4) * 0.25, atol=1e-6)
    np.testing.assert_allclose(flow[..., 1], (ROWS - 3) * 0.25, atol=1e-6)


def test_a_sideways_step_is_focal_length_over_depth():
    flow = flow_of(Station(np.eye(4), ()), Station(shifted(x=0.5, y=-1.0), ()))
    np.testing.assert_allclose(flow[..., 0], -20 * 0.5 / 10, atol=1e-6)
    np.testing.assert_allclose(flow[..., 1], 25 * 1.0 / 10, atol=1e-6)


def test_the_sky_turns_and_does_not_shift():
    after = shifted(x=3.0, z=5.0)
    still = flow_of(Station(np.eye(4), ()), Station(after, ()), np.inf)
    np.testing.assert_allclose(still, 0, atol=1e-9)
    angle = 0.01
    after[:3, :3] = [
        [np.cos(angle), 0, np.sin(angle)],
        [0, 1, 0],
        [-np.sin(angle), 0, np.cos(angle)],
    ]
    turned = flow_of(Station(np.eye(4), ()), Station(after, ()), np.inf)
    assert turned[3, 4, 0] == pytest.approx(-20 * np.tan(angle), rel=1e-6)


def test_a_vehicle_that_keeps_its_distance_stays_in_the_picture():
    now = Station(np.eye(4), (Placed(7, 0, 10.0, shifted(z=10.0), VEHICLE.number(7)),))
    after = Station(shifted(z=2.0), (Placed(7, 0, 12.0, shifted(z=12.0), VEHICLE.number(7)),))
    np.testing.assert_allclose(flow_of(now, after, instance=VEHICLE.number(7)), 0, atol=1e-6)


def test_a_vehicle_that_jumps_or_vanishes_has_no_flow():
    now = Station(np.eye(4), (Placed(7, 0, 10.0, shifted(z=10.0), VEHICLE.number(7)),))
    jumped = Station(np.eye(4), (Placed(7, 1, 280.0, shifted(z=280.0), VEHICLE.number(7)),))
    for after in (jumped, Station(np.eye(4), ())):
        assert np.isnan(flow_of(now, after, instance=VEHICLE.number(7))).all()


def test_what_passes_the_camera_has_no_flow():
    flow = flow_of(Station(np.eye(4), ()), Station(shifted(z=10.0), ()))
    assert np.isnan(flow).all()


def test_the_last_frame_has_no_flow():
    settings = ClipSettings(seed=5, frames=2, height=12, width=16)
    first, last = simulate_clip(settings)
    assert np.isfinite(first.flow).mean() > 0.9
    assert np.isnan(last.flow).all()


def projected(points, camera):
    x, y, z = points
    return np.stack([camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy], -1)


@pytest.mark.parametrize('number', [3, 20])
def test_flow_leads_to_the_same_place_of_the_same_object(number):
    """Rays through where the flow leads meet what the pixel showed, to 1e-3 pixels."""
    (frame,) = simulate_clip(STREET, number, number + 1)
    world = make_world(STREET)
    now, after = (world.moment(index / STREET.rate_hz) for index in (number, number + 1))
    camera = world.mounting.camera
    pose = world_from_camera(world.mounting, after.body)
    pixels = np.argwhere(np.isfinite(frame.depth) & (frame.depth < 60))[:, ::-1]
    places = pixels + frame.flow[pixels[:, 1], pixels[:, 0]].astype(float)
    focal, centre = (camera.fx, camera.fy), (camera.cx, camera.cy)
    rays = np.concatenate([(places - centre) / focal, np.ones((len(places), 1))], 1)
    directions = (rays @ pose[:3, :3].T).astype(np.float32)
    origins = np.broadcast_to(pose[:3, 3].astype(np.float32), directions.shape)
    instance = np.zeros(len(pixels), np.uint16)
    distance = np.full(len(pixels), np.inf)
    for part in after.parts(world.static):
        hits = part.rays.first_hits(origins, directions)
        nearer = hits.distance < distance
        distance[nearer] = hits.distance[nearer]
        instance[nearer] = part.mesh.instance[hits.face[nearer]]
    shown = frame.instance[pixels[:, 1], pixels[:, 0]]
    back = {item.number: item.pose for item in after.placed}
    now_from_after = np.linalg.inv(frame.world_from_camera) @ pose
    points = np.concatenate([rays.T * distance, np.ones((1, len(rays)))])
    was = now_from_after @ points
    for item in now.placed:
        chosen = shown == VEHICLE.number(item.number)
        if item.number in back:
            carried = np.linalg.inv(frame.world_from_camera) @ item.pose
            was[:, chosen] = carried @ np.linalg.inv(back[item.number]) @ pose @ points[:, chosen]
    same = (instance == shown) & (
        np.abs(was[2] / frame.depth[pixels[:, 1], pixels[:, 0]] - 1) < 1e-3
    )
    for kind in (STANDING, VEHICLE):
        chosen = kind.holds(shown)
        assert chosen.sum() > 50
        # What else there is gets hidden by something nearer.
        assert same[chosen].mean() > 0.93
        error = np.abs(projected(was[:3, chosen & same], camera) - pixels[chosen & same])
        # Two leaves or two folds may lie within the tolerance of depth.
        assert np.percentile(error, 99.5) < 1e-3


@pytest.mark.parametrize('has_distortion', [False, True])
def test_flow_of_what_stands_follows_from_depth_and_poses(has_distortion):
    """The next picture's place of each pixel by OpenCV alone, to a hundredth of a pixel."""
    clip = replace(STREET, frames=8, has_distortion=has_distortion)
    now, after = simulate_clip(clip, 3, 5)
    camera = now.camera
    matrix, bends = np.array(camera.matrix), np.array(camera.distortion or (0.0,) * 5)
    stands = STANDING.holds(now.instance) & np.isfinite(now.flow).all(2)
    rows, columns = np.nonzero(stands)
    pixels = np.stack([columns, rows], 1).astype(float)
    rays = cv2.undistortPoints(pixels[:, None], matrix, bends, None, None, None, EXACT)[:, 0]
    depth = now.depth[stands].astype(float)
    points = np.concatenate([rays, np.ones((len(rays), 1))], 1) * depth[:, None]
    after_from_now = np.linalg.inv(after.world_from_camera) @ now.world_from_camera
    turn = cv2.Rodrigues(after_from_now[:3, :3])[0]
    places = cv2.projectPoints(points, turn, after_from_now[:3, 3], matrix, bends)[0][:, 0]
    error = np.linalg.norm(places - pixels - now.flow[stands], axis=1)
    # What leaves the picture far off the axis is beyond the lens's polynomial.
    inside = (np.abs(places - (40, 24)) < (60, 44)).all(1)
    assert inside.sum() > 1000
    assert np.percentile(error[inside], 99.5) < 0.01
