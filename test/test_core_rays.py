"""Rays of known cameras: 0 on the axis, 1 at 45 degrees, and the same as the cloud's."""

from __future__ import annotations

import numpy as np
import torch

from steps_ros.core.camera import Camera
from steps_ros.core.rays import assumed_directions, ray_directions
from steps_ros.inference.rays import camera_rays


def test_a_ray_is_zero_on_the_axis_and_one_at_45_degrees():
    matrix = torch.tensor([[[4.0, 0, 2], [0, 2, 1], [0, 0, 1]]])
    rays = ray_directions(matrix, 4, 8)
    assert rays.shape == (1, 2, 4, 8)
    assert rays[0, :, 1, 2].tolist() == [0, 0]
    assert rays[0, :, 3, 6].tolist() == [1, 1]
    assert rays[0, :, 0, 0].tolist() == [-0.5, -0.5]


def test_each_camera_of_a_batch_has_its_own():
    one = torch.tensor([[4.0, 0, 2], [0, 2, 1], [0, 0, 1]])
    other = torch.tensor([[2.0, 0, 3], [0, 4, 0], [0, 0, 1]])
    both = ray_directions(torch.stack((one, other)), 4, 8)
    torch.testing.assert_close(both[1:], ray_directions(other[None], 4, 8))


def test_the_assumed_camera_is_the_one_of_uncalibrated_images():
    rays = assumed_directions(torch.zeros(2, 3, 64, 96))
    assert rays.shape == (2, 2, 64, 96)
    expected = camera_rays(Camera.assumed(96, 64))
    np.testing.assert_allclose(rays[1].numpy(), expected, atol=1e-6)


def test_a_camera_without_distortion_has_the_rays_of_its_matrix():
    camera = Camera(96, 64, 70, 60, 47, 33)
    ours = ray_directions(torch.tensor([camera.matrix]), 64, 96)[0]
    np.testing.assert_allclose(camera_rays(camera), ours.numpy(), atol=1e-6)
    np.testing.assert_array_equal(camera_rays(camera, 2), camera_rays(camera)[:, ::2, ::2])
