"""Edge-aware smoothness: steps_spec 9 and golden e."""

import pytest
from reference_names import golden, named
from test_core_warp import picture
import torch

from steps_ros.core.smoothness import edge_aware_smoothness, relative_disparity


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
