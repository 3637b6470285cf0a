"""
The scale from the distance driven: how far the camera went, in metres and in units of the depth.
"""

from __future__ import annotations

from collections.abc import Callable
import math

import cv2
import numpy as np

from steps_ros.inference.scale.alignment import align, Doubles, Floats, Motion
from steps_ros.inference.scale.robust import Measured, Measurement, Refusal, UNSTAMPED
from steps_ros.inference.scale.seen import Seen
from steps_ros.inference.scale.structure import Structure

# Metres between the two pictures: less moves nothing, more leaves too little in both.
LEAST_M, MOST_M = 0.8, 4.0
LONGEST_NS = 1_000_000_000
SELDOM = f'no two frames within a second are {LEAST_M:g} m apart'
# The search costs more than a prediction on a small machine; the scale does not change quickly.
PERIOD_NS = 300_000_000
LEAST_AGREEMENT = 0.45
MOST_TURN = math.radians(5)
# Beginnings of the search, relative to the usual depth of the picture.
LENGTHS = np.geomspace(0.01, 1.0, 12)

# Metres driven from one stamp to another, None where that is not known.
Driven = Callable[[int, int], float | None]


class DistanceScale:
    """Measures the scale between a frame and an earlier one; call it for every frame."""

    def __init__(self, driven: Driven, min_speed: Callable[[], float]) -> None:
        """
        Start without a frame.

        :param driven: metres from one stamp (ns) to another, None where it is not known.
        :param min_speed: returns the metres a second below which nothing is measured.
        """
        self._driven = driven
        self._min_speed = min_speed
        self._structure = Structure()
        self._earlier: Seen | None = None
        self._measured_ns = 0
        self._scale: float | None = None
        # Of the motion that the search begins with: 1 ahead, -1 back.
        self._sense = 1
        self.motion: Motion | None = None

    def __call__(self, frame: Seen) -> Measured | None:
        """Return what the frame shows, None where nothing is to be measured in it."""
        earlier = self._earlier
        elapsed_ns = 0 if earlier is None else frame.stamp_ns - earlier.stamp_ns
        if earlier is None or not 0 < elapsed_ns <= LONGEST_NS:
            self._begin(frame)
            return _apart(earlier, frame)
        distance_m = self._driven(earlier.stamp_ns, frame.stamp_ns)
        if distance_m is None:
            self._begin(frame)
            return Refusal('no odometry of the time between two frames')
        seconds = elapsed_ns / 1e9
        if distance_m < self._min_speed() * seconds:
            self._begin(frame)
            return Refusal(f'slower than scale.min_speed, {distance_m / seconds:.1f} m/s')
        if distance_m < LEAST_M:
            return None
        self._begin(frame)
        if distance_m > MOST_M:
            return Refusal(f'{distance_m:.1f} m between two frames of at most {MOST_M:g} m')
        self._structure.add(frame.image)
        return self._due(earlier, frame, distance_m)

    def _begin(self, frame: Seen) -> None:
        self._earlier = frame

    def _due(self, earlier: Seen, frame: Seen, distance_m: float) -> Measured | None:
        is_early = 0 <= frame.stamp_ns - self._measured_ns < PERIOD_NS
        if not self._structure.is_ready or is_early:
            return None
        self._measured_ns = frame.stamp_ns
        measured = self._measure(earlier, frame, distance_m)
        self._scale = measured.value if isinstance(measured, Measurement) else None
        return measured

    def _measure(self, earlier: Seen, frame: Seen, distance_m: float) -> Measured:
        first, second = (self._structure.of(seen.image) for seen in (earlier, frame))
        known = np.isfinite(earlier.depth) & (earlier.depth > 0)
        if not known.any():
            return Refusal('depth is unknown everywhere')
        lengths = LENGTHS * float(np.median(earlier.depth[known]))
        if self._scale is not None:
            lengths = np.array([distance_m / self._scale])
        self.motion = motion = self._aligned(first, second, earlier, lengths)
        if motion is None:
            return Refusal('the road shows too little that moves')
        if motion.agreement < LEAST_AGREEMENT:
            return Refusal(f'two frames agree by {motion.agreement:.2f} only')
        if np.linalg.norm(cv2.Rodrigues(motion.rotation)[0]) > MOST_TURN:
            return Refusal('the camera turned too far between two frames')
        value = distance_m / float(np.linalg.norm(motion.translation))
        return Measurement(value, 1 - motion.agreement, len(motion.rows))

    def _aligned(
        self, first: Floats, second: Floats, earlier: Seen, lengths: Doubles
    ) -> Motion | None:
        """Find the motion, first the way that was right last, then the other, as in reverse."""
        best: Motion | None = None
        for sense in (self._sense, -self._sense):
            starts = (sense * lengths).tolist()
            motion = align(first, second, earlier.depth, earlier.camera, starts)
            if motion is None:
                return None
            if motion.agreement >= LEAST_AGREEMENT:
                self._sense = sense
                return motion
            if best is None or motion.agreement > best.agreement:
                best = motion
        return best


def _apart(earlier: Seen | None, frame: Seen) -> Refusal | None:
    """Return why two frames cannot be compared, None where that is but a beginning."""
    if earlier is None:
        return None
    if earlier.stamp_ns == frame.stamp_ns == 0:
        return Refusal(UNSTAMPED)
    return Refusal(SELDOM) if frame.stamp_ns - earlier.stamp_ns > LONGEST_NS else None
