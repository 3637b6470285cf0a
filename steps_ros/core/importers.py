"""
Weights of other projects, recognised by their keys (steps_spec 1.7, 2.6).

STEPS, RNW and their day model read images as BGR; their first convolution is permuted here,
once, so that nothing else knows of BGR.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
import re
from typing import NamedTuple

from torch import Tensor

from steps_ros.core.checkpoint import Checkpoint, Provenance
from steps_ros.core.depth_net import DepthNet, DepthNetConfig
from steps_ros.core.foreign_file import read_foreign
from steps_ros.core.illumination import IlluminationNet
from steps_ros.core.named_weights import check_shape, load_state
from steps_ros.core.resnet import EncoderConfig, ResNetEncoder
from steps_ros.errors import CheckpointError

RESNETS = {(False, (2, 2, 2, 2)), (False, (3, 4, 6, 3)), (True, (3, 4, 6, 3))}
BGR = [2, 1, 0]


def renamer(*rules: tuple[str, str]) -> Callable[[str], str]:
    """Return a function that applies these (pattern, replacement) pairs to a key, in order."""

    def rename(key: str) -> str:
        for pattern, replacement in rules:
            key = re.sub(pattern, replacement, key)
        return key

    return rename


enhancer_key = renamer(
    (r'^conv_in\.', 'enhance.in_conv.0.'),
    (r'^conv_mid\.', 'enhance.conv.0.'),
    (r'^bn\.', 'enhance.conv.1.'),
    (r'^conv_out\.', 'enhance.out_conv.0.'),
)
depth_net_key = renamer(
    (r'\.shortcut\.', '.downsample.'),
    (r'^encoder\.stem\.', 'DepthEncoder.blocks.0.'),
    *((rf'^encoder\.stages\.{i}\.', f'DepthEncoder.blocks.{i + 1}.') for i in range(4)),
    (r'^decoder\.reduce\.(\d)\.', r'DepthDecoder.reduce\1.'),
    (r'^decoder\.conv\.(\d)\.', r'DepthDecoder.conv\1.conv.'),
    (r'^decoder\.up_conv\.(\d)\.', r'DepthDecoder.up_conv\1.conv.conv.'),
    (r'^decoder\.head\.(\d)\.', r'DepthDecoder.disp_conv\1.'),
)
torchvision_key = renamer(
    (r'\.shortcut\.', '.downsample.'),
    (r'^stem\.0\.', 'conv1.'),
    (r'^stem\.1\.', 'bn1.'),
    *((rf'^stages\.{i}\.', f'layer{i + 1}.') for i in range(4)),
)


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
    has_enhancer = 'S.enhance.in_conv.0.weight' in state
    checkpoint = Checkpoint(
        depth_net=_depth_net(path, state, 'G.'),
        enhancer=_enhancer(path, state, 'S.') if has_enhancer else None,
        provenance=Provenance(f'{"STEPS" if has_enhancer else "RNW"}, imported from {path.name}'),
    )
    return _imported(checkpoint, state, ('S.enhance.', 'G.DepthEncoder.', 'G.DepthDecoder.'))


def _import_day(path: Path, state: dict[str, Tensor]) -> Imported:
    checkpoint = Checkpoint(
        depth_net=_depth_net(path, state, 'net.'),
        provenance=Provenance(f'day model, imported from {path.name}'),
    )
    return _imported(checkpoint, state, ('net.DepthEncoder.', 'net.DepthDecoder.'))


def _import_sci(path: Path, state: dict[str, Tensor]) -> Imported:
    checkpoint = Checkpoint(
        enhancer=_enhancer(path, state, ''),
        provenance=Provenance(f'SCI, imported from {path.name}'),
    )
    return _imported(checkpoint, state, ('enhance.',))


def _import_torchvision(path: Path, state: dict[str, Tensor]) -> Imported:
    """Take every key that the encoder has; its first stage has a shortcut that ResNet-18 lacks."""
    config = _encoder_config(path, state, r'layer([1-4])\.(\d+)\.')
    expected = ResNetEncoder(config).state_dict()
    encoder = {
        key: state[torchvision_key(key)] for key in expected if torchvision_key(key) in state
    }
    for key, tensor in encoder.items():
        check_shape(str(path), torchvision_key(key), tensor, expected[key])
    checkpoint = Checkpoint(
        encoder=encoder,
        encoder_config=config,
        provenance=Provenance(f'torchvision ResNet, imported from {path.name}'),
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


def _enhancer(path: Path, state: dict[str, Tensor], prefix: str) -> IlluminationNet:
    key = f'{prefix}enhance.in_conv.0.weight'
    first = state.get(key)
    if first is None or first.ndim != 4 or first.shape[1] not in (1, 3):
        shape = None if first is None else tuple(first.shape)
        raise CheckpointError(
            f'{path}: key {key} has shape {shape} where (1, 1, 3, 3) or (3, 3, 3, 3) belongs; '
            'the file is of another network'
        )
    network = IlluminationNet(int(first.shape[1]))
    load_state(str(path), network, state, lambda name: prefix + enhancer_key(name))
    return network


def _depth_net(path: Path, state: dict[str, Tensor], prefix: str) -> DepthNet:
    pattern = rf'{re.escape(prefix)}DepthEncoder\.blocks\.([1-4])\.(\d+)\.'
    network = DepthNet(DepthNetConfig(_encoder_config(path, state, pattern)))
    load_state(str(path), network, state, lambda name: prefix + depth_net_key(name))
    stem = network.get_parameter('encoder.stem.0.weight')
    stem.data = stem.data[:, BGR].contiguous()
    return network


def _encoder_config(path: Path, state: dict[str, Tensor], pattern: str) -> EncoderConfig:
    """Tell the ResNet from the number of blocks in each stage and from their kind."""
    blocks = {found.groups() for key in state if (found := re.match(pattern, key))}
    counts = Counter(stage for stage, _ in blocks)
    depths = tuple(counts[stage] for stage in '1234')
    bottleneck = any(re.match(pattern + r'conv3\.', key) for key in state)
    if (bottleneck, depths) not in RESNETS:
        kind = 'bottleneck' if bottleneck else 'basic'
        raise CheckpointError(
            f'{path}: an encoder of {kind} blocks {depths} is not a ResNet-18, -34 or -50; '
            'the file is of another network or not complete'
        )
    return EncoderConfig(block='bottleneck' if bottleneck else 'basic', depths=depths)


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
