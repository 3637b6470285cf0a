"""What a camera makes of light: the curve, its headroom, colours, sharpening."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from steps_ros.sim.tone import draw_tone, sharpened, Tone, toned

PLAIN = Tone((1.0, 1.0, 1.0), 0.0, 1.0, 2.0, 0.0, 1.0, 0.0)


def grey(*levels):
    return np.array(levels, np.float32)[:, None].repeat(3, 1)


def test_a_plain_curve_is_its_gamma_up_to_white():
    np.testing.assert_allclose(toned(grey(0, 0.25, 1, 9), PLAIN)[:, 1], [0, 0.5, 1, 1], rtol=1e-6)


def test_headroom_keeps_apart_what_would_be_white():
    found = toned(grey(0.5, 2, 8, 10, 20), replace(PLAIN, headroom=10.0))[:, 1]
    assert (np.diff(found[:4]) > 0).all()
    np.testing.assert_allclose(found[3:], 1, rtol=1e-6)


def test_colours_are_balanced_and_raised():
    light = np.array([[0.5, 0.25, 0.2]], np.float32)
    warm = toned(light, replace(PLAIN, white_balance=(1.5, 1.0, 0.5)))
    assert warm[0, 0] / warm[0, 2] == pytest.approx((2.5 * 3) ** 0.5, rel=1e-5)
    assert np.ptp(toned(light, replace(PLAIN, saturation=1.5))) > 1.4 * np.ptp(toned(light, PLAIN))


def test_sharpening_raises_an_edge_and_leaves_a_plain():
    picture = np.full((8, 12, 3), 0.25, np.float32)
    picture[:, 6:] = 0.75
    found = sharpened(picture, replace(PLAIN, sharpness=1.0))
    np.testing.assert_allclose(found[4, [0, 11], 0], [0.25, 0.75], atol=1e-3)
    assert found[4, 6, 0] - found[4, 5, 0] > 0.6


def test_nights_are_drawn_warmer_than_days():
    ratios = {}
    for is_night in (False, True):
        drawn = [draw_tone(np.random.default_rng(seed), is_night) for seed in range(200)]
        ratios[is_night] = np.median([tone.white_balance[2] for tone in drawn])
    assert ratios[True] < 0.95 * ratios[False]
