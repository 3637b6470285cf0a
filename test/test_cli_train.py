"""``steps-ros train``: a short training from bags to a checkpoint, and what it refuses."""

from functools import partial
import json
from pathlib import Path
import shutil
import signal

import pytest
import torch

from steps_ros.cli import train as train_options
from steps_ros.cli import training
from steps_ros.cli.main import main
from steps_ros.core.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from steps_ros.core.depth_net import DepthNet, DepthNetConfig
from steps_ros.core.illumination import IlluminationNet
from steps_ros.core.resnet import EncoderConfig
from steps_ros.data.digest import digest
from steps_ros.train.presets import PRESETS
from steps_ros.train.snapshot import read_snapshot
from steps_ros.train.training_settings import PRECISIONS, TrainingSettings
from steps_ros.train.validation import Referenced

SMALL = EncoderConfig(stem=8, widths=(8, 8, 16, 16), depths=(1, 1, 1, 1))


@pytest.fixture(scope='module')
def drives(tmp_path_factory):
    """Return a night and a day drive of one street."""
    folder = tmp_path_factory.mktemp('drives')
    for time in ('night', 'day'):
        options = [
            '--frames',
            '6',
            '--size',
            '64x96',
            '--time',
            time,
            '--lidar',
            '0',
            '--seed',
            '4',
        ]
        assert main(['simulate', '--out', str(folder / f'{time}.mcap'), *options]) == 0
    return folder


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    """Return small weights to start from."""
    path = tmp_path_factory.mktemp('weights') / 'start.safetensors'
    depth = DepthNet(DepthNetConfig(SMALL, decoder=(4, 4, 8, 8, 16), padding='zeros'))
    save_checkpoint(Checkpoint(depth.eval(), IlluminationNet(1).eval()), path)
    return path


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path_factory.getbasetemp() / 'cache'))


@pytest.fixture
def _former_handlers():
    """Hear again what a command that was interrupted has ignored since."""
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


def train(drives, weights, out, *more):
    options = ['--size', '64x96', '--device', 'cpu', '--batch', '1', '--pose-warmup', '0']
    command = ['train', '--bag', drives / 'night.mcap', '--init', weights, '--out', out]
    return main([*map(str, command), *options, *map(str, more)])


def steps_of(folder: Path) -> list[int]:
    return [json.loads(line)['step'] for line in (folder / 'train.jsonl').read_text().splitlines()]


def test_bags_become_a_checkpoint_that_runs(tmp_path, drives, weights):
    out = tmp_path / 'out'
    more = ('--day', drives / 'day.mcap', '--teacher-steps', 1, '--max-steps', 2)
    assert train(drives, weights, out, *more) == 0
    assert steps_of(out) == [1, 2]
    assert load_checkpoint(out / 'teacher.safetensors').depth_net is not None
    # Its pose network has learned from frames in little light, too.
    (line,) = (out / 'teacher' / 'train.jsonl').read_text().splitlines()
    assert json.loads(line)['dark_motion'] > 0
    final = load_checkpoint(out / 'final.safetensors')
    assert (final.input_size, final.provenance.step) == ((64, 96), 2)
    content = final.provenance.notes['data'][0]
    assert len(content) == 64
    card = (out / 'model_card.md').read_text()
    assert content in card
    assert 'Not validated' in card
    assert '| 2 |' in card
    assert (
        f'day network teacher.safetensors; SHA-256 {digest(out / "teacher.safetensors")}' in card
    )
    image = tmp_path / 'results'
    command = [
        'run',
        drives / 'night.mcap',
        '--out',
        image,
        '--checkpoint',
        out / 'final.safetensors',
    ]
    assert main([*map(str, command), '--device', 'cpu']) == 0
    # The teacher that was trained is taken again, and the steps go on.
    assert main(['train', '--resume', str(out), '--max-steps', '3', '--device', 'cpu']) == 0
    assert steps_of(out) == [1, 2, 3]


def test_with_a_teacher_motion_alone_is_learned_by_day(tmp_path, drives, weights):
    out, teacher = tmp_path / 'out', tmp_path / 'teacher.safetensors'
    shutil.copy(weights, teacher)
    more = ('--day', drives / 'day.mcap', '--teacher', teacher, '--teacher-steps', 2)
    options = ('--max-steps', 1, '--learning-rate', 1e-3)
    assert train(drives, weights, out, *more, *options) == 0
    assert steps_of(out / 'teacher') == [1, 2]
    assert not (out / 'teacher.safetensors').exists()
    by_day = read_snapshot(out / 'teacher' / 'checkpoints' / 'last.npz').tensors
    start = load_checkpoint(weights).depth_net.state_dict()
    for name, value in start.items():
        assert torch.equal(by_day[f'networks.depth.{name}'], value), name
    by_night = read_snapshot(out / 'checkpoints' / 'last.npz').tensors
    for name, value in by_day.items():
        if name.startswith('networks.pose.') and name.endswith('weight'):
            # One step of Adam; from random numbers there would be two more.
            torch.testing.assert_close(by_night[name], value, atol=1.05e-3, rtol=0)
    # It is not learned by day again.
    assert main(['train', '--resume', str(out), '--max-steps', '2', '--device', 'cpu']) == 0
    assert (steps_of(out / 'teacher'), steps_of(out)) == ([1, 2], [1, 2])
    assert 'day network teacher.safetensors' in (out / 'model_card.md').read_text()


