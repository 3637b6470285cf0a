"""
Depth image to an organised point cloud.

The points lie in the optical frame of the camera (REP-103): x right, y down, z along the axis.
Depth that is relative gives a cloud of the right shape and unknown size; ranges and heights are
metres only where the depth is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.errors import SettingsError
from steps_ros.inference.cloud_filters import corners, edge_reach, flying_pixels, usable_pixels
from steps_ros.inference.rays import camera_rays
from steps_ros.settings import check, setting

Floats = NDArray[np.float32]


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
        'Corners x,y of the own vehicle in the picture, shares of width and height; no points '
        'there. Empty: none.',
    )
    region: str = setting(
        '',
        'Upper left and lower right corner x,y outside which there are no points, shares of width '
        'and height. Empty: the whole picture.',
    )
    max_rate_hz: float = setting(
        0.0, 'Most clouds per second. 0: one for every frame.', minimum=0.0, maximum=1000.0
    )

    def __post_init__(self) -> None:
        """Check the limits, and that the corners make a polygon and a rectangle."""
        check(self)
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


def organised_cloud(
    depth: Floats,
    camera: Camera,
    colour: NDArray[np.uint8] | None = None,
    confidence: Floats | None = None,
    limits: CloudLimits = CloudLimits(),
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
    :returns: (ceil(H / stride), ceil(W / stride), 4) float32: x, y, z, and the colour packed as
        0x00RRGGBB in the bits of the float, as PointCloud2 viewers expect.
    :raises FrameError: distortion coefficients that no lens model has.
    """
    assert depth.shape == (camera.height, camera.width)
    every = (slice(None, None, limits.stride),) * 2
    z = depth[every]
    rays = camera_rays(camera, limits.stride)
    inside = _inside(z, rays[1], limits) & usable_pixels(
        depth.shape,
        limits.stride,
        corners('cloud.bonnet', limits.bonnet),
        corners('cloud.region', limits.region),
    )
    if limits.edge_ratio > 0:
        inside &= ~flying_pixels(z, limits.edge_ratio, edge_reach(camera.width, limits.stride))
    if confidence is not None:
        inside &= confidence[every] >= limits.min_confidence
    cloud = np.empty((*z.shape, 4), np.float32)
    # The NaN of a hole spreads to x and y by itself.
    cloud[..., 2] = np.where(inside, z, np.float32(np.nan))
    for axis in (0, 1):
        np.multiply(rays[axis], cloud[..., 2], out=cloud[..., axis])
    cloud[..., 3] = 0 if colour is None else _packed(colour[every])
    return cloud


def _inside(z: Floats, y_over_z: Floats, limits: CloudLimits) -> NDArray[np.bool_]:
    # Comparisons with NaN are false, and infinity is beyond every limit but an infinite one.
    inside = (z > 0) & (z >= limits.min_range) & (z <= limits.max_range) & (z < np.inf)
    with np.errstate(invalid='ignore', over='ignore'):
        height = -y_over_z * z
    inside &= (height >= limits.min_height) & (height <= limits.max_height)
    return np.asarray(inside, np.bool_)


def _packed(colour: NDArray[np.uint8]) -> Floats:
    # In memory, least byte first: blue, green, red, 0.
    packed = np.zeros((*colour.shape[:2], 4), np.uint8)
    packed[..., :3] = colour[..., ::-1]
    return packed.view('<u4').view(np.float32)[..., 0]
