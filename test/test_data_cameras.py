"""
Cameras from files; every file that is none.
"""

from __future__ import annotations

import pytest

from steps_ros.core.camera import Camera
from steps_ros.data.cameras import find_camera_file, fitted, read_camera
from steps_ros.errors import SourceError

K = (500.0, 0.0, 321.0, 0.0, 510.0, 242.0, 0.0, 0.0, 1.0)
CAMERA = Camera(640, 480, 500.0, 510.0, 321.0, 242.0)
SIMPLE = 'width: 640\nheight: 480\nfx: 500\nfy: 510.0\ncx: 321\ncy: 242\n'
CALIBRATION = """
image_width: 640
image_height: 480
camera_name: front
camera_matrix: {rows: 3, cols: 3, data: [500, 0, 321, 0, 510, 242, 0, 0, 1]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [-0.1, 0.02, 0, 0, 0]}
"""


def test_fitted_rescales_and_refuses_another_shape():
    assert fitted(CAMERA, 640, 480) is CAMERA
    assert fitted(CAMERA, 320, 240) == Camera(320, 240, 250.0, 255.0, 160.5, 121.0)
    assert fitted(CAMERA, 640, 360) is None
    assert fitted(None, 640, 480) is None


def test_simple_file(tmp_path):
    path = tmp_path / 'camera.yaml'
    path.write_text(SIMPLE)
    assert read_camera(path) == CAMERA


def test_calibration_file(tmp_path):
    path = tmp_path / 'camera_info.yaml'
    path.write_text(CALIBRATION)
    camera = read_camera(path)
    assert camera.distortion == (-0.1, 0.02, 0.0, 0.0, 0.0)
    assert camera.matrix == CAMERA.matrix


def test_camera_file_beside_the_images_or_above(tmp_path):
    images = tmp_path / 'images'
    images.mkdir()
    assert find_camera_file(images) is None
    (tmp_path / 'camera_info.yaml').write_text(SIMPLE)
    assert find_camera_file(images) == tmp_path / 'camera_info.yaml'
    (images / 'camera.yaml').write_text(SIMPLE)
    assert find_camera_file(images) == images / 'camera.yaml'


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('width: 640\nheight: 480\n', "no key 'fx'; write width height"),
        (SIMPLE.replace('500', 'wide'), 'no camera file: could not convert'),
        (SIMPLE.replace('500', '.nan'), 'not finite'),
        (SIMPLE.replace('500', '-1'), 'must be positive'),
        ('[1, 2', 'no camera file'),
        ('', 'no camera file'),
        ('camera_matrix: {data: [1]}\nimage_width: 1\nimage_height: 1', 'no camera file'),
        ('camera_matrix: 3\nimage_width: 1\nimage_height: 1', 'no camera file'),
    ],
)
def test_bad_file_is_one_line(tmp_path, content, message):
    path = tmp_path / 'camera.yaml'
    path.write_text(content)
    with pytest.raises(SourceError, match=message) as caught:
        read_camera(path)
    assert '\n' not in str(caught.value)
    assert 'camera.yaml' in str(caught.value)
