"""Edge-aware smoothness: steps_spec 9 and golden e."""

import pytest
from reference_names import golden, named
from test_core_warp import picture
import torch

from steps_ros.core.smoothness import (
    edge_aware_smoothness,
    LEAST_MEAN,
    multiscale_smoothness,
    relative_disparity,
)


def test_vector():
    y, x = torch.meshgrid(torch.arange(8.0), torch.arange(12.0), indexing='ij')
    disparity = (0.2 + 0.1 * torch.sin(0.3 * y + 0.4 * x))[None, None]
    smoothness = edge_aware_smoothness(disparity / disparity.mean(), picture(8, 12, 0))
    assert smoothness.item() == pytest.approx(0.2060468, rel=1e-6)


def test_flat_depth_is_smooth_and_an_edge_is_free_where_the_picture_has_one():
    picture_edge = torch.zeros(1, 3, 4, 6)
    picture_edge[..., 3:] = 1
    step = 1 + picture_edge[:, :1]
    assert edge_aware_smoothness(torch.ones(1, 1, 4, 6), picture_edge).item() == 0
    free = edge_aware_smoothness(step, picture_edge).item()
    dear = edge_aware_smoothness(step, torch.zeros(1, 3, 4, 6)).item()
    assert dear == pytest.approx(1 / 5)
    assert free == pytest.approx(dear * 0.36787944)


def test_scale_costs_nothing():
    disparity = torch.rand(2, 1, 5, 7)
    torch.testing.assert_close(relative_disparity(disparity), relative_disparity(8 * disparity))


def test_disparity_that_is_nothing_divides_by_the_least_mean():
    least = torch.full((1, 1, 2, 2), LEAST_MEAN, dtype=torch.float64)
    torch.testing.assert_close(relative_disparity(least), torch.full_like(least, 0.5))


def test_each_scale_counts_half_as_much_as_the_one_before():
    torch.manual_seed(1)
    sizes = [(2, channels, 16 >> scale, 24 >> scale) for scale in range(3) for channels in (1, 3)]
    disparities, images = ([torch.rand(size) for size in sizes[start::2]] for start in (0, 1))
    found = multiscale_smoothness(disparities, images)
    for scale, value in enumerate(found):
        relative = relative_disparity(disparities[scale])
        both = edge_aware_smoothness(relative, images[scale])
        assert both.shape == (2,)
        assert value.item() == pytest.approx((both[0] + both[1]).item() / 2 * 0.5**scale)
    with pytest.raises(ValueError, match='shorter'):
        multiscale_smoothness(disparities, images[:2])


def test_gradients():
    torch.manual_seed(0)
    disparity = torch.rand(2, 1, 3, 4, dtype=torch.float64, requires_grad=True)
    image = torch.rand(2, 2, 3, 4, dtype=torch.float64, requires_grad=True)

    def loss(disparity, image):
        return edge_aware_smoothness(relative_disparity(disparity), image)

    assert torch.autograd.gradcheck(loss, (disparity, image))


def test_golden_e(shared_reference):
    arrays = golden(shared_reference, 'e_geometry.npz')
    image = named(arrays, 'frames_bgr_u8')[:, 0].permute(0, 3, 1, 2).float() / 255
    disparity = named(arrays, 'smooth_disp')
    raw = edge_aware_smoothness(disparity, image).mean().item()
    assert raw == pytest.approx(float(arrays['smooth_raw']), rel=1e-5)
    relative = edge_aware_smoothness(relative_disparity(disparity), image).mean().item()
    assert relative == pytest.approx(float(arrays['smooth_mean_normalised']), rel=1e-5)
