"""
The camera of a picture, raw or rectified, as its CameraInfo tells; for recordings and the node.

Raw and rectified pictures share one camera_info: K and D belong to ``image_raw``, P and R to
``image_rect`` and its kin, which are told by their names (image_proc). All of them are of the
full resolution: a picture is the region of interest of it, then binned (REP-104). As in
image_geometry, a rectified picture's region is where the raw one's is, whatever ``do_rectify``
says, and binning has no half-pixel term.
"""

from __future__ import annotations

from collections.abc import Sequence
import re
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.data.cameras import check_plausible, make_camera
from steps_ros.errors import FrameError

RECTIFIED = {'rect', 'rectified'}
# Largest element by which a rotation may differ from none: 0.06 degrees.
TURNED = 1e-3


class View(NamedTuple):
    """
    How a picture of a camera_info sees the world.

    ``camera`` is of the picture, after region and binning. ``rotation`` (3, 3) leads from the tf
    frame to the axes that it looks along. ``straight`` is the pinhole camera without turn that
    the calibration wants a raw picture rectified to; None where it tells none.
    """

    camera: Camera
    rotation: NDArray[np.float64]
    straight: Camera | None = None


class _Window(NamedTuple):
    """What of the full picture there is: the region, then pixels that one stands for."""

    left: int
    top: int
    width: int
    height: int
    across: int
    down: int


def is_rectified(topic: str) -> bool:
    """Say whether a topic is named as rectified: image_rect_color/compressed, rect/image."""
    return not RECTIFIED.isdisjoint(_words(topic))


def is_raw(topic: str) -> bool:
    """Say whether a topic is named as raw and not as rectified: image_raw/compressed."""
    return 'raw' in _words(topic) and not is_rectified(topic)


def view_from_info(message: Any, rectified: bool) -> View | None:
    """
    Read a ``sensor_msgs/CameraInfo``, of ROS 2 (k, d) or of ROS 1 (K, D).

    :param rectified: whether the picture is.
    :returns: None where K[0], or P[0] of a rectified picture, is 0 or the size is missing, which
        is how a driver says uncalibrated.
    :raises FrameError: intrinsics, a region or binning that cannot be.
    """
    size = (message.width, message.height)
    matrix, projection = _numbers(message, 'k'), _numbers(message, 'p')
    if 0 in size or matrix[0] == 0 or (rectified and projection[0] == 0):
        return None
    window = _window(message)
    if rectified:
        seen = _of_projection(message, projection)
        return View(_seen(seen, window), _rotation(message))
    distortion = _numbers(message, 'd').tolist()
    bent = make_camera(size, matrix.tolist(), message.distortion_model, distortion)
    check_plausible(bent, 'K')
    straight = _straight(message, projection)
    wanted = None if straight is None else _seen(straight, window)
    return View(_seen(bent, window), np.eye(3), wanted)


def _straight(message: Any, projection: NDArray[np.float64]) -> Camera | None:
    """Return the camera of P; None where P is not filled in sensibly, or R turns."""
    if projection[0] == 0:
        return None
    try:
        camera = _of_projection(message, projection)
        return None if _is_turned(_rotation(message)) else camera
    except FrameError:
        return None


def _of_projection(message: Any, projection: NDArray[np.float64]) -> Camera:
    size = (message.width, message.height)
    camera = make_camera(size, projection[[0, 1, 2, 4, 5, 6]].tolist())
    check_plausible(camera, 'P')
    return camera


def _words(topic: str) -> set[str]:
    return set(re.split('[/_]', topic))


def _numbers(message: Any, name: str) -> NDArray[np.float64]:
    values: Sequence[float] = getattr(message, name, None)  # type: ignore[assignment]
    if values is None:
        values = getattr(message, name.upper())
    return np.asarray(values, np.float64)


def _window(message: Any) -> _Window:
    width, height, roi = message.width, message.height, message.roi
    across, down = message.binning_x or 1, message.binning_y or 1
    left, top, wide, high = roi.x_offset, roi.y_offset, roi.width, roi.height
    if not any((left, top, wide, high)):
        wide, high = width, height
    if not (0 < wide <= width - left and 0 < high <= height - top):
        raise FrameError(
            f'camera_info has the region of interest {wide}x{high} at ({left}, {top}) of '
            f'{width}x{height} pixels; let the driver publish all zeros for the whole picture'
        )
    if across > wide or down > high:
        raise FrameError(
            f'camera_info has binning {across}x{down} of {wide}x{high} pixels; let the driver '
            'publish 0 for none'
        )
    return _Window(left, top, wide, high, across, down)


def _seen(full: Camera, window: _Window) -> Camera:
    left, top, width, height, across, down = window
    return full.cropped(left, top, width, height).binned(across, down)


def _rotation(message: Any) -> NDArray[np.float64]:
    """Return R, for which nine zeros stand for none."""
    turn = _numbers(message, 'r').reshape(3, 3)
    if not turn.any():
        return np.eye(3)
    if not np.allclose(turn @ turn.T, np.eye(3), atol=0.01):
        raise FrameError(
            f'R of camera_info is no rotation: {turn.ravel().tolist()}; let the driver publish '
            'the identity, or calibrate the camera'
        )
    return turn


def _is_turned(rotation: NDArray[np.float64]) -> bool:
    return not np.allclose(rotation, np.eye(3), atol=TURNED)
