"""The bridge: one inside its bounds, falling outside."""

import pytest
import torch

from steps_ros.core.masks import Bridge, bridge_weight


def test_bridge_values():
    bridge = Bridge(0.2, 0.8, 5.0, 10.0)
    weights = bridge_weight(torch.tensor([0.0, 0.2, 0.5, 0.8, 1.0]), bridge)
    assert weights.tolist() == pytest.approx([0.5, 1, 1, 1, 0.2])
