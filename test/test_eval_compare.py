"""Two reports: known changes give known differences, and what cannot be compared says so."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_making import frame_record, make_report

from steps_ros.errors import SourceError
from steps_ros.eval.compare import compare, difference
from steps_ros.eval.comparison_files import comparison_text, write_comparison
from steps_ros.eval.metrics import DepthErrors
from steps_ros.eval.report import FrameRecord, METRICS, Report
from steps_ros.eval.report_files import json_text

FRAMES = tuple(frame_record(number, 'a', '/camera', f'{number:06d}') for number in range(40))


def saved(path: Path, report: Report) -> Path:
    path.write_text(json_text(report.plain()))
    return path


def shifted(frames: tuple[FrameRecord, ...], amount: float) -> tuple[FrameRecord, ...]:
    return tuple(
        frame._replace(
            errors=tuple(DepthErrors(*(value + amount for value in item)) for item in frame.errors)
        )
        for frame in frames
    )


@pytest.fixture
def first(tmp_path: Path) -> Path:
    return saved(tmp_path / 'a.json', make_report(FRAMES))


def test_identical_reports_do_not_differ(first: Path) -> None:
    comparison = compare(first, first)
    assert (comparison.frames, comparison.only_first, comparison.only_second) == (40, 0, 0)
    assert comparison.warnings == ()
    assert comparison.settings == ()
    assert {item.change[:] for item in comparison.differences if item.frames} == {(0, 0, 0)}
    # There is no odometry in these drives.
    assert {item.verdict for item in comparison.differences if item.frames} == {'same'}
    unknown = [item for item in comparison.differences if not item.frames]
    assert [(item.metric, item.verdict) for item in unknown] == [('ego_error', 'not clear')]


def test_constant_shift_is_found_exactly(first: Path, tmp_path: Path) -> None:
    second = saved(tmp_path / 'b.json', make_report(shifted(FRAMES, 0.25)))
    comparison = compare(first, second)
    for item in comparison.differences[:27]:
        assert item.change == pytest.approx((0.25, 0.25, 0.25))
        assert item.second - item.first == pytest.approx(0.25)
        # Every seventh frame has no prediction.
        assert item.frames == 35
        assert item.verdict == ('better' if item.metric in ('a1', 'a2', 'a3') else 'worse')
    head = comparison.headline()
    assert (head.alignment, head.metric) == ('median', 'abs_rel')
    known = [frame.errors[1].abs_rel for frame in FRAMES if frame.errors[1].abs_rel > 0]
    assert head.first == pytest.approx(np.mean(known))


def test_noise_around_zero_is_not_clear() -> None:
    noise = np.random.default_rng(0).normal(0, 1, 200)
    values = np.stack([np.zeros(200), noise - noise.mean()], 1)
    item = difference('median', 'rmse', values, 1)
    assert item.verdict == 'not clear'
    assert item.change.low == pytest.approx(-1.96 / np.sqrt(200), rel=0.2)
    assert item.change.high == pytest.approx(1.96 / np.sqrt(200), rel=0.2)


def test_single_frame_is_not_clear() -> None:
    assert difference('median', 'rmse', np.array([[1.0, 2.0]]), 1).verdict == 'not clear'


def test_frames_match_by_stem_else_by_stamp(first: Path, tmp_path: Path) -> None:
    others = tuple(
        frame._replace(stem=f'other {number}') if number < 10 else frame._replace(stamp_ns=0)
        for number, frame in enumerate(FRAMES)
    )
    elsewhere = frame_record(3, 'a', '/another', '000003')
    second = saved(tmp_path / 'b.json', make_report((*others, elsewhere)))
    comparison = compare(first, second)
    assert (comparison.frames, comparison.only_first, comparison.only_second) == (40, 0, 1)


def test_rows_of_tables(first: Path, tmp_path: Path) -> None:
    report = make_report(FRAMES)
    light = report.table('light')
    halved = tuple(
        row._replace(errors=tuple(DepthErrors(*(v / 2 for v in item)) for item in row.errors))
        for row in light.rows[:1]
    )
    tables = (*(table for table in report.tables if table.name == 'ranges'),
              light._replace(rows=halved))  # fmt: skip
    second = saved(tmp_path / 'b.json', dataclasses.replace(report, tables=tables))
    comparison = compare(first, second)
    assert {table.name: len(table.rows) for table in comparison.tables} == {
        'ranges': 9,
        'light': 3,
    }
    row = comparison.tables[1].rows[1]
    assert (row.name, row.alignment) == ('under-exposed', 'median')
    assert row.change == pytest.approx(-np.array(light.rows[0].errors[1]) / 2)


def test_what_is_unequal_is_said(first: Path, tmp_path: Path) -> None:
    report = make_report(FRAMES[:30], is_partial=True)
    other = dataclasses.replace(
        report,
        version='9.9',
        data=report.data[:1],
        settings={**report.settings, 'cap_m': 60.0, 'crop': 'none', 'checkpoint': 'b.safetensors'},
        frames=(report.frames[0]._replace(pixels=1), *report.frames[1:]),
    )
    comparison = compare(first, saved(tmp_path / 'b.json', other))
    told = '\n'.join(comparison.warnings)
    assert 'SHA-256' in told
    assert '"cap_m" differs, 80 against 60' in told
    assert '"crop"' in told
    assert '1 of 30 frames' in told
    assert 'b.json is partial' in told
    assert '10 frames are in one report' in told
    assert '0.3.0 against 9.9' in told
    assert 'checkpoint' not in told
    assert [item.name for item in comparison.settings] == ['cap_m', 'crop', 'checkpoint']


def test_files_hold_the_same_numbers(first: Path, tmp_path: Path) -> None:
    pytest.importorskip('jinja2', reason='jinja2 is not installed')
    second = saved(tmp_path / 'b.json', make_report(shifted(FRAMES, -0.0125)))
    comparison = compare(first, second)
    write_comparison(comparison, tmp_path / 'out')
    content = json.loads((tmp_path / 'out' / 'comparison.json').read_text())
    line = next(
        item for item in content['differences']
        if (item['alignment'], item['metric']) == ('median', 'abs_rel')
    )  # fmt: skip
    assert line['difference'] == pytest.approx(-0.0125)
    assert line['interval'] == pytest.approx([-0.0125, -0.0125])
    assert line['verdict'] == 'better'
    assert len(content['differences']) == 3 * len(METRICS) + 3
    for name in ('comparison.html', 'comparison.md'):
        text = (tmp_path / 'out' / name).read_text()
        assert 'B is better. abs_rel under median alignment' in text
        assert '-0.0125' in text
        assert '<script>alert' not in text
    assert (tmp_path / 'out' / 'comparison.md').read_text() == comparison_text(comparison)


def damaged(content: dict[str, Any], place: list[Any], value: Any) -> str:
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return json.dumps(content)


@pytest.mark.parametrize(
    ('place', 'value', 'told'),
    [
        (['format'], 99, 'format 99'),
        (['series'], [], 'no frame in common'),
        (['series'], None, 'damaged'),
        (['series', 0, 'errors', 'median', 'rmse'], 'much', 'damaged'),
        (['series', 0, 'errors', 'median'], {}, 'damaged'),
        (['series', 0, 'stem'], ['a'], 'damaged'),
        (['series', 0, 'second'], 10**400, 'damaged'),
        (['tables'], [], 'damaged'),
        (['settings'], 5, 'damaged'),
        (['data', 0], 'x', 'damaged'),
    ],
)
def test_damaged_reports(first: Path, tmp_path: Path, place: Any, value: Any, told: str) -> None:
    bad = tmp_path / 'bad.json'
    bad.write_text(damaged(make_report(FRAMES).plain(), place, value))
    with pytest.raises(SourceError, match=told) as caught:
        compare(first, bad)
    assert '\n' not in str(caught.value)
    assert 'bad.json' in str(caught.value)


@pytest.mark.parametrize(
    'content', [b'', b'{', b'\xff\xfe', b'[' * 100_000, b'[1]', b'"a"', b'{}']
)
def test_what_is_no_report(first: Path, tmp_path: Path, content: bytes) -> None:
    bad = tmp_path / 'bad.json'
    bad.write_bytes(content)
    with pytest.raises(SourceError, match=r'bad\.json') as caught:
        compare(first, bad)
    assert '\n' not in str(caught.value)


def test_missing_file_and_folder(first: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r'none\.json cannot be read'):
        compare(first, tmp_path / 'none.json')
    with pytest.raises(SourceError, match=r'report\.json cannot be read'):
        compare(first, tmp_path)
    saved(tmp_path / 'report.json', make_report(FRAMES))
    assert compare(first, tmp_path).frames == 40
