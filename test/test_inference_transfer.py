"""Arrays to a device and back."""

import numpy as np
import pytest
import torch

from steps_ros.inference.transfer import Download, upload

CPU = torch.device('cpu')


def devices():
    """Return a CPU, and a GPU that is skipped where there is none."""
    no_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA GPU')
    return [CPU, pytest.param(torch.device('cuda'), marks=[no_gpu, pytest.mark.gpu])]


@pytest.mark.parametrize('device', devices())
def test_values_return_as_they_went(device):
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    given = upload(picture, device)
    assert given.device.type == device.type
    assert given.dtype == torch.uint8
    download = Download(device)
    turned = download.start(given.permute(2, 0, 1))
    lit = download.start(given.float().div(255))
    download.wait()
    assert np.array_equal(turned, picture.transpose(2, 0, 1))
    assert turned.flags.c_contiguous
    np.testing.assert_allclose(lit, picture / 255, atol=1e-7)


def test_a_read_only_picture_stays_as_it_is():
    picture = np.full((2, 3, 3), 9, np.uint8)
    picture.flags.writeable = False
    upload(picture, CPU).zero_()
    assert (picture == 9).all()


def test_on_a_cpu_a_picture_is_not_copied():
    picture = np.zeros((2, 3, 3), np.uint8)
    upload(picture, CPU).fill_(7)
    assert (picture == 7).all()
