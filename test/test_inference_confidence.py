"""Confidence on the host is that of the three factors one after the other."""

import pytest
import torch
from torch.nn import functional

from steps_ros.core.masks import Bridge, bridge_weight
from steps_ros.inference.confidence import confidence, contrast_weight, exposure_weight

BRIDGE = Bridge(0.12, 0.93, 5.0, 7.0)


@pytest.mark.parametrize('channels', [1, 3])
def test_it_is_the_product_of_bridge_exposure_and_contrast(channels):
    generator = torch.Generator().manual_seed(channels)
    light = torch.rand((2, channels, 48, 80), generator=generator).clamp(1e-4, 1)
    light[..., :4], light[..., 4:8] = 0.12, 0.93
    grey = torch.randint(0, 256, (2, 1, 48, 80), generator=generator) / 255
    grey[1] = grey[1] / 40
    lit = bridge_weight(light, BRIDGE).amin(dim=1, keepdim=True)
    expected = lit * exposure_weight(grey) * contrast_weight(grey)
    torch.testing.assert_close(confidence(light, grey, BRIDGE), expected, rtol=1e-6, atol=0)
    assert (expected[0] < 0.11).any()
    assert (expected[0] == 1).any()


@pytest.mark.parametrize('enhancement', [0.0, 0.25, 1.0])
def test_the_bridge_counts_as_far_as_the_enhancer_is_applied(enhancement):
    generator = torch.Generator().manual_seed(0)
    light = torch.rand((1, 1, 48, 80), generator=generator).clamp(1e-4, 1)
    grey = torch.randint(0, 256, (1, 1, 48, 80), generator=generator) / 255
    lit = bridge_weight(light, BRIDGE) ** enhancement
    expected = lit * exposure_weight(grey) * contrast_weight(grey)
    found = confidence(light, grey, BRIDGE, enhancement)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize('size', [(192, 320), (224, 288), (320, 576), (64, 96)])
@pytest.mark.parametrize('spread', [0.0, 6.0, 11.0, 60.0])
def test_contrast_on_the_host_is_that_on_a_gpu(size, spread):
    generator = torch.Generator().manual_seed(int(spread))
    coarse = 60 + spread * torch.randn((1, 1, 12, 20), generator=generator)
    grey = functional.interpolate(coarse / 255, size, mode='bicubic').clamp(0.02, 0.98)
    found = confidence(torch.ones_like(grey), grey, BRIDGE, 0.0)
    assert float(found.max()) == pytest.approx(float(contrast_weight(grey)), abs=0.1)
