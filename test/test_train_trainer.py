"""The loop: learns, goes on bit for bit after a kill, clips, stops on what is not finite."""

from dataclasses import replace
import json
import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from steps_ros.core.depth_net import DepthNet, DepthNetConfig
from steps_ros.core.discriminator import Discriminator
from steps_ros.core.illumination import SelfCalibratedEnhancer
from steps_ros.core.pose_net import PoseNet
from steps_ros.core.resnet import EncoderConfig
from steps_ros.errors import CheckpointError, SettingsError, TrainingError
from steps_ros.train.batch import TripletBatch
from steps_ros.train.logs import Board
from steps_ros.train.networks import Networks
from steps_ros.train.prefetch import Batches
from steps_ros.train.presets import DAY_TEACHING, MONODEPTH2, STEPS, SUPERVISED
from steps_ros.train.trainer import SNAPSHOTS, Training
from steps_ros.train.training_settings import TrainingSettings

HERE = Path(__file__).resolve().parent
SIZE = (32, 64)
SMALL = EncoderConfig(stem=8, widths=(8, 8, 16, 16), depths=(1, 1, 1, 1))
DEPTH = DepthNetConfig(SMALL, decoder=(4, 4, 8, 8, 16), padding='zeros')
POSE = replace(SMALL, channels=6, slope=0.0)


def batch(step, count=2):
    """Return moving stripes, the same for the same step."""
    generator = np.random.default_rng(step)
    wide = generator.integers(0, 255, (count, 3, SIZE[0], SIZE[1] + 8), np.uint8)
    frames = np.stack([wide[..., shift : shift + SIZE[1]] for shift in (0, 2, 4)], 1)
    matrix = torch.tensor([[40.0, 0, 32], [0, 40, 16], [0, 0, 1]]).expand(count, 3, 3)
    return TripletBatch(torch.from_numpy(frames), matrix)


def batches(start=0, day=True):
    step = start
    while True:
        yield Batches(batch(step), batch(10_000 + step) if day else None, 0.0)
        step += 1


def networks(objective):
    torch.manual_seed(0)
    return Networks(
        DepthNet(DEPTH),
        PoseNet(POSE) if objective.reconstruction_weight else None,
        SelfCalibratedEnhancer() if objective.enhances else None,
        Discriminator(width=4) if objective.adversarial_weight else None,
        DepthNet(DEPTH) if objective.adversarial_weight else None,
        objective.held,
    )


def training(folder, steps, objective=STEPS, **settings):
    chosen = TrainingSettings(steps, **{'save_every': 2, **settings})
    return Training(networks(objective), objective, chosen, folder, torch.device('cpu'))


def weights(folder):
    with np.load(folder / SNAPSHOTS / 'last.npz', allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def test_a_resumed_training_is_the_straight_one(tmp_path):
    straight = training(tmp_path / 'straight', 5)
    assert straight.run(batches())
    first = training(tmp_path / 'resumed', 5)
    assert not first.run(batches(), watch=lambda report: report.step == 3)
    # It was saved where it stopped; then its log is torn.
    log = tmp_path / 'resumed' / 'train.jsonl'
    kept = training(tmp_path / 'resumed', 2)
    kept.restore()
    assert kept.step == 3
    log.write_text(log.read_text() + '{"step": 4, "tot')
    second = training(tmp_path / 'resumed', 5)
    second.restore()
    assert second.run(batches(second.step))
    one, other = weights(tmp_path / 'straight'), weights(tmp_path / 'resumed')
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    assert log.read_text() == (tmp_path / 'straight' / 'train.jsonl').read_text()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line['step'] for line in lines] == [1, 2, 3, 4, 5]
    assert all(isinstance(value, float) for line in lines for value in list(line.values())[1:])


def test_little_light_is_drawn_from_seed_step_and_place(tmp_path):
    def told(name, **settings):
        loop = training(tmp_path / name, 2, DAY_TEACHING, **settings)
        loop.run(iter(lambda: Batches(batch(0), None, 0.0), None))
        lines = (tmp_path / name / 'train.jsonl').read_text().splitlines()
        return [json.loads(line)['dark_motion'] for line in lines]

    once, again = told('once', learning_rate=1e-12), told('again', learning_rate=1e-12)
    assert once == again
    assert len(set(once + told('other', learning_rate=1e-12, seed=1))) == 4
    assert min(once) > 0


