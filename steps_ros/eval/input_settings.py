"""
What an evaluation takes from a recording, and how strictly.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from steps_ros.errors import SettingsError
from steps_ros.eval.occlusion import DEFAULT_OCCLUSION, OcclusionSettings

# LiDAR is moved to the image's stamp; nothing moves a depth picture, so that it must be closer.
LIDAR_TOLERANCE_MS = 50.0
DEPTH_TOLERANCE_MS = 20.0


@dataclass(frozen=True)
class InputSettings:
    """
    Topics of bags, and what of a picture is left out.

    A topic that is None is the only one of its type; odometry is left aside where its topic is
    ``none``. ``depth_topic`` holds recorded predictions,
    which are compared instead of running a network. ``intrinsics`` is a camera file that replaces
    the cameras of a bag. ``tolerance_ms`` is the farthest that a
    reference may be from its image in time, None for 50 ms (LiDAR) or 20 ms (depth pictures).
    ``mask`` is a picture whose black pixels are left out; ``bonnet`` the share of rows, 0 to 1,
    that is left out at the bottom.
    """

    image_topic: str | None = None
    camera_info_topic: str | None = None
    reference_topic: str | None = None
    depth_topic: str | None = None
    odom_topic: str | None = None
    tolerance_ms: float | None = None
    mask: Path | None = None
    bonnet: float = 0.0
    intrinsics: Path | None = None
    is_occlusion_filtered: bool = True
    occlusion: OcclusionSettings = DEFAULT_OCCLUSION

    def __post_init__(self) -> None:
        """Raise :class:`SettingsError` for numbers out of range."""
        if self.tolerance_ms is not None and not 0 <= self.tolerance_ms < float('inf'):
            raise SettingsError(
                f'--tolerance-ms {self.tolerance_ms} is no time; give milliseconds from 0 on'
            )
        if not 0 <= self.bonnet < 1:
            raise SettingsError(
                f'bonnet {self.bonnet} is no share of the rows; give 0 to 1, such as 0.1'
            )

    def tolerance_ns(self, is_lidar: bool) -> int:
        """Return the tolerance in nanoseconds for this kind of reference."""
        default = LIDAR_TOLERANCE_MS if is_lidar else DEPTH_TOLERANCE_MS
        return round(1e6 * (default if self.tolerance_ms is None else self.tolerance_ms))

    def described(self, is_lidar: bool) -> dict[str, str]:
        """Return what is left out of the pictures, for the report."""
        words: dict[str, str] = {}
        if self.mask is not None:
            words['mask'] = str(self.mask)
        if self.bonnet:
            words['bonnet'] = f'lowest {self.bonnet:.0%} of the rows left out'
        if is_lidar:
            near = f'below {self.occlusion.ratio:g} of the depth, {self.occlusion.margin:g} m'
            words['occlusion filter'] = near if self.is_occlusion_filtered else 'off'
        return words
