"""
What the numbers of an evaluation come to: means with intervals, tables, and a verdict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
import math
from typing import Any

import numpy as np

from steps_ros import __version__
from steps_ros.errors import SourceError
from steps_ros.eval.bootstrap import block_interval, block_length
from steps_ros.eval.comparisons import (
    BASELINES,
    compare_methods,
    Compared,
    METHODS,
    residual_correlation,
)
from steps_ros.eval.evaluation import Evaluation
from steps_ros.eval.findings import (
    beats_baselines,
    by_light,
    covers,
    follows_picture,
    steadiness,
)
from steps_ros.eval.gallery import Enhance
from steps_ros.eval.metrics import DepthErrors, Doubles, UNKNOWN_ERRORS
from steps_ros.eval.report import (
    ALIGNMENTS,
    DataFile,
    FrameRecord,
    Interval,
    METRICS,
    NETWORK,
    Report,
    Row,
    Table,
)
from steps_ros.eval.spool import Points

WORST = 10
# A trend over less says nothing about a minute.
LEAST_DRIFT_S = 20.0


@dataclass(frozen=True)
class Circumstances:
    """
    What a report says beside its numbers.

    ``data`` are the inputs and their hashes, ``dropped`` counts the pictures that never became
    a sample by reason, ``described`` has settings by name; ``is_partial`` where not all was read.
    """

    data: Sequence[DataFile] = ()
    dropped: Counter[str] = field(default_factory=Counter)
    described: dict[str, Any] = field(default_factory=dict)
    is_partial: bool = False


def conclude(
    evaluation: Evaluation,
    around: Circumstances = Circumstances(),
    enhance: Enhance | None = None,
) -> Report:
    """
    Return the report on all frames of an evaluation.

    :param enhance: brightens the pictures that are shown.
    :raises SourceError: no frame could be compared.
    """
    reasons = around.dropped + evaluation.dropped
    if not evaluation.records:
        told = '; '.join(f'{count} x {reason}' for reason, count in reasons.most_common(3))
        raise SourceError(f'not one frame could be compared: {told or "there are none"}')
    records, headline = evaluation.records, evaluation.settings.headline
    block = _block(records)
    compared = _compared(evaluation)
    errors = np.array([record.errors for record in records])
    methods = _method_errors(compared, len(records))
    correlation = residual_correlation(np.sum([item.moments for item in compared], axis=0))
    summary = {**_summary(records, block), **_reference_steadiness(evaluation)}
    abs_rel = errors[:, headline, 0]
    findings = (
        *beats_baselines(methods[:, :, headline, 0], block),
        follows_picture(correlation, len(records)),
        covers(_unpredicted(records)),
        *steadiness(summary),
        *by_light(evaluation.parts.rows(1, block), headline),
    )
    median = float(np.nanmedian(abs_rel)) if np.isfinite(abs_rel).any() else math.nan
    return Report(
        version=__version__,
        is_partial=around.is_partial,
        settings={**_described(evaluation, block, compared), **around.described},
        data=tuple(around.data),
        pairs=evaluation.pairs,
        dropped=dict(reasons),
        unpredicted=_unpredicted(records),
        overall=_overall(errors, block),
        findings=findings,
        tables=_tables(evaluation, errors, methods, block),
        residual_correlation=correlation,
        summary=summary,
        curves=(evaluation.parts.curve(0), evaluation.parts.curve(1)),
        frames=tuple(records),
        worst=tuple(_worst(abs_rel)),
        shown=tuple(evaluation.gallery.shown(median, evaluation.settings.protocol.cap, enhance)),
    )


def _compared(evaluation: Evaluation) -> list[Compared]:
    """Return network and baselines side by side, for each camera of each drive."""
    groups = evaluation.groups.values()
    sizes = {number: group.size for group in groups for number in group.numbers}

    def load(number: int) -> Points:
        return evaluation.spool.get(number, sizes[number])

    protocol = evaluation.settings.protocol
    return [compare_methods(group, load, protocol) for group in groups]


def _overall(errors: Doubles, block: int) -> dict[str, dict[str, Interval]]:
    """Return the mean of every metric over frames (N, 3, 9) by alignment and name."""
    return {
        alignment: {
            metric: block_interval(errors[:, number, column], block)
            for column, metric in enumerate(METRICS)
        }
        for number, alignment in enumerate(ALIGNMENTS)
    }


def _block(records: Sequence[FrameRecord]) -> int:
    return block_length(np.array([record.second for record in records]))


def _unpredicted(records: Sequence[FrameRecord]) -> float:
    pixels = np.array([record.pixels for record in records])
    return float(np.average([record.unpredicted for record in records], weights=pixels))


def _worst(abs_rel: Doubles) -> list[int]:
    order = np.argsort(-np.nan_to_num(abs_rel, nan=-1.0), kind='stable')
    return [int(number) for number in order[:WORST] if math.isfinite(abs_rel[number])]


def _method_errors(compared: Sequence[Compared], frames: int) -> Doubles:
    """Return (methods, frames, alignments, 9)."""
    errors = np.full((len(METHODS), frames, len(ALIGNMENTS), len(METRICS)), np.nan)
    for item in compared:
        for frame in item.frames:
            errors[:, frame.number] = frame.errors
    return errors


def _tables(
    evaluation: Evaluation, errors: Doubles, methods: Doubles, block: int
) -> tuple[Table, ...]:
    records, headline = evaluation.records, evaluation.settings.headline
    everything = np.ones(len(records), np.bool_)
    network = _frame_row(NETWORK, records, errors, everything, headline, block)
    others = [
        _frame_row(name, records, method, everything, headline, block)._replace(unpredicted=0.0)
        for name, method in zip(BASELINES, methods[1:], strict=True)
    ]
    lights = [record.light or 'no picture' for record in records]
    cameras = [f'{record.drive} {record.camera}' for record in records]
    return (
        Table('methods', 'Network and baselines, mean over frames', (network, *others)),
        Table('ranges', 'By distance of the reference, pooled over pixels',
              evaluation.parts.rows(0, block)),
        Table('light', 'By grey level around the pixel, pooled over pixels',
              evaluation.parts.rows(1, block)),
        Table('time_of_day', 'By brightness of the picture, mean over frames',
              _split(lights, records, errors, headline, block)),
        Table('cameras', 'By drive and camera, mean over frames',
              _split(cameras, records, errors, headline, block)),
    )  # fmt: skip


def _split(
    names: list[str], records: Sequence[FrameRecord], errors: Doubles, headline: int, block: int
) -> tuple[Row, ...]:
    return tuple(
        _frame_row(name, records, errors, np.array(names) == name, headline, block)
        for name in dict.fromkeys(names)
    )


def _frame_row(
    name: str, records: Sequence[FrameRecord], errors: Doubles,
    which: np.ndarray[tuple[int], np.dtype[np.bool_]], headline: int, block: int,
) -> Row:  # fmt: skip
    """Return the mean over some frames; a frame without any prediction has no errors to add."""
    chosen = [record for record, is_in in zip(records, which, strict=True) if is_in]
    values = errors[which]
    known = np.isfinite(values[:, headline, 0])
    means = values[known].mean(axis=0) if known.any() else [UNKNOWN_ERRORS] * len(ALIGNMENTS)
    return Row(
        name,
        int(known.sum()),
        sum(record.pixels for record in chosen),
        _unpredicted(chosen),
        tuple(DepthErrors(*(float(value) for value in row)) for row in means),
        block_interval(values[:, headline, 0], block),
    )


def _summary(records: Sequence[FrameRecord], block: int) -> dict[str, float]:
    """Return scale and its drift, and the steadiness over time."""
    scale = np.array([record.scale for record in records])
    logs = np.log(scale[np.isfinite(scale) & (scale > 0)])
    numbers = {
        'scale.median': float(np.exp(np.median(logs))) if len(logs) else math.nan,
        'scale.spread': _spread(logs),
        'scale.drift_per_minute': _drift(records),
    }
    for name in ('flicker', 'ego_error'):
        values = np.array([getattr(record, name) for record in records])
        interval = block_interval(values, block)
        numbers[f'temporal.{name}'] = interval.value
        numbers[f'temporal.{name}.low'], numbers[f'temporal.{name}.high'] = interval[1:]
    gaps = [abs(record.gap_ms) for record in records]
    numbers['pairing.mean_gap_ms'], numbers['pairing.largest_gap_ms'] = (
        float(np.mean(gaps)), max(gaps)
    )  # fmt: skip
    return numbers


def _reference_steadiness(evaluation: Evaluation) -> dict[str, float]:
    """Return what the reference itself scores, where it is dense enough to say."""
    pairs = np.array(evaluation.reference_steadiness).reshape(-1, 2)
    names = ('temporal.flicker.reference', 'temporal.ego_error.reference')
    return {
        name: block_interval(values, 1).value
        for name, values in zip(names, pairs.T, strict=True)
        if np.isfinite(values).any()
    }


def _spread(logs: Doubles) -> float:
    """Return the robust standard deviation of the scale as a share of it (1.4826 MAD)."""
    if len(logs) < 2:
        return math.nan
    return float(np.expm1(1.4826 * np.median(np.abs(logs - np.median(logs)))))


def _drift(records: Sequence[FrameRecord]) -> float:
    """Return the trend of the scale in drives of 20 s or more, as a share per minute."""
    drifts = []
    for drive in dict.fromkeys((record.drive, record.camera) for record in records):
        of_drive = [item for item in records if (item.drive, item.camera) == drive]
        known = [item for item in of_drive if math.isfinite(item.scale) and item.scale > 0]
        seconds = np.array([item.second for item in known])
        if len(known) > 2 and np.ptp(seconds) > LEAST_DRIFT_S:
            slope = np.polyfit(seconds / 60, np.log([item.scale for item in known]), 1)[0]
            drifts.append(math.expm1(slope))
    return float(np.mean(drifts)) if drifts else math.nan


def _described(evaluation: Evaluation, block: int, compared: Sequence[Compared]) -> dict[str, Any]:
    settings, protocol = evaluation.settings, evaluation.settings.protocol
    grounds = ', '.join(dict.fromkeys(item.ground or 'none found' for item in compared))
    return {
        'protocol': protocol.name,
        'alignment of verdicts': settings.alignment,
        'cap_m': protocol.cap,
        'min_depth_m': protocol.min_depth,
        'crop': list(protocol.crop) if protocol.crop else 'none',
        'centre_crop': list(protocol.centre) if protocol.centre else 'none',
        'prediction read': protocol.resize,
        'ground plane': grounds,
        'bootstrap': f'1000 draws of blocks of {block} frame(s), 95 %',
    }
