"""
Pictures of what the trainings of :mod:`steps_ros.bench.learning` came to.

``python -m steps_ros.bench.learning_sheet DIR --heldout BAG --out sheet.jpg`` shows frames of the
drive as rows: picture, exact depth, and the depth of each arm of the first seed in the exact one's
colours, aligned by the median.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
import sys

import numpy as np

from steps_ros.bench.learning import WEIGHTS
from steps_ros.bench.sheet import Picture, write_sheet
from steps_ros.core.checkpoint import load_checkpoint
from steps_ros.errors import SourceError, StepsError
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.inputs import open_samples
from steps_ros.eval.predictions import network_depth
from steps_ros.eval.protocols import PROTOCOLS
from steps_ros.eval.samples import Sample
from steps_ros.inference.colour import colour_depth, colour_range
from steps_ros.inference.predictor import Predictor


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the sheet."""
    options = _parser().parse_args(arguments)
    try:
        _write(options)
    except StepsError as error:
        print(f'learning_sheet: {error}', file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _write(options: argparse.Namespace) -> None:
    arms = _arms(options.folder)
    with open_samples(options.heldout, InputSettings()) as samples:
        rows = [
            _row(sample, arms)
            for place, sample in enumerate(samples)
            if place % options.every == 0
        ]
    write_sheet(options.out, ('picture', 'exact depth', *arms), rows)


def _arms(folder: Path) -> dict[str, Predictor]:
    """
    Return what the arms of the first seed came to, in the order they were trained in.

    :raises SourceError: there is none.
    """
    seeds = sorted(folder.glob('seed-*'))
    paths = sorted(seeds[0].glob(f'*/{WEIGHTS}'), key=_modified) if seeds else []
    if not paths:
        raise SourceError(
            f'{folder} holds no seed-*/*/{WEIGHTS}; give the --out of steps_ros.bench.learning'
        )
    return {path.parent.name: Predictor(load_checkpoint(path), device='cpu') for path in paths}


def _modified(path: Path) -> float:
    return path.parent.stat().st_mtime


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m steps_ros.bench.learning_sheet')
    parser.add_argument('folder', type=Path, metavar='DIR')
    parser.add_argument('--heldout', type=Path, required=True, metavar='BAG')
    parser.add_argument('--out', type=Path, required=True, metavar='JPG')
    parser.add_argument('--every', type=int, default=40, metavar='N', help='frames to a row (40)')
    return parser


def _row(sample: Sample, arms: dict[str, Predictor]) -> list[Picture]:
    assert sample.image is not None
    exact = np.full(sample.reference.size, np.inf, np.float32)
    places = (sample.reference.rows.astype(int), sample.reference.columns.astype(int))
    exact[places] = sample.reference.depth
    colours = colour_range(sample.reference.depth)
    tiles = [sample.image, colour_depth(exact, *colours)]
    for predictor in arms.values():
        depth = network_depth(predictor, PROTOCOLS['default'], 1.0, sample)
        scale = np.median(sample.reference.depth) / np.median(depth[places])
        tiles.append(colour_depth(depth * np.float32(scale), *colours))
    return tiles


if __name__ == '__main__':
    sys.exit(main())
