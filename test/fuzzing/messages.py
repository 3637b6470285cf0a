"""
Messages as they come in: every field of every adapter's message out of range.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fuzzing.contract import Target
from steps_ros.core.camera import Camera
from steps_ros.core.distortion import is_bent
from steps_ros.data import messages
from steps_ros.data.bags import Bag, RawMessage
from steps_ros.data.camera_info import view_from_info
from steps_ros.data.clouds import decode_cloud
from steps_ros.data.depth_images import decode_compressed_depth, decode_depth
from steps_ros.data.encodings import decode_compressed, decode_image_message, TAKEN
from steps_ros.data.rectification import rectification
from steps_ros.data.transforms import read_odometry, read_transforms

STAMP_NS = 1_700_000_000_000_000_123
LENSES = (
    ('plumb_bob', ()),
    ('plumb_bob', (-0.3, 0.1, 0.001, -0.001, 0.0)),
    ('rational_polynomial', (0.4, -0.2, 0.0, 0.0, 0.05, 0.7, -0.1, 0.02)),
    ('equidistant', (0.05, -0.01, 0.003, 0.0)),
)
GREY = np.arange(48, dtype=np.uint8).reshape(6, 8)
COLOUR = np.stack([GREY, 255 - GREY, GREY // 2], -1)
DEPTH = GREY.astype(np.float32) / 2
POSE = messages.Transform('odom', 'base_link', np.eye(4))


class Nothing:
    """A recording without messages, since only the decoding of a bag is wanted."""

    def counts(self) -> dict[tuple[str, str], int]:
        """Return nothing."""
        return {}

    def read(self, topics: Collection[str]) -> Iterator[tuple[str, str, int, Any]]:
        """Yield nothing."""
        return iter(())

    def close(self) -> None:
        """Do nothing."""


BAG = Bag(Path('none.mcap'), Nothing(), is_ros1=False)


def decoded(kind: str, content: bytes) -> Any:
    """Return the message in these bytes, as a bag decodes it."""
    return BAG.decode(RawMessage('/topic', kind, 0, content))


def serialised(items: Sequence[Any]) -> list[bytes]:
    """Return the bytes of messages."""
    return [bytes(messages.serialise(item)) for item in items]


def images() -> list[bytes]:
    """Return a small picture in every encoding, and in two that are not taken."""
    pixels = np.zeros((6, 8, 4), np.uint8)
    made = []
    for encoding in (*TAKEN, 'nv12', '32FC1'):
        message = messages.image_message(pixels, STAMP_NS, 'camera', encoding)
        made.append(message)
    return serialised(made)


def check_image(content: bytes) -> None:
    """RGB of the size that the message says."""
    message = decoded(messages.IMAGE, content)
    pixels = decode_image_message(message)
    assert pixels.dtype == np.uint8
    assert pixels.shape == (message.height, message.width, 3)


def encoded(suffix: str, pixels: Any) -> bytes:
    """Return a picture as a file of a type."""
    done, content = cv2.imencode(suffix, pixels)
    assert done
    return bytes(content)


def pictures() -> list[bytes]:
    """Return small pictures of every format, depth and number of channels."""
    alpha = np.dstack([COLOUR, GREY])
    deep = GREY.astype(np.uint16) * 1000
    return [
        *(encoded(suffix, COLOUR) for suffix in ('.jpg', '.png', '.bmp', '.webp', '.tiff')),
        *(encoded(suffix, GREY) for suffix in ('.jpg', '.png', '.tiff')),
        encoded('.png', alpha),
        encoded('.png', deep),
    ]


def check_picture(content: bytes) -> None:
    """RGB with pixels."""
    pixels = decode_compressed(content)
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3
    assert pixels.size


def depths() -> list[bytes]:
    """Return depth in metres and in millimetres."""
    millimetres = messages.image_message(GREY.astype('<u2'), STAMP_NS, 'camera', '16UC1')
    return serialised([messages.depth_message(DEPTH, STAMP_NS, 'camera'), millimetres])


def check_depth(content: bytes) -> None:
    """Metres of the size that the message says."""
    message = decoded(messages.IMAGE, content)
    metres = decode_depth(message)
    assert metres.dtype == np.float32
    assert metres.shape == (message.height, message.width)


def compressed_depths() -> list[bytes]:
    """Return depth as the compressed transport sends it, by format."""
    header = bytes(12)
    picture = encoded('.png', GREY.astype(np.uint16))
    made = []
    for form in ('16UC1; compressedDepth png', '32FC1; compressedDepth png'):
        message = messages.compressed_message(COLOUR, STAMP_NS, 'camera')
        message.format = form
        message.data = np.frombuffer(header + picture, np.uint8)
        made.append(message)
    return serialised(made)


def check_compressed_depth(content: bytes) -> None:
    """Metres, with pixels."""
    metres = decode_compressed_depth(decoded(messages.COMPRESSED_IMAGE, content))
    assert metres.dtype == np.float32
    assert metres.ndim == 2


def camera_infos() -> list[bytes]:
    """Return a calibration of every kind of lens."""
    cameras = [Camera(640, 480, 400.0, 410.0, 322.0, 238.0, *lens) for lens in LENSES]
    return serialised(
        [messages.camera_info_message(camera, STAMP_NS, 'camera') for camera in cameras]
    )


def check_camera_info(content: bytes) -> None:
    """A camera, and what rectifies its pictures at a small size."""
    message = decoded(messages.CAMERA_INFO, content)
    for rectified in (False, True):
        view = view_from_info(message, rectified)
        if view is None:
            continue
        camera = view.camera.resized(32, 24)
        assert np.isfinite(view.rotation).all()
        assert np.isfinite(camera.matrix).all()
        if is_bent(camera):
            _check_rectification(camera)


def _check_rectification(camera: Camera) -> None:
    made = rectification(camera)
    assert (made.camera.width, made.camera.height) == (camera.width, camera.height)
    assert np.isfinite(made.camera.matrix).all()
    assert made.inside is None or made.inside.shape == (camera.height, camera.width)
    picture = np.zeros((camera.height, camera.width, 3), np.uint8)
    assert made.straightened(picture).shape == picture.shape


def clouds() -> list[bytes]:
    """Return points alone, and points of a LiDAR with times of several kinds."""
    points = np.arange(30, dtype=np.float32).reshape(10, 3)
    made = [messages.points_message(points, STAMP_NS, 'lidar')]
    for name, kind in (('t', 6), ('time', 7), ('timestamp', 8)):
        message = messages.lidar_message(np.ones(10, messages.LIDAR_POINT), STAMP_NS, 'lidar')
        message.fields[3].name, message.fields[3].datatype = name, kind
        made.append(message)
    return serialised(made)


def check_cloud(content: bytes) -> None:
    """Finite points, and a time for each or none."""
    cloud = decode_cloud(decoded(messages.POINT_CLOUD, content))
    assert cloud.points.dtype == np.float32
    assert cloud.points.shape == (len(cloud.points), 3)
    assert np.isfinite(cloud.points).all()
    if cloud.offsets_ns is not None:
        assert cloud.offsets_ns.shape == (len(cloud.points),)
        assert cloud.offsets_ns.dtype == np.int64


def transforms() -> list[bytes]:
    """Return a message of two transforms."""
    return serialised([messages.transforms_message([POSE, POSE], STAMP_NS)])


def check_transforms(content: bytes) -> None:
    """Finite poses."""
    for stamped in read_transforms(decoded(messages.TRANSFORMS, content)):
        assert np.isfinite(stamped.transform.parent_from_child).all()


def odometry() -> list[bytes]:
    """Return a pose of the vehicle."""
    return serialised([messages.odometry_message(POSE, STAMP_NS)])


def check_odometry(content: bytes) -> None:
    """A finite pose."""
    stamped = read_odometry(decoded(messages.ODOMETRY, content))
    assert np.isfinite(stamped.transform.parent_from_child).all()


def _target(name: str, seeds: Callable[[], list[bytes]], check: Callable[[bytes], None]) -> Target:
    return Target(name, seeds, check)


TARGETS = (
    _target('image', images, check_image),
    _target('picture', pictures, check_picture),
    _target('depth', depths, check_depth),
    _target('compressed_depth', compressed_depths, check_compressed_depth),
    _target('camera_info', camera_infos, check_camera_info),
    _target('cloud', clouds, check_cloud),
    _target('transforms', transforms, check_transforms),
    _target('odometry', odometry, check_odometry),
)
