"""Projection and warping against steps_spec 9 and golden e."""

import numpy as np
import pytest
from reference_names import golden, named
import torch
from torch import Tensor

from steps_ros.core.geometry import transform_from_motion
from steps_ros.core.warp import pixel_grid, sampling_grid, source_positions, warp


def picture(height: int, width: int, k: int) -> Tensor:
    """Return image A of steps_spec 9, (1, 3, H, W)."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    channels = [
        np.sin(0.21 * y + 0.13 * x + 0.5 * c + 0.9 * k) * np.cos(0.17 * x - 0.05 * y * (c + 1))
        for c in range(3)
    ]
    return torch.from_numpy(0.5 + 0.4 * np.stack(channels)).float()[None]


def grid_of(depth: Tensor, intrinsics: Tensor, transform: Tensor) -> Tensor:
    pixels = pixel_grid(*depth.shape[-2:], depth)
    return sampling_grid(source_positions(depth, intrinsics, transform, pixels))


def camera(height: int, width: int, dtype=torch.float32) -> Tensor:
    return torch.tensor(
        [[[0.9 * width, 0, 0.48 * width], [0, 1.1 * height, 0.53 * height], [0, 0, 1]]],
        dtype=dtype,
    )


def test_vector():
    v = torch.arange(8).float().view(1, 1, 8, 1)
    u = torch.arange(12).float().view(1, 1, 1, 12)
    depth = 4 + torch.sin(0.5 * v) + 0.1 * u
    intrinsics = torch.tensor([[[9.0, 0, 6], [0, 9, 4], [0, 0, 1]]])
    motion = torch.tensor([[0.01, -0.02, 0.03]]), torch.tensor([[0.1, 0.2, -0.3]])
    grid = grid_of(depth, intrinsics, transform_from_motion(*motion, invert=False))
    assert grid[0, 3, 5].tolist() == pytest.approx([-0.0990727, -0.0981997], abs=1e-6)
    warped = warp(picture(8, 12, 1), grid, align_corners=False)
    assert float(warped.sum()) == pytest.approx(162.8377915, rel=1e-6)
    expected = [0.7525492, 0.6504106, 0.4818390]
    assert warped[0, :, 3, 5].tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ('size', 'dtype', 'tolerance'),
    [
        ((8, 12), torch.float32, 1e-6),
        ((37, 53), torch.float32, 1e-6),
        ((96, 160), torch.float64, 1e-12),
        # Sampling itself rounds a position to about 1e-7 of the picture's width.
        ((192, 640), torch.float32, 1e-5),
    ],
)
def test_a_still_camera_moves_nothing(size, dtype, tolerance):
    depth = 0.1 + 99 * torch.rand(1, 1, *size, dtype=dtype)
    pixels = pixel_grid(*size, depth)
    still = torch.eye(4, dtype=dtype)[None]
    positions = source_positions(depth, camera(*size, dtype), still, pixels)
    assert torch.equal(positions[0], pixels[:2])
    image = picture(*size, 0).to(dtype)
    assert (warp(image, sampling_grid(positions)) - image).abs().max() < tolerance


def test_the_released_convention_moves_a_still_picture():
    image = picture(8, 12, 0)
    grid = grid_of(torch.ones(1, 1, 8, 12), camera(8, 12), torch.eye(4)[None])
    off = (warp(image, grid, align_corners=False) - image).abs().max()
    assert 0.01 < float(off) < 0.1


def test_one_pixel_to_the_right():
    """A plane at depth z moves by f t / z pixels."""
    size = (6, 9)
    transform = torch.eye(4)[None].clone()
    transform[0, 0, 3] = 2 / (0.9 * 9)
    image = torch.rand(1, 3, *size)
    warped = warp(image, grid_of(torch.full((1, 1, *size), 2.0), camera(*size), transform))
    torch.testing.assert_close(warped[..., :-1], image[..., 1:], atol=1e-5, rtol=0)
    torch.testing.assert_close(warped[..., -1], image[..., -1], atol=1e-5, rtol=0)


def test_gradients_of_depth_motion_and_image():
    size = (3, 4)
    torch.manual_seed(3)
    inputs = (
        (4 + torch.rand(2, 1, *size, dtype=torch.float64)).requires_grad_(),
        0.05 * torch.randn(2, 3, dtype=torch.float64),
        0.3 * torch.randn(2, 3, dtype=torch.float64),
        torch.rand(2, 2, *size, dtype=torch.float64).requires_grad_(),
    )
    for motion in inputs[1:3]:
        motion.requires_grad_()

    def warped(depth, axis_angle, translation, image):
        transform = transform_from_motion(axis_angle, translation, invert=True)
        intrinsics = camera(*size, dtype=torch.float64).expand(2, 3, 3)
        return warp(image, grid_of(depth, intrinsics, transform))

    assert torch.autograd.gradcheck(warped, inputs)


def test_golden_e(shared_reference):
    arrays = golden(shared_reference, 'e_geometry.npz')
    depth, intrinsics = named(arrays, 'depth'), named(arrays, 'K')[:, :3, :3]
    frames = named(arrays, 'frames_bgr_u8').permute(0, 1, 4, 2, 3).float() / 255
    for frame, (sign, file) in enumerate((('-1', 'T_m1'), ('+1', 'T_p1')), start=1):
        grid = grid_of(depth, intrinsics, named(arrays, file))
        torch.testing.assert_close(grid, named(arrays, f'grid_{sign}'), atol=1e-5, rtol=0)
        warped = warp(frames[:, frame], grid, align_corners=False)
        torch.testing.assert_close(warped, named(arrays, f'warp_{sign}'), atol=2e-5, rtol=0)


def test_golden_e_still_and_behind(shared_reference):
    arrays = golden(shared_reference, 'e_geometry.npz')
    depth, intrinsics = named(arrays, 'depth'), named(arrays, 'K')[:, :3, :3]
    frames = named(arrays, 'frames_bgr_u8').permute(0, 1, 4, 2, 3).float() / 255
    transform = torch.eye(4).repeat(2, 1, 1)
    grid = grid_of(depth, intrinsics, transform)
    torch.testing.assert_close(grid, named(arrays, 'grid_identity'), atol=1e-5, rtol=0)
    warped = warp(frames[:, 0], grid, align_corners=False)
    torch.testing.assert_close(warped, named(arrays, 'warp_identity'), atol=2e-5, rtol=0)
    transform[:, 2, 3] = -5
    grid = grid_of(depth, intrinsics, transform)
    torch.testing.assert_close(
        grid, named(arrays, 'grid_behind_camera_tz-5'), atol=1e-5, rtol=1e-5
    )
    transform[:, 2, 3] = -4
    on_plane = grid_of(torch.full_like(depth, 4), intrinsics, transform)
    assert torch.isfinite(on_plane).all()
