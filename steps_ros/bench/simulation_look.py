"""
Simulated pictures beside real ones: contact sheets, histograms, numbers.

``python -m steps_ros.bench.simulation_look --real FOLDER --out DIR`` draws 24 streets by night and
by day and measures them and the pictures in FOLDER: each subfolder is a set, one with ``day`` or
``kitti`` in its name is a day. Written: ``night.png`` and ``day.png`` (simulated rows, then real
ones), ``histograms.png``, ``numbers.json``. What is real is only read.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
import sys

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.bench.picture_statistics import (
    at_width,
    LEVELS,
    NAMES,
    noise_by_level,
    Statistics,
    statistics,
)
from steps_ros.data.outputs import json_bytes, png_bytes, write_file
from steps_ros.sim.clip import simulate_clip, SimulatedFrame
from steps_ros.sim.settings import ClipSettings

Picture = NDArray[np.uint8]
TIMES = ('night', 'day')
_TILE, _COLUMNS = (256, 150), 6
_MOST_OF_A_SET = 12
_SUFFIXES = ('.jpg', '.jpeg', '.png')
_DISTANCES = (0, 5, 10, 20, 40, 80)


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw, measure and write."""
    options = _parser().parse_args(arguments)
    numbers: dict[str, object] = {}
    curves: list[tuple[str, list[Picture], list[Picture]]] = []
    for time in TIMES:
        frames = drawn(time, options.scenes, options.seed)
        sets = real_sets(options.real, time)
        pictures = [frame.image for frame in frames]
        real = [picture for group in sets.values() for picture in group]
        numbers[time] = compared(pictures, sets) | {
            'simulated depth': depth_shares([frame.depth for frame in frames])
        }
        curves.append((time, pictures, real))
        write_file(options.out / f'{time}.png', png_bytes(sheet([pictures, real[:24]])))
    if known := real_depth(options.real):
        numbers['real depth'] = depth_shares(known)
    write_file(options.out / 'histograms.png', png_bytes(histograms(curves)))
    write_file(options.out / 'numbers.json', json_bytes(numbers))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m steps_ros.bench.simulation_look')
    add = parser.add_argument
    add('--real', type=Path, required=True, help='folder with a subfolder for each set')
    add('--out', type=Path, required=True, help='folder for pictures and numbers')
    add('--scenes', type=int, default=24, help='streets by night and by day (24)')
    add('--seed', type=int, default=900, help='seed of the streets (900)')
    return parser


def drawn(time: str, scenes: int, seed: int) -> list[SimulatedFrame]:
    """Draw one frame from the middle of each street."""
    clips = [ClipSettings(seed, scene, 20, 144, 256, time) for scene in range(scenes)]
    return [next(simulate_clip(clip, 8, 9)) for clip in clips]


def real_sets(folder: Path, time: str) -> dict[str, list[Picture]]:
    """Read the sets of a time; long ones are thinned."""
    sets = {}
    for place in sorted(item for item in folder.iterdir() if item.is_dir()):
        is_day = 'day' in place.name or 'kitti' in place.name
        paths = sorted(
            path
            for path in place.rglob('*')
            if path.suffix.lower() in _SUFFIXES and not {'depth', 'camera_cal'} & set(path.parts)
        )
        if is_day == (time == 'day') and paths:
            step = -(-len(paths) // _MOST_OF_A_SET)
            sets[place.name] = [_read(path) for path in paths[::step]]
    return sets


def _read(path: Path) -> Picture:
    return at_width(np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR), np.uint8)[..., ::-1])


