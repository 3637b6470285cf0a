"""
The camera of a recorded picture, raw or rectified.

Raw and rectified pictures share one camera_info: K and D belong to ``image_raw``, P and R to
``image_rect`` and its kin, which are told by their names (REP-104, image_proc).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.data.cameras import camera_from_info

RECTIFIED = 'image_rect'


class View(NamedTuple):
    """A camera, and the rotation (3, 3) from its tf frame to the axes that it looks along."""

    camera: Camera
    rotation: NDArray[np.float64]


def is_rectified(topic: str) -> bool:
    """Say whether a topic holds rectified pictures: image_rect, image_rect_color/compressed."""
    return any(part.startswith(RECTIFIED) for part in topic.split('/'))


def view_from_info(message: Any, rectified: bool) -> View | None:
    """
    Read a ``sensor_msgs/CameraInfo``.

    :returns: None where it is uncalibrated.
    :raises FrameError: intrinsics that are not finite or not positive.
    """
    camera = camera_from_info(message)
    if camera is None or not rectified:
        return None if camera is None else View(camera, np.eye(3))
    projection = message.p if hasattr(message, 'p') else message.P
    rotation = np.reshape(message.r if hasattr(message, 'r') else message.R, (3, 3))
    if projection[0] == 0:
        return None
    fx, cx, fy, cy = (float(projection[place]) for place in (0, 2, 5, 6))
    seen = Camera(camera.width, camera.height, fx, fy, cx, cy)
    is_turned = bool(np.any(rotation))
    return View(seen, np.asarray(rotation, np.float64) if is_turned else np.eye(3))
