"""
Depth image to an organised point cloud.

The points lie in the optical frame of the camera (REP-103): x right, y down, z along the axis.
Depth that is relative gives a cloud of the right shape and unknown size; ranges and heights are
metres only where the depth is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.errors import FrameError
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

    def __post_init__(self) -> None:
        """Check the limits."""
        check(self)


def organised_cloud(
    depth: Floats,
    camera: Camera,
    colour: NDArray[np.uint8] | None = None,
    confidence: Floats | None = None,
    limits: CloudLimits = CloudLimits(),
) -> Floats:
    """
    Back-project the pixels (0, stride, 2 stride, ...) of every stride-th row.

    A pixel outside the limits, or whose depth is not finite and positive, becomes a hole: its
    x, y and z are NaN. Lens distortion is undone where the camera has coefficients.

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
    rays = _rays(camera, limits.stride)
    cloud = np.empty((*z.shape, 4), np.float32)
    # Holes are cut out afterwards; infinite or NaN depth may pass through the products.
    with np.errstate(invalid='ignore', over='ignore'):
        np.multiply(rays, z[..., None], out=cloud[..., :2])
        cloud[..., 2] = z
        inside = _inside(z, cloud[..., 1], limits)
    if confidence is not None:
        inside &= confidence[every] >= limits.min_confidence
    cloud[~inside, :3] = np.nan
    cloud[..., 3] = 0 if colour is None else _packed(colour[every])
    return cloud


@lru_cache(maxsize=4)
def _rays(camera: Camera, stride: int) -> Floats:
    """Return x/z and y/z of every stride-th pixel, (H', W', 2); computed once per camera."""
    u, v = np.meshgrid(
        np.arange(0, camera.width, stride, dtype=np.float64),
        np.arange(0, camera.height, stride, dtype=np.float64),
    )
    if any(camera.distortion):
        rays = _undistorted(camera, np.stack([u, v], axis=-1))
    else:
        rays = np.stack([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy], axis=-1)
    single: Floats = rays.astype(np.float32)
    single.setflags(write=False)
    return single


def _undistorted(camera: Camera, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    lens = cv2.fisheye if camera.distortion_model in ('equidistant', 'fisheye') else cv2
    coefficients = np.array(camera.distortion, np.float64)
    try:
        rays = lens.undistortPoints(
            pixels.reshape(-1, 1, 2), np.array(camera.matrix), coefficients
        )
    except cv2.error as error:
        raise FrameError(
            f'{camera.distortion_model} distortion {camera.distortion} cannot be undone; '
            'calibrate the camera again'
        ) from error
    return np.asarray(rays, np.float64).reshape(pixels.shape)


def _inside(z: Floats, y: Floats, limits: CloudLimits) -> NDArray[np.bool_]:
    near_enough = (z > 0) & (z >= limits.min_range) & (z <= limits.max_range) & np.isfinite(z)
    height = -y
    inside: NDArray[np.bool_] = (
        near_enough & (height >= limits.min_height) & (height <= limits.max_height)
    )
    return inside


def _packed(colour: NDArray[np.uint8]) -> Floats:
    red, green, blue = (colour[..., channel].astype(np.uint32) for channel in range(3))
    return (red << 16 | green << 8 | blue).view(np.float32)
