"""Checkpoints explain themselves; bad files get one line that names file, key and remedy."""

import argparse
import json
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
import torch

from steps_ros.core.checkpoint import (
    Checkpoint,
    load_checkpoint,
    Provenance,
    read_foreign,
    save_checkpoint,
)
from steps_ros.core.depth_net import DepthNet, TINY
from steps_ros.core.illumination import IlluminationNet
from steps_ros.core.masks import Bridge
from steps_ros.core.resnet import EncoderConfig
from steps_ros.errors import CheckpointError, OutputError


@pytest.fixture(scope='module')
def checkpoint() -> Checkpoint:
    return Checkpoint(
        DepthNet(TINY),
        IlluminationNet(1),
        input_size=(192, 320),
        confidence=Bridge(0.2, 0.8, 3.0, 4.0),
        provenance=Provenance('a test', 7, notes={'data': ['abc']}),
    )


@pytest.fixture
def file(checkpoint, tmp_path) -> Path:
    path = tmp_path / 'weights.safetensors'
    save_checkpoint(checkpoint, path)
    return path


def test_round_trip(checkpoint, file):
    loaded = load_checkpoint(file)
    assert loaded.depth_net.config == TINY
    assert loaded.input_size == (192, 320)
    assert loaded.confidence == checkpoint.confidence
    assert loaded.provenance == checkpoint.provenance
    assert not loaded.depth_net.training
    expected = checkpoint.depth_net.state_dict()
    assert all(torch.equal(v, expected[k]) for k, v in loaded.depth_net.state_dict().items())


def test_half_storage_loads_as_float32(checkpoint, tmp_path):
    path = tmp_path / 'half.safetensors'
    save_checkpoint(checkpoint, path, torch.float16)
    weight = load_checkpoint(path).depth_net.encoder.stem[0].weight
    assert weight.dtype == torch.float32
    assert path.stat().st_size < 8e6


def test_parts_may_be_missing(checkpoint, tmp_path):
    path = tmp_path / 'depth.safetensors'
    save_checkpoint(Checkpoint(depth_net=checkpoint.depth_net), path)
    loaded = load_checkpoint(path)
    assert loaded.enhancer is None
    assert loaded.input_size is None


def test_encoder_alone_round_trip(tmp_path):
    path = tmp_path / 'encoder.safetensors'
    save_checkpoint(
        Checkpoint(encoder={'stem.0.weight': torch.ones(2)}, encoder_config=EncoderConfig()), path
    )
    loaded = load_checkpoint(path)
    assert loaded.encoder_config == EncoderConfig()
    assert torch.equal(loaded.encoder['stem.0.weight'], torch.ones(2))


def test_other_ending_is_refused(checkpoint, tmp_path):
    with pytest.raises(OutputError, match=r'weights\.pt: a checkpoint is a \.safetensors file'):
        save_checkpoint(checkpoint, tmp_path / 'weights.pt')


def test_nothing_half_written_where_writing_fails(checkpoint, tmp_path):
    (tmp_path / 'taken').write_text('')
    with pytest.raises(OutputError, match='cannot be written'):
        save_checkpoint(checkpoint, tmp_path / 'taken' / 'weights.safetensors')
    assert [entry.name for entry in tmp_path.iterdir()] == ['taken']


def test_missing_file(tmp_path):
    with pytest.raises(CheckpointError, match=r'none\.safetensors: no such file'):
        load_checkpoint(tmp_path / 'none.safetensors')


@pytest.mark.parametrize('length', [0, 7, 100, -1000])
def test_truncated_file(file, length):
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(CheckpointError, match=r'not a readable \.safetensors.*copy it again'):
        load_checkpoint(file)


def test_foreign_safetensors(tmp_path):
    path = tmp_path / 'other.safetensors'
    save_file({'weight': torch.ones(1)}, path)
    with pytest.raises(
        CheckpointError, match=r'metadata key steps_ros is missing.*import-weights'
    ):
        load_checkpoint(path)


def rewritten(file: Path, tensors=None, **changes) -> None:
    """Write the file again with changed metadata or tensors."""
    kept = load_file(file)
    header = file.read_bytes()
    length = int.from_bytes(header[:8], 'little')
    description = json.loads(json.loads(header[8 : 8 + length])['__metadata__']['steps_ros'])
    metadata = {'steps_ros': json.dumps({**description, **changes})}
    save_file({**kept, **(tensors or {})}, file, metadata)


def test_wrong_shape_names_file_and_key(file):
    rewritten(file, {'depth_net.encoder.stem.0.weight': torch.ones(3)})
    with pytest.raises(
        CheckpointError, match=r'key depth_net\.encoder\.stem\.0\.weight has shape'
    ):
        load_checkpoint(file)


def test_unexpected_key_is_named(file):
    rewritten(file, {'enhancer.extra': torch.ones(3)})
    with pytest.raises(CheckpointError, match=r'key enhancer\.extra is not of its network'):
        load_checkpoint(file)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'format': 99}, 'format 99, this version reads 1'),
        ({'depth_net': {'encoder': 3}}, 'does not describe a network'),
        ({'confidence': {'low': 1}}, 'does not describe a network'),
        ({'enhancer': {'channels': 2, 'x': 1}}, 'does not describe a network'),
    ],
)
def test_metadata_that_makes_no_network(file, changes, message):
    rewritten(file, **changes)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(file)


def test_foreign_file_that_needs_code_is_refused_by_key(tmp_path):
    path = tmp_path / 'lightning.ckpt'
    values = {'state_dict': {'a': torch.ones(1)}, 'epoch': 3, 'options': argparse.Namespace(a=1)}
    torch.save(values, path)
    with pytest.raises(CheckpointError, match=r"key 'options'.*argparse\.Namespace.*state_dict"):
        read_foreign(path)


def test_foreign_file_of_the_old_format_is_scanned_too(tmp_path):
    path = tmp_path / 'old.pt'
    values = {'a': torch.ones(1), 'options': argparse.Namespace(a=1)}
    torch.save(values, path, _use_new_zipfile_serialization=False)
    with pytest.raises(CheckpointError, match=r"key 'options'.*argparse\.Namespace"):
        read_foreign(path)


@pytest.mark.parametrize('content', [b'', b'hello', b'PK\x03\x04 cut'])
def test_damaged_foreign_file(tmp_path, content):
    path = tmp_path / 'cut.pt'
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r'cut\.pt: not a readable weights file') as caught:
        read_foreign(path)
    assert '\n' not in str(caught.value)


def test_foreign_file_of_one_tensor(tmp_path):
    path = tmp_path / 'tensor.pt'
    torch.save(torch.ones(2), path)
    with pytest.raises(CheckpointError, match='holds a Tensor, not named weights'):
        read_foreign(path)


def test_foreign_path_that_is_no_file(tmp_path):
    with pytest.raises(CheckpointError, match='no such file'):
        read_foreign(tmp_path / 'none.pt')
    with pytest.raises(CheckpointError, match='is a folder'):
        read_foreign(tmp_path)
