"""The presets are settings, and each of them trains on a few pixels of any light."""

from dataclasses import replace

import pytest
from small_training import batch_of, networks_of, random_batch
import torch

from steps_ros.core.masks import LightBounds
from steps_ros.errors import SettingsError
from steps_ros.train.objective import discriminator_loss, step_losses
from steps_ros.train.objective_state import ObjectiveState
from steps_ros.train.presets import (
    DAY_TEACHING,
    PRESETS,
    RELEASED_STEPS_NUSCENES,
    RELEASED_STEPS_ROBOTCAR,
)

RELEASED = {'steps_ns': RELEASED_STEPS_NUSCENES, 'steps_rc': RELEASED_STEPS_ROBOTCAR}


def test_the_presets_are_those_of_the_command_line():
    assert set(PRESETS) == {'monodepth2', 'rnw', 'steps', 'supervised'}


def test_a_preset_has_only_the_networks_it_needs():
    parts = {
        name: {part for part, network in networks_of(preset).named_children() if network}
        for name, preset in PRESETS.items()
    }
    assert parts['monodepth2'] == {'depth', 'pose'}
    assert parts['rnw'] == {'depth', 'pose', 'discriminator', 'teacher'}
    assert parts['steps'] == {'depth', 'pose', 'enhancer', 'discriminator', 'teacher'}
    assert parts['supervised'] == {'depth', 'enhancer'}


@pytest.mark.parametrize('name', [*PRESETS, *RELEASED])
def test_every_network_learns(name):
    settings = (PRESETS | RELEASED)[name]
    networks, state = networks_of(settings), ObjectiveState(settings)
    night = day = random_batch()
    result = step_losses(networks, night, day, settings, state, torch.Generator().manual_seed(0))
    assert all(torch.isfinite(value) for value in result.losses)
    result.losses.total(settings).backward()
    learners = [part for part in ('depth', 'pose', 'enhancer') if getattr(networks, part)]
    for part in learners:
        gradients = [item.grad for item in getattr(networks, part).parameters()]
        assert sum(float(item.abs().sum()) for item in gradients if item is not None) > 0, part
    if networks.discriminator is not None:
        assert all(item.grad is None for item in networks.discriminator.parameters())
        discriminator_loss(networks, result, settings, state).backward()
        assert all(item.grad is not None for item in networks.discriminator.parameters())
        assert all(item.grad is None for item in networks.teacher.parameters())


@pytest.mark.parametrize('name', PRESETS)
@pytest.mark.parametrize('value', [0, 128, 255])
def test_frames_of_one_colour_give_finite_losses_and_gradients(name, value):
    settings = PRESETS[name]
    networks, state = networks_of(settings), ObjectiveState(settings)
    frames = torch.full((2, 3, 3, 32, 64), value, dtype=torch.uint8)
    batch = batch_of(frames)
    result = step_losses(networks, batch, batch, settings, state)
    total = result.losses.total(settings)
    assert torch.isfinite(total)
    total.backward()
    gradients = [item.grad for item in networks.parameters() if item.grad is not None]
    assert all(torch.isfinite(item).all() for item in gradients)


@pytest.mark.parametrize(('height', 'width'), [(32, 64), (64, 32), (96, 160)])
def test_any_multiple_of_32_works(height, width):
    settings = PRESETS['steps']
    batch = random_batch(height, width, count=1)
    networks = networks_of(settings)
    result = step_losses(networks, batch, batch, settings, ObjectiveState(settings))
    assert torch.isfinite(result.losses.total(settings))
    assert result.panels.residual.shape == (1, height, width)


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ({'scales': 6}, 'scales 6: must be 1 to 5'),
        ({'illumination_weight': -1.0}, 'illumination_weight -1.0: must be at least 0'),
        ({'static_quantile': 1.5}, 'static_quantile 1.5: must be from 0 to 1'),
        ({'light_stage': 0}, 'light_stage 0: must be 1 to 3'),
        ({'loss_sees': 'blue'}, "loss_sees 'blue': must be one of raw, enhanced, equalised"),
    ],
)
def test_what_cannot_be_is_refused(change, words):
    with pytest.raises(SettingsError, match=words):
        replace(PRESETS['steps'], **change)


@pytest.mark.parametrize('name', ['supervised', 'steps'])
def test_little_light_needs_motion_that_is_learned_from_raw_frames(name):
    words = r'dark_motion_weight 0\.1: must be 0 without motion from raw frames'
    with pytest.raises(SettingsError, match=words):
        replace(PRESETS[name], dark_motion_weight=0.1)


def test_odometry_needs_motion_to_guide():
    words = r'odometry_weight 0\.1: must be 0 without motion from the frames'
    with pytest.raises(SettingsError, match=words):
        replace(PRESETS['supervised'], odometry_weight=0.1)


def test_the_day_teaching_is_monodepth2_with_motion_in_little_light():
    bright = random_batch()
    networks, state = networks_of(DAY_TEACHING), ObjectiveState(DAY_TEACHING)
    with pytest.raises(SettingsError, match='darkened copy of its frames'):
        step_losses(networks, bright, None, DAY_TEACHING, state)
    networks.eval()
    both = bright._replace(darkened=bright.frames // 4)
    result = step_losses(networks, both, None, DAY_TEACHING, state)
    plain = step_losses(networks, bright, None, PRESETS['monodepth2'], state)
    assert result.losses.dark_motion > 0 == plain.losses.dark_motion
    total = plain.losses.total(PRESETS['monodepth2']) + 0.1 * result.losses.dark_motion
    torch.testing.assert_close(result.losses.total(DAY_TEACHING), total)


def test_without_an_enhancer_nothing_is_enhanced_and_no_light_is_known():
    with pytest.raises(SettingsError, match='network_sees'):
        replace(PRESETS['monodepth2'], network_sees='enhanced')
    with pytest.raises(SettingsError, match='light'):
        replace(PRESETS['monodepth2'], light=LightBounds())
