"""
What a soak sends: every frame follows from its number.

So camera, listener and judge agree without talking to each other. The cameras take turns; every
twentieth frame is a bad one, and all kinds of them come by turns, too. The number is in the
stamp, below a tenth of a second; above it is the time of a bag that is played in a loop.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

BAD_EVERY, FIRST_BAD = 20, 7
PERIOD_NS = 100_000_000
BEGIN_NS = 1_700_000_000_000_000_000
LOOP_TICKS = 120

GOOD, ZERO_STAMP = 'good', 'zero_stamp'
# What becomes of a frame: depth, or a drop that is counted as a bad frame.
OUT, REFUSED, EITHER = 'out', 'refused', 'either'
_ANY_KINDS = {
    'black': OUT,
    'white': OUT,
    'changed_size': OUT,
    'nan_calibration': OUT,
    ZERO_STAMP: OUT,
}
RAW_KINDS = {
    'unknown_encoding': REFUSED,
    'truncated_data': REFUSED,
    'narrow_step': REFUSED,
    'lying_width': REFUSED,
    'huge_size': REFUSED,
    'zero_size': REFUSED,
    'encoding_not_taken': REFUSED,
    **_ANY_KINDS,
}
COMPRESSED_KINDS = {
    'corrupt_jpeg': EITHER,
    'truncated_jpeg': REFUSED,
    'no_picture': REFUSED,
    'empty': REFUSED,
    **_ANY_KINDS,
}
FATES = {GOOD: OUT, **RAW_KINDS, **COMPRESSED_KINDS}

RAW, COMPRESSED = 'raw', 'compressed'
RAW_ENCODINGS = ('bgr8', 'rgb8', 'mono8', 'bgra8', 'bayer_rggb8', 'yuv422_yuy2', 'mono16')


class SoakCamera(NamedTuple):
    """
    A camera of the soak.

    ``across`` is its width as a share of the widest, ``aspect`` height by width, ``bent`` whether
    its lens is to be rectified.
    """

    name: str
    transport: str
    encodings: tuple[str, ...]
    across: float
    aspect: float
    bent: bool

    def size(self, widest: int) -> tuple[int, int]:
        """Return (width, height) in pixels, multiples of 4."""
        width = 4 * max(4, round(self.across * widest / 4))
        return width, 4 * max(4, round(self.aspect * width / 4))


CAMERAS = (
    SoakCamera('front', RAW, RAW_ENCODINGS, 1.0, 0.75, bent=False),
    SoakCamera('rear', COMPRESSED, ('jpeg', 'png'), 0.75, 0.625, bent=False),
    SoakCamera('side', RAW, ('bgr8', 'mono8'), 0.5, 0.75, bent=True),
)


class SoakFrame(NamedTuple):
    """A frame: its number, whose it is, :data:`GOOD` or what is bad, and how it is encoded."""

    number: int
    camera: SoakCamera
    kind: str
    encoding: str
    time_ns: int

    @property
    def stamp_ns(self) -> int:
        """The stamp of the image."""
        return 0 if self.kind == ZERO_STAMP else self.time_ns + self.number


def frame_of(number: int) -> SoakFrame:
    """Return the frame with this number, from 0 on."""
    tick, turn = divmod(number, len(CAMERAS))
    camera = CAMERAS[turn]
    encoding = camera.encodings[tick % len(camera.encodings)]
    time_ns = BEGIN_NS + (tick % LOOP_TICKS) * PERIOD_NS
    return SoakFrame(number, camera, _kind(number, turn), encoding, time_ns)


def number_of(stamp_ns: int) -> int:
    """Return the number of the frame that has this stamp, which is not 0."""
    return stamp_ns % PERIOD_NS


def kinds_of(frames: int) -> Counter[str]:
    """Count the first frames by kind."""
    return Counter(frame_of(number).kind for number in range(frames))


def clock_jumps(frames: int) -> int:
    """Return how often time goes back among the first frames."""
    return max(0, frames - 1) // len(CAMERAS) // LOOP_TICKS


def _kind(number: int, turn: int) -> str:
    if number % BAD_EVERY != FIRST_BAD:
        return GOOD
    kinds = tuple(RAW_KINDS if CAMERAS[turn].transport == RAW else COMPRESSED_KINDS)
    # The cameras do not begin with the same kind, so that few frames have them all.
    return kinds[(number // BAD_EVERY // len(CAMERAS) + 4 * turn) % len(kinds)]
