"""
Examples that hypothesis makes for tests that hold for all of them, the same ones in every run.
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from steps_ros.core.camera import Camera

ALWAYS_THE_SAME = settings(
    max_examples=20,
    derandomize=True,
    database=None,
    deadline=None,
    # Looking for a smaller example that fails takes minutes on a slow machine.
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

# The int32 seconds of a stamp.
LAST_STAMP_NS = 2**31 * 1_000_000_000 - 1
STAMPS_NS = st.integers(0, LAST_STAMP_NS)


def numbers(least: float, most: float) -> st.SearchStrategy[float]:
    """Return finite numbers from ``least`` to ``most``."""
    return st.floats(least, most, allow_subnormal=False)


POLYNOMIAL = st.tuples(
    numbers(-0.35, 0.35), numbers(-0.1, 0.1), *[numbers(-0.005, 0.005)] * 2, numbers(-0.02, 0.02)
)
RATIONAL = st.tuples(
    numbers(-0.2, 0.5), numbers(-0.1, 0.1), *[numbers(-0.005, 0.005)] * 2, numbers(-0.02, 0.02),
    numbers(-0.2, 0.5), numbers(-0.1, 0.1), numbers(-0.02, 0.02),
)  # fmt: skip
ANGLES = st.tuples(numbers(-0.1, 0.1), *[numbers(-0.02, 0.02)] * 3)
LENSES = st.one_of(
    st.just(('plumb_bob', ())),
    st.tuples(st.just('plumb_bob'), POLYNOMIAL),
    st.tuples(st.just('rational_polynomial'), RATIONAL),
    st.tuples(st.just('equidistant'), ANGLES),
)


@st.composite
def cameras(draw: st.DrawFn) -> Camera:
    """Return cameras as vehicles have them, with lenses of every kind."""
    width = draw(st.integers(64, 4096))
    height = round(width * draw(numbers(0.4, 1.0)))
    focal = draw(numbers(0.4, 3.0)) * width
    across, down = draw(numbers(0.4, 0.6)) * width, draw(numbers(0.4, 0.6)) * height
    return Camera(
        width, height, focal, focal * draw(numbers(0.9, 1.1)), across, down, *draw(LENSES)
    )
