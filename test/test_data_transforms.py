"""
The frame tree: what it finds, and what it says about what it does not find.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from steps_ros.data import messages, transforms
from steps_ros.data.messages import Transform
from steps_ros.data.poses import matrix_of
from steps_ros.data.transforms import read_odometry, read_transforms, Stamped, TransformTree
from steps_ros.errors import FrameError

SECOND = 1_000_000_000


def link(parent, child, position):
    return Transform(parent, child, matrix_of(position, (1, 0, 0, 0)))


def tree_of(*static, moving=()):
    tree = TransformTree()
    for transform in static:
        tree.add_static(transform)
    for stamp_ns, transform in moving:
        tree.add(Stamped(stamp_ns, transform))
    return tree


def test_between_two_branches():
    tree = tree_of(
        link('base', 'mast', (0, 0, 1)),
        link('mast', 'camera', (0, 0, 1)),
        link('base', 'lidar', (2, 0, 0)),
    )
    # The LiDAR's origin is 2 m ahead of and 2 m below the camera.
    np.testing.assert_allclose(tree.lookup('camera', 'lidar', 0)[:3, 3], (2, 0, -2))
    np.testing.assert_allclose(tree.lookup('lidar', 'camera', 0)[:3, 3], (-2, 0, 2))
    np.testing.assert_array_equal(tree.lookup('camera', 'camera', 0), np.eye(4))


def test_a_tree_has_no_frames_without_number(monkeypatch):
    monkeypatch.setattr(transforms, 'MOST_FRAMES', 2)
    a, b, c = (link('base', name, (0, 0, 0)) for name in 'abc')
    tree = tree_of(a, moving=[(0, b)])
    tree.add_static(a)
    tree.add(Stamped(1, b))
    for add, given in ((tree.add_static, c), (tree.add, Stamped(1, c))):
        with pytest.raises(FrameError, match="frame 'c' is one more than the 2 that are kept"):
            add(given)
    assert tree.frames == ['a', 'b', 'base']


def test_turned_link():
    turned = Transform(
        'base', 'camera', matrix_of((1, 0, 0), (math.sqrt(0.5), 0, 0, math.sqrt(0.5)))
    )
    tree = tree_of(turned)
    np.testing.assert_allclose(
        tree.lookup('base', 'camera', 0) @ (1, 0, 0, 1), (1, 1, 0, 1), atol=1e-12
    )


def test_moving_link_is_interpolated():
    moving = [(0, link('odom', 'base', (0, 0, 0))), (SECOND, link('odom', 'base', (10, 0, 0)))]
    tree = tree_of(link('base', 'camera', (1, 0, 0)), moving=moving)
    assert tree.lookup('odom', 'camera', SECOND // 4)[0, 3] == pytest.approx(3.5)
    assert tree.moving_root('camera') == 'odom'
    with pytest.raises(FrameError, match='where base is at 9'):
        tree.lookup('odom', 'camera', 9 * SECOND)


def test_static_tree_has_no_moving_root():
    assert tree_of(link('base', 'camera', (0, 0, 0))).moving_root('camera') is None


def test_missing_frames_are_named():
    tree = tree_of(link('base', 'camera', (0, 0, 0)))
    with pytest.raises(FrameError, match="no frame 'lidar' in tf, which has base, camera;"):
        tree.lookup('camera', 'lidar', 0)


def test_missing_link_is_named():
    tree = tree_of(link('base', 'camera', (0, 0, 0)), link('roof', 'lidar', (0, 0, 0)))
    with pytest.raises(FrameError, match='they hang on roof and base, which nothing links'):
        tree.lookup('camera', 'lidar', 0)


def test_empty_tree():
    with pytest.raises(FrameError, match='neither /tf_static nor /tf; publish /tf_static, and'):
        TransformTree().lookup('camera', 'lidar', 0)


def test_loop_ends():
    tree = tree_of(link('a', 'b', (0, 0, 0)), link('b', 'a', (0, 0, 0)))
    assert tree.is_connected('a', 'a')
    assert not tree.is_connected('a', 'c')


def test_messages():
    transform = link('/base', 'camera', (1, 2, 3))
    read = list(read_transforms(messages.transforms_message([transform], 5 * SECOND + 7)))
    assert [(item.stamp_ns, item.transform.parent) for item in read] == [(5 * SECOND + 7, 'base')]
    np.testing.assert_allclose(read[0].transform.parent_from_child, transform.parent_from_child)
    odometry = read_odometry(messages.odometry_message(transform, 3))
    assert odometry.stamp_ns == 3
    np.testing.assert_allclose(odometry.transform.parent_from_child[:3, 3], (1, 2, 3))
