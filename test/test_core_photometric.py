"""The photometric loss and the choice among candidates: steps_spec 9 and golden e."""

import pytest
from reference_names import golden, named
from test_core_warp import picture
import torch

from steps_ros.core.photometric import (
    charbonnier,
    minimum_reprojection,
    photometric_loss,
    ssim_distance,
    window_mean,
    windows,
)


def test_vector():
    first, second = windows(picture(8, 12, 0)), windows(picture(8, 12, 1))
    assert float(ssim_distance(first, second).sum()) == pytest.approx(71.3510558, rel=1e-6)
    difference = charbonnier(first.image, second.image)
    assert float(difference.sum()) == pytest.approx(42.2651287, rel=1e-6)
    assert float(photometric_loss(first, second).mean()) == pytest.approx(0.2325978, rel=1e-6)


def test_equal_pictures_keep_the_floor():
    image = windows(torch.rand(1, 3, 5, 7))
    loss = photometric_loss(image, image)
    assert loss.shape == (1, 1, 5, 7)
    assert loss.flatten().tolist() == pytest.approx([1.5e-4] * 35, abs=1e-6)


@pytest.mark.parametrize('size', [(2, 2), (2, 5), (17, 23)])
def test_window_mean_is_average_pooling_to_the_last_bit(size):
    image = torch.rand(2, 3, *size)
    mirrored = torch.nn.functional.pad(image, (1, 1, 1, 1), mode='reflect')
    assert torch.equal(window_mean(image), torch.nn.functional.avg_pool2d(mirrored, 3, 1))


@pytest.mark.parametrize('size', [(2, 2), (3, 5)])
def test_gradient_of_window_mean(size):
    image = torch.rand(1, 2, *size, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(window_mean, (image,))


def test_the_first_least_candidate_is_chosen():
    identity = torch.tensor([0.3, 0.2]).view(1, 2, 1, 1)
    reprojected = torch.tensor([0.2, 0.1]).view(1, 2, 1, 1)
    best = minimum_reprojection(identity, reprojected)
    assert best.loss.item() == pytest.approx(0.1)
    assert best.candidate.item() == 3
    assert minimum_reprojection(identity, reprojected + 0.2).candidate.item() == 1


def test_gradients():
    torch.manual_seed(0)
    first = torch.rand(2, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    second = torch.rand(2, 2, 3, 4, dtype=torch.float64, requires_grad=True)

    def loss(first, second):
        return photometric_loss(windows(first), windows(second))

    assert torch.autograd.gradcheck(loss, (first, second))


def test_golden_e(shared_reference):
    arrays = golden(shared_reference, 'e_geometry.npz')
    frames = named(arrays, 'frames_bgr_u8').permute(0, 1, 4, 2, 3).float() / 255
    target = windows(frames[:, 0])
    identities, reprojections = [], []
    for frame, sign in ((1, '-1'), (2, '+1')):
        warped = windows(named(arrays, f'warp_{sign}'))
        ssim = ssim_distance(warped, target)
        torch.testing.assert_close(ssim, named(arrays, f'ssim_{sign}'), atol=2e-5, rtol=0)
        difference = charbonnier(warped.image, target.image)
        expected = named(arrays, f'robust_l1_{sign}')
        torch.testing.assert_close(difference, expected, atol=2e-6, rtol=0)
        reprojections.append(photometric_loss(warped, target))
        identities.append(photometric_loss(windows(frames[:, frame]), target))
        for ours, name in ((reprojections, 'photo'), (identities, 'identity')):
            expected = named(arrays, f'{name}_{sign}')
            torch.testing.assert_close(ours[-1], expected, atol=2e-5, rtol=0)
    best = minimum_reprojection(torch.cat(identities, 1), torch.cat(reprojections, 1))
    expected = named(arrays, 'min_reproj_no_noise')
    torch.testing.assert_close(best.loss[:, 0], expected, atol=2e-5, rtol=0)
    chosen = named(arrays, 'argmin_no_noise')
    assert (best.candidate[:, 0] != chosen).float().mean() <= 0.005


def test_golden_e_constant_pictures(shared_reference):
    arrays = golden(shared_reference, 'e_geometry.npz')
    dark, bright = (windows(torch.full((1, 3, 8, 8), value)) for value in (0.3, 0.7))
    expected = named(arrays, 'ssim_const_.3_.7')
    torch.testing.assert_close(ssim_distance(dark, bright), expected, atol=2e-5, rtol=0)
    black = windows(torch.zeros(1, 3, 8, 8))
    expected = named(arrays, 'ssim_zero_zero')
    torch.testing.assert_close(ssim_distance(black, black), expected, atol=2e-5, rtol=0)
