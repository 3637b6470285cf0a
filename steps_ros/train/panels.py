"""
What a training shows of a step: pictures for people.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from steps_ros.core.depth_net import DepthNetConfig
from steps_ros.core.geometry import disparity_to_depth
from steps_ros.inference.colour import colour_depth, colour_range
from steps_ros.train.step_result import Panels

Picture = NDArray[np.uint8]


def panel_pictures(panels: Panels, config: DepthNetConfig) -> dict[str, Picture]:
    """
    Return pictures by name, (H, W, 3) RGB; those of what the objective leaves out are missing.

    Depth has the colours of its own range, since the scale of depth drifts while it is learned.

    :param config: of the depth network, for its range of depth.
    """
    depth = disparity_to_depth(panels.disparity, config.min_depth, config.max_depth)
    metres = np.asarray(depth[0].float().cpu().numpy(), np.float32)
    plain = {'input': panels.input, 'enhanced': panels.enhanced, 'mask': panels.mask}
    rebuilt = {'warped': panels.warped, 'residual': panels.residual}
    known = {name: map_ for name, map_ in (plain | rebuilt).items() if map_ is not None}
    pictures = {name: _picture(map_) for name, map_ in known.items()}
    return {**pictures, 'depth': colour_depth(metres, *colour_range(metres))}


def _picture(map_: Tensor) -> Picture:
    """Return (3 or 1, H, W) in [0, 1] as a picture."""
    levels = (255 * map_.float().clamp(0, 1)).round().byte()
    return np.ascontiguousarray(levels.expand(3, -1, -1).permute(1, 2, 0).cpu().numpy())
