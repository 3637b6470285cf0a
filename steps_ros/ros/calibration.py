"""
How one camera's pictures are to be seen: their camera_info, and the maps that rectify them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo

from steps_ros.core.camera import Camera
from steps_ros.core.distortion import is_bent
from steps_ros.data.camera_info import is_raw, is_rectified, View, view_from_info
from steps_ros.data.cameras import fitted
from steps_ros.data.rectification import Rectification, rectification
from steps_ros.errors import FrameError
from steps_ros.inference.prediction import Prediction

CALIBRATED, WAITING = 'calibrated', 'no frame looked at yet'
NO_CAMERA_INFO = 'no camera_info received: depth without cloud'
UNCALIBRATED = 'camera_info has K[0] = 0: depth without cloud; calibrate the camera'
NO_PROJECTION = (
    'camera_info has P[0] = 0, and P is the camera of rectified pictures: depth without cloud; '
    'let what rectifies them fill it in'
)
OF_RAW = (
    'expect_rectified is true, but D of camera_info bends and P is K, as of raw pictures: P is '
    'taken and nothing is rectified; set it to false, or let what rectifies publish D of zeros'
)
RECTIFIED_HERE, RECTIFIED_BEFORE, STRAIGHT, UNKNOWN = (
    'rectified here', 'rectified before', 'without distortion', 'as it came'
)  # fmt: skip


class Sight(NamedTuple):
    """
    How pictures of one size are seen.

    ``camera`` is of the picture that the model gets, None where it is not known;
    ``rectification`` None where nothing is to be rectified. ``state`` says what is wrong, or
    :data:`CALIBRATED`; ``picture`` what is done.
    """

    camera: Camera | None
    rectification: Rectification | None
    state: str
    picture: str = UNKNOWN

    def straightened(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the picture as the model gets it."""
        return image if self.rectification is None else self.rectification.straightened(image)

    def blank(self, prediction: Prediction) -> None:
        """Make unknown, in place, what the camera's own picture does not show."""
        if self.rectification is None or self.rectification.inside is None:
            return
        inside = self.rectification.inside.view(np.uint8)
        for values, unknown in (
            (prediction.depth, np.nan), (prediction.confidence, 0), (prediction.enhanced, 0),
        ):  # fmt: skip
            if values is not None:
                height, width = values.shape[:2]
                shown = cv2.resize(inside, (width, height), interpolation=cv2.INTER_NEAREST)
                values[shown == 0] = unknown


class Calibration:
    """
    Keeps the maps of one camera, which are made anew when camera_info or image change.

    :param topic: of the images, resolved; its name tells raw from rectified ones.
    """

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._known: Any = None
        self.sight = Sight(None, None, WAITING)

    def of(self, info: CameraInfo | None, size: tuple[int, int], expect_rectified: bool) -> Sight:
        """Return how a picture of this size, (width, height), is seen; for the worker's thread."""
        content = None if info is None else _content(info)
        if self._known != (content, size, expect_rectified):
            self.sight = sight_of(info, self._topic, size, expect_rectified)
            self._known = (content, size, expect_rectified)
        return self.sight


def sight_of(
    info: CameraInfo | None, topic: str, size: tuple[int, int], expect_rectified: bool
) -> Sight:
    """
    Find out how pictures are seen; takes a tenth of a second where they have to be rectified.

    :param size: (width, height) of the picture.
    :param expect_rectified: the pictures are rectified, whatever ``topic`` is named.
    """
    if info is None:
        return Sight(None, None, NO_CAMERA_INFO)
    try:
        view = view_from_info(info, expect_rectified or is_rectified(topic))
        if view is None:
            return Sight(None, None, NO_PROJECTION if _has_k(info) else UNCALIBRATED)
        if not view.camera.fits(*size):
            return Sight(None, None, _of_another(view.camera, size))
        return _seen(info, view, topic, size, expect_rectified)
    except FrameError as error:
        return Sight(None, None, f'{error}; until then depth without cloud')


def _seen(
    info: CameraInfo, view: View, topic: str, size: tuple[int, int], expect_rectified: bool
) -> Sight:
    camera = view.camera.resized(*size)
    if expect_rectified or is_rectified(topic):
        said = _doubt(info, topic) if expect_rectified else CALIBRATED
        return Sight(camera, None, said, RECTIFIED_BEFORE)
    if not is_bent(camera):
        return Sight(camera, None, CALIBRATED, STRAIGHT)
    made = rectification(camera, fitted(view.straight, *size))
    return Sight(made.camera, made, CALIBRATED, f'{RECTIFIED_HERE}: {camera.distortion_model}')


def _content(info: CameraInfo) -> tuple[Any, ...]:
    """Return what of the message makes a camera, so that it can be compared."""
    roi = info.roi
    numbers = (
        np.asarray(values, np.float64).tobytes() for values in (info.d, info.k, info.r, info.p)
    )
    window = (roi.x_offset, roi.y_offset, roi.width, roi.height, info.binning_x, info.binning_y)
    return (info.width, info.height, info.distortion_model, *numbers, *window)


def _is_of_raw(info: CameraInfo) -> bool:
    """Say whether the lens bends and P is K, which rectifying would have changed."""
    projected = np.reshape(info.p, (3, 4))[:, :3]
    return any(info.d) and np.allclose(projected, np.reshape(info.k, (3, 3)), rtol=1e-6)


def _has_k(info: CameraInfo) -> bool:
    return bool(info.k[0] != 0 and info.width and info.height)


def _of_another(camera: Camera, size: tuple[int, int]) -> str:
    return (
        f'camera_info is of {camera.width}x{camera.height}, the image {size[0]}x{size[1]}: '
        'depth without cloud; publish the camera_info of this image'
    )


def _doubt(info: CameraInfo, topic: str) -> str:
    """Return what speaks against ``expect_rectified``, :data:`CALIBRATED` where nothing does."""
    if not is_raw(topic):
        return OF_RAW if _is_of_raw(info) else CALIBRATED
    return (
        f'expect_rectified is true and {topic} is named raw: P is taken and nothing is '
        'rectified; set it to false, or remap to image_rect'
    )
