"""The light on each pixel, by filters as by the network."""

import pytest
import torch

from steps_ros.core.illumination import IlluminationNet
from steps_ros.inference.illumination import illumination_on

CPU = torch.device('cpu')


@pytest.fixture(params=[1, 3])
def net(request):
    """Return a network whose normalisation has seen something."""
    torch.manual_seed(0)
    net = IlluminationNet(request.param)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.3)
    torch.nn.init.constant_(net.conv_out.bias, -1)
    for _ in range(3):
        net(torch.rand(2, request.param, 12, 20))
    return net.eval()


def test_any_way_computes_what_the_network_says(net):
    pixels, grey = torch.rand(2, 3, 33, 47), torch.rand(2, 1, 33, 47)
    expected = net(grey if net.channels == 1 else pixels).clamped
    before = [parameter.clone() for parameter in net.parameters()]
    with torch.inference_mode():
        illumination = illumination_on(net, CPU)(pixels, grey)
    torch.testing.assert_close(illumination, expected.detach(), rtol=0, atol=1e-6)
    assert illumination.max() - illumination.min() > 0.4
    assert all(map(torch.equal, before, net.parameters()))
