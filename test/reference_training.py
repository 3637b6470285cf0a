"""The networks and frames of golden h: seeded weights, and the RGB that they do not know of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from reference_names import enhancer_name, golden, load_named, named, pose_net_name, recipe
import torch
from torch import nn, Tensor

from steps_ros.core.depth_net import DepthNet, RESNET18
from steps_ros.core.discriminator import Discriminator
from steps_ros.core.illumination import SelfCalibratedEnhancer
from steps_ros.core.importers import depth_net_key
from steps_ros.core.pose_net import PoseNet
from steps_ros.train.batch import TripletBatch
from steps_ros.train.networks import Networks

# Frames of the goldens are stored as target, previous, next.
ORDER = (1, 0, 2)


def golden_networks(reference: Path, held: tuple[str, ...]) -> Networks:
    """Return the networks of golden h, which read RGB by a permuted first convolution."""
    seeded = recipe(reference).weights

    def weights(prefix: str, seed: int):
        def load(key: str, shape: tuple[int, ...]) -> Tensor:
            values = seeded(f'{prefix}.{key}', shape, seed)
            return torch.from_numpy(np.asarray(values))

        return load

    depth, teacher, pose = DepthNet(RESNET18), DepthNet(RESNET18), PoseNet()
    enhancer, discriminator = SelfCalibratedEnhancer(), Discriminator()
    load_named(depth, weights('G', 0), depth_net_key)
    load_named(pose, weights('G', 0), pose_net_name)
    load_named(enhancer, weights('S', 0), enhancer_name)
    load_named(discriminator, weights('D', 0), str)
    load_named(teacher, weights('day_dispnet.net', 1), depth_net_key)
    for network in (depth, pose, teacher):
        _read_rgb(network.encoder.stem[0])
    return Networks(depth, pose, enhancer, discriminator, teacher, held)


def _read_rgb(convolution: nn.Conv2d) -> None:
    """Turn the order of colours round, frame by frame."""
    weight = convolution.weight.data
    by_frame = weight.unflatten(1, (-1, 3)).flip(2)
    convolution.weight.data = by_frame.flatten(1, 2).contiguous()


def golden_batch(frames_bgr: Tensor) -> TripletBatch:
    """Return (B, 3, H, W, 3) BGR in the goldens' order as a batch of the project."""
    frames = frames_bgr[:, ORDER].flip(-1).permute(0, 1, 4, 2, 3).contiguous()
    height, width = frames.shape[-2:]
    rows = ((0.9 * width, 0, 0.48 * width), (0, 1.1 * height, 0.53 * height), (0, 0, 1))
    intrinsics = torch.tensor(rows, dtype=torch.float32)
    return TripletBatch(frames, intrinsics.expand(len(frames), 3, 3).clone())


def night_and_day(reference: Path) -> tuple[TripletBatch, TripletBatch]:
    """Return the two batches of golden h."""
    arrays = golden(reference, 'h_train_ns.npz')
    night, day = (named(arrays, f'{time}_frames_bgr_u8') for time in ('night', 'day'))
    return golden_batch(night), golden_batch(day)
