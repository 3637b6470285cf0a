"""OpenCV is silent in every version."""

from types import SimpleNamespace

import cv2
import pytest

from steps_ros.data import opencv_log
from steps_ros.data.opencv_log import silence_opencv


@pytest.mark.parametrize('place', ['cv2', 'cv2.utils.logging'])
def test_the_log_is_found_where_a_version_has_it(monkeypatch, place):
    levels = []
    log = SimpleNamespace(setLogLevel=levels.append)
    module = SimpleNamespace(utils=SimpleNamespace())
    if place == 'cv2':
        module.setLogLevel = levels.append
    else:
        module.utils.logging = log
    monkeypatch.setattr(opencv_log, 'cv2', module)
    silence_opencv()
    assert levels == [0]


def test_a_version_without_a_log_is_left_alone(monkeypatch):
    monkeypatch.setattr(opencv_log, 'cv2', SimpleNamespace(utils=SimpleNamespace()))
    silence_opencv()


def test_this_version_says_nothing_about_a_damaged_picture(tmp_path, capfd):
    path = tmp_path / 'cut.png'
    path.write_bytes(b'\x89PNG\r\n\x1a\n' + bytes(20))
    silence_opencv()
    assert cv2.imread(str(path)) is None
    assert capfd.readouterr().err == ''
