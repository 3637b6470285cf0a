"""
Strips of drives whose light changes: pictures, level, state, and how far the enhancer is applied.

``python -m steps_ros.bench.light_strip --out strip.png`` draws the simulated drives of
:mod:`steps_ros.bench.light_drives` and says how often the state changed, how late it was right
and what the measurement of a frame cost.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
import io
from itertools import pairwise
from pathlib import Path
import sys
from typing import Any

import cv2
from matplotlib.axes import Axes
from matplotlib.figure import Figure
import numpy as np
from numpy.typing import NDArray

from steps_ros.bench.light_drives import (
    Drive,
    follow,
    Followed,
    into_the_night,
    longest_error_s,
    past_main_beams,
    through_a_tunnel,
)
from steps_ros.data.outputs import write_file
from steps_ros.inference.light_state import LightSettings, LightState, LightTrack

DRIVES: dict[str, Callable[[int, int], Drive]] = {
    'into the night': into_the_night,
    'through a tunnel': through_a_tunnel,
    'past main beams': past_main_beams,
}
COLOURS = {LightState.NIGHT: '#1f2d5a', LightState.DUSK: '#c2571a', LightState.DAY: '#e8c547'}
PICTURES = 8


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the drives and write the strips, one below the other."""
    options = _parser().parse_args(arguments)
    strips = []
    for name, drive in DRIVES.items():
        followed = follow(drive(options.height, options.height * 5 // 3), LightSettings())
        sys.stdout.write(f'{name}: {told(followed)}\n')
        strips.append(strip(name, followed, LightSettings()))
    packed = cv2.imencode(options.out.suffix, np.vstack(strips)[..., ::-1])[1]
    write_file(options.out, packed.tobytes())
    return 0


def told(followed: Sequence[Followed]) -> str:
    """Return in words how well the state followed the light."""
    states = [item.track.state for item in followed]
    changes = sum(before != after for before, after in pairwise(states))
    late_s = longest_error_s(followed)
    cost_ms = float(np.median([item.cost_ms for item in followed]))
    return f'{changes} changes, wrong for {late_s:.1f} s at most, {cost_ms:.2f} ms a frame'


def strip(name: str, followed: Sequence[Followed], settings: LightSettings) -> NDArray[np.uint8]:
    """Return pictures above, level, state and enhancement below, 1000 wide."""
    step = max(1, len(followed) // PICTURES)
    shown = np.hstack([item.image for item in followed[step // 2 :: step][:PICTURES]])
    figure = Figure(figsize=(10, 1.9), dpi=100, layout='constrained')
    axes = figure.subplots()
    _plot(axes, name, followed, settings)
    buffer = io.BytesIO()
    figure.savefig(buffer, format='png')
    packed = np.frombuffer(buffer.getvalue(), np.uint8)
    plotted = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    width = plotted.shape[1]
    height = round(shown.shape[0] * width / shown.shape[1])
    above = cv2.resize(shown, (width, height), interpolation=cv2.INTER_AREA)
    return np.vstack([above, plotted[..., ::-1]]).astype(np.uint8)


def _plot(axes: Axes, name: str, followed: Sequence[Followed], settings: LightSettings) -> None:
    tracks = [item.track for item in followed]
    stamps = np.array([track.stamp_s for track in tracks])
    axes.plot(stamps, [track.sample.level for track in tracks], color='#2b3137', label='level')
    for bound in (settings.night_level, settings.day_level):
        axes.axhline(bound, color='#8a949e', lw=0.8, ls='--')
    _mark_states(axes, stamps, tracks)
    axes.set(ylim=(0, 255), xlim=(stamps[0], stamps[-1]), ylabel='level', title=name)
    shares = axes.twinx()
    shares.plot(stamps, [track.enhancement for track in tracks], color='#b42318')
    shares.plot(stamps, [track.sample.glare for track in tracks], color='#7d4fa3', ls=':')
    shares.set_ylim(0, 1.05)
    shares.set_ylabel('enhancer (red)\nglare (dotted)')


def _mark_states(axes: Axes, stamps: NDArray[Any], tracks: Sequence[LightTrack]) -> None:
    for state, colour in COLOURS.items():
        held = np.array([track.state == state for track in tracks])
        axes.fill_between(stamps, 0, 255, where=held, step='post', color=colour, alpha=0.25, lw=0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, required=True, help='the picture, .png or .jpg')
    parser.add_argument('--height', type=int, default=96, help='of the pictures (96)')
    return parser


if __name__ == '__main__':
    sys.exit(main())
