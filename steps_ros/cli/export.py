"""
``steps-ros export``: the depth network for other software, or for the engines of this machine.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from steps_ros.cli.interrupt import held_interrupt
from steps_ros.cli.run import network_size, PRECISIONS
from steps_ros.errors import OutputError
from steps_ros.inference.engines.names import AUTO, ENGINE_NAMES
from steps_ros.shipped_weights import DEFAULT_WEIGHTS, METAVAR, weights_file

if TYPE_CHECKING:
    from steps_ros.inference.export import Exported

SUFFIX = '.onnx'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``export``."""
    parser.add_argument(
        'checkpoint',
        type=weights_file,
        nargs='?',
        metavar=METAVAR,
        help='.safetensors (default: the weights of the package)',
    )
    parser.add_argument('--to', choices=('onnx',), default='onnx', help='format of the file')
    parser.add_argument('--out', type=Path, metavar='FILE', help=f'where it goes, *{SUFFIX}')
    parser.add_argument(
        '--size',
        type=network_size,
        metavar='HxW',
        help="network size, multiples of 32 (default: the checkpoint's)",
    )
    parser.add_argument('--json', action='store_true', help='print the outcome as one line')
    parser.add_argument('--overwrite', action='store_true', help='replace existing files')
    _add_building(parser.add_argument_group('engines of this machine'))
    parser.set_defaults(usage_error=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """
    Write the ONNX file, or build the engine.

    :raises StepsError: bad checkpoint, size, device or place, or a depth that differs from torch.
    """
    if arguments.build_only == (arguments.out is not None):
        arguments.usage_error('give either --out FILE or --build-only')
    return _build(arguments) if arguments.build_only else _export(arguments)


def picture_size(text: str) -> tuple[int, int]:
    """
    Read WxH; return (height, width).

    :raises argparse.ArgumentTypeError: it is not two positive integers.
    """
    width, _, height = text.lower().partition('x')
    if not (height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        raise argparse.ArgumentTypeError(f'{text!r} is no size; write WxH, such as 1280x720')
    return int(height), int(width)


def _add_building(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        '--build-only',
        action='store_true',
        help='write no file; build the engine that the node would use, check and keep it',
    )
    group.add_argument(
        '--engine',
        choices=ENGINE_NAMES,
        default=AUTO,
        help='which; auto builds all and measures which is the fastest (default: %(default)s)',
    )
    group.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    group.add_argument('--precision', choices=PRECISIONS, default=PRECISIONS[0])
    group.add_argument(
        '--picture',
        type=picture_size,
        metavar='WxH',
        help="size of the camera's pictures, for networks that keep their shape",
    )


def _export(arguments: argparse.Namespace) -> int:
    out: Path = arguments.out
    description = out.with_suffix('.yaml')
    if out.suffix != SUFFIX:
        raise OutputError(f'{out} does not end in {SUFFIX}; give such a name')
    if not _is_text(out.name):
        raise OutputError(f'{out} is not in UTF-8, as the .yaml that names it is; choose another')
    for path in (out, description):
        if path.exists() and not arguments.overwrite:
            raise OutputError(f'{path} exists; choose another name or give --overwrite')
    with held_interrupt():
        # torch takes seconds to import; usage and help need not wait for it.
        from steps_ros.inference.export import export_onnx

        exported = export_onnx(arguments.checkpoint or DEFAULT_WEIGHTS, arguments.size)
        _write(exported, out, description)
    _say(exported, arguments)
    return 0


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _write(exported: Exported, out: Path, description: Path) -> None:
    """Write both files, or leave what there is; a description of a former network goes."""
    from steps_ros.data.outputs import write_file

    if out.is_dir():
        raise OutputError(f'{out} is a folder; choose another name')
    # Under its name only when the description is whole, too.
    beside = out.with_name(f'.{out.name}.new')
    try:
        write_file(beside, exported.content)
        if exported.description:
            # Quoted as in JSON, a name may hold whatever means something in YAML.
            name = json.dumps(out.name, ensure_ascii=False)
            write_file(description, f'{exported.description}model: {name}\n'.encode())
        elif description.is_file():
            description.unlink()
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)


def _say(exported: Exported, arguments: argparse.Namespace) -> None:
    out: Path = arguments.out
    described = str(out.with_suffix('.yaml')) if exported.description else ''
    difference = exported.difference
    if arguments.json:
        numbers = {'median': difference.median, 'largest': difference.largest}
        report = {'out': str(out), 'description': described, 'difference': numbers}
        print(json.dumps({**report, **exported.facts}))
        return
    facts = exported.facts
    print(f'{out}: {facts["checkpoint"]} at {facts["size"]}, opset {facts["opset"]}')
    print(
        f'depth differs from that of torch by {difference.median:.1e} in the median, '
        f'{difference.largest:.1e} at most'
    )
    if described:
        print(f'{described}: describes it; give that as --checkpoint')
    if exported.note:
        print(f'note: {exported.note}')


def _build(arguments: argparse.Namespace) -> int:
    with held_interrupt():
        # As above.
        from steps_ros.inference.build_ahead import build_ahead, Wishes

        wishes = Wishes(
            arguments.size,
            arguments.picture,
            arguments.device,
            arguments.precision,
            arguments.engine,
        )
        built = build_ahead(arguments.checkpoint or DEFAULT_WEIGHTS, wishes)
    size = '{}x{}'.format(*built.size)
    if arguments.json:
        folder = None if built.folder is None else str(built.folder)
        print(json.dumps({**built._asdict(), 'size': size, 'folder': folder}))
        return 0
    kept = 'nothing to keep' if built.folder is None else f'kept in {built.folder}'
    print(f'{built.engine} on {built.device}, {built.precision}, {size}: {kept}')
    if built.reason:
        print(built.reason)
    return 0
