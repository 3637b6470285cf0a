"""What a lens does is undone, and a calibration comes back as it went out, for any camera."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from made_examples import ALWAYS_THE_SAME, cameras, numbers
import numpy as np
import pytest
import yaml

from steps_ros.core.distortion import is_bent
from steps_ros.data.camera_info import view_from_info
from steps_ros.data.cameras import read_camera
from steps_ros.data.distortion import fold, pixels_of, rays_at
from steps_ros.data.messages import CAMERA_INFO, camera_info_message, serialise, typestore
from steps_ros.data.rectification import rectified_camera, rectified_places
from steps_ros.sim.dataset import camera_yaml

# Of the tangent off the axis up to which lenses of vehicles are asked, and of their fold.
WIDEST, OF_FOLD = 1.0, 0.8
PLACES = st.lists(st.tuples(numbers(0, 1), numbers(0, 6.28)), min_size=1, max_size=8)


def seen_by(camera, places):
    """Return rays (N, 2) that the camera shows somewhere in its picture, and where."""
    farthest = min(WIDEST, OF_FOLD * fold(camera))
    rays = np.array([(far * np.cos(turn), far * np.sin(turn)) for far, turn in places])
    pixels = pixels_of(rays * farthest, camera)
    shown = ((pixels >= 0) & (pixels <= (camera.width - 1, camera.height - 1))).all(-1)
    return (rays * farthest)[shown], pixels[shown]


@ALWAYS_THE_SAME
@given(cameras(), PLACES)
def test_a_pixel_sees_the_ray_that_is_shown_there(camera, places):
    rays, pixels = seen_by(camera, places)
    if not is_bent(camera):
        found = (pixels - (camera.cx, camera.cy)) / (camera.fx, camera.fy)
    else:
        found = rays_at(pixels, camera)
    np.testing.assert_allclose(found, rays, atol=1e-3 / camera.fx)


@ALWAYS_THE_SAME
@given(cameras(), PLACES)
def test_a_rectified_place_looks_along_the_same_ray(camera, places):
    small = camera.resized(160, 120)
    rays, pixels = seen_by(small, places)
    found = np.stack(rectified_places(*pixels.T.astype(np.float32), small), -1)
    seen = rectified_camera(small)
    np.testing.assert_allclose(
        found, rays * (seen.fx, seen.fy) + (seen.cx, seen.cy), rtol=1e-4, atol=1e-2
    )


@ALWAYS_THE_SAME
@given(cameras())
def test_a_calibration_comes_back_from_its_message(camera):
    sent = serialise(camera_info_message(camera, 0, 'camera'))
    info = typestore().deserialize_cdr(sent, CAMERA_INFO)
    assert view_from_info(info, rectified=False).camera == camera
    straight = replace(camera, distortion_model='plumb_bob', distortion=())
    assert view_from_info(info, rectified=True).camera == straight


def calibration(camera):
    """Return what ``camera_calibration`` writes of a camera."""
    rows = [number for row in camera.matrix for number in row]
    bends = list(camera.distortion)
    return {
        'image_width': camera.width,
        'image_height': camera.height,
        'camera_name': 'front',
        'camera_matrix': {'rows': 3, 'cols': 3, 'data': rows},
        'distortion_model': camera.distortion_model,
        'distortion_coefficients': {'rows': 1, 'cols': len(bends), 'data': bends},
    }


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    return tmp_path_factory.mktemp('cameras') / 'camera.yaml'


@ALWAYS_THE_SAME
@given(cameras())
def test_a_calibration_comes_back_from_its_file(path, camera):
    path.write_text(yaml.safe_dump(calibration(camera)), encoding='utf-8')
    assert read_camera(path) == camera
    names = ('width', 'height', 'fx', 'fy', 'cx', 'cy')
    path.write_text('\n'.join(f'{name}: {getattr(camera, name)}' for name in names))
    assert read_camera(path) == replace(camera, distortion_model='plumb_bob', distortion=())


@ALWAYS_THE_SAME
@given(cameras())
def test_a_calibration_comes_back_from_a_simulated_drive(path, camera):
    path.write_text(camera_yaml(camera))
    found = read_camera(path)
    written = yaml.safe_load(path.read_text())['distortion_coefficients']
    assert written['rows'] * written['cols'] == len(written['data'])
    assert is_bent(found) == is_bent(camera)
    assert found.distortion_model == camera.distortion_model
    for name in ('width', 'height', 'fx', 'fy', 'cx', 'cy'):
        assert getattr(found, name) == pytest.approx(getattr(camera, name), rel=1e-8)
    if camera.distortion:
        assert found.distortion == pytest.approx(camera.distortion, rel=1e-8)


@ALWAYS_THE_SAME
@given(cameras(), st.integers(1, 4000), st.integers(1, 4000))
def test_resizing_and_cropping_are_undone(camera, width, height):
    there_and_back = camera.resized(width, height).resized(camera.width, camera.height)
    cropped = camera.cropped(width, height, 10, 10).cropped(
        -width, -height, camera.width, camera.height
    )
    for found in (there_and_back, cropped):
        np.testing.assert_allclose(found.matrix, camera.matrix, rtol=1e-9, atol=1e-9)
        assert replace(found, fx=1, fy=1, cx=0, cy=0) == replace(camera, fx=1, fy=1, cx=0, cy=0)
