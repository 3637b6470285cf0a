"""The LiDAR: known geometry, noise, what it sees that the camera does not."""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.errors import SettingsError
from steps_ros.sim.clip import simulate_clip
from steps_ros.sim.lidar import body_from_lidar, cast_turn, LidarSettings, RING_SPAN
from steps_ros.sim.mesh import box, Kind, strip
from steps_ros.sim.raycast import RayScene
from steps_ros.sim.render import Part
from steps_ros.sim.settings import ClipSettings
from steps_ros.sim.trajectory import body_from_camera
from steps_ros.sim.world import make_world

EXACT = LidarSettings(columns=90, noise_m=0.0, dropout=0.0)
STREET = ClipSettings(seed=5, frames=3, height=48, width=80)


def part(mesh):
    return Part(mesh, RayScene(mesh, np.zeros(3)))


def ground():
    grid = np.linspace(-200, 200, 9, dtype=np.float32)
    return part(strip(grid, [(-200, 0.0), (200, 0.0)], (0.2, 0.2, 0.2), Kind.PLAIN))


def turn(parts, settings=EXACT, height=2.0):
    pose = np.eye(4)
    pose[2, 3] = height
    return cast_turn(tuple(parts), pose, settings, np.random.default_rng(0))


def xyz(points):
    return np.stack([points[name] for name in 'xyz'], 1).astype(float)


@pytest.mark.parametrize('rings', [32, 64])
def test_rings_on_flat_ground_are_where_trigonometry_says(rings):
    settings = LidarSettings(rings=rings, columns=90, noise_m=0.0, dropout=0.0)
    points = turn([ground()], settings)
    angles = np.linspace(*RING_SPAN[rings], rings)
    assert points['ring'].min() == 0
    for ring in np.unique(points['ring']):
        found = points[points['ring'] == ring]
        assert len(found) == 90
        expected = 2.0 / np.tan(-np.radians(angles[ring]))
        np.testing.assert_allclose(np.hypot(found['x'], found['y']), expected, rtol=1e-3)
    np.testing.assert_allclose(points['z'], -2.0, atol=1e-3)


def test_nothing_comes_back_from_beyond_the_range():
    short = LidarSettings(columns=90, noise_m=0.0, dropout=0.0, max_range_m=20.0)
    assert np.linalg.norm(xyz(turn([ground()], short)), axis=1).max() <= 20.0


def test_the_nearer_part_is_seen_and_paint_throws_back_more_than_asphalt():
    wall = part(box((5.0, -50.0, -5.0), (6.0, 50.0, 50.0), (0.8, 0.8, 0.8)))
    points = turn([ground(), wall])
    ahead = points[(np.abs(points['y']) < 1) & (points['x'] > 0) & (points['z'] > -1.5)]
    np.testing.assert_allclose(ahead['x'], 5.0, atol=1e-3)
    assert ahead['intensity'].min() > 100
    assert points['intensity'][points['x'] < 0].max() < 60


def test_noise_is_along_the_ray_and_has_its_sigma():
    noisy = turn([ground()], LidarSettings(columns=512, noise_m=0.05, dropout=0.0))
    exact = turn([ground()], LidarSettings(columns=512, noise_m=0.0, dropout=0.0))
    error = np.linalg.norm(xyz(noisy), axis=1) - np.linalg.norm(xyz(exact), axis=1)
    assert error.std() == pytest.approx(0.05, rel=0.05)
    assert abs(error.mean()) < 0.002
    across = np.cross(xyz(noisy), xyz(exact))
    np.testing.assert_allclose(across, 0, atol=1e-2)


def test_dropout_takes_its_share():
    whole = len(turn([ground()], LidarSettings(columns=512, dropout=0.0)))
    kept = len(turn([ground()], LidarSettings(columns=512, dropout=0.25)))
    assert kept / whole == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize(
    'wrong',
    [{'rings': 16}, {'columns': 0}, {'noise_m': -1.0}, {'dropout': 1.0}, {'max_range_m': 0.0},
     {'offset_s': float('nan')}, {'noise_m': float('nan')}],
)  # fmt: skip
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(SettingsError):
        LidarSettings(**wrong)


def test_it_agrees_with_the_depth_and_sees_all_round():
    (frame,) = simulate_clip(STREET, 1, 2, LidarSettings(columns=512, noise_m=0.0))
    points = xyz(frame.scan.points)
    assert {tuple(np.sign(point[:2])) for point in points} >= {(1, 1), (1, -1), (-1, 1), (-1, -1)}
    camera_from_lidar = (
        np.linalg.inv(body_from_camera(frame.mounting)) @ frame.scan.body_from_lidar
    )
    local = points @ camera_from_lidar[:3, :3].T + camera_from_lidar[:3, 3]
    local = local[local[:, 2] > 1.0]
    camera = frame.camera
    columns = np.rint(camera.fx * local[:, 0] / local[:, 2] + camera.cx).astype(int)
    rows = np.rint(camera.fy * local[:, 1] / local[:, 2] + camera.cy).astype(int)
    seen = (columns >= 0) & (columns < camera.width) & (rows >= 0) & (rows < camera.height)
    depth = frame.depth[rows[seen], columns[seen]]
    ratio = depth / local[seen, 2]
    assert seen.sum() > 500
    assert np.median(np.abs(ratio - 1)) < 0.02
    assert np.mean(np.abs(ratio - 1) < 0.1) > 0.8


def test_with_an_offset_the_turn_is_of_another_time():
    later = LidarSettings(columns=64, noise_m=0.0, dropout=0.0, offset_s=0.05)
    (frame,) = simulate_clip(STREET, 1, 2, later)
    (on_time,) = simulate_clip(STREET, 1, 2, EXACT)
    assert frame.scan.stamp_ns - frame.stamp_ns == 50_000_000
    way = np.linalg.norm(frame.scan.body[:3, 3] - on_time.scan.body[:3, 3])
    speed = make_world(STREET).street.traffic.ego_speed
    assert way == pytest.approx(0.05 * speed, rel=0.05)
    np.testing.assert_array_equal(frame.image, on_time.image)


def test_it_sits_on_the_roof_behind_the_camera():
    place = body_from_lidar(LidarSettings(behind_m=0.7, above_m=0.3), 1.5)[:3, 3]
    np.testing.assert_allclose(place, [-0.7, 0.0, 1.8])
