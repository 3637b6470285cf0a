"""The four files of a report: one set of numbers, and nothing that breaks out of its cell."""

from __future__ import annotations

import csv
import dataclasses
from html.parser import HTMLParser
import json
import math
from pathlib import Path
import re
from typing import Any

import pytest
from report_making import frame_record, HOSTILE, make_report

from steps_ros.errors import OutputError
from steps_ros.eval import report_files
from steps_ros.eval.report import ALIGNMENTS, METRICS
from steps_ros.eval.report_files import json_text, write_report
from steps_ros.eval.report_words import error_number

pytest.importorskip('jinja2', reason='jinja2 is not installed')
pytest.importorskip('matplotlib', reason='matplotlib is not installed')
DASH = '–'  # noqa: RUF001


@pytest.fixture(scope='module')
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('report')
    write_report(make_report(shown=1), folder)
    return folder


def refuse(name: str) -> None:
    raise AssertionError(f'{name} is not JSON')


def read_json(folder: Path) -> dict[str, Any]:
    return json.loads((folder / 'report.json').read_text(), parse_constant=refuse)


class Tables(HTMLParser):
    """Cells of tables by id, each as its text without small print and its exact value."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: dict[str, list[list[tuple[str, str | None]]]] = {}
        self.table, self.in_cell, self.in_bounds = '', False, False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == 'table':
            self.table = named.get('id') or ''
            self.rows.setdefault(self.table, [])
        elif tag == 'tr':
            self.rows[self.table].append([])
        elif tag in ('td', 'th'):
            self.rows[self.table][-1].append(('', named.get('data-value')))
            self.in_cell = True
        elif tag == 'span':
            self.in_bounds = 'bounds' in (named.get('class') or '')

    def handle_endtag(self, tag: str) -> None:
        self.in_cell = self.in_cell and tag not in ('td', 'th')
        self.in_bounds = self.in_bounds and tag != 'span'

    def handle_data(self, data: str) -> None:
        if self.in_cell and not self.in_bounds:
            text, value = self.rows[self.table][-1].pop()
            self.rows[self.table][-1].append((text + data, value))


def markdown_rows(text: str, title: str) -> list[list[str]]:
    part = text.split(f'## {title}\n\n')[1].split('\n\n')[0]
    return [re.split(r' (?<!\\)\| ', line.strip('| ')) for line in part.splitlines()[2:]]


def test_numbers_are_equal_in_all_forms(written: Path) -> None:
    content = read_json(written)
    lines = list(csv.DictReader((written / 'report.csv').open()))
    exact = {
        (line['table'], line['row'], line['alignment'], line['metric']): line['value']
        for line in lines
    }
    page = Tables((written / 'report.html').read_text()).rows
    text = (written / 'report.md').read_text()
    for name, table in content['tables'].items():
        rounded = markdown_rows(text, table['title'])
        rows = [(alignment, row) for alignment in ALIGNMENTS for row in table['rows']]
        assert len(rows) == len(rounded) == len(page[f'table-{name}']) - 1
        for (alignment, row), noted, shown in zip(
            rows, rounded, page[f'table-{name}'][1:], strict=True
        ):
            errors = row['errors'][alignment]
            values = ['' if errors[metric] is None else str(errors[metric]) for metric in METRICS]
            assert [value for _, value in shown[3:12]] == values
            assert [exact[name, row['name'], alignment, metric] for metric in METRICS] == values
            written_numbers = [error_number(metric, errors[metric]) for metric in METRICS]
            assert [cell.strip() for cell, _ in shown[3:12]] == written_numbers
            assert noted[5:] == written_numbers


def test_overall_is_equal_in_all_forms(written: Path) -> None:
    content = read_json(written)
    page = Tables((written / 'report.html').read_text()).rows['table-overall'][1:]
    noted = markdown_rows((written / 'report.md').read_text(), 'Overall')[::2]
    exact = {
        (line['alignment'], line['metric']): (line['value'], line['low'], line['high'])
        for line in csv.DictReader((written / 'report.csv').open())
        if line['table'] == 'overall'
    }
    for alignment, shown, rounded in zip(ALIGNMENTS, page, noted, strict=True):
        for number, metric in enumerate(METRICS):
            value = content['overall'][alignment][metric]
            interval = content['intervals'][alignment][metric]
            known = ['' if item is None else str(item) for item in (value, *interval)]
            assert list(exact[alignment, metric]) == known
            assert shown[2 + number] == (error_number(metric, value), known[0])
            assert rounded[2 + number] == error_number(metric, value)


def test_json_is_strict_and_whole(written: Path) -> None:
    content = read_json(written)
    assert content['frames'] == len(content['series']) == 60
    assert content['overall']['scale_shift']['silog'] is None
    assert content['series'][6]['errors']['median']['abs_rel'] is None
    assert content['settings']['nested']['topic'] == HOSTILE
    with pytest.raises(ValueError, match='not JSON compliant'):
        json_text({'a': math.nan})


def test_what_is_not_known_is_a_dash(written: Path) -> None:
    page = Tables((written / 'report.html').read_text()).rows
    nothing = next(row for row in page['table-ranges'] if row[0][0] == 'over 80 m')
    assert {(text.strip(), value) for text, value in nothing[2:12]} == {(DASH, '')}
    texts = [text for rows in page.values() for row in rows for text, _ in row]
    texts.append((written / 'report.md').read_text().split('## Words')[0])
    texts.append((written / 'report.csv').read_text())
    assert not re.search(r'(?<![\w-])(nan|inf)(?![\w-])', '\n'.join(texts).lower())


def test_hostile_names_stay_names(written: Path) -> None:
    page = (written / 'report.html').read_text()
    assert '<script>alert' not in page
    assert page.count('<script>') == 1
    rows = list(csv.reader((written / 'report.csv').open()))
    assert {len(row) for row in rows} == {7}
    assert any(HOSTILE in row[1] for row in rows)
    text = (written / 'report.md').read_text()
    assert '<' not in re.sub(r'\\<', '', text)
    for block in re.findall(r'(?:^\|.*\n)+', text, re.MULTILINE):
        counts = {len(re.findall(r'(?<!\\)\|', line)) for line in block.splitlines()}
        assert len(counts) == 1


def test_page_asks_for_nothing(written: Path) -> None:
    page = (written / 'report.html').read_text()
    sources = re.findall(r'(?:src|srcset|href)="([^"]*)"', page)
    assert {source.split(':')[0] if source[0] != '#' else '#' for source in sources} == {
        'data',
        '#',
    }
    assert 'url(' not in page


def test_names_that_are_no_text_are_written(tmp_path: Path) -> None:
    frame = frame_record(0, '/bags/a', '/camera', 'night\udcff')
    write_report(make_report((frame,)), tmp_path)
    assert read_json(tmp_path)['series'][0]['stem'] == 'night\udcff'


def test_one_frame_without_any_error(tmp_path: Path) -> None:
    frame = frame_record(6, '/bags/a', '/camera', '6')
    report = make_report((frame._replace(scale=math.nan, luminance=math.nan),))
    write_report(dataclasses.replace(report, worst=(), curves=(), findings=()), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        'report.csv', 'report.html', 'report.json', 'report.md'
    ]  # fmt: skip


def test_missing_library_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_files, 'find_spec', lambda name: None)
    with pytest.raises(
        OutputError, match=r'jinja2 and matplotlib.*pip install.*apt install'
    ) as it:
        write_report(make_report(), tmp_path)
    assert '\n' not in str(it.value)
    assert not list(tmp_path.iterdir())


def test_partial_says_so(tmp_path: Path) -> None:
    write_report(make_report(is_partial=True), tmp_path)
    assert read_json(tmp_path)['partial'] is True
    assert '**Partial: ' in (tmp_path / 'report.md').read_text()
    assert 'class="banner"' in (tmp_path / 'report.html').read_text()
