"""Adam in the order of memory: the numbers of torch's, without its copies."""

import copy
from importlib import import_module

import pytest
import torch
from torch import nn

from steps_ros.train import optimisers
from steps_ros.train.optimisers import Adam, AdamW, lies_channels_last

STEPS = 4


def a_network(generator):
    net = nn.Sequential(nn.Conv2d(5, 7, 3), nn.BatchNorm2d(7), nn.Conv2d(7, 3, 1), nn.Linear(3, 2))
    for parameter in net.parameters():
        nn.init.normal_(parameter, generator=generator)
    return net


def take_steps(net, optimiser):
    generator = torch.Generator().manual_seed(1)
    for _ in range(STEPS):
        for parameter in net.parameters():
            gradient = torch.randn(parameter.shape, generator=generator)
            parameter.grad = torch.empty_like(parameter).copy_(gradient)
        optimiser.step()


@pytest.mark.parametrize(
    ('ours', 'theirs'), [(Adam, torch.optim.Adam), (AdamW, torch.optim.AdamW)]
)
@pytest.mark.parametrize('layout', [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize('fused_from', ['2.4', '99'])
def test_steps_are_those_of_torch(ours, theirs, layout, fused_from, monkeypatch):
    monkeypatch.setattr(optimisers, 'FUSED_ON_A_CPU', fused_from)
    reference = a_network(torch.Generator().manual_seed(0))
    net = copy.deepcopy(reference).to(memory_format=layout)
    settings = {'lr': 1e-2, 'weight_decay': 0.1}
    ordered = ours(net.parameters(), **settings)
    take_steps(net, ordered)
    take_steps(reference, theirs(reference.parameters(), fused=True, **settings))
    for one, other in zip(net.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-7)
        for name in ('exp_avg', 'exp_avg_sq'):
            assert ordered.state[one][name].stride() == one.stride()


def test_the_fused_step_is_given_nothing_that_it_has_to_copy(monkeypatch):
    given = []
    module = import_module('torch.optim.adam')
    adam = module.adam

    def watched(*lists, **settings):
        given.extend(tensor for tensors in lists for tensor in tensors)
        return adam(*lists, **settings)

    monkeypatch.setattr(module, 'adam', watched)
    net = a_network(torch.Generator().manual_seed(0)).to(memory_format=torch.channels_last)
    assert any(lies_channels_last(parameter) for parameter in net.parameters())
    take_steps(net, Adam(net.parameters(), lr=1e-2))
    assert given
    assert all(tensor.is_contiguous() for tensor in given)
