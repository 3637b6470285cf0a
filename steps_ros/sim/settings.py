"""
What a simulated clip depends on.

The same settings give the same bytes. Every part of a scene draws from its own stream of random
numbers, so that the night and the day of one seed show the same street.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
import math

import numpy as np

from steps_ros.errors import SettingsError


class Stream(IntEnum):
    """The independent random streams of one scene."""

    STREET = 0
    TRAFFIC = 1
    CAMERA = 2
    LIGHT = 3
    SENSOR = 4
    LIDAR = 5
    CROSSING = 6
    ROADSIDE = 7
    PARKED = 8
    PEOPLE = 9


@dataclass(frozen=True)
class ClipSettings:
    """
    One drive through one street.

    :param seed: seed of the whole collection.
    :param scene: number of the street within the collection.
    :param frames: number of frames.
    :param height: image height in pixels.
    :param width: image width in pixels.
    :param time: ``night`` or ``day``, the twins of one street.
    :param rate_hz: frames per second of the drive.
    :param has_distortion: the camera's lens bends straight lines.
    :param camera_scene: take the camera of this scene; None is the scene's own.
    :param crossings: side roads with cross traffic, where the place has any.
    :raises SettingsError: when a value is out of range.
    """

    seed: int = 0
    scene: int = 0
    frames: int = 30
    height: int = 192
    width: int = 320
    time: str = 'night'
    rate_hz: float = 10.0
    has_distortion: bool = False
    camera_scene: int | None = None
    crossings: bool = True

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.time not in ('night', 'day'):
            raise SettingsError(f"time is '{self.time}'; use night or day")
        if min(self.frames, self.height, self.width) < 1:
            raise SettingsError(
                f'{self.frames} frames of {self.height}x{self.width}; all must be at least 1'
            )
        if self.seed < 0 or self.scene < 0:
            raise SettingsError(f'seed {self.seed}, scene {self.scene}; neither may be negative')
        if not 0 < self.rate_hz < math.inf:
            raise SettingsError(f'rate_hz is {self.rate_hz}; it must be positive and finite')

    def generator(self, stream: Stream, *more: int) -> np.random.Generator:
        """Return the random numbers of one part of this scene."""
        scene = self.scene
        if stream is Stream.CAMERA and self.camera_scene is not None:
            scene = self.camera_scene
        return np.random.default_rng((self.seed, scene, int(stream), *more))
