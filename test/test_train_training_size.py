"""The size to train at, where none is named: the pictures' shape for networks that see rays."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from steps_ros.core.checkpoint import Checkpoint, save_checkpoint
from steps_ros.core.depth_net import DepthNet, TINY, TINY_RAYS
from steps_ros.data.drive_options import DriveOptions
from steps_ros.errors import CheckpointError, SourceError
from steps_ros.train.training_size import training_size

OPTIONS = DriveOptions()


@pytest.fixture
def folder(tmp_path) -> str:
    """Return pictures of 480x200 (width x height) with a camera file."""
    images = tmp_path / 'drive' / 'images'
    images.mkdir(parents=True)
    for number in range(3):
        cv2.imwrite(str(images / f'{number}.png'), np.full((200, 480, 3), 60, np.uint8))
    (tmp_path / 'drive' / 'camera.yaml').write_text(
        'image_width: 480\nimage_height: 200\ncamera_matrix:\n  rows: 3\n  cols: 3\n'
        '  data: [300, 0, 240, 0, 300, 100, 0, 0, 1]\n'
    )
    return str(tmp_path / 'drive')


def weights(tmp_path: Path, config, size) -> Path:
    torch.manual_seed(0)
    path = tmp_path / 'weights.safetensors'
    save_checkpoint(Checkpoint(depth_net=DepthNet(config), input_size=size), path)
    return path


def test_weights_without_rays_see_the_usual_size(tmp_path, folder):
    assert training_size(weights(tmp_path, TINY, (96, 160)), folder, OPTIONS) == (192, 320)


def test_weights_with_rays_keep_the_shape_of_the_pictures(tmp_path, folder):
    start = weights(tmp_path, TINY_RAYS, (192, 320))
    height, width = training_size(start, folder, OPTIONS)
    assert width / height == pytest.approx(480 / 200, rel=0.1)
    assert height * width == pytest.approx(192 * 320, rel=0.2)
    low, wide = training_size(start, folder, OPTIONS, bonnet=0.3)
    assert wide / low == pytest.approx(480 / 140, rel=0.12)


def test_what_cannot_be_read_is_said(tmp_path, folder):
    start = weights(tmp_path, TINY_RAYS, (192, 320))
    with pytest.raises(SourceError):
        training_size(start, str(tmp_path / 'nothing'), OPTIONS)
    with pytest.raises(CheckpointError):
        training_size(tmp_path / 'no.safetensors', folder, OPTIONS)
