"""
The pinhole camera that belongs to an image.

Pixel (u, v) has its centre at integer coordinates. Resizing multiplies both rows of K by the
size ratio, without a half-pixel term, as ``image_proc`` and the STEPS loaders do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
import math

from steps_ros.errors import FrameError

ASSUMED_FOCAL_PER_WIDTH = 0.6
SHAPE_TOLERANCE = 0.01
# Of the width; what changes less is the same camera, focused or estimated anew.
SAME_CAMERA = 0.02
LARGEST_SIZE = 2**31 - 1


@dataclass(frozen=True)
class Camera:
    """
    Intrinsics of an image of ``width`` x ``height`` pixels.

    ``fx fy cx cy`` are in pixels; ``distortion`` holds the coefficients of
    ``distortion_model`` (plumb_bob, rational_polynomial, equidistant), empty when rectified.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion_model: str = 'plumb_bob'
    distortion: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Raise :class:`FrameError` for sizes or intrinsics that no camera has."""
        numbers = (self.fx, self.fy, self.cx, self.cy, *self.distortion)
        if not all(math.isfinite(number) for number in numbers):
            raise FrameError(f'camera intrinsics are not finite: {numbers}; calibrate the camera')
        if max(self.width, self.height) > LARGEST_SIZE:
            raise FrameError(
                f'camera of more than {LARGEST_SIZE} rows or columns; calibrate the camera'
            )
        if self.width <= 0 or self.height <= 0 or self.fx <= 0 or self.fy <= 0:
            raise FrameError(
                f'camera of {self.width}x{self.height} with fx {self.fx}, fy {self.fy}: '
                'sizes and focal lengths must be positive; calibrate the camera'
            )

    @classmethod
    def assumed(cls, width: int, height: int) -> Camera:
        """Return the guess for an uncalibrated image: fx = fy = 0.6 x width, and the centre."""
        focal = ASSUMED_FOCAL_PER_WIDTH * width
        return cls(width, height, focal, focal, width / 2, height / 2)

    @property
    def matrix(self) -> tuple[tuple[float, float, float], ...]:
        """K as three rows."""
        return ((self.fx, 0.0, self.cx), (0.0, self.fy, self.cy), (0.0, 0.0, 1.0))

    def resized(self, width: int, height: int) -> Camera:
        """Return the camera of this image resized to ``width`` x ``height``."""
        across, down = width / self.width, height / self.height
        return replace(
            self,
            width=width,
            height=height,
            fx=self.fx * across,
            fy=self.fy * down,
            cx=self.cx * across,
            cy=self.cy * down,
        )

    def cropped(self, left: int, top: int, width: int, height: int) -> Camera:
        """Return the camera of the ``width`` x ``height`` window whose corner is (left, top)."""
        return replace(self, width=width, height=height, cx=self.cx - left, cy=self.cy - top)

    def binned(self, across: int, down: int) -> Camera:
        """Return the camera of which a pixel is ``across`` x ``down`` pixels of this one."""
        return replace(
            self,
            width=self.width // across,
            height=self.height // down,
            fx=self.fx / across,
            fy=self.fy / down,
            cx=self.cx / across,
            cy=self.cy / down,
        )

    def flipped(self) -> Camera:
        """Return the camera of the mirrored image (cx becomes width - cx, as in STEPS)."""
        return replace(self, cx=self.width - self.cx)

    def is_like(self, other: Camera) -> bool:
        """Say whether the rays of both are the same, whatever the size of their pictures."""
        if self.distortion != other.distortion or not other.fits(self.width, self.height):
            return False
        known = other.resized(self.width, self.height)
        differences = (
            self.fx - known.fx,
            self.fy - known.fy,
            self.cx - known.cx,
            self.cy - known.cy,
        )
        return max(map(abs, differences)) <= SAME_CAMERA * self.width

    def fits(self, width: int, height: int) -> bool:
        """Say whether an image of this size has the camera's aspect ratio to one percent."""
        return math.isclose(width / height, self.width / self.height, rel_tol=SHAPE_TOLERANCE)
