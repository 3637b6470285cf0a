"""Plots of a report: where frames stand in time, and what may be joined by a line."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from report_making import frame_record, make_report

pytest.importorskip('matplotlib', reason='matplotlib is not installed')

from steps_ros.eval import report_plots as plots
from steps_ros.eval.report import Curve


def test_drives_stand_one_after_the_other() -> None:
    frames = [
        frame_record(number, drive, '/camera', str(number))._replace(second=second)
        for number, (drive, second) in enumerate(
            [('a', 0.0), ('a', 10.0), ('b', 5.0), ('b', 15.0)]
        )
    ]
    timeline = plots.make_timeline(frames)
    assert timeline.unit == 'time, s'
    # Three hundredths of the twenty seconds lie between them.
    assert timeline.x.tolist() == pytest.approx([0.0, 10.0, 10.6, 20.6])
    assert timeline.starts == (('a', 0.0), ('b', pytest.approx(10.6)))


def test_frames_without_stamps_are_counted() -> None:
    frames = [frame_record(number, 'a', '/camera', '')._replace(second=0.0) for number in range(3)]
    timeline = plots.make_timeline(frames)
    assert timeline.unit == 'frame'
    assert timeline.x.tolist() == [0, 1, 2]


def test_lines_end_at_gaps_and_drives() -> None:
    x = np.array([0.0, 1.0, 2.0, 9.0, 10.0, 11.0])
    drives = np.array([0, 0, 0, 0, 1, 1])
    line_x, line_y = plots.broken_line(x, x, drives)
    assert np.flatnonzero(np.isnan(line_x)).tolist() == [3, 5]
    assert np.array_equal(line_x, line_y, equal_nan=True)


def test_what_no_frame_has_is_left_out() -> None:
    names = [item.label for item in plots.known_series(make_report().frames, 'median')]
    assert names == ['abs_rel', 'scale', 'flicker', 'luminance', 'unpredicted']


def test_same_report_same_bytes() -> None:
    report = make_report()
    first, second = (plots.series_plot(report, plots.NARROW) for _ in range(2))
    assert first == second
    assert (first.width, first.height) == (370, 5 * 120 + 60)


def test_long_drives_stay_small() -> None:
    frames = tuple(frame_record(number, 'a', '/camera', '') for number in range(3000))
    assert len(plots.series_plot(make_report(frames), plots.NARROW).svg) < 300_000


def test_empty_bins_and_hostile_names() -> None:
    nothing = (math.nan, math.nan)
    plot = plots.curve_plot(Curve('range', 'depth $_{', (1.0, 2.0), nothing, nothing, (0, 0)))
    assert b'<svg' in plot.svg
    frames = (frame_record(0, '$\\frac{', '$x_{\n', ''), frame_record(1, 'b$', 'c', ''))
    report = dataclasses.replace(make_report(frames), worst=())
    assert b'<svg' in plots.series_plot(report, plots.WIDE).svg
