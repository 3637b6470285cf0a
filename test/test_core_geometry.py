"""Depth and motion, by numbers that can be worked out by hand."""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch

from steps_ros.core.geometry import (
    disparity_to_depth,
    rotation_from_axis_angle,
    transform_from_motion,
)

QUARTER = math.pi / 2


def test_disparity_is_linear_in_inverse_depth():
    disparity = torch.tensor([0.0, 0.5, 1.0]).view(1, 1, 1, 3)
    depth = disparity_to_depth(disparity).flatten().tolist()
    np.testing.assert_allclose(depth, [100.0, 1 / 5.005, 0.1], rtol=1e-6)
    near = disparity_to_depth(disparity, 1.0, 2.0).flatten().tolist()
    np.testing.assert_allclose(near, [2.0, 4 / 3, 1.0], rtol=1e-6)


def test_rotations_are_right_handed():
    turns = torch.tensor([[0.0, 0.0, QUARTER], [QUARTER, 0.0, 0.0], [0.0, 0.0, 0.0]])
    about_z = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
    about_x = [[1, 0, 0], [0, 0, -1], [0, 1, 0]]
    expected = [about_z, about_x, np.eye(3)]
    np.testing.assert_allclose(rotation_from_axis_angle(turns), expected, atol=1e-6)


def test_a_rotation_about_any_axis_is_that_of_opencv():
    turn = np.array([0.3, -0.5, 0.7])
    rotation = rotation_from_axis_angle(torch.tensor(turn)[None])
    np.testing.assert_allclose(rotation[0], cv2.Rodrigues(turn)[0], atol=1e-6)


def test_a_motion_and_its_inverse():
    turn, way = torch.tensor([[0.0, 0.0, QUARTER]]), torch.tensor([[1.0, 2.0, 3.0]])
    forth = transform_from_motion(turn, way, invert=False)
    back = transform_from_motion(turn, way, invert=True)
    expected = [[0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]]
    np.testing.assert_allclose(forth[0], expected, atol=1e-6)
    expected = [[0, 1, 0, -2], [-1, 0, 0, 1], [0, 0, 1, -3], [0, 0, 0, 1]]
    np.testing.assert_allclose(back[0], expected, atol=1e-6)


def test_every_image_of_a_batch_has_its_own_motion():
    turns, ways = torch.tensor([[0.1, 0.2, 0.3], [-0.4, 0, 0]]), torch.tensor([[1.0, 0, 0]] * 2)
    both = transform_from_motion(turns, ways, invert=True)
    for index in range(2):
        one = slice(index, index + 1)
        alone = transform_from_motion(turns[one], ways[one], invert=True)
        np.testing.assert_allclose(both[one], alone, atol=1e-7)
