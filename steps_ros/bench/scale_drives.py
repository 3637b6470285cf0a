"""
How well each source finds the scale on simulated drives, whose scale is known.

``python -m steps_ros.bench.scale_drives --seeds 58 64`` prints a Markdown table: the filtered
scale by the true one after five seconds of each drive, once with exact depth in a strange unit and
once with the depth of the default weights. ``--pictures DIR`` writes what the estimates rest on:
pixels of the road in green, pixels that were followed with the way they took in red.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
import math
from pathlib import Path
import sys
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.core.checkpoint import load_checkpoint
from steps_ros.data.outputs import png_bytes, write_file
from steps_ros.eval.references import transformed
from steps_ros.inference.predictor import Predictor
from steps_ros.inference.scale.filter import ScaleFilter
from steps_ros.inference.scale.ground import find_ground, Ground
from steps_ros.inference.scale.height import HeightScale
from steps_ros.inference.scale.odometry import DistanceScale
from steps_ros.inference.scale.robust import Measured
from steps_ros.inference.scale.seen import Seen, seen
from steps_ros.inference.scale.settings import CAMERA_HEIGHT, LIDAR, ODOMETRY, ScaleSettings
from steps_ros.inference.scale.state import ScaleState
from steps_ros.ros.scale_lidar import LidarScale, Turn
from steps_ros.shipped_weights import DEFAULT_WEIGHTS
from steps_ros.sim.clip import simulate_clip, SimulatedFrame
from steps_ros.sim.lidar import LidarSettings
from steps_ros.sim.settings import ClipSettings
from steps_ros.sim.trajectory import body_from_camera

SOURCES = (LIDAR, CAMERA_HEIGHT, ODOMETRY)
# Metres of one unit of the exact depth.
UNIT = 3.7
FARTHEST_M = 60.0

Floats = NDArray[np.float32]
DepthOf = Callable[[SimulatedFrame], Floats]
Measure = Callable[[Seen], Measured | None]


class Moment(NamedTuple):
    """What was known after a frame, and what is true of it."""

    seconds: float
    state: ScaleState
    true: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate the drives and print the table."""
    options = _parser().parse_args(arguments)
    network = network_depth(Predictor(load_checkpoint(DEFAULT_WEIGHTS), device='cpu'))
    sys.stdout.write(f'| drive | depth | {" | ".join(SOURCES)} |\n')
    sys.stdout.write(f'|---|---|{"---|" * len(SOURCES)}\n')
    for seed in options.seeds:
        frames = list(simulate_clip(_clip(seed, options), lidar=LidarSettings(columns=512)))
        for name, depth_of in (('exact', exact_depth), ('network', network)):
            cells = [told(follow(frames, source, depth_of)) for source in SOURCES]
            sys.stdout.write(f'| {seed} {options.time} | {name} | {" | ".join(cells)} |\n')
            sys.stdout.flush()
            if options.pictures is not None:
                painted = paint(frames, depth_of)
                write_file(options.pictures / f'{seed}_{name}.png', png_bytes(painted))
    return 0


def exact_depth(frame: SimulatedFrame) -> Floats:
    """Return the true depth in a strange unit."""
    return np.asarray(frame.depth / np.float32(UNIT))


def network_depth(predictor: Predictor) -> DepthOf:
    """Return what gives the depth that a network predicts."""

    def predict(frame: SimulatedFrame) -> Floats:
        depth = predictor.predict(frame.image, camera=frame.camera).depth
        assert depth is not None
        return depth

    return predict


def follow(
    frames: Sequence[SimulatedFrame],
    source: str,
    depth_of: DepthOf,
    spoil: Callable[[int, Measured | None], Measured | None] = lambda number, found: found,
) -> list[Moment]:
    """
    Go through a drive as the node does.

    :param spoil: is given the number of each frame and its measurement; what it returns counts.
    """
    measure = measure_of(source, frames)
    settings = ScaleSettings(source=source)
    scale = ScaleFilter(settings)
    moments = []
    for number, frame in enumerate(frames):
        depth, seconds = depth_of(frame), (frame.stamp_ns - frames[0].stamp_ns) / 1e9
        found = spoil(number, measure(seen(frame.image, depth, frame.camera, frame.stamp_ns)))
        if found is not None:
            scale.add(seconds, found)
        moments.append(Moment(seconds, scale.state(seconds), true_scale(frame.depth, depth)))
    return moments


