"""Files as the first versions wrote them load, or one line says what to change."""

from __future__ import annotations

from dataclasses import asdict, fields
import json
import logging
from pathlib import Path
import re

import numpy as np
import pytest
from safetensors.torch import save_file
import torch
import yaml

from steps_ros import __version__
from steps_ros.core.checkpoint import load_checkpoint
from steps_ros.core.depth_net import DepthNet, DepthNetConfig
from steps_ros.core.illumination import IlluminationNet
from steps_ros.core.resnet import EncoderConfig
from steps_ros.data.store import FORMAT, StoreIndex
from steps_ros.errors import SourceError
from steps_ros.ros.parameters import NightDepthSettings
from steps_ros.ros.trainer_settings import TrainerSettings
from steps_ros.settings import build, flatten
from steps_ros.train.job import described, Job, read_job, SETTINGS, write_job
from steps_ros.train.shards import load_shards
from steps_ros.train.training_settings import TrainingSettings

NIGHT_DEPTH = """
checkpoint: ""
device: auto
precision: auto
engine: torch
network_size: ""
image_transport: raw
input_reliability: auto
autostart: false
image_timeout_s: 2.0
max_range: 80.0
output: {max_width: 0}
cloud: {stride: 2, min_range: 0.0, max_range: 60.0, min_height: -100.0, max_height: 100.0,
        min_confidence: 0.2}
colour: {nearest: 1.0, farthest: 80.0}
diagnostics: {period_s: 1.0}
"""
TRAINER = """
bag: ""
day: ""
init: default
out: ""
preset: steps
teacher: ""
teacher_steps: 1500
validate: ""
reference_topic: ""
size: 192x320
batch: 2
max_steps: 2000
pose_warmup: 200
learning_rate: 1.0e-4
seed: 0
device: auto
precision: float32
intrinsics: ""
image_topic: ""
bonnet: 0.0
"""
CONFIG = DepthNetConfig(
    EncoderConfig(stem=4, widths=(4, 4, 4, 4), depths=(1, 1, 1, 1)),
    decoder=(4, 4, 4, 4, 4),
    padding='zeros',
)
DESCRIPTION = {
    'confidence': {'above': 5.0, 'below': 5.0, 'high': 0.92, 'low': 0.1},
    'depth_net': {
        'decoder': [4, 4, 4, 4, 4],
        'encoder': {
            'block': 'basic',
            'channels': 3,
            'depths': [1, 1, 1, 1],
            'slope': 0.01,
            'stem': 4,
            'widths': [4, 4, 4, 4],
        },
        'max_depth': 100.0,
        'min_depth': 0.1,
        'padding': 'zeros',
    },
    'encoder': None,
    'enhancer': {'channels': 1},
    'format': 1,
    'input_size': [64, 96],
    'provenance': {'notes': {}, 'source': '', 'step': 0, 'version': '0.1.0'},
}
TRAINING = {
    'night': ['night.mcap'],
    'out': '/trained',
    'start': 'start.safetensors',
    'training': {
        'max_steps': 2,
        'batch': 1,
        'learning_rate': 0.0001,
        'halving_epochs': [15],
        'enhancer_decay': 0.0003,
        'clip_norm': 5.0,
        'pose_warmup': 0,
        'seed': 0,
        'precision': 'float32',
        'holds_statistics': False,
        'save_every': 200,
        'panels_every': 200,
        'validate_every': 0,
    },
    'day': [],
    'preset': 'monodepth2',
    'teacher': None,
    'teacher_steps': 1500,
    'store': {'height': 64, 'width': 96, 'stride': 1, 'bonnet': 0.0, 'depth': False},
    'options': {'image_topic': None, 'info_topic': None, 'intrinsics': None},
}
# What the objectives of the first trainings did not have.
NEWER = ('auto_mask', 'joint', 'translation_unit')


def as_first_written(folder: Path) -> Path:
    """Write the settings of a training as the first version did."""
    job = Job(('night',), folder, Path('start'), TrainingSettings(2), preset='monodepth2')
    objective = described(job)['objective']
    kept = {name: value for name, value in objective.items() if name not in NEWER}
    content = {**TRAINING, 'objective': kept}
    (folder / SETTINGS).write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize(
    ('settings', 'content'), [(NightDepthSettings, NIGHT_DEPTH), (TrainerSettings, TRAINER)]
)
def test_the_first_parameter_files_hold_for_both_nodes(settings, content):
    values = dict(flatten(yaml.safe_load(content)))
    made = dict(flatten(asdict(build(settings, values))))
    lists = {name for name, value in made.items() if isinstance(value, tuple)}
    assert {name: made[name] for name in values.keys() - lists} == {
        name: value for name, value in values.items() if name not in lists
    }


