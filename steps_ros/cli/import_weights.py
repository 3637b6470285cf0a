"""
``steps-ros import-weights``: weights of other projects become a checkpoint of this one.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from steps_ros.cli.interrupt import held_interrupt
from steps_ros.errors import OutputError

if TYPE_CHECKING:
    from steps_ros.core.importers import Imported

SUFFIX = '.safetensors'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``import-weights``."""
    parser.add_argument('file', type=Path, help='STEPS, RNW, SCI or torchvision weights')
    parser.add_argument('--out', type=Path, required=True, help=f'checkpoint, *{SUFFIX}')
    parser.add_argument('--json', action='store_true', help='print what was taken as one line')
    parser.add_argument('--overwrite', action='store_true', help='replace an existing file')


def run(arguments: argparse.Namespace) -> int:
    """
    Recognise the file, write the checkpoint, say what was taken and what was ignored.

    :raises StepsError: the file is not known, damaged or unsafe, or the place is taken.
    """
    out: Path = arguments.out
    if out.suffix != SUFFIX:
        raise OutputError(f'{out} does not end in {SUFFIX}; give such a name')
    if out.exists() and not arguments.overwrite:
        raise OutputError(f'{out} exists; choose another name or give --overwrite')
    with held_interrupt():
        # torch takes seconds to import; usage and help need not wait for it.
        from steps_ros.core.checkpoint import save_checkpoint
        from steps_ros.core.importers import import_weights

        imported = import_weights(arguments.file)
        save_checkpoint(imported.checkpoint, out)
    if arguments.json:
        print(json.dumps(_report(imported, out)))
    else:
        print(_text(imported, out))
    return 0


def _report(imported: Imported, out: Path) -> dict[str, object]:
    return {
        'checkpoint': str(out),
        'source': imported.checkpoint.provenance.source,
        'holds': _parts(imported),
        'taken': imported.taken,
        'ignored': imported.ignored,
    }


def _text(imported: Imported, out: Path) -> str:
    lines = [f'{out}: {imported.checkpoint.provenance.source}; holds {_join(_parts(imported))}']
    lines += [f'taken:   {name} ({count} keys)' for name, count in imported.taken.items()]
    lines += [f'ignored: {name} ({count} keys)' for name, count in imported.ignored.items()]
    return '\n'.join(lines)


def _parts(imported: Imported) -> list[str]:
    checkpoint = imported.checkpoint
    held = {
        'depth network': checkpoint.depth_net,
        'enhancer': checkpoint.enhancer,
        'encoder for training': checkpoint.encoder,
    }
    return [name for name, part in held.items() if part is not None]


def _join(names: list[str]) -> str:
    return ' and '.join(names)
