"""
What is evaluated: one picture, the depth that was measured in it, and what is known around both.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.data.closing import Closing
from steps_ros.data.frames import Image

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


class Reference(NamedTuple):
    """
    Measured depth at N places of a picture of ``size`` (height, width) pixels.

    ``size`` is the image's, or that of a published depth map, whose pixels then are the places.
    ``columns`` and ``rows`` (N,) float32: position in pixels, pixel centres at integers, between
    LiDAR points fractional; ``depth`` (N,) float32: metres along the optical axis, finite,
    above 0. What no sensor saw, a mask excludes or a near surface hides is not among them.
    """

    columns: Floats
    rows: Floats
    depth: Floats
    size: tuple[int, int]


class Mounting(NamedTuple):
    """A camera over the ground: height in metres, pitch (positive looks down), roll in radians."""

    height: float
    pitch: float
    roll: float


class Sample(NamedTuple):
    """
    One picture with its reference.

    ``drive`` and ``camera`` name the recording and the image topic or folder; frames of one
    (drive, camera) come in the order of their stamps. ``image`` (H, W, 3) uint8 RGB, None where
    two recorded depths are compared without pictures; ``intrinsics`` belong to the image's size.
    ``prediction`` (h, w) float32 is the depth recorded beside the reference, None where a network
    has to predict. ``world_from_camera`` 4x4, camera axes right, down, forward, None without
    odometry. ``gap_ns`` is the reference's stamp minus the image's.
    """

    drive: str
    camera: str
    stem: str
    stamp_ns: int
    image: Image | None
    intrinsics: Camera | None
    reference: Reference
    prediction: Floats | None = None
    world_from_camera: Doubles | None = None
    mounting: Mounting | None = None
    gap_ns: int = 0


class SampleSource(Closing):
    """
    A recording or folder with references: iterate once over its samples, close it after use.

    ``name`` is the path; ``inputs`` says what was taken for what (topics, folders, tolerance), for
    the report; ``sample_count`` the best known number of samples, None where only the end will
    tell; ``dropped`` counts the pictures without a usable reference by reason, while iterating.
    Nothing but the messages at hand is held in memory.
    """

    def __init__(self, name: str, inputs: dict[str, str], sample_count: int | None) -> None:
        """Store what there is to know before the first sample."""
        self.name = name
        self.inputs = inputs
        self.sample_count = sample_count
        self.dropped: Counter[str] = Counter()
        self._resources = ExitStack()

    @abstractmethod
    def __iter__(self) -> Iterator[Sample]:
        """
        Yield the samples in order.

        :raises SourceError: there is not a single one; the message says what stood in the way.
        """

    def close(self) -> None:
        """Let go of what the source holds open."""
        self._resources.close()
