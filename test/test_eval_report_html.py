"""The HTML of a report in the browser that its readers use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from browsers import chromium
import pytest
from report_making import HOSTILE, make_report

from steps_ros.eval.compare import compare
from steps_ros.eval.comparison_files import write_comparison
from steps_ros.eval.report_files import json_text, write_report

pytest.importorskip('jinja2', reason='jinja2 is not installed')
pytest.importorskip('matplotlib', reason='matplotlib is not installed')

WIDTHS = (1280, 400)
DASH = '–'  # noqa: RUF001


@pytest.fixture(scope='module')
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture(scope='module')
def report_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('report')
    write_report(make_report(shown=9, is_partial=True), folder)
    return folder / 'report.html'


class Opened:
    """A page with all that it said and asked for."""

    def __init__(self, browser: Any, path: Path, width: int) -> None:
        self.page = browser.new_page(viewport={'width': width, 'height': 800})
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on('console', lambda message: self.said.append(message.text))
        self.page.on('pageerror', lambda error: self.said.append(str(error)))
        self.page.on('dialog', lambda dialog: self.said.append(dialog.message))
        self.page.on('request', lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())

    def column(self, table: str, number: int) -> list[str]:
        cells = self.page.locator(f'#{table} tbody tr > :nth-child({number})')
        return [text.strip() for text in cells.all_text_contents()]


@pytest.fixture(scope='module')
def comparison_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('comparison')
    for name, report in (('a', make_report(is_partial=True)), ('b', make_report())):
        (folder / f'{name}.json').write_text(json_text(report.plain()))
    write_comparison(compare(folder / 'a.json', folder / 'b.json'), folder)
    return folder / 'comparison.html'


@pytest.fixture(scope='module', params=WIDTHS, ids=lambda width: f'{width} px')
def opened(request: Any, browser: Any, report_page: Path) -> Iterator[Opened]:
    page = Opened(browser, report_page, request.param)
    yield page
    page.page.close()


@pytest.fixture(scope='module')
def wide_page(browser: Any, report_page: Path) -> Iterator[Opened]:
    page = Opened(browser, report_page, 1280)
    yield page
    page.page.close()


@pytest.fixture
def fresh(wide_page: Opened) -> Opened:
    wide_page.page.reload()
    return wide_page


def test_says_and_asks_for_nothing(opened: Opened) -> None:
    opened.page.wait_for_load_state('networkidle')
    assert opened.said == []
    assert [url for url in opened.asked if not url.startswith('data:')] == [opened.page.url]


def test_every_picture_decodes(opened: Opened) -> None:
    widths = opened.page.evaluate(
        """Promise.all([...document.images].map(
            async (image) => { await image.decode(); return image.naturalWidth; }))"""
    )
    # Two curves, the time series, and nine frames of which three have no enhanced picture.
    assert len(widths) == 3 + 9 * 5 - 1
    assert min(widths) > 0


def test_fits_the_width(opened: Opened) -> None:
    wide, own = opened.page.evaluate(
        '[document.documentElement.scrollWidth, document.documentElement.clientWidth]'
    )
    assert wide <= own


def test_hostile_names_are_text(opened: Opened) -> None:
    assert opened.page.locator('script').count() == 1
    shown = HOSTILE.replace('\n', ' ')
    texts = opened.page.locator('.verdict td').all_text_contents()
    assert shown in [text.replace('\n', ' ') for text in texts]


def test_no_number_is_written_as_nan(opened: Opened) -> None:
    text = opened.page.locator('body').inner_text().lower().split()
    assert not {'nan', 'none,', 'inf', 'undefined'} & set(text)


@pytest.mark.parametrize('way', ['click', 'Enter'])
def test_tables_sort(fresh: Opened, way: str) -> None:
    button = fresh.page.locator('#table-worst thead th').nth(5).get_by_role('button')
    head = fresh.page.locator('#table-worst thead th').nth(5)
    before = fresh.column('table-worst', 6)
    assert head.get_attribute('aria-sort') == 'none'
    for direction, is_reversed in (('ascending', False), ('descending', True)):
        button.click() if way == 'click' else button.press('Enter')
        assert head.get_attribute('aria-sort') == direction
        *known, missing = fresh.column('table-worst', 6)
        assert missing == DASH
        assert [float(text) for text in known] == sorted(map(float, known), reverse=is_reversed)
    assert fresh.column('table-worst', 6) != before


def test_tables_sort_by_name(fresh: Opened) -> None:
    fresh.page.locator('#table-methods thead button').first.click()
    names = fresh.column('table-methods', 1)
    assert names == sorted(names)


@pytest.mark.parametrize('width', WIDTHS)
def test_comparison(browser: Any, comparison_page: Path, width: int) -> None:
    opened = Opened(browser, comparison_page, width)
    opened.page.locator('#table-differences thead button').nth(2).click()
    values = [text for text in opened.column('table-differences', 3) if text != DASH]
    assert [float(text) for text in values] == sorted(float(text) for text in values)
    assert opened.page.evaluate('document.documentElement.scrollWidth') <= width
    assert opened.said == []
    assert opened.asked == [opened.page.url]
    opened.page.close()


def test_one_alignment_can_be_chosen(fresh: Opened) -> None:
    rows = fresh.page.locator('#table-methods tbody tr:visible')
    assert rows.count() == 12
    fresh.page.get_by_label('median', exact=True).check()
    assert rows.count() == 4


def test_first_screen_holds_the_verdict(fresh: Opened) -> None:
    for place in ('.banner', '.verdict', '#table-overall', '.facts'):
        box = fresh.page.locator(place).bounding_box()
        assert box['y'] + box['height'] <= 800


def test_worst_frames_lead_to_their_pictures(fresh: Opened) -> None:
    link = fresh.page.locator('#table-worst a').first
    assert fresh.page.locator(link.get_attribute('href')).locator('img').count() == 4