def test_more_steps_change_nothing_but_the_end(tmp_path):
    for name, steps in (('short', 2), ('long', 4)):
        assert training(tmp_path / name, steps).run(batches())
    short = (tmp_path / 'short' / 'train.jsonl').read_text()
    assert (tmp_path / 'long' / 'train.jsonl').read_text().startswith(short)


def test_the_loss_of_a_batch_that_comes_again_falls(tmp_path):
    objective = MONODEPTH2
    again = training(tmp_path, 12, objective, learning_rate=2e-3)
    same = iter(lambda: Batches(batch(0), None, 0.0), None)
    again.run(same)
    lines = [json.loads(line) for line in (tmp_path / 'train.jsonl').read_text().splitlines()]
    assert lines[-1]['reconstruction'] < 0.9 * lines[0]['reconstruction']


def test_the_clip_bounds_the_step_and_the_norm_is_told(tmp_path):
    tight = training(tmp_path, 1, clip_norm=1e-9)
    seen = []
    tight.run(batches(), watch=lambda report: bool(seen.append(report)))
    gradients = [
        item.grad.norm() for item in tight.networks.depth.parameters() if item.grad is not None
    ]
    assert torch.stack(gradients).norm() <= 1.01e-9
    assert seen[0].losses['gradient_norm'] > 1e-6


def test_the_teacher_stays_as_it_was(tmp_path):
    whole = training(tmp_path, 2)
    before = {name: value.clone() for name, value in whole.networks.teacher.state_dict().items()}
    whole.run(batches())
    for name, value in whole.networks.teacher.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_the_auto_mask_begins_after_the_warmup(tmp_path):
    loop = training(tmp_path, 3, pose_warmup=2)
    seen = []
    loop.run(batches(), lambda _: seen.append(loop.state.settings.auto_mask) or False)
    # As they are for the step that follows.
    assert seen == [False, True, True]
    again = training(tmp_path, 4, pose_warmup=2)
    again.restore()
    again.run(batches(3), lambda _: seen.append(again.state.settings.auto_mask) or False)
    assert seen[3:] == [True]


def test_warmup_moves_the_pose_network_alone(tmp_path):
    warm = training(tmp_path, 3, pose_warmup=2)
    before = {name: value.clone() for name, value in warm.networks.state_dict().items()}

    def moved(prefix):
        pairs = warm.networks.state_dict().items()
        return any(name.startswith(prefix) and not torch.equal(value, before[name])
                   for name, value in pairs)  # fmt: skip

    warm.run(batches(), watch=lambda report: report.step == 2)
    assert (moved('pose'), moved('depth'), moved('enhancer')) == (True, False, False)
    warm.run(batches(2))
    assert moved('depth')


def test_a_loss_that_is_not_finite_names_the_saved_batch(tmp_path):
    broken = training(tmp_path, 3, seed=7)
    known = batch(1)._replace(depth=torch.full((2, 1, *SIZE), 8.0))
    broken.run(batches(), watch=lambda report: report.step == 1)
    with torch.no_grad():
        next(broken.networks.depth.parameters()).fill_(float('nan'))
    with pytest.raises(TrainingError, match=r'step 1 is nan.*bad_batch_000001\.npz'):
        broken.run(iter([Batches(known, batch(10_001), 0.0)]))
    with np.load(tmp_path / 'bad_batch_000001.npz', allow_pickle=False) as file:
        saved = {name: file[name] for name in file.files}
    given = {'night': known, 'day': batch(10_001)}
    for name, expected in given.items():
        for field in ('frames', 'intrinsics'):
            held = saved.pop(f'{name}_{field}')
            np.testing.assert_array_equal(held, getattr(expected, field).numpy())
    np.testing.assert_array_equal(saved.pop('night_depth'), known.depth.numpy())
    assert {name: int(value) for name, value in saved.items()} == {'step': 1, 'seed': 7}


