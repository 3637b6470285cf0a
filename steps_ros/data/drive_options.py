"""
How a drive is to be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

NO_ODOMETRY = 'none'


@dataclass(frozen=True)
class DriveOptions:
    """
    How a drive is to be read.

    Topics are chosen by type where they are None; odometry is left aside where its topic is
    ``NO_ODOMETRY``; ``intrinsics`` is a camera file that replaces whatever the drive says;
    ``rate_hz`` belongs to folders without stamps, and to videos, whose own rate is taken where it
    is None.
    """

    image_topic: str | None = None
    info_topic: str | None = None
    depth_topic: str | None = None
    odometry_topic: str | None = None
    intrinsics: Path | None = None
    rate_hz: float | None = None
