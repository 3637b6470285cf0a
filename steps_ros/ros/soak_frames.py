"""
The messages of a soak: pictures in every encoding, and each way in which a frame can be bad.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import struct
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from steps_ros.core.camera import Camera
from steps_ros.ros.messages import camera_info_message, set_data, time_message
from steps_ros.ros.soak_plan import (
    CAMERAS,
    COMPRESSED,
    NO_CAMERA_INFO,
    SoakCamera,
    SoakFrame,
)

PICTURES = 8
BENT = (-0.2, 0.02, 0.0, 0.0, 0.0)
NEUTRAL = 128

Pixels = NDArray[Any]


class SoakMessages(NamedTuple):
    """What a camera sends for one frame, in this order; None is not sent."""

    info: CameraInfo | None
    image: Any


class SoakPictures:
    """
    Makes the messages of any frame.

    :param widest: width of the widest camera, pixels.
    """

    def __init__(self, widest: int) -> None:
        self._pictures = {
            camera.name: _night_pictures(*camera.size(widest), seed)
            for seed, camera in enumerate(CAMERAS)
        }

    def messages(self, frame: SoakFrame) -> SoakMessages:
        """Return camera_info and image, which may be a bad one."""
        picture = self._pictures[frame.camera.name][frame.number % PICTURES]
        height, width = picture.shape[:2]
        if frame.kind in _REPAINTED:
            picture = _REPAINTED[frame.kind](picture)
        header = Header(frame_id=frame.frame_id, stamp=time_message(frame.stamp_ns))
        encoded = _compressed if frame.camera.transport == COMPRESSED else _raw
        image = encoded(header, picture, frame)
        if frame.kind == NO_CAMERA_INFO:
            return SoakMessages(None, image)
        info = camera_info_message(header, _lens(frame.camera, width, height))
        _MISCALIBRATED.get(frame.kind, _nothing)(info)
        return SoakMessages(info, image)


def _night_pictures(width: int, height: int, seed: int) -> list[Pixels]:
    """Return dark pictures with some structure, (H, W, 3) RGB."""
    coarse = np.random.default_rng(seed).integers(0, 120, (12, 20, 3), np.uint8)
    whole = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return [np.roll(whole, 4 * number, axis=1) for number in range(PICTURES)]


def _lens(camera: SoakCamera, width: int, height: int) -> Camera:
    assumed = Camera.assumed(width, height)
    return replace(assumed, distortion=BENT) if camera.bent else assumed


def _raw(header: Header, picture: Pixels, frame: SoakFrame) -> Image:
    pixels = _ENCODERS[frame.encoding](picture)
    height, width = pixels.shape[:2]
    step = pixels.nbytes // height
    message = Image(header=header, height=height, width=width, encoding=frame.encoding, step=step)
    set_data(message, pixels)
    if frame.kind in _SPOILT:
        _SPOILT[frame.kind](message, pixels)
    return message


def _compressed(header: Header, picture: Pixels, frame: SoakFrame) -> CompressedImage:
    wanted = (form for form in frame.camera.encodings if frame.kind.endswith(form))
    encoding = next(wanted, frame.encoding)
    content = cv2.imencode(f'.{encoding}', cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()
    spoil = _SPOILT_CONTENT.get(frame.kind)
    if spoil is not None:
        content = spoil(content)
    return CompressedImage(header=header, format=encoding, data=content)


def _grey(picture: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))


def _paired(picture: Pixels) -> Pixels:
    grey = _grey(picture)
    return np.dstack((grey, np.full_like(grey, NEUTRAL)))


def _dark(height: int, width: int) -> Pixels:
    """Return what a sensor gives behind a cap: its noise."""
    noise = np.random.default_rng(0).normal(6, 3, (height, width, 1))
    return np.repeat(noise.clip(0, 255).astype(np.uint8), 3, axis=2)


_ENCODERS: dict[str, Callable[[Pixels], Pixels]] = {
    'rgb8': np.ascontiguousarray,
    'bgr8': lambda picture: cv2.cvtColor(picture, cv2.COLOR_RGB2BGR),
    'bgra8': lambda picture: cv2.cvtColor(picture, cv2.COLOR_RGB2BGRA),
    'mono8': _grey,
    'mono16': lambda picture: _grey(picture).astype('<u2') << 8,
    'bayer_rggb8': _grey,
    'yuv422_yuy2': _paired,
}
_REPAINTED: dict[str, Callable[[Pixels], Pixels]] = {
    'black': np.zeros_like,
    'white': lambda picture: np.full_like(picture, 255),
    'covered_lens': lambda picture: _dark(*picture.shape[:2]),
    'changed_size': lambda picture: np.ascontiguousarray(picture[::2, ::2]),
}


def _with(**values: Any) -> Callable[[Image, Pixels], None]:
    """Return what gives fields of a message other values."""

    def spoil(message: Image, _: Pixels) -> None:
        for name, value in values.items():
            setattr(message, name, value)

    return spoil


def _nothing(_: CameraInfo) -> None:
    """Leave it as it is."""


def _focal(value: float) -> Callable[[CameraInfo], None]:
    """Return what gives K[0] another value."""

    def spoil(info: CameraInfo) -> None:
        info.k[0] = value

    return spoil


def _of_another(info: CameraInfo) -> None:
    info.height *= 2


def _truncate(message: Image, pixels: Pixels) -> None:
    set_data(message, pixels.reshape(-1).view(np.uint8)[: pixels.nbytes // 2])


def _empty(message: Image, _: Pixels) -> None:
    message.height = message.width = message.step = 0
    set_data(message, np.zeros(0, np.uint8))


def _scrambled(content: bytes) -> bytes:
    """Return the file with its middle overwritten."""
    middle, length = len(content) // 2, len(content) // 8
    return content[:middle] + bytes(range(256))[:length] + content[middle + min(length, 256) :]


def _claiming(width: int, height: int) -> Callable[[bytes], bytes]:
    """Return what gives a PNG another size."""
    return lambda content: content[:16] + struct.pack('>II', width, height) + content[24:]


_MISCALIBRATED: dict[str, Callable[[CameraInfo], None]] = {
    'nan_calibration': _focal(float('nan')),
    'zero_calibration': _focal(0.0),
    'foreign_calibration': _of_another,
}
_SPOILT: dict[str, Callable[[Image, Pixels], None]] = {
    'unknown_encoding': _with(encoding='nonsense'),
    'encoding_not_taken': _with(encoding='nv12'),
    'odd_width': _with(encoding='yuv422_yuy2', width=33),
    'narrow_step': _with(step=1),
    'lying_width': _with(width=100_000),
    'huge_size': _with(width=20_000, height=20_000, step=80_000),
    'zero_size': _empty,
    'truncated_data': _truncate,
}
_SPOILT_CONTENT: dict[str, Callable[[bytes], bytes]] = {
    'corrupt_jpeg': _scrambled,
    'truncated_jpeg': lambda content: content[: len(content) // 2],
    'huge_png': _claiming(60_000, 60_000),
    'no_picture': lambda content: bytes(64) + content[64:],
    'empty': lambda _: b'',
}
