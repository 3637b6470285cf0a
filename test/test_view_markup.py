"""The words of the page."""

from __future__ import annotations

from steps_ros.view.health import ERROR, Health, OK, WARN
from steps_ros.view.markup import caption, headline, health_list, legend
from steps_ros.view.pictures import DepthRange

HOSTILE = '<script>alert(1)</script>'


def test_every_text_from_outside_is_escaped():
    status = Health(HOSTILE, WARN, HOSTILE, ((HOSTILE, HOSTILE),))
    for html in (
        caption('Input', HOSTILE, HOSTILE, HOSTILE),
        headline(HOSTILE, [], ''),
        headline('n', [status], ''),
        headline('n', [], HOSTILE),
        health_list([status]),
    ):
        assert '<script' not in html
        assert '&lt;script&gt;' in html


def test_the_legend_names_both_ends_and_the_unit():
    html = legend(DepthRange(2.0, 50.0, 'm'))
    assert all(text in html for text in ('>2<', '>3.85<', '>50<', '<b>m</b>'))
    assert '<b>unit unknown</b>' in legend(DepthRange(2.0, 50.0, ''))


def test_the_headline_is_the_worst_status():
    fine, bad = Health('state', OK, 'active'), Health('input', ERROR, 'no image')
    assert 'all is well' in headline('night_depth', [fine], '')
    assert 'no image' in headline('night_depth', [bad, fine], '')
    assert '(and 1 more)' in headline('night_depth', [bad, bad, fine], '')
    assert 'silent' in headline('night_depth', [fine], 'silent')
    assert 'waiting for night_depth' in headline('night_depth', [], '')


def test_a_status_has_its_numbers_but_the_empty_ones():
    html = health_list([Health('scale', OK, 'relative', (('source', 'none'), ('value', '')))])
    assert 'source' in html
    assert 'value' not in html


def test_levels_that_nobody_knows_are_shown_as_stale():
    assert 'STALE' in health_list([Health('x', 77, '')])
