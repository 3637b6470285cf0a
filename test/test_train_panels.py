"""Pictures of a step: named, in RGB, depth in the project's colours."""

import numpy as np
import torch

from steps_ros.core.depth_net import TINY
from steps_ros.train.panels import panel_pictures
from steps_ros.train.step_result import Panels


def panels(**changed):
    parts = {name: torch.full((3, 4, 6), 0.5) for name in ('input', 'enhanced', 'warped')}
    parts |= {name: torch.ones(1, 4, 6) for name in ('mask', 'residual')}
    near_right = torch.linspace(0.01, 0.9, 6).expand(1, 4, 6)
    return Panels(**{**parts, 'disparity': near_right, **changed})


def test_every_panel_is_a_picture():
    pictures = panel_pictures(panels(), TINY)
    assert set(pictures) == {'input', 'enhanced', 'depth', 'mask', 'warped', 'residual'}
    for picture in pictures.values():
        assert (picture.shape, picture.dtype) == ((4, 6, 3), np.uint8)
    assert (pictures['input'] == 128).all()
    assert (pictures['mask'] == 255).all()


def test_near_is_red_and_far_is_blue():
    depth = panel_pictures(panels(), TINY)['depth'].astype(int)
    red, _, blue = depth[0, -1]
    assert red > blue
    red, _, blue = depth[0, 0]
    assert blue > red


def test_what_an_objective_leaves_out_is_missing():
    names = set(panel_pictures(panels(warped=None, residual=None), TINY))
    assert names == {'input', 'enhanced', 'depth', 'mask'}
