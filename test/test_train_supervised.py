"""Supervised training: it learns, it resumes exactly, and it meets its schedule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from steps_ros.core.camera import Camera
from steps_ros.core.depth_net import DepthNet, DepthNetConfig
from steps_ros.core.geometry import disparity_to_depth
from steps_ros.core.illumination import IlluminationNet
from steps_ros.core.resnet import EncoderConfig
from steps_ros.errors import SourceError
from steps_ros.train.augment import Sample
from steps_ros.train.enhancer import EnhancerSettings, train_enhancer
from steps_ros.train.shards import draw_batch, load_shards, Shards, Street, to_batch
from steps_ros.train.supervised import (
    enhanced_input,
    Stage,
    start_at_depth,
    SupervisedSettings,
    train_supervised,
)
from steps_ros.train.supervision import supervised_loss
from steps_ros.train.training_settings import PRECISIONS

# oneDNN of torch 2.13 writes past its buffers in the gradient of convolutions with fewer than 16
# channels when the size changes from step to step; the shipped networks have 16 and more.
SMALL = DepthNetConfig(
    EncoderConfig(stem=16, widths=(16, 16, 16, 16)), decoder=(16,) * 5, padding='zeros'
)
SETTINGS = SupervisedSettings(
    (Stage(32, 32, 1, 2), Stage(32, 64, 1, 2)), learning_rate=3e-3, warmup=1, save_every=1
)


@pytest.fixture
def shards() -> Shards:
    generator = np.random.default_rng(1)
    images = generator.integers(0, 255, (2, 1, 64, 96, 3), np.uint8)
    ramp = np.linspace(40, 4, 64, dtype=np.float16)[:, None].repeat(96, 1)
    ramp[:12] = np.inf
    cameras = (Camera(96, 64, 70, 70, 48, 32),) * 2
    return Shards((Street(images, ramp[None].repeat(2, 0), cameras, np.ones((2, 3))),))


def network() -> DepthNet:
    torch.manual_seed(0)
    return DepthNet(SMALL)


def test_an_untrained_network_says_the_depth_it_was_told():
    net = network()
    start_at_depth(net, 12.0)
    torch.nn.init.zeros_(net.decoder.head[0].weight)
    depth = disparity_to_depth(net.eval().disparity(torch.rand(1, 3, 32, 32)))
    torch.testing.assert_close(depth, torch.full_like(depth, 12.0), rtol=1e-4, atol=0)


@pytest.mark.parametrize('precision', PRECISIONS)
def test_a_few_steps_lower_the_loss(shards, tmp_path, precision):
    batch = to_batch([Sample(item.image, item.depth, None) for item in shards.pictures()])
    net = network()
    before = supervised_loss(net(batch.image), batch.depth, SMALL).item()
    longer = replace(SETTINGS, stages=(Stage(32, 64, 8, 2),), mean_decay=0.0, precision=precision)
    train_supervised(net, IlluminationNet(1), shards, longer, tmp_path)
    net.train()
    assert {weight.dtype for weight in net.parameters()} == {torch.float32}
    assert supervised_loss(net(batch.image), batch.depth, SMALL).item() < before


def test_going_on_equals_not_having_stopped(shards, tmp_path):
    def stop(step: int, _: float) -> None:
        if step == 0:
            raise KeyboardInterrupt

    whole = train_supervised(network(), IlluminationNet(1), shards, SETTINGS, tmp_path / 'a')
    with pytest.raises(KeyboardInterrupt):
        train_supervised(network(), IlluminationNet(1), shards, SETTINGS, tmp_path / 'b', stop)
    parts = train_supervised(network(), IlluminationNet(1), shards, SETTINGS, tmp_path / 'b')
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(parts.state_dict()[name], value, rtol=0, atol=0, msg=name)


def test_stages_and_rates_follow_the_schedule():
    stages = (Stage(32, 32, 2, 1), Stage(32, 64, 2, 1))
    settings = replace(SETTINGS, stages=stages, warmup=2, learning_rate=1.0, final_rate=0.0)
    assert [settings.stage_of(step).width for step in range(5)] == [32, 32, 64, 64, 64]
    assert [settings.rate_of(step) for step in (0, 1, 2, 3, 4)] == pytest.approx(
        [0.5, 1.0, 1.0, 0.5, 0.0]
    )


def test_a_rate_can_begin_anew():
    first, anew = Stage(32, 32, 2, 1), Stage(32, 32, 4, 1, rate=0.5)
    last = Stage(32, 32, 2, 1, rate=0.2)
    settings = replace(SETTINGS, warmup=0, learning_rate=1.0, final_rate=0.0)
    settings = replace(settings, stages=(first, first, anew, last))
    rates = [settings.rate_of(step) for step in (0, 2, 4, 6, 8, 9, 10)]
    assert rates == pytest.approx([1.0, 0.5, 0.5, 0.25, 0.2, 0.1, 0.0])


def test_pictures_by_light_are_enhanced_as_the_node_does_it(shards):
    (street,) = shards.streets
    bright = Shards((street._replace(images=street.images // 3 + 150),))
    dark = Shards((street._replace(images=street.images // 8),))
    powers = {}
    for name, pictures in {'dark': dark, 'bright': bright}.items():
        batch = draw_batch(pictures, (64, 96), 100, np.random.default_rng(0), by_light=True)
        powers[name] = batch.enhancement.flatten()
    assert (powers['dark'] == 1).float().mean() > 0.7
    assert (powers['bright'] == 0).float().mean() > 0.7
    # A few anyhow, for dusk and for light that is misjudged.
    assert 0.1 < ((powers['bright'] > 0) & (powers['bright'] < 1)).float().mean() < 0.3
    assert draw_batch(bright, (64, 96), 4, np.random.default_rng(0)).enhancement.eq(1).all()


def test_the_network_sees_pictures_enhanced_that_far(shards):
    torch.manual_seed(0)
    batch = draw_batch(shards, (64, 96), 2, np.random.default_rng(2))
    powers = torch.tensor([0.0, 0.5])[:, None, None, None]
    illumination = IlluminationNet(1).eval()
    seen = enhanced_input(batch._replace(enhancement=powers), illumination)
    torch.testing.assert_close(seen[0], batch.image[0])
    with torch.no_grad():
        light = illumination(batch.grey).clamped[1].sqrt()
    torch.testing.assert_close(seen[1], (batch.image[1] / light).clamp(0, 1))


def test_batches_keep_depth_beside_their_pixels(shards):
    batch = draw_batch(shards, (64, 96), 3, np.random.default_rng(2))
    height, width = batch.image.shape[-2:]
    assert height % 32 == width % 32 == 0
    assert batch.image.shape == (3, 3, height, width)
    assert batch.grey.shape == batch.depth.shape == (3, 1, height, width)
    assert batch.rays.shape == (3, 2, height, width)
    # Depth and the downward ray both run along the rows of the whole picture.
    rows = batch.rays[:, 1:] * 70 + 32
    ramp = 40 - rows * 36 / 63
    near = (batch.depth < 100) & (rows > 13)
    torch.testing.assert_close(batch.depth[near], ramp[near], atol=0.7, rtol=0)
    assert batch.depth[rows < 11].isposinf().all()
    assert 0 <= batch.image.min() <= batch.image.max() <= 1


def test_shapes_are_as_various_as_cameras(shards):
    generator = np.random.default_rng(0)
    shapes = [draw_batch(shards, (96, 160), 1, generator).image.shape[-2:] for _ in range(20)]
    aspects = [width / height for height, width in shapes]
    assert min(aspects) < 1.4
    assert max(aspects) > 2.6


def test_the_same_step_draws_the_same_batch(shards):
    first, second = (draw_batch(shards, (64, 96), 2, np.random.default_rng(4)) for _ in range(2))
    torch.testing.assert_close(first.image, second.image, rtol=0, atol=0)


def test_the_enhancer_brightens_after_a_few_steps(shards):
    settings = EnhancerSettings(steps=2, batch=2, crop=(16, 24))
    enhancer = train_enhancer(shards, settings)
    dark = torch.full((1, 1, 16, 24), 0.05)
    assert 0.05 / enhancer.illumination(dark).clamped.mean().item() > 0.1


def test_folders_without_shards_and_damaged_ones_are_named(tmp_path):
    with pytest.raises(SourceError, match='no training shards'):
        load_shards([tmp_path])
    (tmp_path / 'scene_00000.npz').write_bytes(b'not a shard')
    with pytest.raises(SourceError, match=r'scene_00000\.npz'):
        load_shards([tmp_path])


STREET = {
    'images': np.zeros((2, 1, 8, 12, 3), np.uint8),
    'depth': np.ones((2, 8, 12), np.float16),
    'intrinsics': np.tile(np.float32([[9, 0, 6], [0, 9, 4], [0, 0, 1]]), (2, 1, 1)),
    'mounting': np.zeros((2, 3), np.float32),
    'distortion': np.zeros(5),
}


@pytest.mark.parametrize(
    ('name', 'array'),
    [
        ('images', np.zeros((2, 1, 8, 12, 3), np.float32)),
        ('images', np.zeros((2, 1, 8, 13, 3), np.uint8)),
        ('images', np.zeros((2, 0, 8, 12, 3), np.uint8)),
        ('depth', np.ones((8, 12), np.float16)),
        ('depth', np.ones((2, 8, 12), np.int16)),
        ('intrinsics', np.ones((2, 9), np.float32)),
        ('intrinsics', np.ones((3, 3, 3), np.float32)),
        ('intrinsics', np.zeros((2, 3, 3), np.float32)),
        ('mounting', np.zeros(2, np.float32)),
        ('mounting', np.zeros((2, 4), np.float32)),
        ('distortion', np.zeros((5, 1))),
    ],
)
def test_a_street_whose_arrays_do_not_fit_is_refused(tmp_path, name, array):
    np.savez(tmp_path / 'a.npz', **STREET)
    assert len(load_shards([tmp_path]).streets) == 1
    np.savez(tmp_path / 'a.npz', **{**STREET, name: array})
    with pytest.raises(SourceError, match=r'a\.npz: not a training shard') as caught:
        load_shards([tmp_path])
    assert str(caught.value).isprintable()
