"""
Weights beside each other: those that a benchmark is given, under names that tell them apart.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from steps_ros.core.checkpoint import load_checkpoint
from steps_ros.inference.predictor import Predictor
from steps_ros.shipped_weights import DEFAULT_WEIGHTS, METAVAR, weights_file


def comparison_parser(module: str, what: str) -> argparse.ArgumentParser:
    """
    Return the command line of a benchmark of weights: ``input``, ``out`` and ``checkpoint``.

    :param what: an input is, in a word or two.
    """
    parser = argparse.ArgumentParser(prog=f'python -m steps_ros.bench.{module}')
    add = parser.add_argument
    add('input', nargs='+', type=Path, metavar='PATH', help=what)
    add('--out', type=Path, required=True, metavar='DIR', help='folder of the results')
    add(
        '--checkpoint', type=weights_file, action='append', default=[], metavar=METAVAR,
        help='weights, again for more (default: default)',
    )  # fmt: skip
    return parser


def predictors_of(paths: Sequence[Path]) -> dict[str, Predictor]:
    """
    Return a predictor for each of the weights, those of the default where there are none, by name.

    :raises CheckpointError: one of them cannot be read.
    """
    paths = paths or [DEFAULT_WEIGHTS]
    predictors = (Predictor(load_checkpoint(path), device='cpu') for path in paths)
    return dict(zip(names_of(paths), predictors, strict=True))


def names_of(paths: Sequence[Path]) -> list[str]:
    """Return the name of each path: the file's, the whole path where others are called alike."""
    stems = [path.stem for path in paths]
    return [
        stem if stems.count(stem) == 1 else str(path)
        for stem, path in zip(stems, paths, strict=True)
    ]