def measure_of(source: str, frames: Iterable[SimulatedFrame]) -> Measure:
    """Return a source that knows of a drive what a vehicle would tell it."""
    known = list(frames)
    if source == CAMERA_HEIGHT:
        return HeightScale(lambda: float(known[0].mounting.height))
    if source == ODOMETRY:
        return DistanceScale(_driven_along(known), lambda: ScaleSettings().min_speed)
    turns = [turn_of(frame) for frame in known if frame.scan is not None]
    lidar: Measure = LidarScale(lambda stamp_ns, frame_id: turns)
    return lidar


def turn_of(frame: SimulatedFrame) -> Turn:
    """Return the LiDAR's turn of a frame in the axes of its camera."""
    scan = frame.scan
    assert scan is not None
    points = np.stack([scan.points[name] for name in 'xyz'], 1).astype(np.float32)
    camera_from_lidar = np.linalg.inv(body_from_camera(frame.mounting)) @ scan.body_from_lidar
    return Turn(scan.stamp_ns, transformed(camera_from_lidar, points))


def true_scale(metres: Floats, units: Floats) -> float:
    """Return the median of metres by units, of all pixels up to 60 m."""
    good = np.isfinite(metres) & (metres <= FARTHEST_M) & np.isfinite(units) & (units > 0)
    return float(np.median(metres[good] / units[good]))


def told(moments: Sequence[Moment], after_s: float = 5.0) -> str:
    """Return scale by true scale after some time: median and range; or why there is none."""
    ratios = [
        moment.state.value / moment.true
        for moment in moments
        if moment.state.is_metric and moment.seconds >= after_s
    ]
    if not ratios:
        return moments[-1].state.text
    return f'{np.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})'


def paint(frames: Sequence[SimulatedFrame], depth_of: DepthOf) -> NDArray[np.uint8]:
    """Return the last frame with a measured motion, with all that the estimates rest on."""
    measure = DistanceScale(_driven_along(frames), lambda: 0.1)
    chosen, previous = frames[-1], frames[-2]
    for before, frame in pairwise(frames):
        motion = measure.motion
        measure(seen(frame.image, depth_of(frame), frame.camera, frame.stamp_ns))
        if measure.motion is not motion:
            chosen, previous = frame, before
    small = seen(previous.image, depth_of(previous), previous.camera, previous.stamp_ns)
    picture = cv2.resize(small.image, None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST)
    ground = find_ground(small.depth, small.camera)
    if isinstance(ground, Ground):
        for row, column in zip(ground.rows, ground.columns, strict=True):
            cv2.circle(picture, (int(4 * column) + 2, int(4 * row) + 2), 2, (40, 200, 40), -1)
    if measure.motion is not None and chosen is not previous:
        _paint_ways(picture, measure.motion)
    return np.asarray(picture, np.uint8)


def _paint_ways(picture: NDArray[Any], motion: Any) -> None:
    places = zip(motion.columns, motion.rows, motion.places, strict=True)
    for column, row, (across, down) in list(places)[::8]:
        start = (int(4 * column) + 2, int(4 * row) + 2)
        if math.hypot(across - column, down - row) < 100:
            cv2.line(picture, start, (int(4 * across) + 2, int(4 * down) + 2), (255, 60, 60), 1)
            cv2.circle(picture, start, 2, (255, 60, 60), 1)


def _driven_along(frames: Sequence[SimulatedFrame]) -> Callable[[int, int], float]:
    places = {frame.stamp_ns: frame.world_from_camera[:3, 3] for frame in frames}
    return lambda first, second: float(np.linalg.norm(places[second] - places[first]))


def _clip(seed: int, options: argparse.Namespace) -> ClipSettings:
    return ClipSettings(seed=seed, frames=options.frames, height=160, width=256, time=options.time)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--seeds', type=int, nargs='+', default=range(301, 307), help='of the drives (301 to 306)'
    )
    parser.add_argument('--frames', type=int, default=80, help='of each drive, 10 a second (80)')
    parser.add_argument('--time', choices=('night', 'day'), default='night')
    parser.add_argument('--pictures', type=Path, help='folder for one picture of each drive')
    return parser


if __name__ == '__main__':
    sys.exit(main())
