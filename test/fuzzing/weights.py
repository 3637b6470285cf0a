"""
Weights of this project and of others.
"""

from __future__ import annotations

from functools import cache
import io
import json
import math
from pathlib import Path
import tempfile
import zipfile

import torch

from fuzzing.contract import Target
from fuzzing.scratch import written
from fuzzing.texts import JSON_WORDS
from steps_ros.core.checkpoint import Checkpoint, HASH_KEY, load_checkpoint, save_checkpoint
from steps_ros.core.depth_net import DepthNet, DepthNetConfig
from steps_ros.core.illumination import IlluminationNet
from steps_ros.core.importers import enhancer_key, import_weights
from steps_ros.core.pickle_scan import key_that_needs
from steps_ros.core.resnet import EncoderConfig

SMALL = DepthNetConfig(
    EncoderConfig(stem=2, widths=(2, 2, 2, 2), depths=(1, 1, 1, 1)),
    decoder=(2,) * 5,
    padding='zeros',
)
PICKLE = 'data.pkl'


@cache
def checkpoints() -> tuple[bytes, ...]:
    """Return a checkpoint of small networks, and an encoder alone."""
    encoder = {'stem.0.weight': torch.ones(2)}
    made = (
        Checkpoint(DepthNet(SMALL), IlluminationNet(1), input_size=(32, 32)),
        Checkpoint(encoder=encoder, encoder_config=EncoderConfig()),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'weights.safetensors')
        return tuple(_saved(checkpoint, path) for checkpoint in made)


def _saved(checkpoint: Checkpoint, path: Path) -> bytes:
    save_checkpoint(checkpoint, path)
    return path.read_bytes()


def check_checkpoint(content: bytes) -> None:
    """Networks that run, with settings in order."""
    loaded = load_checkpoint(written('weights.safetensors', content))
    picture = torch.zeros(1, 3, 32, 32)
    if loaded.depth_net is not None:
        config = loaded.depth_net.config
        assert 0 < config.min_depth < config.max_depth < math.inf
        assert loaded.depth_net.disparity(picture).shape == (1, 1, 32, 32)
    if loaded.enhancer is not None:
        light = loaded.enhancer(picture[:, : loaded.enhancer.channels])
        assert light.clamped.shape[2:] == (32, 32)
    if loaded.input_size is not None:
        assert min(loaded.input_size) > 0
    assert all(math.isfinite(number) for number in loaded.confidence)
    assert isinstance(loaded.provenance.source, str)
    assert isinstance(loaded.provenance.step, int)


def headers() -> list[bytes]:
    """Return the JSON before the numbers, its inner JSON unfolded, so that both are damaged."""
    content = checkpoints()[0]
    length = int.from_bytes(content[:8], 'little')
    header = json.loads(content[8 : 8 + length])
    description = json.loads(header['__metadata__']['steps_ros'])
    # Without its hash, as files were before there were any, or all damage would end there.
    del description[HASH_KEY]
    header['__metadata__'] = description
    return [json.dumps(header).encode()]


def check_header(content: bytes) -> None:
    """A checkpoint whose header is damaged and whose numbers are not."""
    whole = checkpoints()[0]
    numbers = whole[8 + int.from_bytes(whole[:8], 'little') :]
    check_checkpoint(len(folded := _folded(content)).to_bytes(8, 'little') + folded + numbers)


def _folded(content: bytes) -> bytes:
    try:
        header = json.loads(content)
        inner = header.pop('__metadata__')
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return content
    return json.dumps({'__metadata__': {'steps_ros': json.dumps(inner)}, **header}).encode()


def _foreign_state() -> dict[str, torch.Tensor]:
    state = IlluminationNet(3).state_dict()
    return {enhancer_key(key): value for key, value in state.items()}


@cache
def foreign_files() -> tuple[bytes, ...]:
    """Return SCI's weights in torch's new and old format, and a ResNet that is not complete."""
    state = _foreign_state()
    wanting = {'layer1.0.conv1.weight': torch.ones(1)}
    made = []
    for values, is_zip in ((state, True), ({'state_dict': state}, False), (wanting, True)):
        stream = io.BytesIO()
        torch.save(values, stream, _use_new_zipfile_serialization=is_zip)
        made.append(stream.getvalue())
    return tuple(made)


def check_foreign(content: bytes) -> None:
    """Weights with counts of what was taken and ignored."""
    imported = import_weights(written('weights.pt', content))
    assert min([*imported.taken.values(), *imported.ignored.values()], default=1) > 0


def pickles() -> list[bytes]:
    """Return the pickle in a file of torch's new format."""
    with zipfile.ZipFile(io.BytesIO(foreign_files()[0])) as archive:
        return [archive.read(f'archive/{PICKLE}')]


def check_pickle(content: bytes) -> None:
    """The same file with another pickle: sums are right, so that it is looked at."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(foreign_files()[0])) as archive,
        zipfile.ZipFile(stream, 'w') as damaged,
    ):
        for name in archive.namelist():
            damaged.writestr(name, content if name.endswith(PICKLE) else archive.read(name))
    for name in ('os.system', 'torch._utils._rebuild_tensor_v2'):
        key = key_that_needs(content, name)
        assert key is None or isinstance(key, str)
    check_foreign(stream.getvalue())


TARGETS = (
    Target('checkpoint', checkpoints, check_checkpoint),
    Target('checkpoint_header', headers, check_header, JSON_WORDS),
    Target('foreign_weights', foreign_files, check_foreign),
    Target('pickle', pickles, check_pickle),
)
