"""Every reason for which there is no scale has a row with a remedy in docs/metric_scale.md."""

from __future__ import annotations

import ast
from pathlib import Path
import re

PROJECT = Path(__file__).resolve().parent.parent
SAYING = [
    *(PROJECT / 'steps_ros' / 'inference' / 'scale').glob('*.py'),
    *(PROJECT / 'steps_ros' / 'ros').glob('scale*.py'),
    PROJECT / 'steps_ros' / 'data' / 'transforms.py',
]
# The last argument of each is the reason, or what there was too little of.
REFUSALS = ('Refusal', 'FrameError', 'measurement_of')
# Of how much there was too little, whatever it was.
FILLED_IN = '... ... of at least ...'


def quoted() -> set[str]:
    """Return what the rows of the table quote."""
    text = (PROJECT / 'docs' / 'metric_scale.md').read_text(encoding='utf8')
    rows = text.split('## Why there is no scale', 1)[1].split('\n## ', 1)[0]
    return set(re.findall(r'"([^"]+)"', rows))


def said() -> list[str]:
    """Return what is given as a reason, with ... for what is filled in."""
    found = [text for path in SAYING for text in _reasons(ast.parse(path.read_text('utf8')))]
    return [text for text in found if text != FILLED_IN]


def _reasons(tree: ast.AST) -> list[str]:
    names = {
        target.id: _text(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    given = [node for node in ast.walk(tree) if _is_reason(node)]
    values = [node.args[-1] if isinstance(node, ast.Call) else node.value for node in given]
    found = [names.get(v.id, '') if isinstance(v, ast.Name) else _text(v) for v in values]
    return [text for text in found if text.strip('. ')]


def _is_reason(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in REFUSALS
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, 'target', None)]
    named = {getattr(target, 'attr', getattr(target, 'id', '')) for target in targets}
    return isinstance(node, ast.Assign | ast.AnnAssign) and bool(named & {'_reason', 'reason'})


def _text(node: ast.expr | None) -> str:
    if isinstance(node, ast.JoinedStr):
        return ''.join(map(_text, node.values))
    return str(node.value) if isinstance(node, ast.Constant) else '...'


def test_every_reason_has_a_remedy():
    reasons = said()
    assert len(reasons) >= 18
    assert [text for text in reasons if not any(words in text for words in quoted())] == []


def test_what_the_table_quotes_is_said():
    source = ''.join(path.read_text('utf8') for path in SAYING)
    assert {words for words in quoted() if words not in source} == set()
