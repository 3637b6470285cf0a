"""Checkpoints explain themselves; bad files get one line that names file, key and remedy."""

import argparse
from collections import Counter
from dataclasses import asdict
import json
from pathlib import Path
import re
import resource
import zipfile

import pytest
from safetensors.torch import load_file, save_file
import torch

from steps_ros.core import pickle_walk
from steps_ros.core.checkpoint import (
    Checkpoint,
    load_checkpoint,
    Provenance,
    save_checkpoint,
    stored_sha256,
)
from steps_ros.core.depth_net import DepthNet, TINY
from steps_ros.core.foreign_file import read_foreign
from steps_ros.core.illumination import IlluminationNet
from steps_ros.core.masks import Bridge
from steps_ros.core.network_configs import (
    confidence,
    depth_config,
    enhancer_channels,
    input_size,
)
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
    """Write the file again with changed metadata or tensors, as versions without a hash did."""
    kept = load_file(file)
    header = file.read_bytes()
    length = int.from_bytes(header[:8], 'little')
    description = json.loads(json.loads(header[8 : 8 + length])['__metadata__']['steps_ros'])
    del description['sha256']
    metadata = {'steps_ros': json.dumps({**description, **changes})}
    save_file({**kept, **(tensors or {})}, file, metadata)


def test_the_same_content_is_the_same_bytes_with_a_hash(checkpoint, file, tmp_path):
    save_checkpoint(load_checkpoint(file), tmp_path / 'again.safetensors')
    assert (tmp_path / 'again.safetensors').read_bytes() == file.read_bytes()
    assert re.fullmatch('[0-9a-f]{64}', stored_sha256(file))
    notes = Provenance('numbers as keys', notes={2: 'two', 10: 'ten'})
    save_checkpoint(Checkpoint(enhancer=checkpoint.enhancer, provenance=notes), file)
    assert load_checkpoint(file).provenance.notes == {'2': 'two', '10': 'ten'}


def test_a_file_of_before_there_were_hashes_loads(checkpoint, file):
    rewritten(file)
    assert stored_sha256(file) == ''
    assert load_checkpoint(file).provenance == checkpoint.provenance


def test_weights_of_which_one_bit_flipped_are_refused(file):
    content = bytearray(file.read_bytes())
    content[-1000] ^= 1
    file.write_bytes(content)
    with pytest.raises(
        CheckpointError, match=r'weights\.safetensors: holds other weights than were saved.*copy'
    ) as caught:
        load_checkpoint(file)
    assert '\n' not in str(caught.value)


def test_no_flipped_bit_goes_unnoticed(tmp_path):
    path = tmp_path / 'enhancer.safetensors'
    save_checkpoint(Checkpoint(enhancer=IlluminationNet(1)), path)
    whole = path.read_bytes()
    # The name of the hash is all that may change: the file is then one without a hash.
    name = whole.index(b'sha256')
    for place in set(range(0, len(whole), 29)) - set(range(name, name + len('sha256'))):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError) as caught:
            load_checkpoint(path)
        assert '\n' not in str(caught.value)


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


@pytest.mark.parametrize(
    ('part', 'key', 'value', 'word'),
    [
        ('encoder', 'block', 'dense', 'block'),
        ('encoder', 'widths', [64, 128, 256], 'widths'),
        ('encoder', 'widths', [10**6] * 4, 'widths'),
        ('encoder', 'depths', [10**9, 1, 1, 1], 'depths'),
        ('encoder', 'depths', [0, 1, 1, 1], 'depths'),
        ('encoder', 'channels', 4, 'channels'),
        ('encoder', 'slope', float('nan'), 'slope'),
        ('decoder', None, [16, 32, 48, 96], 'decoder'),
        ('padding', None, 'circular', 'padding'),
        ('min_depth', None, -1.0, 'depth from'),
        ('max_depth', None, 0.1, 'depth'),
        ('max_depth', None, '100', 'depth'),
    ],
)
def test_a_network_that_cannot_be_is_not_built(part, key, value, word):
    values = json.loads(json.dumps(asdict(TINY)))
    if key is None:
        values[part] = value
    else:
        values[part][key] = value
    with pytest.raises(ValueError, match=word):
        depth_config(values)


@pytest.mark.parametrize('values', [{'channels': 2}, {'channels': 1, 'x': 1}, {'channels': True}])
def test_an_enhancer_that_cannot_be(values):
    with pytest.raises(ValueError, match='enhancer'):
        enhancer_channels(values)


@pytest.mark.parametrize('values', [[0, 32], [32], [32.0, 32], 'ab', [10**9, 32]])
def test_an_input_size_that_cannot_be(values):
    with pytest.raises(ValueError, match='input_size'):
        input_size(values)


def test_confidence_has_finite_bounds():
    bridge = Bridge(0.2, 0.8, 3.0, 4.0)
    assert confidence(bridge._asdict()) == bridge
    with pytest.raises(ValueError, match='high nan'):
        confidence({**bridge._asdict(), 'high': float('nan')})


