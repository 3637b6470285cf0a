"""
Weights of other projects, recognised by their keys (steps_spec 1.7, 2.6).

STEPS, RNW and their day model read images as BGR; their first convolution is permuted here,
once, so that nothing else knows of BGR.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
import re
from typing import NamedTuple

from torch import Tensor

from steps_ros.core.checkpoint import Checkpoint, load_state, Provenance, read_foreign
from steps_ros.core.depth_net import DepthNet, DepthNetConfig
from steps_ros.core.illumination import IlluminationNet
from steps_ros.core.resnet import EncoderConfig
from steps_ros.errors import CheckpointError

BLOCK_DEPTHS = {
    ('basic', (2, 2, 2, 2)),
    ('basic', (3, 4, 6, 3)),
    ('bottleneck', (3, 4, 6, 3)),
}
BGR = [2, 1, 0]

_ILLUMINATION = (
    (r'^in_conv\.0\.', 'conv_in.'),
    (r'^conv\.0\.', 'conv_mid.'),
    (r'^conv\.1\.', 'bn.'),
    (r'^out_conv\.0\.', 'conv_out.'),
)
_ENCODER = (
    (r'^blocks\.0\.', 'stem.'),
    (r'^blocks\.([1-4])\.', lambda found: f'stages.{int(found[1]) - 1}.'),
    (r'\.downsample\.', '.shortcut.'),
)
_DECODER = (
    (r'^reduce(\d)\.', r'reduce.\1.'),
    (r'^conv(\d)\.conv\.', r'conv.\1.'),
    (r'^up_conv(\d)\.conv\.conv\.', r'up_conv.\1.'),
    (r'^disp_conv(\d)\.', r'head.\1.'),
)
_TORCHVISION = (
    (r'^conv1\.', 'stem.0.'),
    (r'^bn1\.', 'stem.1.'),
    (r'^layer([1-4])\.', lambda found: f'stages.{int(found[1]) - 1}.'),
    (r'\.downsample\.', '.shortcut.'),
)
_Rules = Iterable[tuple[str, str | Callable[[re.Match[str]], str]]]


class Imported(NamedTuple):
    """A checkpoint, and how many keys of each part of the file were taken and ignored."""

    checkpoint: Checkpoint
    taken: dict[str, int]
    ignored: dict[str, int]


def import_weights(path: Path) -> Imported:
    """
    Read the weights of STEPS, RNW, their day model, SCI, or a torchvision ResNet.

    :raises CheckpointError: the file is unreadable, of none of these, or does not fit.
    """
    content = read_foreign(path)
    state = content.get('state_dict', content)
    if not isinstance(state, dict):
        raise CheckpointError(f'{path}: key state_dict is not a dict of weights; wrong file?')
    state = {str(key): value for key, value in state.items() if isinstance(value, Tensor)}
    for recognises, importer in IMPORTERS:
        if any(recognises(key) for key in state):
            return importer(path, state)
    raise CheckpointError(
        f'{path}: none of its {len(state)} keys is known (first: {next(iter(state), None)!r}); '
        'STEPS, RNW, their day model, SCI and torchvision ResNets can be imported'
    )


def _import_steps(path: Path, state: dict[str, Tensor]) -> Imported:
    enhancer = (
        _enhancer(path, _under(state, 'S.enhance.'))
        if 'S.enhance.in_conv.0.weight' in state
        else None
    )
    checkpoint = Checkpoint(
        depth_net=_depth_net(path, _under(state, 'G.')),
        enhancer=enhancer,
        provenance=Provenance(
            f'imported from {path.name}, STEPS' if enhancer else f'imported from {path.name}, RNW'
        ),
    )
    return _imported(checkpoint, state, ('S.enhance.', 'G.DepthEncoder.', 'G.DepthDecoder.'))


def _import_day(path: Path, state: dict[str, Tensor]) -> Imported:
    checkpoint = Checkpoint(
        depth_net=_depth_net(path, _under(state, 'net.')),
        provenance=Provenance(f'imported from {path.name}, day model'),
    )
    return _imported(checkpoint, state, ('net.DepthEncoder.', 'net.DepthDecoder.'))


def _import_sci(path: Path, state: dict[str, Tensor]) -> Imported:
    checkpoint = Checkpoint(
        enhancer=_enhancer(path, _under(state, 'enhance.')),
        provenance=Provenance(f'imported from {path.name}, SCI'),
    )
    return _imported(checkpoint, state, ('enhance.',))


def _import_torchvision(path: Path, state: dict[str, Tensor]) -> Imported:
    kept = {key: value for key, value in state.items() if not key.startswith('fc.')}
    encoder = _renamed(kept, _TORCHVISION)
    checkpoint = Checkpoint(
        encoder=encoder,
        encoder_config=_encoder_config(path, encoder),
        provenance=Provenance(f'imported from {path.name}, torchvision ResNet'),
    )
    return _imported(checkpoint, state, ('conv1.', 'bn1.', 'layer'))


def _refuse_monodepth2(path: Path, state: dict[str, Tensor]) -> Imported:
    raise CheckpointError(
        f'{path}: a Monodepth2 file of Niantic (key {next(iter(state))!r}): another network, and '
        'licensed for non-commercial use only; import STEPS, RNW, SCI or torchvision weights'
    )


def _starts(*prefixes: str) -> Callable[[str], bool]:
    return lambda key: key.startswith(prefixes)


IMPORTERS: tuple[
    tuple[Callable[[str], bool], Callable[[Path, dict[str, Tensor]], Imported]], ...
] = (
    (_starts('G.DepthEncoder.', 'G.DepthDecoder.'), _import_steps),
    (_starts('net.DepthEncoder.', 'net.DepthDecoder.'), _import_day),
    (_starts('enhance.in_conv.'), _import_sci),
    (
        _starts('encoder.conv1.', 'encoder.layer', 'decoder.0.conv.conv.', 'net.0.'),
        _refuse_monodepth2,
    ),
    (_starts('layer1.0.conv1.'), _import_torchvision),
)


def _enhancer(path: Path, state: dict[str, Tensor]) -> IlluminationNet:
    own = {key: value for key, value in state.items() if not key.startswith('blocks.')}
    renamed = _renamed(own, _ILLUMINATION)
    first = renamed.get('conv_in.weight')
    if first is None or first.ndim != 4 or first.shape[1] not in (1, 3):
        shape = None if first is None else tuple(first.shape)
        raise CheckpointError(
            f'{path}: key enhance.in_conv.0.weight has shape {shape} where (1, 1, 3, 3) or '
            '(3, 3, 3, 3) belongs; the file is of another network'
        )
    network = IlluminationNet(int(first.shape[1]))
    load_state(str(path), network, renamed)
    return network


def _depth_net(path: Path, state: dict[str, Tensor]) -> DepthNet:
    encoder = _renamed(_under(state, 'DepthEncoder.'), _ENCODER)
    decoder = _renamed(_under(state, 'DepthDecoder.'), _DECODER)
    network = DepthNet(DepthNetConfig(_encoder_config(path, encoder)))
    stem = encoder.get('stem.0.weight')
    if stem is not None and stem.ndim == 4 and stem.shape[1] == len(BGR):
        encoder['stem.0.weight'] = stem[:, BGR]
    parts = {
        **{f'encoder.{key}': value for key, value in encoder.items()},
        **{f'decoder.{key}': value for key, value in decoder.items()},
    }
    load_state(str(path), network, parts)
    return network


def _encoder_config(path: Path, state: dict[str, Tensor]) -> EncoderConfig:
    """Tell the ResNet from its block kind and the number of blocks in each stage."""
    blocks = {found[0] for key in state if (found := re.match(r'stages\.\d+\.\d+', key))}
    counts = Counter(name.split('.')[1] for name in blocks)
    depths = tuple(counts[str(stage)] for stage in range(4))
    block = 'bottleneck' if 'stages.0.0.conv3.weight' in state else 'basic'
    if (block, depths) not in BLOCK_DEPTHS:
        raise CheckpointError(
            f'{path}: an encoder of {block} blocks {depths} is not a ResNet-18, -34 or -50; '
            'the file is of another network or not complete'
        )
    return EncoderConfig(block='bottleneck' if block == 'bottleneck' else 'basic', depths=depths)


def _under(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)}


def _renamed(state: dict[str, Tensor], rules: _Rules) -> dict[str, Tensor]:
    renamed = {}
    for key, value in state.items():
        name = key
        for pattern, replacement in rules:
            name = re.sub(pattern, replacement, name)
        renamed[name] = value
    return renamed


def _imported(
    checkpoint: Checkpoint, state: dict[str, Tensor], wanted: tuple[str, ...]
) -> Imported:
    taken = Counter(
        key[: len(p)].rstrip('.') for key in state for p in wanted if key.startswith(p)
    )
    rest = (key for key in state if not key.startswith(wanted))
    ignored = Counter(_part_of(key) for key in rest)
    return Imported(checkpoint, dict(taken), dict(ignored))


def _part_of(key: str) -> str:
    """Name the part of a model that a key belongs to: its module, or two levels of G and net."""
    head, *tail = key.split('.')
    return f'{head}.{tail[0]}' if head in ('G', 'S', 'net') and tail else head
