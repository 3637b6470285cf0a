"""What the README's table of statuses says is said by the node; docs/diagnostics.md has all."""

from __future__ import annotations

from pathlib import Path
import re

PROJECT = Path(__file__).resolve().parent.parent
SAYING = (
    'ros/diagnostics.py', 'ros/image_input.py', 'ros/calibration.py', 'ros/light.py',
    'ros/scale.py', 'inference/scale/state.py', 'core/distortion.py', 'data/camera_info.py',
    'data/cameras.py',
)  # fmt: skip


def table() -> list[tuple[str, str]]:
    """Return the first two cells of each row."""
    text = (PROJECT / 'README.md').read_text(encoding='utf8')
    rows = text.split('| status | says |', 1)[1].split('\n\n', 1)[0].splitlines()[2:]
    return [tuple(cell.strip() for cell in row.split('|')[1:3]) for row in rows]


def source() -> str:
    return ''.join((PROJECT / 'steps_ros' / name).read_text(encoding='utf8') for name in SAYING)


def test_every_row_is_of_a_status():
    named = {name for status, _ in table() for name in re.findall(r'`(\w+)`', status)}
    assert len(named) > 5
    assert named <= set(re.findall(r"\}: (\w+)'", source()))


def test_what_a_row_quotes_is_said():
    quoted = {words for _, says in table() for words in re.findall(r'"([^"]+)"', says)}
    assert len(quoted) > 10
    assert {words for words in quoted if words not in source()} == set()
