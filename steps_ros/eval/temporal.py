"""
How steady depth is from one frame to the next.

Both measures are zero for a constant depth, so neither means anything without accuracy beside it.
"""

from __future__ import annotations

from functools import cache
import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.data.frames import Image
from steps_ros.eval.samples import Doubles, Floats

WIDTH = 320
# Forward and backward flow must meet again within this distance, else something was hidden.
RETURN_PIXELS, RETURN_SHARE = 1.0, 0.05
LEAST_PIXELS = 100
NEAREST_M = 0.1


class View(NamedTuple):
    """
    A frame as the next one is compared with it.

    ``depth`` (h, w) as predicted, NaN unknown; ``grey`` (h, w) uint8, None without a picture;
    ``camera`` of that size and ``world_from_camera`` 4x4, None where not known; ``scale`` metres
    of one predicted unit.
    """

    depth: Floats
    grey: Image | None
    camera: Camera | None
    world_from_camera: Doubles | None
    scale: float


def make_view(
    depth: Floats,
    image: Image | None,
    camera: Camera | None,
    world_from_camera: Doubles | None,
    scale: float,
) -> View:
    """Return the view of a frame, (H, W) depth and (H, W, 3) image, at most 320 pixels wide."""
    width = min(WIDTH, depth.shape[1])
    height = max(1, round(depth.shape[0] * width / depth.shape[1]))
    small = cv2.resize(depth, (width, height), interpolation=cv2.INTER_NEAREST)
    grey = None
    if image is not None:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        grey = np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA))
    fitted = None if camera is None else camera.resized(width, height)
    return View(np.asarray(small, np.float32), grey, fitted, world_from_camera, scale)


def flicker(first: View, second: View) -> float:
    """
    Return the mean relative change of depth along optical flow that driving does not explain.

    Flow runs both ways, and only pixels where the two agree count. Driving forward takes the same
    number of metres off every standing point, so the median change is taken off first.

    :returns: share of depth; NaN without pictures or with hardly a pixel left.
    """
    if first.grey is None or second.grey is None or first.grey.shape != second.grey.shape:
        return math.nan
    forward, backward = _flow(first.grey, second.grey), _flow(second.grey, first.grey)
    u, v = _grid(first.depth.shape)
    u_next, v_next = u + forward[..., 0], v + forward[..., 1]
    back = cv2.remap(backward, u_next, v_next, cv2.INTER_LINEAR, borderValue=(1e6, 1e6))
    miss = np.hypot(*np.moveaxis(forward + back, -1, 0))
    sure = miss < RETURN_PIXELS + RETURN_SHARE * np.hypot(*np.moveaxis(forward, -1, 0))
    later = cv2.remap(second.depth, u_next, v_next, cv2.INTER_NEAREST, borderValue=(math.nan,) * 4)
    return _unexplained(first.depth[sure], later[sure])


def ego_error(first: View, second: View) -> float:
    """
    Return how far the depth of two frames disagrees once the vehicle's motion is taken out.

    The points of one frame are moved by the known motion into the other one, and the nearest in
    each pixel is compared with the depth predicted there, both ways; both frames are in the
    metres of the first one's scale, so a change of scale counts (temporal alignment error of
    Video Depth Anything, Chen et al. 2025, without its fit over the clip).

    :returns: mean relative difference; NaN without odometry or intrinsics.
    """
    if first.world_from_camera is None or second.world_from_camera is None:
        return math.nan
    if first.camera is None or second.camera is None or not math.isfinite(first.scale):
        return math.nan
    second_from_first = np.asarray(
        np.linalg.inv(second.world_from_camera) @ first.world_from_camera,
        np.float64,
    )
    early, late = first.depth * first.scale, second.depth * first.scale
    onward = _moved_error(early, first.camera, late, second.camera, second_from_first)
    first_from_second = np.asarray(np.linalg.inv(second_from_first), np.float64)
    back = _moved_error(late, second.camera, early, first.camera, first_from_second)
    return (onward + back) / 2


def _unexplained(early: Floats, late: Floats) -> float:
    with np.errstate(invalid='ignore'):
        known = np.isfinite(early) & np.isfinite(late) & (early > 0) & (late > 0)
    early, late = early[known], late[known]
    if len(early) < LEAST_PIXELS:
        return math.nan
    change = late - early
    return float(np.mean(np.abs(change - np.median(change)) / early))


def _moved_error(
    depth: Floats, camera: Camera, other: Floats, other_camera: Camera, other_from_this: Doubles
) -> float:
    """Return the mean relative difference between moved depth and the other frame's own."""
    u, v = _grid(depth.shape)
    with np.errstate(invalid='ignore'):
        known = np.isfinite(depth) & (depth > 0)
    z = depth[known].astype(np.float64)
    x, y = (u[known] - camera.cx) / camera.fx * z, (v[known] - camera.cy) / camera.fy * z
    moved = other_from_this[:3, :3] @ np.stack([x, y, z]) + other_from_this[:3, 3:]
    before = moved[2] > NEAREST_M
    x, y, z = moved[:, before]
    column = np.rint(other_camera.fx * x / z + other_camera.cx).astype(np.int64)
    row = np.rint(other_camera.fy * y / z + other_camera.cy).astype(np.int64)
    height, width = other.shape
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    nearest = np.full(height * width, np.inf)
    np.minimum.at(nearest, row[inside] * width + column[inside], z[inside])
    own = other.reshape(-1).astype(np.float64)
    with np.errstate(invalid='ignore'):
        both = np.isfinite(nearest) & np.isfinite(own) & (own > 0)
    if both.sum() < LEAST_PIXELS:
        return math.nan
    return float(np.mean(np.abs(nearest[both] - own[both]) / own[both]))


def _flow(first: Image, second: Image) -> Floats:
    return np.asarray(_matcher().calc(first, second, None), np.float32)


@cache
def _matcher() -> cv2.DISOpticalFlow:
    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)


@cache
def _grid(shape: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    v, u = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    return u, v
