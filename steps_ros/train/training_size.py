"""
The size of the frames that training sees, where the user names none.
"""

from __future__ import annotations

from pathlib import Path

from steps_ros.core.checkpoint import load_checkpoint
from steps_ros.data.drive_kinds import open_drive
from steps_ros.data.drive_options import DriveOptions
from steps_ros.data.store import parse_part
from steps_ros.errors import SourceError
from steps_ros.inference.network_size import fitting_size, Size

DEFAULT_SIZE = (192, 320)


def training_size(start: Path, drive: str, options: DriveOptions, bonnet: float = 0.0) -> Size:
    """
    Return 192x320, or about as many pixels in the pictures' shape for weights that see rays.

    Those are used so by a node, and would be misled by pixels that are not square.

    :param start: the weights that training begins with.
    :param drive: PATH or PATH@START-END; its first picture counts.
    :param bonnet: share of the rows that is cut off below.
    :returns: (height, width).
    :raises StepsError: weights or drive cannot be read.
    """
    checkpoint = load_checkpoint(start)
    if checkpoint.depth_net is None or not checkpoint.depth_net.config.sees_rays:
        return DEFAULT_SIZE
    with open_drive(parse_part(drive).path, options) as frames:
        for item in frames:
            height, width = item.frame.image.shape[:2]
            if frames.crop is not None:
                width, height = frames.crop
            aspect = width / (height * (1 - bonnet))
            return fitting_size(aspect, checkpoint.input_size or DEFAULT_SIZE)
    raise SourceError(f'{drive}: no picture in it can be read; give another drive')
