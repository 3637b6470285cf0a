"""More light in the sky, and nowhere else."""

from __future__ import annotations

import numpy as np

from steps_ros.core.camera import Camera
from steps_ros.train.lit_skies import light_sky
from steps_ros.train.shards import draw_batch, Shards, Street

IMAGE = np.full((48, 64, 3), 20, np.uint8)
DEPTH = np.full((48, 64), 30, np.float16)
DEPTH[:16] = np.inf


def test_only_the_sky_is_lit_and_skies_differ():
    generator = np.random.default_rng(0)
    lit = [light_sky(IMAGE, DEPTH, generator) for _ in range(50)]
    assert all((picture[16:] == 20).all() for picture in lit)
    added = np.array([picture[:16].reshape(-1, 3).mean(0) - 20 for picture in lit])
    assert added.min() >= 0
    assert added.mean(1).min() < 5
    assert 25 < added.mean(1).max() < 90
    bluer = added[:, 2] - added[:, 0]
    assert bluer.min() < 0 < bluer.max()
    assert (IMAGE == 20).all()


def test_a_bright_sky_stays_white():
    white = np.full((48, 64, 3), 255, np.uint8)
    assert (light_sky(white, DEPTH, np.random.default_rng(1)) == 255).all()


def test_without_them_samples_are_what_they_were_with_them_some_are_brighter():
    camera = Camera(64, 48, 50, 50, 32, 24)
    street = Street(IMAGE[None, None], DEPTH[None], (camera,), np.zeros((1, 3), np.float32))
    drawn = [
        draw_batch(Shards((street,)), (64, 96), 8, np.random.default_rng(5), *share).image
        for share in ((), (0.0,), (1.0,))
    ]
    assert drawn[0].equal(drawn[1])
    assert drawn[2].mean() > drawn[0].mean()
