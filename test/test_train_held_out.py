"""The gate without a reference: right depth is let through, and ways to cheat are not."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from steps_ros.core.pose_net import Motion
from steps_ros.errors import SourceError
from steps_ros.train import held_out
from steps_ros.train.batch import TripletBatch
from steps_ros.train.held_out import Depths, HeldOut
from steps_ros.train.networks import Networks
from steps_ros.train.presets import MONODEPTH2

HEIGHT, WIDTH, FOCAL = 64, 96, 60.0
STEP = 0.5
FRAMES = 5
CPU = torch.device('cpu')
UNGUIDED = replace(MONODEPTH2, odometry_weight=0)


class Sideways(nn.Module):
    """The camera goes to the right by the same way each time."""

    def __init__(self, step=STEP):
        super().__init__()
        self.step = step

    def forward(self, earlier, later):
        way = torch.tensor([[-self.step, 0.0, 0.0]]).expand(len(earlier), -1)
        return Motion(torch.zeros_like(way), way)


def texture(seed):
    noise = np.random.default_rng(seed).uniform(0, 255, (HEIGHT, WIDTH * 3, 3)).astype(np.float32)
    return np.clip(cv2.GaussianBlur(noise, (0, 0), 2) * 3 - 255, 0, 255)


def frame(index):
    """Return a near half below and a far half above, each shifted as its depth demands."""
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    for rows, depth, seed in ((slice(0, 32), 20.0, 1), (slice(32, 64), 5.0, 2)):
        shift = round(FOCAL * STEP * index / depth * 4) / 4
        moved = cv2.warpAffine(texture(seed), np.float32([[1, 0, -shift], [0, 1, 0]]),
                               (WIDTH, HEIGHT))  # fmt: skip
        picture[rows] = moved[rows]
    return picture


def true_depth():
    depth = np.full((HEIGHT, WIDTH), 20, np.float32)
    depth[32:] = 5
    return depth


class Triplets:
    """As many triplets of the drive as there are."""

    def __len__(self):
        return FRAMES - 2

    def batch(self, indices):
        frames = [np.stack([frame(index + k) for k in range(3)]) for index in indices]
        matrix = torch.tensor([[FOCAL, 0, 48], [0, FOCAL, 32], [0, 0, 1.0]])
        stacked = torch.from_numpy(np.stack(frames)).permute(0, 1, 4, 2, 3).contiguous()
        ways = torch.full((len(indices), 2), STEP)
        return TripletBatch(stacked, matrix.expand(len(indices), 3, 3), ways=ways)


def judge(monkeypatch, before, after, step=STEP, objective=UNGUIDED):
    """Judge a network that always predicts ``after``, or one map a frame, against ``before``."""
    given = iter((before, after))

    def predicted(self, checkpoint):
        maps = next(given)
        maps = [maps] * (FRAMES - 1) if isinstance(maps, np.ndarray) else maps
        return [Depths(maps[place + 1], maps[place]) for place in range(FRAMES - 2)]

    monkeypatch.setattr(HeldOut, '_predicted', predicted)
    validation = HeldOut(Triplets(), objective, None, CPU)
    networks = Networks(nn.Identity(), Sideways(step))
    return validation.judge(None, networks)


def shares(verdict):
    return {measure.name: measure.ratio for measure in verdict.measures}


def test_equal_weights_pass_whatever_their_scale(monkeypatch):
    verdict = judge(monkeypatch, true_depth(), true_depth())
    assert verdict.is_accepted
    assert shares(verdict)['photometric loss'] == 1
    other = judge(monkeypatch, 7 * true_depth(), true_depth())
    assert shares(other)['photometric loss'] == pytest.approx(1, abs=1e-5)


def test_better_depth_passes_and_worse_does_not(monkeypatch):
    tilted = true_depth() * np.linspace(0.5, 2, WIDTH, dtype=np.float32)
    assert judge(monkeypatch, tilted, true_depth()).is_accepted
    verdict = judge(monkeypatch, true_depth(), tilted)
    assert 'photometric loss' in verdict.words
    assert not verdict.is_accepted


def test_motion_is_as_long_as_odometry_says_where_it_guided_the_training(monkeypatch):
    # Depth and motion are in some unit of their own, and right in it: odometry would be wrong.
    tilted = true_depth() * np.linspace(0.5, 2, WIDTH, dtype=np.float32)
    for unit in (1.0, 0.2, 5.0):
        verdict = judge(monkeypatch, tilted, unit * true_depth(), unit * STEP)
        assert shares(verdict)['photometric loss'] < 0.5
        assert verdict.is_accepted
    # Depth is in metres, and the pose network says the same length whatever it sees.
    guided = judge(monkeypatch, tilted, true_depth(), 0.1 * STEP, MONODEPTH2)
    assert shares(guided)['photometric loss'] < 0.5
    assert guided.is_accepted


def test_constant_depth_is_steady_and_does_not_pass(monkeypatch):
    flat = np.full((HEIGHT, WIDTH), 8, np.float32)
    verdict = judge(monkeypatch, true_depth(), flat)
    assert not verdict.is_accepted
    assert shares(verdict)['photometric loss'] > 1.1
    assert shares(verdict)['unsteadiness'] == np.inf


def test_depth_that_flickers_does_not_pass(monkeypatch):
    noise = np.random.default_rng(0).uniform(0.8, 1.25, (FRAMES - 1, HEIGHT, WIDTH))
    restless = [np.float32(true_depth() * cv2.GaussianBlur(n, (0, 0), 3) ** 4) for n in noise]
    assert 'unsteadiness' in judge(monkeypatch, true_depth(), restless).words.split(':')[0]


def test_motion_that_vanished_explains_nothing(monkeypatch):
    verdict = judge(monkeypatch, true_depth(), true_depth(), step=0.0)
    assert shares(verdict)['photometric loss'] == 1
    assert verdict.words.startswith('Rejected for share of the loss without motion:')


def test_a_drive_that_cannot_be_followed_is_refused(monkeypatch):
    monkeypatch.setattr(held_out, 'flicker', lambda *_: np.nan)
    monkeypatch.setattr(Triplets, 'stores', [type('S', (), {'index': MONODEPTH2})], raising=False)
    monkeypatch.setattr(type(MONODEPTH2), 'name', 'dark.mcap', raising=False)
    with pytest.raises(SourceError, match=r'dark\.mcap: too dark or too still'):
        judge(monkeypatch, true_depth(), true_depth())
