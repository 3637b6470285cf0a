"""
What the trainings of :mod:`steps_ros.bench.learning` came to, as tables in Markdown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import json
from pathlib import Path
from statistics import mean
from typing import Any

from steps_ros.eval.report import NETWORK

RESULT = 'result.json'
OTHER_STREETS, OWN_STREETS = 'other streets', 'own streets'
PARTS = ('overall', 'under-exposed', 'well-exposed', 'over-exposed')
METRICS = ('abs_rel', 'rmse', 'a1')
FOLLOWED = 'residual_correlation'
# What the file of a seed and arm says of some streets.
Numbers = Mapping[str, Any]


def table(folder: Path) -> str:
    """Return mean and range over the seeds of each error, an arm in each row."""
    arms: dict[str, list[Mapping[str, Numbers]]] = {}
    for path in sorted(folder.glob(f'seed-*/*/{RESULT}'), key=lambda item: item.stat().st_mtime):
        arms.setdefault(path.parent.name, []).append(json.loads(path.read_text()))
    lines: list[str] = []
    for streets in (OTHER_STREETS, OWN_STREETS):
        judged = {arm: [result[streets] for result in results] for arm, results in arms.items()}
        lines += [f'\n## {streets.capitalize()}\n', *_overall(judged)]
        for part in PARTS[1:]:
            lines += [f'\n{part}\n', *_errors(judged, part)]
    return '\n'.join(lines)


def _overall(judged: Mapping[str, Sequence[Numbers]]) -> list[str]:
    """Return the errors of all points, how much is followed, and of what sees no picture."""
    head, rule, *rows = _errors(judged, 'overall')
    followed = (
        _cell([value for numbers in results if (value := numbers[FOLLOWED]) is not None])
        for results in judged.values()
    )
    lines = [f'{head} followed |', f'{rule}---|']
    lines += [f'{row} {cell} |' for row, cell in zip(rows, followed, strict=True)]
    methods = {
        name: value
        for results in judged.values()
        for numbers in results
        for name, value in numbers['methods'].items()
        if name != NETWORK
    }
    return lines + [f'| {name} | | {value:.3f} | | | |' for name, value in methods.items()]


def _errors(judged: Mapping[str, Sequence[Numbers]], part: str) -> list[str]:
    lines = [
        f'| arm | seeds | {" | ".join(METRICS)} |',
        '|---' * (len(METRICS) + 2) + '|',
    ]
    for arm, results in judged.items():
        there = [numbers['errors'][part] for numbers in results if part in numbers['errors']]
        cells = (_cell([errors[name] for errors in there]) for name in METRICS)
        lines.append(f'| {arm} | {len(there)} | {" | ".join(cells)} |')
    return lines


def _cell(values: Sequence[float]) -> str:
    if not values:
        return ''
    return f'{mean(values):.3f} ({min(values):.3f} to {max(values):.3f})'