def test_several_drives_are_trained_on_together(tmp_path, drives, weights):
    out, both = tmp_path / 'out', [str(drives / f'{time}.mcap') for time in ('night', 'day')]
    options = ['--preset', 'monodepth2', '--max-steps', 1]
    assert train(drives, weights, out, '--bag', *both, *options) == 0
    data = load_checkpoint(out / 'final.safetensors').provenance.notes['data']
    assert len(set(data)) == 2
    card = (out / 'model_card.md').read_text()
    for drive, content in zip(both, data, strict=True):
        assert f'- {drive}: ' in card
        assert content in card


@pytest.mark.usefixtures('_former_handlers')
def test_sigterm_while_a_file_is_saved_costs_nothing(tmp_path, drives, weights, monkeypatch):
    out, whole, names = tmp_path / 'out', Path.replace, ['final.safetensors', 'last.npz']

    def replace(path, target):
        # All of it is written, and not yet under its name.
        if names[-1:] == [Path(target).name]:
            names.pop()
            signal.raise_signal(signal.SIGTERM)
        return whole(path, target)

    monkeypatch.setattr(Path, 'replace', replace)
    monkeypatch.setattr(training, 'TrainingSettings', partial(TrainingSettings, save_every=1))
    assert train(drives, weights, out, '--preset', 'monodepth2', '--max-steps', 2) == 130
    assert (names, steps_of(out)) == (['final.safetensors'], [1])
    assert main(['train', '--resume', str(out), '--device', 'cpu']) == 130
    assert (names, steps_of(out)) == ([], [1, 2])
    assert load_checkpoint(out / 'final.safetensors').provenance.step == 2
    assert [*out.rglob('*.partial')] == []


@pytest.mark.usefixtures('_former_handlers')
def test_sigterm_while_a_drive_is_decoded_ends_that_after_a_frame(
    tmp_path, drives, weights, monkeypatch, caplog
):
    seen = []

    def show(bar, frames):
        seen.append(frames)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(training.tqdm, 'update', show)
    # Nobody has decoded it at this size.
    more = ('--preset', 'monodepth2', '--size', '64x64')
    assert train(drives, weights, tmp_path / 'out', *more) == 130
    assert seen == [1]
    assert 'interrupted before there was anything to keep' in caplog.text
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(('after', 'code', 'name'), [(0.4, 3, 'rejected'), (0.2, 0, 'final')])
def test_only_what_is_not_worse_is_accepted(
    tmp_path, drives, weights, monkeypatch, after, code, name
):
    errors = iter([0.3, after])
    monkeypatch.setattr(Referenced, '_abs_rel', lambda *_: next(errors))
    more = ('--preset', 'monodepth2', '--max-steps', 1, '--validate', drives / 'night.mcap')
    assert train(drives, weights, tmp_path / 'out', *more) == code
    assert [path.stem for path in (tmp_path / 'out').glob('*.safetensors')] == [name]
    card = (tmp_path / 'out' / 'model_card.md').read_text()
    assert f'abs_rel {after:.5f} against 0.30000' in card
    (line,) = (tmp_path / 'out' / 'validation.jsonl').read_text().splitlines()
    assert json.loads(line) == {'step': 1, 'abs_rel': after, 'score': after / 0.3}


def test_presets_that_need_a_day_say_so(tmp_path, drives, weights, capsys):
    assert train(drives, weights, tmp_path / 'out') == 1
    assert '--day' in capsys.readouterr().err


def test_wrong_usage_is_2(capsys):
    for arguments in ([], ['--bag', 'x'], ['--resume', 'x', '--bag', 'y']):
        with pytest.raises(SystemExit) as ended:
            main(['train', *arguments])
        assert ended.value.code == 2
        assert 'usage: steps-ros train' in capsys.readouterr().err


def test_resume_takes_nothing_that_would_have_no_effect(tmp_path, capsys):
    flags = {'overwrite', 'compile', 'channels_last'}
    values = {'size': '64x96', 'preset': 'steps', 'precision': 'float32'}
    for name in train_options.DEFAULTS:
        option = f'--{"no-" if name == "channels_last" else ""}{name.replace("_", "-")}'
        given = [option] if name in flags else [option, values.get(name, '1')]
        with pytest.raises(SystemExit) as ended:
            main(['train', '--resume', str(tmp_path), *given])
        assert ended.value.code == 2
        assert f'{option} has no effect with --resume' in capsys.readouterr().err


def test_a_folder_without_a_training_cannot_be_resumed(tmp_path, capsys):
    assert main(['train', '--resume', str(tmp_path)]) == 1
    assert 'describes no training' in capsys.readouterr().err


def test_the_choices_are_those_of_the_trainer():
    assert set(train_options.PRESETS) == set(PRESETS)
    assert set(train_options.PRECISIONS) == set(PRECISIONS)