def compared(simulated: list[Picture], sets: dict[str, list[Picture]]) -> dict[str, object]:
    """Return the 10th, 50th and 90th percentile of each number, and how much lies inside."""
    real = [picture for pictures in sets.values() for picture in pictures]
    groups = {'simulated': simulated, 'real': real, **sets}
    tables = {name: _table([statistics(item) for item in group]) for name, group in groups.items()}
    low, high = np.nanquantile(tables['real'], (0.025, 0.975), axis=0)
    ours = tables['simulated']
    inside = np.nanmean((ours >= low) & (ours <= high), axis=0)
    noise = {
        name: _rounded(np.nanmedian([noise_by_level(item) for item in group], axis=0))
        for name, group in (('simulated', simulated), ('real', real))
    }
    return {
        'percentiles': {name: _percentiles(table) for name, table in tables.items()},
        'share of simulated inside 95 % of real': dict(zip(NAMES, _rounded(inside), strict=True)),
        'noise by level': {'levels': list(LEVELS), **noise},
    }


def _table(rows: list[Statistics]) -> NDArray[np.float64]:
    return np.array([[getattr(row, name) for name in NAMES] for row in rows], np.float64)


def _percentiles(table: NDArray[np.float64]) -> dict[str, list[float | None]]:
    values = np.nanquantile(table, (0.1, 0.5, 0.9), axis=0).T
    return {name: _rounded(row) for name, row in zip(NAMES, values, strict=True)}


def _rounded(values: NDArray[np.floating]) -> list[float | None]:
    return [round(float(value), 4) if np.isfinite(value) else None for value in values]


def real_depth(folder: Path) -> list[NDArray[np.float32]]:
    """Return the depth pictures in subfolders ``depth``: 16 bit, metres x 256, 0 not known."""
    paths = sorted(folder.glob('*/depth/*.png'))
    images = [np.asarray(cv2.imread(str(path), -1), np.float32) / 256 for path in paths]
    return [np.where(image > 0, image, np.float32(np.nan)) for image in images]


def depth_shares(depths: list[NDArray[np.float32]]) -> dict[str, float]:
    """Return which share of what is nearer than 80 m lies at which distance in metres."""
    depth = np.concatenate([item.ravel() for item in depths])
    counts, _ = np.histogram(depth[depth < _DISTANCES[-1]], _DISTANCES)
    return {
        f'{low} to {high} m': round(float(count / counts.sum()), 4)
        for (low, high), count in zip(pairwise(_DISTANCES), counts, strict=True)
    }


def sheet(groups: list[list[Picture]]) -> Picture:
    """Return all pictures in rows, each group on rows of its own with a white line between."""
    rows = []
    for group in groups:
        tiles = [cv2.resize(item, _TILE, interpolation=cv2.INTER_AREA) for item in group]
        tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % _COLUMNS) if tiles else []
        rows += [np.hstack(tiles[at : at + _COLUMNS]) for at in range(0, len(tiles), _COLUMNS)]
        rows.append(np.full((4, _TILE[0] * _COLUMNS, 3), 255, np.uint8))
    return np.asarray(np.vstack(rows), np.uint8)


def histograms(curves: list[tuple[str, list[Picture], list[Picture]]]) -> Picture:
    """Plot luminance, gradient and noise against level, simulated over real."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure((12, 7), layout='constrained')
    axes = figure.subplots(len(curves), 3)
    middles = [(low + high) / 2 for low, high in pairwise(LEVELS)]
    for row, (time, *groups) in zip(axes, curves, strict=True):
        for name, group in zip(('simulated', 'real'), groups, strict=True):
            grey = [cv2.cvtColor(at_width(item), cv2.COLOR_RGB2GRAY) for item in group]
            levels = np.concatenate([item.ravel() for item in grey])
            steps = np.concatenate([np.diff(item.astype(int)).ravel() for item in grey])
            row[0].hist(levels, 64, (0, 256), density=True, histtype='step', log=True, label=name)
            row[1].hist(
                abs(steps), 64, (0, 128), density=True, histtype='step', log=True, label=name
            )
            noise = np.nanmedian([noise_by_level(item) for item in group], axis=0)
            row[2].plot(middles, noise, 'o-', label=name)
        for axis, label in zip(row, ('luminance', 'gradient', 'noise against level'), strict=True):
            axis.set_title(f'{time}: {label}')
            axis.legend()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])


if __name__ == '__main__':
    sys.exit(main())
