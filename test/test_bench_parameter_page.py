"""The page of parameters is what the code declares."""

from __future__ import annotations

from pathlib import Path

from steps_ros.bench.parameter_page import main, parameter_page

PAGE = Path(__file__).resolve().parent.parent / 'docs' / 'parameters.md'
COMMAND = 'python -m steps_ros.bench.parameter_page --out docs/parameters.md'


def test_the_page_is_as_the_code_declares():
    assert PAGE.read_text(encoding='utf8') == parameter_page(), f'write it anew: {COMMAND}'


def test_a_row_says_all_that_is_declared(tmp_path):
    page = tmp_path / 'page.md'
    assert main(['--out', str(page)]) == 0
    rows = page.read_text(encoding='utf8').splitlines()
    sure = 'Least confidence of a point, 0 keeps all.'
    warm = 'First steps, in which the pose network learns alone.'
    assert (
        f'| `cloud.min_confidence` | number | `0.2` | from 0 to 1 | live | yes | {sure} |' in rows
    )
    assert f'| `pose_warmup` | whole number | `200` | from 0 | {warm} |' in rows
    (cameras,) = (row for row in rows if row.startswith('| `cameras` |'))
    assert cameras.startswith('| `cameras` | texts | `""` |  | start |  | ')
