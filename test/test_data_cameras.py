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


def test_a_key_of_other_tools_is_named_and_does_no_harm(tmp_path, caplog):
    path = tmp_path / 'camera.yaml'
    path.write_text(CALIBRATION + 'avg_error: 0.2\n')
    assert read_camera(path).distortion
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: key 'avg_error' is not used"
    ]


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
        ('width: 640\nheight: 480\n', "no key 'fx'; write width height fx fy cx cy, or all"),
        (SIMPLE.replace('fx', 'Fx'), "unknown key 'Fx'; known are width"),
        (SIMPLE + 'k1: 0.1\n', "unknown key 'k1'; known are width height fx fy cx cy, and for"),
        (
            CALIBRATION.replace('distortion_c', 'distorsion_c'),
            "unknown key 'distorsion_coefficients'; did you mean 'distortion_coefficients'",
        ),
        ('[camera_matrix]', 'no camera file'),
        (CALIBRATION.replace('_matrix', '_matrx'), "did you mean 'camera_matrix'"),
        (SIMPLE.replace('500', 'wide'), 'no camera file: could not convert'),
        (SIMPLE.replace('500', '.nan'), 'not finite'),
        (SIMPLE.replace('500', '-1'), 'must be positive'),
        ('[1, 2', 'no camera file'),
        ('', 'no camera file'),
        ('camera_matrix: {data: [1]}\nimage_width: 1\nimage_height: 1', 'no camera file'),
        ('camera_matrix: 3\nimage_width: 1\nimage_height: 1', 'no camera file'),
        (SIMPLE.replace('640', '.inf'), 'no camera file: cannot convert float infinity'),
        (CALIBRATION.replace('plumb_bob', '[1]'), r'distortion_model \[1\] is no name'),
        (
            CALIBRATION.replace('{rows: 1, cols: 5, data: [-0.1, 0.02, 0, 0, 0]}', '[0]'),
            'no camera file',
        ),
        ('fx: 2001-99-99', 'no camera file: month must be in'),
        ('fx: ' + '[' * 3000, 'no camera file: brackets are nested more than 64 deep'),
    ],
)
def test_bad_file_is_one_line(tmp_path, content, message):
    path = tmp_path / 'camera.yaml'
    path.write_text(content)
    with pytest.raises(SourceError, match=message) as caught:
        read_camera(path)
    assert '\n' not in str(caught.value)
    assert 'camera.yaml' in str(caught.value)
