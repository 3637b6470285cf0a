"""Print what share of the branches tests went through, by layer: ``branches.py FILE``."""

from __future__ import annotations

from collections import Counter
import json
from pathlib import Path
import sys

COUNTS = ('covered_branches', 'num_branches', 'covered_lines', 'num_statements')


def main() -> None:
    """Read what ``coverage json`` wrote."""
    layers: dict[str, Counter[str]] = {}
    for path, file in json.loads(Path(sys.argv[1]).read_text())['files'].items():
        layer = Path(path).parts[1] if len(Path(path).parts) > 2 else 'the rest'
        counts = {name: file['summary'][name] for name in COUNTS}
        layers.setdefault(layer, Counter()).update(counts)
    print('| layer | branches | lines |\n|---|---|---|')
    for layer, counts in sorted(layers.items()):
        branches, of_branches, lines, of_lines = (counts[name] for name in COUNTS)
        print(f'| {layer} | {_share(branches, of_branches)} | {_share(lines, of_lines)} |')


def _share(covered: int, count: int) -> str:
    return f'{covered / count:.1%} of {count}' if count else 'none'


if __name__ == '__main__':
    main()
