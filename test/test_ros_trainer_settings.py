"""Parameters of the trainer: the options of the command line, and what is begun with them."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

pytest.importorskip('rclpy', reason='rclpy is not installed')

from steps_ros.cli import train, training
from steps_ros.errors import OutputError, SettingsError
from steps_ros.ros.trainer_settings import asked_job, in_parameters, snapshots, TrainerSettings
from steps_ros.settings import build, convert, describe
from steps_ros.train.job import write_job
from steps_ros.train.presets import PRESETS

ROOT = Path(__file__).parents[1]
DESCRIBED = list(describe(TrainerSettings))
# Of the command line alone; see the module.
NO_PARAMETERS = {'resume', 'overwrite'}


@pytest.fixture
def asked(tmp_path) -> TrainerSettings:
    """Return parameters that can be trained with; without a size the drive would be looked at."""
    out = str(tmp_path / 'out')
    return TrainerSettings(bag=('night.mcap',), day=('day.mcap',), out=out, size='64x96')


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    return parser


def test_the_parameters_are_the_options_of_the_command_line():
    options = {action.dest for action in _parser()._actions} - {'help'} - NO_PARAMETERS
    assert {item.name for item in DESCRIBED} == options
    assert all(item.read_only and item.doc.endswith('.') for item in DESCRIBED)


class _Asked(Exception):
    """The command line was understood."""


@pytest.mark.parametrize(
    'options',
    [
        {},
        {
            'preset': 'supervised',
            'init': 'start.safetensors',
            'teacher': 'day.safetensors',
            'teacher_steps': 3,
            'validate': 'held_out.mcap@50-60%',
            'validate_every': 2,
            'reference_topic': '/lidar',
            'size': '64x96',
            'batch': 4,
            'max_steps': 5,
            'pose_warmup': 6,
            'learning_rate': 0.5,
            'seed': 7,
            'precision': 'bfloat16',
            'channels_last': False,
            'compile': True,
            'intrinsics': 'camera.yaml',
            'image_topic': '/image',
            'odom_topic': 'none',
            'bonnet': 0.25,
        },
    ],
)
def test_the_same_training_is_begun_as_by_the_command_line(asked, monkeypatch, options):
    jobs = []

    def caught(job, *_, **__):
        jobs.append(job)
        raise _Asked

    monkeypatch.setattr(training, 'run_job', caught)
    options = {'size': asked.size, **options}
    given = ['--bag', 'night.mcap', '--day', 'day.mcap', '--out', asked.out, '--device', 'cpu']
    for name, value in options.items():
        option = f'{"no-" if value is False else ""}{name.replace("_", "-")}'
        given += [f'--{option}', *([] if isinstance(value, bool) else [str(value)])]
    parameters = {'bag': 'night.mcap', 'day': ['day.mcap'], 'out': asked.out, **options}
    job = asked_job(build(TrainerSettings, parameters))
    with pytest.raises(_Asked):
        train.run(_parser().parse_args(given))
    assert jobs == [job]


def test_whatever_preset_is_supervised_gets_depth(asked, monkeypatch):
    assert not asked_job(replace(asked, preset='monodepth2')).store.depth
    monkeypatch.setitem(PRESETS, 'monodepth2', PRESETS['supervised'])
    assert asked_job(replace(asked, preset='monodepth2')).store.depth


def test_a_size_that_no_network_takes_is_refused_at_once(asked):
    with pytest.raises(SettingsError, match=r'network size 100x160.*multiples of 32.*try 128x160'):
        asked_job(replace(asked, size='100x160'))


def test_home_is_where_it_is_in_a_shell(asked, monkeypatch):
    monkeypatch.setenv('HOME', '/home/ada')
    job = asked_job(replace(asked, bag=('~/a.mcap@1-2',), teacher='~/day.safetensors'))
    assert job.night == ('/home/ada/a.mcap@1-2',)
    assert job.teacher == Path('/home/ada/day.safetensors')


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({'bag': ()}, '^parameter bag is empty; set it, as with -p bag:=PATH$'),
        ({'out': ''}, '^parameter out is empty'),
        ({'day': ()}, 'compares with day drives'),
    ],
)
def test_what_is_missing_is_named(asked, values, message):
    with pytest.raises(SettingsError, match=message):
        asked_job(replace(asked, **values))


def test_a_size_is_height_by_width():
    assert TrainerSettings(size='64x96').height_width == (64, 96)
    with pytest.raises(SettingsError, match="size: '64' is no size; give HxW"):
        TrainerSettings(size='64')


def test_a_folder_of_something_else_is_left_alone(asked):
    out = asked.folder
    out.mkdir()
    asked_job(asked)
    (out / 'letter.txt').touch()
    with pytest.raises(OutputError, match='is not empty and holds no training'):
        asked_job(asked)
    with pytest.raises(OutputError, match=r'letter\.txt is a file'):
        asked_job(replace(asked, out=str(out / 'letter.txt')))


def test_a_training_goes_on_with_the_same_parameters_or_more_steps(asked):
    write_job(asked_job(asked))
    # Nothing was learnt yet, so a mistake in the parameters may still be mended.
    assert asked_job(replace(asked, batch=3)).training.batch == 3
    snapshot = snapshots(asked.folder)['train']
    snapshot.parent.mkdir()
    snapshot.touch()
    longer = asked_job(replace(asked, max_steps=900))
    assert (longer.training.max_steps, longer.training.validate_every) == (900, 200)
    with pytest.raises(SettingsError, match='begun with validate_every 200, not 1;'):
        asked_job(replace(asked, validate_every=1))
    with pytest.raises(SettingsError, match='begun with batch 2, not 3; set it back, or set'):
        asked_job(replace(asked, batch=3))
    with pytest.raises(SettingsError, match='begun with height 64, not 128'):
        asked_job(replace(asked, size='128x96'))


def test_messages_name_parameters_instead_of_options():
    said = in_parameters('give another --teacher, fewer --max-steps, or --resume')
    assert said == 'give another parameter teacher, fewer parameter max_steps, or --resume'
    full = 'the former snapshot is kept, make room and go on with --resume'
    assert in_parameters(full).endswith('room and start again with the same parameters to go on')


def test_the_shipped_file_holds_every_parameter_with_its_default():
    path = ROOT / 'config' / 'trainer.param.yaml'
    shipped = yaml.safe_load(path.read_text())['/**']['ros__parameters']
    values = {item.name: convert(item, shipped[item.name]) for item in DESCRIBED}
    assert list(shipped) == list(values)
    assert values == {item.name: item.default for item in DESCRIBED}
