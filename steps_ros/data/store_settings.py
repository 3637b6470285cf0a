"""
How drives are decoded for training.
"""

from __future__ import annotations

from dataclasses import dataclass

from steps_ros.settings import check, setting

LARGEST = 8192


@dataclass(frozen=True)
class StoreSettings:
    """All that changes what a store holds, besides the drive itself."""

    height: int = setting(192, 'rows of the stored pictures', minimum=16, maximum=LARGEST)
    width: int = setting(320, 'columns of the stored pictures', minimum=16, maximum=LARGEST)
    stride: int = setting(1, 'every how manieth frame is used', minimum=1, maximum=1000)
    bonnet: float = setting(
        0.0, 'share of the rows that are cut off at the bottom', minimum=0.0, maximum=0.9
    )
    least_change: float = setting(
        0.5,
        'mean difference to the last kept frame, in grey levels, below which the vehicle stands',
        minimum=0.0,
        maximum=255.0,
    )
    least_speed_mps: float = setting(
        0.3, 'speed in m/s below which it stands, where odometry is recorded', minimum=0.0
    )
    longest_gap: float = setting(
        2.5, 'step of the stamps, in median periods, over which frames are not joined', minimum=1.0
    )
    depth: bool = setting(False, 'keep measured depth too, where there is some')

    def __post_init__(self) -> None:
        """Raise :class:`SettingsError` for a value out of range."""
        check(self)