def test_a_gradient_that_is_not_finite_stops_before_the_step(tmp_path):
    broken = training(tmp_path, 2)
    first = next(broken.networks.depth.parameters())
    first.register_hook(lambda gradient: torch.full_like(gradient, float('inf')))
    before = first.detach().clone()
    with pytest.raises(TrainingError, match=r'gradient_norm of step 0 is (inf|nan)'):
        broken.run(batches())
    assert torch.equal(first, before)


def test_the_discriminator_is_told_with_and_without_its_weight(tmp_path):
    seen = []
    training(tmp_path, 1).run(batches(), watch=lambda report: bool(seen.append(report)))
    losses = seen[0].losses
    weight = STEPS.adversarial_weight
    assert losses['discriminator_weighted'] == pytest.approx(weight * losses['discriminator'])


def test_nothing_waits_for_a_pose_network_that_is_not_there(tmp_path):
    known = batch(0)._replace(depth=torch.full((2, 1, *SIZE), 8.0))
    taught = training(tmp_path, 1, SUPERVISED, pose_warmup=5)
    before = next(taught.networks.depth.parameters()).detach().clone()
    taught.run(iter([Batches(known, None, 0.0)]))
    assert not torch.equal(next(taught.networks.depth.parameters()), before)


def test_the_board_shows_every_panel_and_how_it_goes(tmp_path):
    reading = pytest.importorskip('tensorboard.backend.event_processing.event_accumulator')
    with Board(tmp_path / 'board') as board:
        training(tmp_path, 3, panels_every=2).run(batches(), board=board)
    seen = reading.EventAccumulator(str(tmp_path / 'board')).Reload()
    panels = {'input', 'enhanced', 'depth', 'mask', 'warped', 'residual'}
    assert set(seen.Tags()['images']) == panels
    assert [shown.step for shown in seen.Images('warped')] == [1, 3]
    told = {'total', 'gradient_norm', 'learning_rate', 'samples_per_s', 'waited_share'}
    assert told <= set(seen.Tags()['scalars'])
    assert [one.value for one in seen.Scalars('learning_rate')] == pytest.approx([1e-4] * 3)


def test_the_best_networks_are_kept(tmp_path):
    scores = iter([3.0, 1.0, 2.0])
    judged = training(tmp_path, 3, validate_every=1)
    judged.run(batches(), validate=lambda networks, step: next(scores))
    assert judged.best == 1
    best = training(tmp_path, 3)
    best.restore('best.npz')
    assert (best.step, best.best) == (2, 1)


@pytest.mark.parametrize(
    ('name', 'array', 'reason'),
    [
        ('state.pool.random', np.arange(3), 'state vector is the wrong size'),
        ('state.pool.random', np.full(625, -1), "can't convert negative"),
        ('optimiser.0.exp_avg', np.zeros(3, np.float32), 'optimiser.0.exp_avg has shape (3,)'),
        ('optimiser.0.step', np.zeros(3, np.float32), 'optimiser.0.step has shape (3,)'),
        ('optimiser.x.step', np.zeros((), np.float32), 'invalid literal for int'),
        ('optimiser.999.step', np.zeros((), np.float32), 'list index out of range'),
    ],
)
def test_a_snapshot_that_does_not_fit_is_refused_in_one_line(tmp_path, name, array, reason):
    first = training(tmp_path, 1)
    descend(first)
    first.save()
    np.savez(tmp_path / SNAPSHOTS / 'last.npz', **{**weights(tmp_path), name: array})
    with pytest.raises(CheckpointError, match=re.escape(reason)) as caught:
        training(tmp_path, 1).restore()
    assert 'last.npz: no snapshot of this training' in str(caught.value)


def test_a_snapshot_without_some_means_is_refused(tmp_path):
    first = training(tmp_path, 1)
    descend(first)
    first.save()
    arrays = weights(tmp_path)
    del arrays['optimiser.0.exp_avg_sq']
    np.savez(tmp_path / SNAPSHOTS / 'last.npz', **arrays)
    with pytest.raises(CheckpointError, match='optimiser lacks numbers of some parameters'):
        training(tmp_path, 1).restore()


