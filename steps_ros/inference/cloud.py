"""
Depth image to an organised point cloud.

The points lie in the optical frame of the camera (REP-103): x right, y down, z along the axis.
Depth that is relative gives a cloud of the right shape and unknown size; ranges and heights are
metres only where the depth is.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.errors import SettingsError
from steps_ros.inference.cloud_buffers import (
    CloudBuffers,
    CloudRoom,
    cut_holes,
    keep_between,
    leave_out,
    packed,
)
from steps_ros.inference.cloud_filters import corners, edge_reach, flying_pixels, usable_pixels
from steps_ros.inference.rays import camera_rays
from steps_ros.settings import check, setting

Floats = NDArray[np.float32]

# Depth is above 0 and finite.
LEAST_DEPTH, FARTHEST_DEPTH = 2.0**-149, float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class CloudLimits:
    """Which pixels become points."""

    stride: int = setting(
        2, 'Every n-th pixel of every n-th row becomes a point.', minimum=1, maximum=64
    )
    min_range: float = setting(0.0, 'Nearest depth of a point, metres.', minimum=0.0)
    max_range: float = setting(60.0, 'Farthest depth of a point, metres.', minimum=0.0)
    min_height: float = setting(
        -100.0, 'Lowest point relative to the camera, up is positive, metres.'
    )
    max_height: float = setting(
        100.0, 'Highest point relative to the camera, up is positive, metres.'
    )
    min_confidence: float = setting(
        0.2, 'Least confidence of a point, 0 keeps all.', minimum=0.0, maximum=1.0
    )
    edge_ratio: float = setting(
        0.2,
        'Share by which a point between two surfaces must differ from both to be left out as '
        'flying. 0 keeps all.',
        minimum=0.0,
        maximum=10.0,
    )
    bonnet: str = setting(
        '',
        'Corners "x,y x,y ..." of the own vehicle in the picture, shares of width and height; no '
        'points there. Empty: none.',
    )
    region: str = setting(
        '',
        'Upper left and lower right corner "x,y x,y" outside which there are no points, shares of '
        'width and height. Empty: the whole picture.',
    )
    max_rate_hz: float = setting(
        0.0, 'Most clouds per second. 0: one for every frame.', minimum=0.0, maximum=1000.0
    )

    def __post_init__(self) -> None:
        """Check the limits, and that the corners make a polygon and a rectangle."""
        check(self)
        _check_order('range', self.min_range, self.max_range)
        _check_order('height', self.min_height, self.max_height)
        if len(corners('cloud.bonnet', self.bonnet)) in (1, 2):
            raise SettingsError(f'cloud.bonnet: {self.bonnet!r} has under 3 corners; give 3')
        region = corners('cloud.region', self.region)
        if region and (
            len(region) != 2 or region[0][0] >= region[1][0] or region[0][1] >= region[1][1]
        ):
            raise SettingsError(
                f'cloud.region: {self.region!r} is no rectangle; give its upper left and lower '
                'right corner, such as "0,0.3 1,0.9"'
            )


def _check_order(name: str, least: float, most: float) -> None:
    if least >= most:
        raise SettingsError(
            f'cloud.min_{name} {least} must be less than cloud.max_{name} {most}, or no point is '
            'left; change the other one first'
        )


def organised_cloud(
    depth: Floats,
    camera: Camera,
    colour: NDArray[np.uint8] | None = None,
    confidence: Floats | None = None,
    limits: CloudLimits = CloudLimits(),
    buffers: CloudBuffers | None = None,
) -> Floats:
    """
    Back-project the pixels (0, stride, 2 stride, ...) of every stride-th row.

    A pixel outside the limits, on the bonnet, flying between two surfaces, or whose depth is not
    finite and positive becomes a hole: its x, y and z are NaN. Lens distortion is undone where
    the camera has coefficients.

    :param depth: (H, W), Z along the optical axis.
    :param camera: intrinsics of the depth image; its size is (W, H).
    :param colour: (H, W, 3) uint8 RGB, black when None.
    :param confidence: (H, W) in [0, 1]; without it ``min_confidence`` has no effect.
    :param buffers: what is computed in; the cloud that is returned is part of them, and the next
        one overwrites it. None: new ones.
    :returns: (ceil(H / stride), ceil(W / stride), 4) float32: x, y, z, and the colour packed as
        0x00RRGGBB in the bits of the float, as PointCloud2 viewers expect.
    :raises FrameError: distortion coefficients that no lens model has.
    """
    assert depth.shape == (camera.height, camera.width)
    every = (slice(None, None, limits.stride),) * 2
    room = (buffers or CloudBuffers()).fitting(depth.shape, limits.stride)
    rays = camera_rays(camera, limits.stride)
    np.copyto(room.z, depth[every])
    _keep_within_limits(room, rays[1], limits)
    if limits.bonnet or limits.region:
        _keep_usable(room, depth.shape, limits)
    if limits.edge_ratio > 0:
        leave_out(room, _flying(room, depth, limits))
    if confidence is not None:
        np.copyto(room.values, confidence[every])
        keep_between(room, room.values, limits.min_confidence, np.inf)
    cut_holes(room)
    for axis, values in ((0, room.x), (1, room.y)):
        # The NaN of a hole spreads to x and y by itself.
        np.multiply(rays[axis], room.z, out=values)
    return packed(room, colour, limits.stride)


def _keep_within_limits(room: CloudRoom, y_over_z: Floats, limits: CloudLimits) -> None:
    """Keep what has a depth that can be, in range and between the heights."""
    nearest = max(limits.min_range, LEAST_DEPTH)
    cv2.inRange(room.z, nearest, min(limits.max_range, FARTHEST_DEPTH), room.kept)
    with np.errstate(invalid='ignore', over='ignore'):
        np.multiply(y_over_z, room.z, out=room.y)
    keep_between(room, room.y, -limits.max_height, -limits.min_height)


def _flying(room: CloudRoom, depth: Floats, limits: CloudLimits) -> NDArray[np.uint8]:
    """Return which of the strided pixels fly, 255 for those that do."""
    reach = edge_reach(depth.shape[1], limits.stride)
    if reach:
        return flying_pixels(room.z, limits.edge_ratio, reach, room.flying)
    # Those farther apart than an edge is wide lie on the road between two others, and do not fly.
    reach = max(1, edge_reach(depth.shape[1], 1))
    found = flying_pixels(depth, limits.edge_ratio, reach, room.flying)
    return np.ascontiguousarray(found[:: limits.stride, :: limits.stride])


def _keep_usable(room: CloudRoom, size: tuple[int, int], limits: CloudLimits) -> None:
    """Keep what is in the region and not on the bonnet."""
    usable = usable_pixels(
        size,
        limits.stride,
        corners('cloud.bonnet', limits.bonnet),
        corners('cloud.region', limits.region),
    )
    cv2.multiply(room.kept, usable.view(np.uint8), room.kept)
