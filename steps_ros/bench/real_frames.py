"""
How good weights are on frames with measured depth, and on the same frames by night.

``python -m steps_ros.bench.real_frames FOLDER... --out DIR`` takes folders or recordings of day
frames, darkens each frame (:mod:`steps_ros.sim.darkening`), and measures both with the shipped
weights (``--checkpoint`` for others, several to compare them) beside the baselines of
``steps-ros evaluate``. Written: ``real_frames.md``, ``real_frames.json``, and ``real_frames.jpg``
with each frame, its depth, the darkened frame, and its depth. All frames are held in memory.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
import sys
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from steps_ros.bench.sheet import Picture, write_sheet
from steps_ros.core.checkpoint import DEFAULT_WEIGHTS, load_checkpoint
from steps_ros.data.outputs import json_bytes, write_file
from steps_ros.errors import StepsError
from steps_ros.eval.conclusion import conclude
from steps_ros.eval.evaluation import Evaluation, EvaluationSettings
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.inputs import open_samples
from steps_ros.eval.predictions import network_depth
from steps_ros.eval.protocols import PROTOCOLS
from steps_ros.eval.report import ALIGNMENTS, NETWORK, Report
from steps_ros.eval.samples import Sample
from steps_ros.eval.spool import Spool
from steps_ros.inference.colour import colour_depth, colour_range
from steps_ros.inference.predictor import Predictor
from steps_ros.sim.darkening import darkened

DAY, NIGHT = 'as recorded', 'darkened'
COLUMNS = ('picture', 'depth', 'darkened', 'depth')
TILE = (320, 180)
MEDIAN = ALIGNMENTS.index('median')


class Measured(NamedTuple):
    """
    What one network makes of the ``frames`` of one ``source`` in one light.

    ``abs_rel`` after median alignment, by method: the network and the baselines; NaN where a
    baseline needs more frames of one camera. ``correlation`` is beyond the mean map.
    """

    weights: str
    source: str
    light: str
    frames: int
    abs_rel: dict[str, float]
    correlation: float
    unpredicted: float

    def plain(self) -> dict[str, Any]:
        """Return names and numbers alone, for JSON."""
        return self._asdict()


def main(arguments: Sequence[str] | None = None) -> int:
    """Darken, predict, measure and write."""
    options = _parser().parse_args(arguments)
    checkpoints = options.checkpoint or [DEFAULT_WEIGHTS]
    try:
        sets = {path.name: _samples(path) for path in options.input}
        predictors = {
            path.stem: Predictor(load_checkpoint(path), device='cpu') for path in checkpoints
        }
        found = []
        for name, samples in tqdm(sets.items(), unit='set', disable=None):
            for weights, predictor in predictors.items():
                for light, frames in ((DAY, samples), (NIGHT, by_night(samples))):
                    found.append(measure(predictor, frames, weights, name, light))
        write_file(options.out / 'real_frames.json', json_bytes([one.plain() for one in found]))
        write_file(options.out / 'real_frames.md', table(found).encode())
        first = next(iter(predictors.values()))
        rows = [pictures(first, sample) for frames in sets.values() for sample in frames]
        write_sheet(options.out / 'real_frames.jpg', COLUMNS, rows, TILE)
    except StepsError as error:
        print(f'real_frames: {error}', file=sys.stderr)  # noqa: T201
        return 1
    sys.stdout.write(table(found))
    return 0


def by_night(samples: Iterable[Sample]) -> list[Sample]:
    """Return the samples with darkened pictures, the same ones each time."""
    return [
        sample
        if sample.image is None
        else sample._replace(image=darkened(sample.image, np.random.default_rng(number)))
        for number, sample in enumerate(samples)
    ]


def measure(
    predictor: Predictor, samples: Sequence[Sample], weights: str, source: str, light: str
) -> Measured:
    """
    Evaluate one network on some frames.

    :raises SourceError: not one frame could be compared.
    """
    with Spool() as spool:
        evaluation = Evaluation(EvaluationSettings(), spool)
        evaluation.add_all(samples, partial(network_depth, predictor, PROTOCOLS['default'], 1.0))
        report = conclude(evaluation)
    return Measured(
        weights,
        source,
        light,
        len(report.frames),
        _by_method(report),
        report.residual_correlation,
        report.unpredicted,
    )


def table(found: Sequence[Measured]) -> str:
    """Return a line for each measurement, and how much worse the dark makes it, as Markdown."""
    methods = list(found[0].abs_rel)
    heads = ('frames', 'light', 'weights', *methods, 'correlation', 'unpredicted', 'dark / day')
    lines = [f'| {" | ".join(heads)} |', '|---' * len(heads) + '|']
    by_day = {(one.weights, one.source): one.abs_rel[NETWORK] for one in found if one.light == DAY}
    for one in found:
        worse = one.abs_rel[NETWORK] / by_day[one.weights, one.source]
        cells = (
            f'{one.source} ({one.frames})',
            one.light,
            one.weights,
            *(_number(one.abs_rel[method]) for method in methods),
            _number(one.correlation),
            f'{100 * one.unpredicted:.1f} %',
            '' if one.light == DAY else f'{worse:.2f}',
        )
        lines.append(f'| {" | ".join(cells)} |')
    return '\n'.join(lines) + '\n'


def pictures(predictor: Predictor, sample: Sample) -> list[Picture]:
    """Return picture, depth, darkened picture and its depth, in one range of colours."""
    (night,) = by_night([sample])
    assert sample.image is not None
    assert night.image is not None
    depths = [network_depth(predictor, PROTOCOLS['default'], 1.0, one) for one in (sample, night)]
    colours = colour_range(depths[0])
    painted = [colour_depth(depth, *colours) for depth in depths]
    return [sample.image, painted[0], night.image, painted[1]]


def _by_method(report: Report) -> dict[str, float]:
    return {line.name: line.errors[MEDIAN].abs_rel for line in report.table('methods').rows}


def _number(value: float) -> str:
    return '' if np.isnan(value) else f'{value:.3f}'


def _samples(path: Path) -> list[Sample]:
    with open_samples(path, InputSettings()) as source:
        return [sample for sample in source if sample.image is not None]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m steps_ros.bench.real_frames')
    add = parser.add_argument
    add('input', nargs='+', type=Path, metavar='FOLDER', help='as steps-ros evaluate takes it')
    add('--out', type=Path, required=True, metavar='DIR')
    add(
        '--checkpoint', type=Path, action='append', metavar='FILE',
        help='weights (default: the shipped ones); again for more, the first one is pictured',
    )  # fmt: skip
    return parser


if __name__ == '__main__':
    sys.exit(main())
