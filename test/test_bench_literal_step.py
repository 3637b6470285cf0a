"""The yardstick of the training benchmark: its step is the released one, number for number."""

import ast
from pathlib import Path

import pytest
from reference_names import golden, named
from reference_training import golden_networks, night_and_day
from small_training import random_batch
import torch
from torch import nn, Tensor

from steps_ros.bench.literal_networks import LiteralNetworks
from steps_ros.bench.literal_step import LiteralTraining
from steps_ros.bench.subjects import loaded
from steps_ros.core.depth_net import DepthNet, RESNET18
from steps_ros.train.networks import needed_networks, Networks
from steps_ros.train.objective import discriminator_loss, step_losses
from steps_ros.train.objective_state import ObjectiveState
from steps_ros.train.presets import RELEASED_STEPS_NUSCENES

LITERAL = sorted((Path(__file__).parents[1] / 'steps_ros' / 'bench').glob('literal_*.py'))
PARTS = ('depth', 'pose', 'enhancer', 'discriminator')


def literal_of(networks: Networks) -> LiteralTraining:
    """Return the literal training with the same weights; a missing or odd key fails."""
    literal = LiteralNetworks()
    literal.load_state_dict(networks.state_dict())
    return LiteralTraining(literal)


@pytest.fixture(scope='module')
def seeded(shared_reference) -> Networks:
    return golden_networks(shared_reference, held=())


@pytest.fixture(scope='module')
def batches(shared_reference):
    return night_and_day(shared_reference)


def summed(losses: dict, name: str) -> float:
    return sum(value.item() for key, value in losses.items() if key[0] == name)


def check_golden_h(arrays, losses: dict):
    for ours, name in (
        *((('illumination', 0, scale), f'sci_loss_{scale}') for scale in range(5)),
        *((('reconstruction', 0, scale), f'min_reconstruct_loss_{scale}') for scale in range(5)),
        *((('smoothness', 0, scale), f'smooth_loss_{scale}') for scale in range(5)),
        (('adversarial', 0, 0), 'G_adv'),
        (('discriminator', 0, 0), 'D'),
        (('total', 0, 0), 'G_step_objective'),
    ):
        assert losses[ours].item() == pytest.approx(float(arrays[f'loss/{name}']), rel=1e-5), name


def check_counts(arrays, networks: LiteralNetworks):
    """Each normalisation has passed as often as in the released step."""
    norm = networks.enhancer.illumination.bn
    assert norm.num_batches_tracked == int(arrays['after/S_enh_bn_nbt'])
    count = networks.enhancer.calibration.block[1].num_batches_tracked
    assert count == int(arrays['after/S_cal_bn_nbt'])
    ours = networks.teacher.encoder.stem[1].running_mean
    torch.testing.assert_close(ours, named(arrays, 'after/day_bn1_running_mean'))


def test_golden_h_and_a_second_step(shared_reference, seeded, batches):
    arrays = golden(shared_reference, 'h_train_ns.npz')
    training, noise = literal_of(seeded), torch.zeros(5, 2, 2, 64, 96)
    night, day = map(loaded, batches)
    check_golden_h(arrays, training.step(night, day, noise))
    bound = training.bound.value.item()
    assert bound == pytest.approx(float(arrays['mid/ego_running_val']), rel=1e-6)
    check_counts(arrays, training.networks)
    losses = training.step(night, day, noise)
    depth = summed(losses, 'reconstruction') + summed(losses, 'smoothness')
    rest = [summed(losses, name) for name in ('illumination', 'adversarial', 'discriminator')]
    history = golden(shared_reference, 'h_train_ns_5steps.npz')['history_disp_S_G_D']
    assert [depth, *rest] == pytest.approx(history[1].tolist(), rel=0.1)


def test_golden_h_with_noise(shared_reference, seeded, batches):
    arrays = golden(shared_reference, 'h_train_ns_noise.npz')
    noise = named(arrays, 'noise')[:, :, :, 0].transpose(1, 2)
    check_golden_h(arrays, literal_of(seeded).step(*map(loaded, batches), noise))


@pytest.fixture(scope='module')
def first_steps():
    """Take the first step with the package in the released mode, and literally."""
    settings = RELEASED_STEPS_NUSCENES
    torch.manual_seed(0)
    networks = needed_networks(settings, RESNET18, DepthNet(RESNET18))
    batch = random_batch()
    noise = torch.randn(5, 2, 2, 64, 96, generator=torch.Generator().manual_seed(1))
    literal = literal_of(networks)
    losses = literal.step(loaded(batch), loaded(batch), noise)
    state = ObjectiveState(settings)
    result = step_losses(networks, batch, batch, settings, state, noise)
    result.losses.total(settings).backward()
    critic = discriminator_loss(networks, result, settings, state)
    critic.backward()
    return networks, result, critic, literal, losses


def test_losses_of_the_first_step_are_those_of_the_released_mode(first_steps):
    _, result, critic, _, losses = first_steps
    settings, ours = RELEASED_STEPS_NUSCENES, result.losses
    for value, name in (
        (ours.illumination, 'illumination'),
        (ours.reconstruction, 'reconstruction'),
        (settings.smoothness_weight * ours.smoothness, 'smoothness'),
        (ours.adversarial, 'adversarial'),
        (ours.total(settings), 'total'),
        (critic / settings.adversarial_weight, 'discriminator'),
    ):
        assert value.item() == pytest.approx(summed(losses, name), rel=1e-5), name


@pytest.mark.parametrize('part', PARTS)
def test_gradients_of_the_first_step_are_those_of_the_released_mode(first_steps, part):
    networks, _, _, literal, _ = first_steps
    ours, theirs = (flat_gradient(getattr(of, part)) for of in (networks, literal.networks))
    assert (ours - theirs).norm() / theirs.norm() < 2e-3


def flat_gradient(network: nn.Module) -> Tensor:
    parameters = dict(network.named_parameters())
    return torch.cat([parameters[name].grad.flatten() for name in sorted(parameters)])


def test_buffers_after_the_first_step_are_those_of_the_released_mode(first_steps):
    networks, _, _, literal, _ = first_steps
    theirs = dict(literal.networks.named_buffers())
    for name, value in networks.named_buffers():
        torch.testing.assert_close(value, theirs[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('path', LITERAL, ids=lambda path: path.stem)
def test_the_yardstick_imports_nothing_that_gets_faster(path):
    for node in ast.walk(ast.parse(path.read_text(encoding='utf8'))):
        if isinstance(node, ast.ImportFrom) and node.module.startswith('steps_ros'):
            assert node.module.startswith('steps_ros.bench.literal_'), node.module
