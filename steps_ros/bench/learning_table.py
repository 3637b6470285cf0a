"""
What the trainings of :mod:`steps_ros.bench.learning` came to, as a table in Markdown.
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean

PARTS = ('overall', 'under-exposed', 'well-exposed', 'over-exposed')
METRICS = ('abs_rel', 'rmse', 'a1')


def table(folder: Path) -> str:
    """Return mean and range over the seeds of each error, an arm in each row."""
    arms: dict[str, list[dict[str, dict[str, float]]]] = {}
    for path in sorted(folder.glob('seed-*/*/result.json'), key=lambda item: item.stat().st_mtime):
        arms.setdefault(path.parent.name, []).append(json.loads(path.read_text())['errors'])
    lines = []
    for part in PARTS:
        lines += [
            f'\n{part}\n',
            f'| arm | seeds | {" | ".join(METRICS)} |',
            '|---' * (len(METRICS) + 2) + '|',
        ]
        for arm, results in arms.items():
            there = [result[part] for result in results if part in result]
            cells = (_cell([errors[name] for errors in there]) for name in METRICS)
            lines.append(f'| {arm} | {len(there)} | {" | ".join(cells)} |')
    return '\n'.join(lines)


def _cell(values: list[float]) -> str:
    if not values:
        return ''
    return f'{mean(values):.3f} ({min(values):.3f} to {max(values):.3f})'
