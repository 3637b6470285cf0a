"""
What measures the scale, and when it counts as known.
"""

from __future__ import annotations

from dataclasses import dataclass

from steps_ros.errors import SettingsError
from steps_ros.settings import check, setting

NONE, FIXED = 'none', 'fixed'
CAMERA_HEIGHT, ODOMETRY, LIDAR = 'camera_height', 'odometry', 'lidar'
PUBLISH, NAN, SILENT = 'publish', 'nan', 'silent'


@dataclass(frozen=True)
class ScaleSettings:
    """Source, filter, and what becomes of depth while the scale is not known."""

    source: str = setting(
        NONE,
        'What tells the metres of one unit of depth.',
        choices=(NONE, FIXED, CAMERA_HEIGHT, ODOMETRY, LIDAR),
        read_only=True,
    )
    fixed: float = setting(
        1.0, 'Metres of one unit of depth, for the source fixed.', minimum=1e-6, maximum=1e6
    )
    camera_height: float = setting(
        1.5,
        'Height of the camera above the road, metres, for the source camera_height.',
        minimum=0.1,
        maximum=10.0,
    )
    min_speed: float = setting(
        2.0,
        'Speed below which the source odometry measures nothing, metres per second.',
        minimum=0.1,
        maximum=100.0,
    )
    window_s: float = setting(
        5.0, 'How long a measurement counts, seconds.', minimum=0.1, maximum=600.0
    )
    min_samples: int = setting(
        5, 'Measurements in the window, fewer of which are no scale.', minimum=1, maximum=1000
    )
    max_spread: float = setting(
        0.2,
        'Standard deviation of the measurements relative to the scale, above which they '
        'contradict each other.',
        minimum=0.0,
        maximum=10.0,
    )
    outlier_gate: float = setting(
        0.5,
        'Relative distance from the scale beyond which a measurement is not let in.',
        minimum=0.01,
        maximum=100.0,
    )
    smoothing_s: float = setting(
        1.0, 'Time constant with which the scale follows the window, seconds.', minimum=1e-3
    )
    hold_s: float = setting(
        30.0,
        'How long the scale holds without a measurement that confirms it, seconds.',
        minimum=0.1,
    )
    when_unhealthy: str = setting(
        PUBLISH,
        'Depth while it is not metric: publish it relative, publish NaN, or nothing (silent).',
        choices=(PUBLISH, NAN, SILENT),
    )

    def __post_init__(self) -> None:
        """Check the limits, and that a depth that must be metric can become so."""
        check(self)
        if self.source == NONE and self.when_unhealthy != PUBLISH:
            raise SettingsError(
                f'scale.when_unhealthy {self.when_unhealthy!r} with scale.source none would never '
                'publish a depth; set scale.source as well'
            )
