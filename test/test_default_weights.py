"""The weights that the package ships: small, honest about darkness, better than blind guesses."""

import json

import numpy as np
import pytest

from steps_ros.core.checkpoint import load_checkpoint
from steps_ros.eval.metrics import depth_errors
from steps_ros.inference.cloud import organised_cloud
from steps_ros.inference.predictor import Predictor
from steps_ros.shipped_weights import DEFAULT_WEIGHTS, NAMES, weights_file
from steps_ros.sim.clip import simulate_clip
from steps_ros.sim.settings import ClipSettings

MAX_DEPTH = 80.0
# Streets of the default weights have seeds below 16.
UNSEEN_SEED = 1234


@pytest.fixture(scope='module')
def predictor() -> Predictor:
    return Predictor(load_checkpoint(DEFAULT_WEIGHTS), device='cpu')


@pytest.mark.parametrize(('name', 'most_bytes'), [('default', 8e6), ('resnet18', 30e6)])
def test_they_are_small_and_say_what_they_are(name, most_bytes):
    assert weights_file(name).stat().st_size < most_bytes
    checkpoint = load_checkpoint(weights_file(name))
    assert checkpoint.input_size == (192, 320)
    assert checkpoint.enhancer.channels == 1
    assert 'simulated' in checkpoint.provenance.source
    assert checkpoint.provenance.step > 0


@pytest.mark.parametrize('time', ['night', 'day'])
@pytest.mark.parametrize(('name', 'card_name'), [('default', 'README'), ('resnet18', 'resnet18')])
def test_measured_better_than_blind_guesses(name, card_name, time):
    measured = json.loads(weights_file(name).with_suffix('.json').read_text())[time]
    for guess in ('flat_ground', 'template'):
        assert measured['network']['abs_rel'] < measured[guess]['abs_rel']
    card = (DEFAULT_WEIGHTS.parent / f'{card_name}.md').read_text(encoding='utf8')
    assert f'{measured["network"]["abs_rel"]:.3f}' in card


@pytest.mark.parametrize('name', NAMES)
def test_an_unseen_street_is_better_than_its_mean_depth(name):
    predictor = Predictor(load_checkpoint(weights_file(name)), device='cpu')
    frame = next(iter(simulate_clip(ClipSettings(UNSEEN_SEED, 1, 192, 320))))
    known = np.isfinite(frame.depth) & (frame.depth < MAX_DEPTH)
    flat = np.full_like(frame.depth, np.median(frame.depth[known]))
    depth = predictor.predict(frame.image).depth
    network, blind = (
        depth_errors(guess, frame.depth, 'median', MAX_DEPTH).abs_rel for guess in (depth, flat)
    )
    assert network < 0.6 * blind


def grey(level: float, noise: float = 0.0) -> np.ndarray:
    values = np.random.default_rng(0).normal(level, noise, (480, 640))
    return np.repeat(np.clip(values, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def glow() -> np.ndarray:
    y, x = np.mgrid[-1:1:480j, -1:1:640j]
    values = grey(4, 3) + 60 * np.exp(-2 * (x**2 + y**2))[..., None]
    return np.clip(values, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    'picture',
    [grey(0), grey(255), grey(6, 3), grey(90, 6), glow()],
    ids=['black', 'white', 'covered', 'fogged', 'glow'],
)
def test_frames_that_show_nothing_score_below_a_fifth(predictor, picture):
    assert predictor.predict(picture).confidence.max() < 0.2


def test_a_street_at_night_keeps_its_confidence_where_there_is_light(predictor):
    frame = next(iter(simulate_clip(ClipSettings(UNSEEN_SEED, 1, 192, 320))))
    level = frame.image.max(axis=2)
    confidence = predictor.predict(frame.image).confidence
    assert np.median(confidence[(level > 20) & (level < 240)]) > 0.8


def test_a_street_by_day_without_the_enhancer_is_trusted_and_has_a_cloud(predictor):
    frame = next(iter(simulate_clip(ClipSettings(UNSEEN_SEED, 1, 1, 96, 160, time='day'))))
    found = predictor.predict(frame.image, camera=frame.camera, enhancement=0.0)
    assert np.median(found.confidence) > 0.5
    cloud = organised_cloud(found.depth, frame.camera, found.enhanced, found.confidence)
    assert np.isfinite(cloud[..., 2]).mean() > 0.2
