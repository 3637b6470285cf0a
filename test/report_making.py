"""A report of made-up numbers, for the tests of its files."""

from __future__ import annotations

import math

import numpy as np

from steps_ros.eval.metrics import DepthErrors, UNKNOWN_ERRORS
from steps_ros.eval.report import (
    ALIGNMENTS,
    Curve,
    DataFile,
    Finding,
    FrameRecord,
    Interval,
    METRICS,
    Report,
    Row,
    Table,
)
from steps_ros.eval.report_pictures import shown_frame
from steps_ros.eval.samples import Reference

NAN = math.nan
HOSTILE = '<script>alert(1)</script>"\'`|$x_$\n&amp;'
ERRORS = DepthErrors(0.15, 1.2, 5.4, 0.21, 0.8, 0.92, 0.97, 0.061, 18.4)


def scaled(factor: float) -> DepthErrors:
    """Return errors that tell where they come from."""
    return DepthErrors(*(value * factor for value in ERRORS))


def frame_record(number: int, drive: str, camera: str, stem: str) -> FrameRecord:
    """Return a frame whose numbers follow from ``number``; every seventh has no prediction."""
    factor = 1 + 0.5 * math.sin(number / 3)
    is_known = number % 7 != 6
    errors = tuple(scaled(factor * part) if is_known else UNKNOWN_ERRORS for part in (3, 1, 0.9))
    return FrameRecord(
        drive=drive,
        camera=camera,
        stem=stem,
        stamp_ns=1_700_000_000_000_000_000 + number * 100_000_000,
        second=number / 10,
        light='night' if number % 2 else 'day',
        luminance=30 + 20 * math.cos(number / 5),
        pixels=1000 + number,
        unpredicted=0.02 * factor if is_known else 1.0,
        gap_ms=3.0,
        scale=12 + math.sin(number / 9),
        flicker=0.03 * factor if number else NAN,
        ego_error=NAN,
        errors=errors,
    )


def row(name: str, factor: float, interval: Interval | None = None) -> Row:
    """Return a row of a table."""
    errors = tuple(scaled(factor * part) for part in (3, 1, 0.9))
    return Row(name, 60, 123456, 0.031, errors, *([interval] if interval else []))


def tables() -> tuple[Table, ...]:
    """Return the five tables."""
    nothing = Row('over 80 m', 0, 0, NAN, (UNKNOWN_ERRORS,) * 3)
    network = row('network', 1, Interval(0.15, 0.141, 0.162))
    return (
        Table('methods', 'Network and baselines', (network, row('flat ground', 1.4),
              row('constant per row', 1.2), row('template', 1.1))),
        Table('ranges', 'By distance', (row('0 to 5 m', 0.5), row('5 to 10 m', 0.8), nothing)),
        Table('light', 'By grey level', (row('under-exposed', 1.5), row('well-exposed', 0.9))),
        Table('time_of_day', 'By brightness', (row('night', 1),)),
        Table('cameras', 'By drive and camera', (row(f'a.mcap {HOSTILE}', 1),)),
    )  # fmt: skip


def make_report(
    frames: tuple[FrameRecord, ...] | None = None, is_partial: bool = False, shown: int = 0
) -> Report:
    """
    Return a report of 60 frames of two drives and two cameras, one of them with a hostile name.

    :param shown: number of frames in pictures.
    """
    if frames is None:
        frames = tuple(
            frame_record(
                number,
                '/bags/first.mcap' if number < 40 else '/bags/second.mcap',
                '/left/image_raw' if number % 2 else f'/right/{HOSTILE}',
                HOSTILE if number == 3 else f'{number:06d}',
            )
            for number in range(60)
        )
    overall = {
        alignment: {
            metric: Interval(value * part, value * part * 0.9, value * part * 1.1)
            for metric, value in zip(METRICS, ERRORS, strict=True)
        }
        for alignment, part in zip(ALIGNMENTS, (3, 1, 0.9), strict=True)
    }
    overall['scale_shift']['silog'] = Interval(NAN, NAN, NAN)
    return Report(
        version='0.3.0',
        is_partial=is_partial,
        settings={
            'protocol': 'default', 'alignment of verdicts': 'median', 'cap_m': 80.0,
            'crop': [0.4, 1.0, 0.0, 1.0], 'nested': {'topic': HOSTILE, 'limit': NAN, 'none': None},
            'is_live': True,
        },
        data=(DataFile('/bags/first.mcap', 'ab' * 32), DataFile(f'/bags/{HOSTILE}', 'cd' * 32)),
        pairs=len(frames) + 2,
        dropped={'no reference within tolerance': 2, HOSTILE: 1},
        unpredicted=0.031,
        overall=overall,
        findings=(
            Finding('Better than flat ground?', 'good', 'abs_rel 0.150 against 0.210'),
            Finding('Does it follow the picture?', 'unclear', 'correlation 0.41'),
            Finding('Is depth there at all?', 'bad', HOSTILE),
            Finding('Is depth steady in time?', 'note', 'flicker 3.0 %'),
        ),
        tables=tables(),
        residual_correlation=0.412345,
        summary={'scale.median': 12.3456, 'temporal.ego_error': NAN},
        curves=(
            Curve('range', 'reference depth, m', (2.5, 7.5, 15.0), (0.1, NAN, 0.3),
                  (0.0, NAN, -0.1), (100, 0, 30)),
            Curve('luminance', 'grey level', (1.0, 10.0, 100.0), (0.4, 0.2, 0.1),
                  (0.1, 0.02, 0.01), (10000, 5000, 300)),
        ),
        frames=frames,
        worst=tuple(range(min(10, len(frames)))),
        shown=tuple(make_shown(number) for number in range(shown)),
    )  # fmt: skip


def make_shown(number: int) -> object:
    """Return a small frame in pictures."""
    rows, columns = np.mgrid[:24, :40].astype(np.float32)
    depth = 80 / (1 + rows)
    points = Reference(columns[::3, ::4].ravel(), rows[::3, ::4].ravel(), depth[::3, ::4].ravel(),
                       depth.shape)  # fmt: skip
    image = np.random.default_rng(number).integers(0, 256, (*depth.shape, 3), np.uint8)
    rank = ('worst', 'median', 'best')[number % 3]
    enhanced = image if number else None
    return shown_frame(rank, number, image, enhanced, depth * 1.2, points, 80.0)
