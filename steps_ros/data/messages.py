"""
Standard ROS 2 messages made and serialised without ROS.

The builders return message objects of ``rosbags``; :func:`serialise` turns one into CDR bytes
that every ROS 2 distribution reads, since these definitions have not changed since Humble.
Stamps are in nanoseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from rosbags.typesys import get_typestore, Stores

from steps_ros.core.camera import Camera
from steps_ros.data.frames import Image

IMAGE = 'sensor_msgs/msg/Image'
COMPRESSED_IMAGE = 'sensor_msgs/msg/CompressedImage'
CAMERA_INFO = 'sensor_msgs/msg/CameraInfo'
POINT_CLOUD = 'sensor_msgs/msg/PointCloud2'
ODOMETRY = 'nav_msgs/msg/Odometry'
TRANSFORMS = 'tf2_msgs/msg/TFMessage'

NANOSECONDS = 1_000_000_000
UINT16_FIELD, FLOAT32_FIELD = 4, 7
# What spinning LiDARs send; two bytes of padding keep every number aligned.
LIDAR_POINT = np.dtype(
    {
        'names': ['x', 'y', 'z', 'intensity', 'ring'],
        'formats': ['<f4', '<f4', '<f4', '<f4', '<u2'],
        'offsets': [0, 4, 8, 12, 16],
        'itemsize': 20,
    }
)


class Transform(NamedTuple):
    """``parent_from_child`` is 4x4: it takes a point of the child frame to the parent frame."""

    parent: str
    child: str
    parent_from_child: NDArray[np.float64]


@cache
def typestore() -> Any:
    """Return the standard ROS 2 message definitions."""
    return get_typestore(Stores.ROS2_HUMBLE)


def serialise(message: Any) -> memoryview:
    """Return the CDR bytes of a message made here."""
    content: memoryview = typestore().serialize_cdr(message, message.__msgtype__)
    return content


def definition(message_type: str) -> str:
    """Return the .msg text of a standard type with all that it contains, as rosbag2 stores it."""
    text: str = typestore().generate_msgdef(message_type, ros_version=2)[0]
    return text


@cache
def type_hash(message_type: str) -> str:
    """Return the RIHS01 hash by which ROS tells whether two definitions are the same."""
    text: str = typestore().hash_rihs01(message_type)
    return text


def header(stamp_ns: int, frame_id: str) -> Any:
    """Return a std_msgs/Header."""
    seconds, nanoseconds = divmod(stamp_ns, NANOSECONDS)
    stamp = _make('builtin_interfaces/msg/Time', sec=seconds, nanosec=nanoseconds)
    return _make('std_msgs/msg/Header', stamp=stamp, frame_id=frame_id)


def image_message(image: Image, stamp_ns: int, frame_id: str, encoding: str = 'rgb8') -> Any:
    """Return a sensor_msgs/Image of (H, W, channels) or (H, W) uint8, unchanged."""
    return _image(np.ascontiguousarray(image), stamp_ns, frame_id, encoding)


def depth_message(depth: NDArray[np.float32], stamp_ns: int, frame_id: str) -> Any:
    """Return a 32FC1 sensor_msgs/Image of (H, W), metres."""
    return _image(np.ascontiguousarray(depth, '<f4'), stamp_ns, frame_id, '32FC1')


def compressed_message(image: Image, stamp_ns: int, frame_id: str, quality: int = 95) -> Any:
    """Return a JPEG sensor_msgs/CompressedImage of (H, W, 3) uint8 RGB."""
    swapped = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    done, content = cv2.imencode('.jpg', swapped, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return _make(
        COMPRESSED_IMAGE,
        header=header(stamp_ns, frame_id),
        format='rgb8; jpeg compressed bgr8',
        data=content.reshape(-1),
    )


def camera_info_message(camera: Camera, stamp_ns: int, frame_id: str) -> Any:
    """Return a sensor_msgs/CameraInfo without rectification: R is I and P is K."""
    matrix = np.array(camera.matrix)
    roi = _make(
        'sensor_msgs/msg/RegionOfInterest',
        x_offset=0,
        y_offset=0,
        height=0,
        width=0,
        do_rectify=False,
    )
    return _make(
        CAMERA_INFO,
        header=header(stamp_ns, frame_id),
        height=camera.height,
        width=camera.width,
        distortion_model=camera.distortion_model,
        d=np.array(camera.distortion, np.float64),
        k=matrix.reshape(-1),
        r=np.eye(3).reshape(-1),
        p=np.hstack([matrix, np.zeros((3, 1))]).reshape(-1),
        binning_x=0,
        binning_y=0,
        roi=roi,
    )


def points_message(points: NDArray[np.float32], stamp_ns: int, frame_id: str) -> Any:
    """Return a sensor_msgs/PointCloud2 of (N, 3), x y z in metres, as one row."""
    content = np.ascontiguousarray(points, '<f4')
    fields = [
        _make(
            'sensor_msgs/msg/PointField',
            name=name,
            offset=4 * index,
            datatype=FLOAT32_FIELD,
            count=1,
        )
        for index, name in enumerate('xyz')
    ]
    return _make(
        POINT_CLOUD,
        header=header(stamp_ns, frame_id),
        height=1,
        width=len(content),
        fields=fields,
        is_bigendian=False,
        point_step=12,
        row_step=content.nbytes,
        data=content.reshape(-1).view(np.uint8),
        is_dense=bool(np.isfinite(content).all()),
    )


def lidar_message(points: NDArray[np.void], stamp_ns: int, frame_id: str) -> Any:
    """
    Return a sensor_msgs/PointCloud2 of one row.

    :param points: (N,) of :data:`LIDAR_POINT`: x y z metres, intensity, ring.
    """
    # Copies of records leave their padding undefined; field by field it stays zero.
    content = np.zeros(len(points), LIDAR_POINT)
    for name in LIDAR_POINT.names or ():
        content[name] = points[name]
    kinds = {'f': FLOAT32_FIELD, 'u': UINT16_FIELD}
    layout = LIDAR_POINT.fields
    assert layout is not None
    fields = [
        _make(
            'sensor_msgs/msg/PointField',
            name=name,
            offset=offset,
            datatype=kinds[kind.kind],
            count=1,
        )
        for name, (kind, offset, *_) in layout.items()
    ]
    return _make(
        POINT_CLOUD,
        header=header(stamp_ns, frame_id),
        height=1,
        width=len(content),
        fields=fields,
        is_bigendian=False,
        point_step=LIDAR_POINT.itemsize,
        row_step=content.nbytes,
        data=content.view(np.uint8).reshape(-1),
        is_dense=True,
    )


def odometry_message(transform: Transform, stamp_ns: int) -> Any:
    """Return a nav_msgs/Odometry: pose of ``child`` in ``parent``, twist unknown (zero)."""
    covariance = np.zeros(36)
    zero = _vector(np.zeros(3))
    pose = _make(
        'geometry_msgs/msg/Pose',
        position=_make('geometry_msgs/msg/Point', **_xyz(transform.parent_from_child[:3, 3])),
        orientation=_quaternion(transform.parent_from_child[:3, :3]),
    )
    twist = _make('geometry_msgs/msg/Twist', linear=zero, angular=zero)
    return _make(
        ODOMETRY,
        header=header(stamp_ns, transform.parent),
        child_frame_id=transform.child,
        pose=_make('geometry_msgs/msg/PoseWithCovariance', pose=pose, covariance=covariance),
        twist=_make('geometry_msgs/msg/TwistWithCovariance', twist=twist, covariance=covariance),
    )


def transforms_message(transforms: Iterable[Transform], stamp_ns: int) -> Any:
    """Return a tf2_msgs/TFMessage, for /tf or /tf_static."""
    return _make(TRANSFORMS, transforms=[_stamped(item, stamp_ns) for item in transforms])


def _stamped(transform: Transform, stamp_ns: int) -> Any:
    return _make(
        'geometry_msgs/msg/TransformStamped',
        header=header(stamp_ns, transform.parent),
        child_frame_id=transform.child,
        transform=_make(
            'geometry_msgs/msg/Transform',
            translation=_vector(transform.parent_from_child[:3, 3]),
            rotation=_quaternion(transform.parent_from_child[:3, :3]),
        ),
    )


def _image(pixels: NDArray[Any], stamp_ns: int, frame_id: str, encoding: str) -> Any:
    return _make(
        IMAGE,
        header=header(stamp_ns, frame_id),
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=0,
        step=pixels.nbytes // pixels.shape[0],
        data=pixels.reshape(-1).view(np.uint8),
    )


def _make(message_type: str, **fields: Any) -> Any:
    return typestore().types[message_type](**fields)


def _xyz(vector: NDArray[np.float64]) -> dict[str, float]:
    return {name: float(number) for name, number in zip('xyz', vector, strict=True)}


def _vector(vector: NDArray[np.float64]) -> Any:
    return _make('geometry_msgs/msg/Vector3', **_xyz(vector))


def _quaternion(rotation: NDArray[np.float64]) -> Any:
    """Return the unit quaternion, w >= 0, of a rotation matrix (eigenvector form, Bar-Itzhack)."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = np.asarray(rotation, np.float64)
    symmetric = np.array(
        [
            [xx - yy - zz, 0, 0, 0],
            [yx + xy, yy - xx - zz, 0, 0],
            [zx + xz, zy + yz, zz - xx - yy, 0],
            [zy - yz, xz - zx, yx - xy, xx + yy + zz],
        ]
    )
    _, vectors = np.linalg.eigh(symmetric / 3)
    x, y, z, w = vectors[:, -1] * (1 if vectors[3, -1] >= 0 else -1)
    return _make('geometry_msgs/msg/Quaternion', x=float(x), y=float(y), z=float(z), w=float(w))
