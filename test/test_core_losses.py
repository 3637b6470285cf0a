"""Losses of enhancer and discriminator, by hand and by the definition written out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from steps_ros.core.illumination import Illumination, Stages
from steps_ros.core.losses import (
    illumination_smoothness,
    lsgan_loss,
    pseudo_ycbcr,
    sie_loss,
    SMOOTHNESS_SIGMA,
)

YCBCR = np.array(
    [[0.257, 0.564, 0.098], [-0.148, -0.291, 0.439], [0.439, -0.368, -0.071]]
)  # as SCI's code has it
OFFSET = np.array([16, 128, 128]) / 255


def test_three_neighbours_are_taken_for_a_colour():
    image = torch.tensor([[[[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]]]])
    expected = (YCBCR + OFFSET[:, None]).T.ravel()
    np.testing.assert_allclose(pseudo_ycbcr(image).flatten(), expected, rtol=1e-6)


@pytest.mark.parametrize('width', [4, 5])
def test_a_last_incomplete_triple_is_filled_with_zeros(width):
    image = torch.full((1, 1, 1, width), 0.5)
    rest = np.array([0.5, 0.5 if width == 5 else 0.0, 0.0])
    expected = (YCBCR @ rest + OFFSET)[: width - 3]
    np.testing.assert_allclose(pseudo_ycbcr(image).flatten()[3:], expected, rtol=1e-6)


def written_out(colour, light):
    """Return the smoothness by its definition: a 5x5 window, each neighbour over its region."""
    _, _, height, width = light.shape
    total = 0.0
    for down in range(-2, 3):
        for right in range(-2, 3):
            if (down, right) == (0, 0):
                continue
            terms = []
            for row in range(max(0, -down), min(height, height - down)):
                for column in range(max(0, -right), min(width, width - right)):
                    here, there = (..., row, column), (..., row + down, column + right)
                    apart = np.square(colour[here] - colour[there]).sum(1)
                    weight = np.exp(-apart / (2 * 10.0**2))
                    terms.append(weight * np.abs(light[here] - light[there]).sum(1))
            total += np.mean(terms)
    return total


@pytest.mark.parametrize('channels', [1, 3])
def test_smoothness_is_that_of_24_neighbours(channels):
    maker = torch.Generator().manual_seed(1)
    guide = 40 * torch.rand((2, channels, 6, 7), generator=maker, dtype=torch.float64)
    light = torch.rand((2, channels, 6, 7), generator=maker, dtype=torch.float64)
    expected = written_out(pseudo_ycbcr(guide).numpy(), light.numpy())
    assert float(illumination_smoothness(guide, light)) == pytest.approx(expected, rel=1e-9)
    assert SMOOTHNESS_SIGMA == 10


def stages(inputs, lights):
    return Stages(inputs, [Illumination(light, light) for light in lights], [], [])


def test_the_enhancers_loss_sums_fidelity_and_smoothness_of_all_stages():
    first, second = torch.full((1, 1, 6, 6), 0.5), torch.full((1, 1, 6, 6), 0.25)
    # Constant illumination has no slope: 0.5 * 0.2^2 and 0.5 * 0.1^2 are left.
    loss = sie_loss(stages([first, second], [first + 0.2, second - 0.1]))
    assert float(loss) == pytest.approx(0.5 * (0.04 + 0.01), rel=1e-5)
    heavier = sie_loss(stages([first, second], [first + 0.2, second - 0.1]), fidelity_weight=1.5)
    assert float(heavier) == pytest.approx(1.5 * (0.04 + 0.01), rel=1e-5)


def test_the_enhancers_loss_counts_smoothness_once():
    image = torch.rand((1, 1, 6, 6), generator=torch.Generator().manual_seed(2))
    loss = sie_loss(stages([image], [image]))
    assert float(loss) == pytest.approx(float(illumination_smoothness(image, image)), rel=1e-6)


def test_least_squares_of_the_discriminator():
    scores = torch.tensor([[[[0.25, 1.0, -1.0]]]])
    assert lsgan_loss(scores, real=True).flatten().tolist() == [0.5625, 0.0, 4.0]
    assert lsgan_loss(scores, real=False).flatten().tolist() == [0.0625, 1.0, 1.0]


def test_every_stage_has_an_input_and_an_illumination():
    image = torch.ones((1, 1, 6, 6))
    with pytest.raises(ValueError, match='zip'):
        sie_loss(stages([image, image], [image]))