def descend(loop):
    """Take a step that changes nothing, after which the optimiser has a state."""
    for parameter in loop.optimiser.param_groups[0]['params']:
        parameter.grad = torch.zeros_like(parameter)
    loop.optimiser.step()


def test_another_network_is_refused(tmp_path):
    training(tmp_path, 2).run(batches())
    other = training(tmp_path, 2, MONODEPTH2)
    with pytest.raises(CheckpointError, match='has no use for'):
        other.restore()


@pytest.mark.parametrize(
    'settings', [{'batch': 0}, {'learning_rate': 0.0}, {'clip_norm': -1.0}, {'precision': 'half'}]
)
def test_settings_that_cannot_be_are_refused(settings):
    with pytest.raises(SettingsError):
        TrainingSettings(10, **settings)


def test_the_rate_halves_after_its_epochs():
    settings = TrainingSettings(100, learning_rate=8.0, halving_epochs=(2, 3))
    assert [settings.rate_of(step, 10) for step in (0, 19, 20, 29, 30)] == [8, 8, 4, 4, 2]


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import conftest
import test_train_trainer as tests
whole = tests.training(Path({folder!r}), 1000, tests.STEPS)
whole.run(tests.batches())
"""


@pytest.mark.skipif(os.name != 'posix', reason='signals are sent as POSIX has them')
def test_killed_with_9_and_resumed_ends_where_the_straight_one_ends(tmp_path):
    folder = tmp_path / 'killed'
    code = KILLED.format(tests=str(HERE), folder=str(folder))
    process = subprocess.Popen([sys.executable, '-c', code], cwd=HERE.parent)
    deadline = time.monotonic() + 180
    log = folder / 'train.jsonl'
    while time.monotonic() < deadline and not (log.exists() and log.read_text().count('\n') > 2):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    resumed = training(folder, 8)
    resumed.restore()
    assert resumed.step % 2 == 0
    end = resumed.step + 2
    resumed = training(folder, end)
    resumed.restore()
    resumed.run(batches(resumed.step))
    training(tmp_path / 'straight', end).run(batches())
    one, other = weights(tmp_path / 'straight'), weights(folder)
    assert one.keys() == other.keys()
    # The teacher, the enhancer, both optimisers and the former fakes are among what is compared.
    parts = ('networks.teacher.', 'networks.enhancer.', 'optimiser.', 'critic.', 'state.pool.')
    assert all(any(name.startswith(part) for name in one) for part in parts)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    assert log.read_text() == (tmp_path / 'straight' / 'train.jsonl').read_text()


def test_the_mean_is_kept_validated_and_resumed(tmp_path):
    seen = []

    def validate(networks, step):
        seen.append(networks.depth.encoder.stem[0].weight.clone())
        return float(step)

    settings = {'mean_decay': 0.5, 'validate_every': 2, 'save_every': 2}
    straight = training(tmp_path / 'straight', 4, **settings)
    assert straight.run(batches(), validate=validate)
    last = straight.networks.depth.encoder.stem[0].weight
    mean = straight.result.depth.encoder.stem[0].weight
    assert not torch.equal(mean, last)
    assert torch.equal(seen[-1], mean)
    assert straight.result.pose is straight.networks.pose
    first = training(tmp_path / 'resumed', 2, **settings)
    assert first.run(batches())
    second = training(tmp_path / 'resumed', 4, **settings)
    second.restore()
    assert second.run(batches(2))
    for name, value in straight.mean.state_dict().items():
        assert torch.equal(second.mean.state_dict()[name], value), name
    plain = training(tmp_path / 'none', 1)
    assert plain.result is plain.networks


def test_the_mean_follows_the_weights_with_its_decay(tmp_path):
    loop = training(tmp_path, 3, mean_decay=0.5)
    history = []

    def watch(_):
        history.append(loop.networks.depth.encoder.stem[0].weight.detach().clone())
        return False

    loop.run(batches(), watch)
    # The first step is copied; the shares of the later ones are (1 + n) / (10 + n).
    expected = history[0]
    for count, value in enumerate(history[1:], start=1):
        expected = expected.lerp(value, 1 - (1 + count) / (10 + count))
    torch.testing.assert_close(loop.result.depth.encoder.stem[0].weight, expected)
