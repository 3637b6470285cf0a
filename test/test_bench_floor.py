"""The least time that a GPU could take, by counting."""

import pytest
import torch
from torch import nn

from steps_ros.bench.floor import counted, Floor, main


def test_a_convolution_is_counted_by_hand():
    layer = nn.Conv2d(3, 4, 3, padding=1, bias=False)
    found = counted(lambda: layer(torch.rand(1, 3, 8, 10)))
    assert found.operations == 2 * 3 * 9 * 4 * 80
    assert found.bytes == 2 * (3 * 80 + 4 * 3 * 9 + 4 * 80)


def test_the_longer_of_both_times_counts():
    assert Floor(2e9, 1e6).milliseconds(1, 1000) == pytest.approx(2.0)
    assert Floor(2e9, 8e6).milliseconds(10, 1) == pytest.approx(8.0)


def test_a_line_for_each_network_and_size(capsys):
    assert main(['--tflops', '100', '--gbytes', '1000', '--size', '64x96']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(':')[0] for line in lines] == ['default at 64x96', 'ResNet-18 at 64x96']