def test_the_first_checkpoints_load_to_the_same_networks(tmp_path):
    depth, enhancer = DepthNet(CONFIG), IlluminationNet(1)
    tensors = {f'depth_net.{key}': value for key, value in depth.state_dict().items()}
    tensors |= {f'enhancer.{key}': value for key, value in enhancer.state_dict().items()}
    path = tmp_path / 'first.safetensors'
    save_file(tensors, path, {'steps_ros': json.dumps(DESCRIPTION, sort_keys=True)})
    loaded = load_checkpoint(path)
    assert (loaded.depth_net.config, loaded.input_size) == (CONFIG, (64, 96))
    expected = depth.state_dict()
    found = loaded.depth_net.state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], value) for key, value in expected.items())


def test_the_first_trainings_go_on_and_say_what_is_another_now(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        job = read_job(as_first_written(tmp_path))
    assert (job.night, job.out, job.validate) == (('night.mcap',), tmp_path, None)
    assert job.training == TrainingSettings(2, batch=1)
    (said,) = (record.getMessage() for record in caplog.records)
    assert 'the objective monodepth2 was another when this began' in said
    assert 'auto_mask - then, True now' in said
    assert f'goes on with that of steps_ros {__version__}' in said


def test_a_training_of_today_goes_on_in_silence(tmp_path, caplog):
    job = Job(('night',), tmp_path, Path('start'), TrainingSettings(2), preset='monodepth2')
    write_job(job)
    assert read_job(tmp_path) == job
    assert caplog.records == []


def test_a_part_that_did_not_exist_and_is_left_out_is_no_change(tmp_path, caplog):
    job = Job(('night',), tmp_path, Path('start'), TrainingSettings(2), preset='monodepth2')
    write_job(job)
    path = tmp_path / 'settings.json'
    written = json.loads(path.read_text())
    assert written['objective'].pop('dark_motion_weight') == 0
    path.write_text(json.dumps(written))
    assert read_job(tmp_path) == job
    assert caplog.records == []
    # One that takes part is told of.
    del written['objective']['smoothness_weight']
    path.write_text(json.dumps(written))
    read_job(tmp_path)
    (said,) = (record.getMessage() for record in caplog.records)
    assert '(smoothness_weight 0 then, 0.001 now)' in said


def test_a_training_of_a_later_version_names_it(tmp_path):
    path = as_first_written(tmp_path) / SETTINGS
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, 'version': '9.1', 'colour_weight': 0.5}))
    with pytest.raises(SourceError) as caught:
        read_job(tmp_path)
    said = str(caught.value)
    assert f'was written by steps_ros 9.1 and means nothing to {__version__}' in said
    assert 'colour_weight' in said
    assert said.endswith('go on with that version, or begin in another folder')
    assert '\n' not in said


@pytest.mark.parametrize(
    ('damage', 'reason'),
    [
        ({'night': ['night', 5]}, "night is ('night', 5)"),
        ({'teacher_steps': 1.5}, 'teacher_steps is 1.5'),
        ({'options': {'intrinsics': None, 'rate_hz': '5'}}, "rate_hz is '5'"),
        ({'training': {'max_steps': 1.5, 'halving_epochs': []}}, 'max_steps is 1.5'),
        ({'training': {'max_steps': 5, 'halving_epochs': [None]}}, 'halving_epochs is (None,)'),
        ({'training': {'max_steps': 5, 'halving_epochs': [], 'compile': 64}}, 'compile is 64'),
        ({'training': {'max_steps': 0, 'halving_epochs': []}}, '--max-steps 0: give at least 1'),
    ],
)
def test_settings_of_another_type_are_refused_before_they_are_used(tmp_path, damage, reason):
    write_job(Job(('night',), tmp_path, Path('start'), TrainingSettings(2), preset='monodepth2'))
    path = tmp_path / SETTINGS
    path.write_text(json.dumps({**json.loads(path.read_text()), **damage}))
    with pytest.raises(SourceError, match=re.escape(f'{path} describes no training ({reason}')):
        read_job(tmp_path)


def test_settings_that_nest_too_deep_are_refused(tmp_path):
    (tmp_path / SETTINGS).write_text('[' * 5000)
    with pytest.raises(SourceError, match='describes no training'):
        read_job(tmp_path)


def test_the_first_shards_were_drawn_through_straight_lenses(tmp_path):
    arrays = {
        'images': np.zeros((1, 1, 8, 12, 3), np.uint8),
        'depth': np.ones((1, 8, 12), np.float16),
        'intrinsics': np.array([[[9, 0, 6], [0, 9, 4], [0, 0, 1]]], np.float32),
        'mounting': np.zeros((1, 3), np.float32),
    }
    np.savez(tmp_path / 'scene_00000.npz', **arrays)
    (street,) = load_shards([tmp_path]).streets
    assert street.cameras[0].distortion == ()


def test_who_changes_the_index_of_stores_changes_its_format():
    """Then the index of an older store is refused in one line, and the store made again."""
    first = {
        'name', 'kind', 'content', 'settings', 'height', 'width', 'frame_count', 'triplet_count',
        'seen_count', 'period_ns', 'dropped', 'damage', 'has_depth', 'format',
    }  # fmt: skip
    assert FORMAT == 3
    assert {field.name for field in fields(StoreIndex)} == {*first, 'located_count'}
