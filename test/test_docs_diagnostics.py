"""The page of diagnostics has every warning that the node can give, and every value."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
import re

import pytest
from test_readme_diagnostics import table

from steps_ros.ros import names

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / 'steps_ros'
PAGE = PROJECT / 'docs' / 'diagnostics.md'
# Where the words of a status that is not well come from: functions, names that are assigned, and
# calls whose argument is the text.
WORDS = {
    'state': {'ros/diagnostics.py': ('_lifecycle', '_inactive_words', 'namesake_words')},
    'model': {'ros/diagnostics.py': ('_model',)},
    'input': {
        'ros/diagnostics.py': ('_input',),
        'ros/image_input.py': ('hint', '_what_is_there', '_carried'),
    },
    'output': {'ros/diagnostics.py': ('_output',)},
    'calibration': {
        'ros/calibration.py': (
            'NO_CAMERA_INFO', 'UNCALIBRATED', 'NO_PROJECTION', 'OF_RAW', '_of_another', '_doubt',
        ),
        'ros/image_input.py': ('_why_no_info', '_carried'),
        'core/distortion.py': ('FrameError',),
        'data/camera_info.py': ('FrameError',),
        'data/cameras.py': ('FrameError',),
        'data/rectification.py': ('FrameError',),
    },
    'light': {'ros/light.py': ('_problem',)},
}  # fmt: skip
VALUES = ('ros/diagnostics.py', 'ros/light.py', 'ros/scale.py')
MODELS = ('loading', 'own_depth', 'onnx_depth')
Rows = list[tuple[str, str]]


def rows(heading: str) -> Rows:
    """Return status and second cell of each row of a table of the page."""
    text = PAGE.read_text(encoding='utf8').split(heading, 1)[1].split('\n\n', 1)[0]
    found: Rows = []
    for line in text.splitlines()[2:]:
        status, says = (cell.strip() for cell in line.split('|')[1:3])
        found.append((status or found[-1][0], says))
    return found


def of_status(table_rows: Rows, status: str) -> str:
    return ' '.join(says for named, says in table_rows if f'`{status}`' in named)


def tree(name: str) -> ast.AST:
    return ast.parse((PACKAGE / name).read_text(encoding='utf8'))


def named(node: ast.AST) -> Iterator[str]:
    """Yield the names by which WORDS speaks of a node."""
    if isinstance(node, ast.FunctionDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (ast.unparse(target).rpartition('.')[2] for target in node.targets)
    elif isinstance(node, ast.Call):
        yield ast.unparse(node.func)


def texts(node: ast.AST) -> Iterator[str]:
    """Yield the texts of two words and more, with a NUL where a value is filled in."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    if not all(isinstance(part, ast.Constant | ast.FormattedValue) for part in parts):
        for child in ast.iter_child_nodes(node):
            yield from texts(child)
        return
    whole = ''.join(str(p.value) if isinstance(p, ast.Constant) else '\0' for p in parts)
    if ' ' in whole and len(re.findall(r'[A-Za-z]{2,}', whole)) > 1:
        yield whole


def said(status: str) -> set[str]:
    """Return what a status can say as a warning or an error."""
    return {
        text
        for name, wanted in WORDS[status].items()
        for node in ast.walk(tree(name))
        if set(named(node)) & set(wanted)
        for text in texts(node)
    }


def values_of_the_code() -> dict[str, set[str]]:
    """Return the keys of each status; of times and drops without what follows the dot."""
    keys: dict[str, set[str]] = {}
    functions = (n for f in VALUES for n in ast.walk(tree(f)) if isinstance(n, ast.FunctionDef))
    for function in functions:
        for status in re.findall(r"\}: (\w+)'", ast.unparse(function))[:1]:
            keys[status] = set(keys_of(function))
    keys['model'] |= {key for model in MODELS for key in described(model)}
    return keys


def keys_of(function: ast.AST) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Dict):
            yield from (key.value for key in node.keys if isinstance(key, ast.Constant))
            yield from (getattr(names, k.id) for k in node.keys if isinstance(k, ast.Name))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == '_percentiles':
            yield ast.literal_eval(node.args[0])


def described(model: str) -> Iterator[str]:
    for node in ast.walk(tree(f'inference/{model}.py')):
        is_it = isinstance(node, ast.FunctionDef) and node.name == 'described'
        is_set = isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == 'self.described'
        if is_it or is_set:
            yield from keys_of(node)


@pytest.mark.parametrize('status', WORDS)
def test_every_warning_is_on_the_page(status):
    quoted = re.findall(r'"([^"]+)"', of_status(rows('| status | says |'), status))
    assert said(status)
    assert {text for text in said(status) if not any(part in text for part in quoted)} == set()


def test_what_the_page_and_the_readme_quote_is_said():
    page = [re.findall(r'"([^"]+)"', says) for _, says in rows('| status | says |')]
    readme = [re.findall(r'"([^"]+)"', says) for _, says in table()]
    everything = {text for status in WORDS for text in said(status)}
    # The names of rclpy's states, and what the unit of depth says of itself.
    everything |= {'unconfigured', 'inactive', 'depth is not in metres'}
    for part in {part for parts in page + readme for part in parts}:
        assert any(part in text for text in everything), part


def test_every_status_and_value_is_on_the_page_and_no_other():
    known = values_of_the_code()
    for heading in ('| status | says |', '| status | value |'):
        there = {name for status, _ in rows(heading) for name in re.findall(r'`(\w+)`', status)}
        assert there == known.keys()
    for status, keys in known.items():
        cells = of_status(rows('| status | value |'), status)
        assert {name.split('.')[0] for name in re.findall(r'`([\w.]+)`', cells)} == keys, status
