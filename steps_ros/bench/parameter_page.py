"""
The page of all parameters, as the code declares them.

``python -m steps_ros.bench.parameter_page --out docs/parameters.md`` writes it.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterable, Sequence
import json
from pathlib import Path
import sys

from steps_ros.data.outputs import write_file
from steps_ros.ros.parameters import NightDepthSettings, OF_A_CAMERA
from steps_ros.ros.trainer_settings import TrainerSettings
from steps_ros.settings import describe, NUMBERS, Setting, TEXTS

TYPES = {str: 'text', float: 'number', int: 'whole number', bool: 'true, false'}
LISTS = {TEXTS: 'texts', NUMBERS: 'numbers'}
HEAD = """# Parameters

Written by `python -m steps_ros.bench.parameter_page --out docs/parameters.md` from the
declarations, which `ros2 param describe` shows as well. `config/night_depth.param.yaml` and
`config/trainer.param.yaml` hold all of them with their defaults. A whole number is taken where a
number is wanted; a value out of range and a misspelt name are refused with a line that says what
would do.
"""
NODE = """## `night_depth`

Set: *start* holds from the start of the process; *live* may be set while the node runs
(`ros2 param set`) and takes effect with the next frame. A camera's own: with several `cameras`,
the parameter may be given for one of them under its name, as in `front.cloud.stride`. Depths are
metres where `~/output/scale` says metric, and in the network's own unit elsewhere.
"""
TRAINER = """## `trainer`

All hold from the start: [trainer_node.md](trainer_node.md).
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, required=True, help='the page, .md')
    write_file(parser.parse_args(arguments).out, parameter_page().encode())
    return 0


def parameter_page() -> str:
    """Return the page, Markdown."""
    node = _table(describe(NightDepthSettings), OF_A_CAMERA)
    return '\n'.join([HEAD, NODE, node, TRAINER, _table(describe(TrainerSettings))])


def _table(settings: Iterable[Setting], own: Collection[str] | None = None) -> str:
    """Return a row for each setting; ``own`` are those that a camera may have for itself."""
    columns = ['parameter', 'type', 'default', 'range']
    columns += [] if own is None else ['set', "a camera's own"]
    rows = [[*columns, 'what it does'], ['---'] * (len(columns) + 1)]
    for item in settings:
        row = [f'`{item.name}`', _kind(item), f'`{_value(item.default)}`', _range(item)]
        if own is not None:
            row += ['start' if item.read_only else 'live', 'yes' if item.name in own else '']
        rows.append([*row, item.doc])
    return ''.join(f'| {" | ".join(row)} |\n' for row in rows)


def _kind(item: Setting) -> str:
    return LISTS.get(item.type) or TYPES[item.type]  # type: ignore[call-overload]


def _range(item: Setting) -> str:
    if item.choices:
        return ', '.join(f'`{choice}`' for choice in item.choices)
    limits = (('from', item.minimum), ('to', item.maximum))
    return ' '.join(f'{word} {limit:g}' for word, limit in limits if limit is not None)


def _value(value: object) -> str:
    """Return a default as a parameter file has it."""
    return json.dumps('' if value == () else value)


if __name__ == '__main__':
    sys.exit(main())
