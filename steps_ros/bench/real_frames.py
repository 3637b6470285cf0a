"""
How good weights are on frames with measured depth, and on the same frames by night.

``python -m steps_ros.bench.real_frames FOLDER... --out DIR`` takes folders or recordings of day
frames, darkens each frame (:mod:`steps_ros.sim.darkening`), and measures both with the shipped
weights (``--checkpoint`` for others, several to compare them) beside the baselines of
``steps-ros evaluate``. Written: ``real_frames.md``, ``real_frames.json``, and ``real_frames.jpg``
with each frame, its depth, the darkened frame, and its depth. All frames are held in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
import sys
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from steps_ros.bench.compared import comparison_parser, names_of, predictors_of
from steps_ros.bench.sheet import Picture, write_sheet
from steps_ros.data.outputs import json_bytes, write_file
from steps_ros.errors import StepsError
from steps_ros.eval.conclusion import conclude
from steps_ros.eval.evaluation import Evaluation, EvaluationSettings
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.inputs import open_samples
from steps_ros.eval.predictions import network_depth
from steps_ros.eval.protocols import PROTOCOLS
from steps_ros.eval.report import ALIGNMENTS, NETWORK, Report
from steps_ros.eval.samples import Floats, Sample
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Darken, predict, measure and write."""
    options = comparison_parser('real_frames', 'as steps-ros evaluate takes it').parse_args(
        arguments
    )
    try:
        sets = dict(zip(names_of(options.input), map(_in_both_lights, options.input), strict=True))
        predictors = predictors_of(options.checkpoint)
        found = [
            measure(predictor, samples, weights, name, light)
            for name, lights in tqdm(sets.items(), unit='set', disable=None)
            for weights, predictor in predictors.items()
            for light, samples in lights.items()
        ]
        text = table(found)
        write_file(options.out / 'real_frames.json', json_bytes([one._asdict() for one in found]))
        write_file(options.out / 'real_frames.md', text.encode())
        first = next(iter(predictors.values()))
        rows = [
            pictures(first, day, night)
            for lights in sets.values()
            for day, night in zip(*lights.values(), strict=True)
        ]
        write_sheet(options.out / 'real_frames.jpg', COLUMNS, rows, TILE)
    except StepsError as error:
        print(f'real_frames: {error}', file=sys.stderr)  # noqa: T201
        return 1
    sys.stdout.write(text)
    return 0


def measure(
    predictor: Predictor, samples: Sequence[Sample], weights: str, source: str, light: str
) -> Measured:
    """
    Evaluate one network on some frames.

    :raises SourceError: not one frame could be compared.
    """
    with Spool() as spool:
        evaluation = Evaluation(EvaluationSettings(), spool)
        evaluation.add_all(samples, partial(_depth, predictor))
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


def pictures(predictor: Predictor, *lights: Sample) -> list[Picture]:
    """Return picture and depth in each light, all depth in the colours of the first."""
    depths = [_depth(predictor, sample) for sample in lights]
    colours = colour_range(depths[0])
    shown: list[Picture] = []
    for sample, depth in zip(lights, depths, strict=True):
        assert sample.image is not None
        shown += [sample.image, colour_depth(depth, *colours)]
    return shown


def _depth(predictor: Predictor, sample: Sample) -> Floats:
    """Return what the node would say: pictures by day are not enhanced."""
    return network_depth(predictor, PROTOCOLS['default'], 1.0, sample, light='auto')


def _by_method(report: Report) -> dict[str, float]:
    return {line.name: line.errors[MEDIAN].abs_rel for line in report.table('methods').rows}


def _number(value: float) -> str:
    return '' if np.isnan(value) else f'{value:.3f}'


def _in_both_lights(path: Path) -> dict[str, list[Sample]]:
    """Return the samples that have a picture, as recorded and darkened, in the same order."""
    with open_samples(path, InputSettings()) as source:
        lights: dict[str, list[Sample]] = {DAY: [], NIGHT: []}
        for number, sample in enumerate(source):
            if sample.image is not None:
                dark = darkened(sample.image, np.random.default_rng(number))
                lights[DAY].append(sample)
                lights[NIGHT].append(sample._replace(image=dark))
    return lights


if __name__ == '__main__':
    sys.exit(main())
