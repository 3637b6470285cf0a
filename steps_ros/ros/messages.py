"""
ROS messages to arrays and back, without copying pixels.

Reading takes a view of the message's buffer; writing lends the message a view of the array. An
array that was given to a message must not be changed until that message is published.
"""

from __future__ import annotations

import array
from typing import Any

from builtin_interfaces.msg import Time
import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2, PointField
from std_msgs.msg import Header

from steps_ros.core.camera import Camera
from steps_ros.data.encodings import decode_compressed, decode_image_message, is_taken
from steps_ros.data.image_decoding import check_size
from steps_ros.errors import FrameError

POINT_NAMES = ('x', 'y', 'z', 'rgb')
NANOSECONDS = 1_000_000_000


def set_data(message: Any, values: NDArray[Any]) -> None:
    """
    Let the ``data`` field of an Image or PointCloud2 be the bytes of this array.

    The public setter copies twice, or goes through every byte for seconds. The private field
    takes any C-contiguous buffer, since the serialiser asks only for that; where it is missing,
    the public setter gets the one type that it takes without checking each element.
    """
    content = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
    if hasattr(message, '_data'):
        message._data = memoryview(content)
    else:
        message.data = array.array('B', content.tobytes())


def image_to_rgb(message: Image) -> NDArray[np.uint8]:
    """
    Return the pixels as (H, W, 3) uint8 RGB, for rgb8 a view of the message.

    Encodings that this package does not know go to cv_bridge where it is installed.

    :raises FrameError: no pixels, a short step or buffer, or an encoding that nobody takes.
    """
    if not is_taken(message.encoding):
        converted = _through_cv_bridge(message)
        if converted is not None:
            return converted
    return decode_image_message(message)


def compressed_to_rgb(message: CompressedImage) -> NDArray[np.uint8]:
    """
    Return the decoded picture as (H, W, 3) uint8 RGB.

    :raises FrameError: the content is no complete JPEG or PNG.
    """
    return decode_compressed(message.data)


def rgb_message(header: Header, image: NDArray[np.uint8]) -> Image:
    """Return an rgb8 Image of (H, W, 3) uint8 RGB."""
    return _image_message(header, image, 'rgb8')


def float_message(header: Header, values: NDArray[np.float32]) -> Image:
    """Return a 32FC1 Image of (H, W) float32."""
    return _image_message(header, values, '32FC1')


def time_message(time_ns: int) -> Time:
    """Return a time in nanoseconds as a stamp."""
    seconds, nanoseconds = divmod(time_ns, NANOSECONDS)
    return Time(sec=seconds, nanosec=nanoseconds)


def camera_info_message(header: Header, camera: Camera) -> CameraInfo:
    """Return the camera as a CameraInfo without rectification: R is I and P is K."""
    matrix = [number for row in camera.matrix for number in row]
    projection = [number for row in camera.matrix for number in (*row, 0.0)]
    return CameraInfo(
        header=header,
        height=camera.height,
        width=camera.width,
        distortion_model=camera.distortion_model,
        d=list(camera.distortion),
        k=matrix,
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=projection,
    )


def cloud_message(header: Header, cloud: NDArray[np.float32]) -> PointCloud2:
    """Return an organised PointCloud2 of (H, W, 4): x, y, z and packed colour, NaN in holes."""
    height, width = cloud.shape[:2]
    point_bytes = 4 * len(POINT_NAMES)
    message = PointCloud2(
        header=header,
        height=height,
        width=width,
        fields=[
            PointField(name=name, offset=4 * index, datatype=PointField.FLOAT32, count=1)
            for index, name in enumerate(POINT_NAMES)
        ],
        is_bigendian=False,
        point_step=point_bytes,
        row_step=point_bytes * width,
        is_dense=False,
    )
    set_data(message, cloud)
    return message


def cloud_values(message: PointCloud2) -> NDArray[np.float32]:
    """
    Return the cloud of a message as :func:`cloud_message` takes it, a view of its bytes.

    :raises FrameError: other fields than x, y, z, rgb in 32-bit floats, or too few bytes.
    """
    names = tuple(field.name for field in message.fields)
    height, width = message.height, message.width
    if names != POINT_NAMES or message.point_step != 16 or message.is_bigendian:
        raise FrameError(
            f'a cloud with fields {", ".join(names) or "none"} is none of this package; only '
            f'{", ".join(POINT_NAMES)} in 32-bit floats can be shown'
        )
    content = memoryview(message.data)
    if content.nbytes != height * width * message.point_step:
        raise FrameError(
            f'cloud of {width}x{height} does not fit its {content.nbytes} bytes; it is truncated'
        )
    return np.frombuffer(content, np.float32).reshape(height, width, 4)


def _image_message(header: Header, pixels: NDArray[Any], encoding: str) -> Image:
    height, width = pixels.shape[:2]
    message = Image(
        header=header,
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=0,
        step=pixels.nbytes // height,
    )
    set_data(message, pixels)
    return message


def _through_cv_bridge(message: Image) -> NDArray[np.uint8] | None:
    """Return the pixels as RGB, or None where cv_bridge is not installed."""
    try:
        from cv_bridge import CvBridge, CvBridgeError
    except ImportError:
        return None
    check_size(message.width, message.height, f'{message.encoding} image')
    try:
        pixels = CvBridge().imgmsg_to_cv2(message, desired_encoding='rgb8')
    # What cv_bridge meets beyond its own error depends on its version and on the message.
    except (CvBridgeError, cv2.error, ImportError, TypeError, ValueError, KeyError) as error:
        reason = ' '.join(str(error).split())
        raise FrameError(
            f'encoding {message.encoding!r} cannot be converted to rgb8: {reason}; '
            'let the driver publish bgr8'
        ) from error
    return np.ascontiguousarray(pixels, np.uint8)
