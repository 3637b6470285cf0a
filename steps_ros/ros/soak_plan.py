"""
What a soak sends, and when: every frame follows from its number.

So camera, listener and judge agree without talking to each other. The cameras take turns; every
twentieth frame is a bad one, and all kinds of them come by turns, too. The number is in the
frame_id, which comes back on every output; the stamp is of a bag that is played in a loop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from steps_ros.ros.statistics import Drop

BAD_EVERY, FIRST_BAD = 20, 7
PERIOD_NS = 100_000_000
BEGIN_NS = 1_700_000_000_000_000_000
LOOP_TICKS = 120
# A pause now and then, longer than image_timeout_s; then a few ticks at once, as of a driver
# that catches up.
FIRST_PAUSE_TICK, PAUSE_EVERY_TICKS, BURST_TICKS = 98, 400, 3

GOOD = 'good'
# How a frame ends besides the node's own reasons of dropping it: with all outputs; with all, and
# a confidence that is low everywhere; or without those that need a calibration.
OUT, UNSURE, UNCALIBRATED = 'out', 'unsure', 'uncalibrated'
# A kind of frame may end in any of these, or be superseded.
Ends = tuple[str, ...]
_REFUSED: Ends = (Drop.BAD_FRAME,)
NO_CAMERA_INFO = 'no_camera_info'
ZERO_STAMP, NEGATIVE_STAMP, REPEATED_STAMP, STAMP_BACK, FUTURE_STAMP = (
    'zero_stamp', 'negative_stamp', 'repeated_stamp', 'stamp_back', 'future_stamp',
)  # fmt: skip
_ANY_KINDS: dict[str, Ends] = {
    'black': (UNSURE,),
    'white': (UNSURE,),
    'covered_lens': (UNSURE,),
    'changed_size': (OUT,),
    'nan_calibration': (UNCALIBRATED,),
    'zero_calibration': (UNCALIBRATED,),
    'foreign_calibration': (UNCALIBRATED,),
    ZERO_STAMP: (OUT,),
    NEGATIVE_STAMP: (OUT,),
    REPEATED_STAMP: (OUT,),
    STAMP_BACK: (OUT,),
    FUTURE_STAMP: (OUT,),
}
_RAW_KINDS: dict[str, Ends] = {
    'unknown_encoding': _REFUSED,
    'encoding_not_taken': _REFUSED,
    'odd_width': _REFUSED,
    'truncated_data': _REFUSED,
    'narrow_step': _REFUSED,
    'lying_width': _REFUSED,
    'huge_size': _REFUSED,
    'zero_size': _REFUSED,
}
_COMPRESSED_KINDS: dict[str, Ends] = {
    'corrupt_jpeg': (OUT, Drop.BAD_FRAME),
    'truncated_jpeg': _REFUSED,
    'huge_png': _REFUSED,
    'no_picture': _REFUSED,
    'empty': _REFUSED,
}
ENDS: dict[str, Ends] = {
    GOOD: (OUT,),
    NO_CAMERA_INFO: (UNCALIBRATED,),
    **_RAW_KINDS,
    **_COMPRESSED_KINDS,
    **_ANY_KINDS,
}
_SECOND_NS = 1_000_000_000
_STAMPS_NS = {ZERO_STAMP: 0, NEGATIVE_STAMP: -5 * _SECOND_NS}
_STAMP_OFFSETS_NS = {
    REPEATED_STAMP: -PERIOD_NS,
    STAMP_BACK: -60 * _SECOND_NS,
    FUTURE_STAMP: 86_400 * _SECOND_NS,
}
_FRAME_ID = 'soak_'

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
TICK = len(CAMERAS)


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
        return _STAMPS_NS.get(self.kind, self.time_ns + _STAMP_OFFSETS_NS.get(self.kind, 0))

    @property
    def frame_id(self) -> str:
        """What tells the frame from all others."""
        return f'{_FRAME_ID}{self.number}'

    @property
    def calibration(self) -> str:
        """What the camera_info before the image says."""
        return self.kind if UNCALIBRATED in ENDS[self.kind] else GOOD


def frame_of(number: int) -> SoakFrame:
    """Return the frame with this number, from 0 on."""
    tick, turn = divmod(number, TICK)
    camera = CAMERAS[turn]
    encoding = camera.encodings[tick % len(camera.encodings)]
    time_ns = BEGIN_NS + (tick % LOOP_TICKS) * PERIOD_NS
    return SoakFrame(number, camera, _kind(number, turn), encoding, time_ns)


def number_of(frame_id: str) -> int:
    """Return the number of the frame that has this frame_id."""
    return int(frame_id.removeprefix(_FRAME_ID))


def kinds_of(frames: int) -> Counter[str]:
    """Count the first frames by kind."""
    return Counter(frame_of(number).kind for number in range(frames))


def clock_jumps(frames: int) -> int:
    """Return how often time goes back among the first frames."""
    return max(0, frames - 1) // TICK // LOOP_TICKS


def is_pause(tick: int) -> bool:
    """Say whether the cameras pause after this tick."""
    return _since_pause(tick) == 0


def is_hurried(tick: int) -> bool:
    """Say whether the next tick comes at once after this one."""
    return 0 < _since_pause(tick) < BURST_TICKS


def shift_ends(frames: int, shifts: int) -> list[int]:
    """Return the numbers that shifts begin with, and the end; no tick is divided between two."""
    ticks = -(-frames // TICK)
    return [min(frames, TICK * (ticks * at // shifts)) for at in range(shifts + 1)]


def _since_pause(tick: int) -> int:
    return (tick - FIRST_PAUSE_TICK) % PAUSE_EVERY_TICKS


def _order(turn: int) -> tuple[str, ...]:
    """Return the bad kinds of a camera; the cameras begin with others, so that few have all."""
    own = _turned(_RAW_KINDS if CAMERAS[turn].transport == RAW else _COMPRESSED_KINDS, 2 * turn)
    common = _turned(_ANY_KINDS, 4 * turn)
    return (*own[:4], *common[:4], *own[4:], *common[4:])


def _turned(kinds: dict[str, Ends], begin: int) -> Sequence[str]:
    names = list(kinds)
    return names[begin:] + names[:begin]


_ORDERS = tuple(map(_order, range(TICK)))


def _kind(number: int, turn: int) -> str:
    # One only: the others of its tick are good, and waiting for them keeps this one from the next.
    if number == 0:
        return NO_CAMERA_INFO
    if number % BAD_EVERY != FIRST_BAD:
        return GOOD
    kinds = _ORDERS[turn]
    return kinds[number // BAD_EVERY // TICK % len(kinds)]