def test_a_large_network_without_its_weights_takes_no_memory(file):
    wide = {**asdict(TINY), 'decoder': (8192,) * 5}
    rewritten(file, depth_net=wide)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CheckpointError, match='has shape'):
        load_checkpoint(file)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_absurd_headers_and_archives_are_refused_by_a_limit(file, tmp_path, monkeypatch):
    monkeypatch.setenv('STEPS_ROS_MAX_TEXT_BYTES', '100')
    with pytest.raises(CheckpointError, match=r'header has \d+ bytes.*STEPS_ROS_MAX_TEXT_BYTES'):
        load_checkpoint(file)
    path = tmp_path / 'a.pt'
    torch.save({'a': torch.zeros(10_000)}, path)
    monkeypatch.setenv('STEPS_ROS_MAX_UNPACKED_BYTES', '40000')
    with pytest.raises(CheckpointError, match=r'unpacked, has \d+ bytes, more than the limit'):
        read_foreign(path)


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


BOMB = b'c__builtin__\nbytearray\nJ' + (1 << 26).to_bytes(4, 'little') + b'\x85R'


def with_pickle(path, change):
    """Change the pickle in a file of torch's new format."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in parts.items():
            archive.writestr(name, change(content) if name.endswith('data.pkl') else content)


def bytes_bomb(pickled):
    """Put a call that takes 64 MiB before the end, under a key of the dict."""
    return pickled[:-1] + b'X\x01\x00\x00\x00b' + BOMB + b's.'


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (bytes_bomb, r'would need to unpickle __builtin__\.bytearray'),
        (
            lambda it: b'M\xe8\x7f'.join(it.rsplit(b'M\xe8\x03', 1)),
            r'does not fit its 1000 numbers',
        ),
        (lambda it: it.replace(b'M\xe8\x03', b'M\xe8\x7f', 1), r'storage 0 is larger than'),
        (lambda it: it.replace(b'\x85', b'\x86'), 'damaged at'),
        (lambda it: it[:-1] + b'N\x85Ns.', 'damaged at SETITEM'),
        (lambda it: it[:-1] + b'N0' * 5 + b'.', 'damaged at POP'),
        (lambda it: it[:-1] + b'N' * 1000 + b'.', 'more than 1000 operations'),
    ],
)
def test_a_pickle_gets_no_more_memory_than_its_file_has(tmp_path, monkeypatch, change, message):
    monkeypatch.setattr(pickle_walk, 'MOST_OPERATIONS', 1000)
    path = tmp_path / 'small.pt'
    torch.save({'a': torch.zeros(1000)}, path)
    with_pickle(path, change)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CheckpointError, match=message) as caught:
        read_foreign(path)
    assert '\n' not in str(caught.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


@pytest.mark.parametrize('is_zip', [True, False])
def test_what_weights_need_is_read(tmp_path, is_zip):
    path = tmp_path / 'whole.pt'
    network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm2d(4))
    state = network.state_dict()
    optimiser = torch.optim.Adam(network.parameters()).state_dict()
    values = {
        'state_dict': state, 'optimiser': optimiser, 'size': torch.Size([1, 2]), 'none': None,
        'parameter': network[0].weight, 'type': torch.float16, 'steps': Counter({3: 1}),
        'part': torch.arange(12.0).reshape(3, 4)[1:, ::2], 'half': torch.ones(2).half(),
        'device': torch.device('cpu'), 'number': 1.5, 'empty': torch.zeros(0, 3), 'flag': True,
    }  # fmt: skip
    torch.save(values, path, _use_new_zipfile_serialization=is_zip)
    read = read_foreign(path)
    assert read.keys() == values.keys()
    assert torch.equal(read['part'], values['part'])
    assert all(torch.equal(read['state_dict'][key], state[key]) for key in state)


def test_old_files_claim_no_more_than_they_have(tmp_path):
    path = tmp_path / 'old.pt'
    torch.save({'a': torch.zeros(1000)}, path, _use_new_zipfile_serialization=False)
    content = path.read_bytes().replace(b'M\xe8\x03', b'J\x00\x00\x00\x04')
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match='storages are larger than the file'):
        read_foreign(path)
    path.write_bytes(content.replace(b'}q', BOMB + b'}q'))
    with pytest.raises(CheckpointError, match='bytearray'):
        read_foreign(path)


@pytest.mark.parametrize('content', [b'', b'hello', b'PK\x03\x04 cut'])
def test_damaged_foreign_file(tmp_path, content):
    path = tmp_path / 'cut.pt'
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r'cut\.pt: not a readable weights file') as caught:
        read_foreign(path)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('version', ['2.5.1', '2.9.1+cu128', '1.13.1', '2.10.0a0+git'])
def test_foreign_files_need_a_torch_without_known_holes(tmp_path, monkeypatch, version):
    path = tmp_path / 'a.pt'
    torch.save({'a': torch.ones(1)}, path)
    monkeypatch.setattr(torch, '__version__', version)
    if version.startswith('2.10'):
        assert list(read_foreign(path)) == ['a']
        return
    with pytest.raises(CheckpointError, match=r'needs torch 2\.10 or newer.*on another machine'):
        read_foreign(path)


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


def test_a_damaged_archive_is_called_damaged(tmp_path):
    path = tmp_path / 'lightning.ckpt'
    torch.save({'a': torch.ones(1), 'options': argparse.Namespace(a=1)}, path)
    content = bytearray(path.read_bytes())
    place = content.index(b'argparse')
    content[place : place + 1] = b'A'
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r'not a readable weights file .*CRC'):
        read_foreign(path)
