"""
Trained weights against those that they started from, on a drive where nobody measured depth.

Each network sees the frames as it would in use, with its own enhancer; what is compared then is
the same for both: the raw frames, the trained pose network's motion, matches by optical flow. So

- an enhancer cannot win by making pictures flat, for its pictures are not compared;
- constant depth is steady but explains no motion, and flat depth is steady but varies little:
  unsteadiness counts as a share of how much depth varies in the picture;
- depth at infinity on what moves with the camera wins nothing, for a pixel is never charged more
  than its loss without any motion;
- depth and motion cannot vanish together, which would leave both weights equally bad: the
  trained networks must explain clearly more than standing still does.

Depth is relative: the motion is in units of the trained depth, which are metres where odometry
guided the training, so that the starting depth is brought to the median of the trained one, and
each may then choose the one factor with which it does best.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from steps_ros.core.camera import Camera
from steps_ros.core.checkpoint import Checkpoint
from steps_ros.core.photometric import minimum_reprojection, photometric_loss, windows
from steps_ros.core.warp import pixel_grid, sampling_grid, source_positions, warp
from steps_ros.data.frames import Image
from steps_ros.errors import SourceError
from steps_ros.eval.predictions import DEPTH_ALONE
from steps_ros.eval.samples import Floats
from steps_ros.eval.temporal import flicker, make_view
from steps_ros.inference.predictor import Predictor
from steps_ros.train.batch import PREVIOUS, TARGET, TripletBatch
from steps_ros.train.networks import Networks
from steps_ros.train.objective_settings import ObjectiveSettings
from steps_ros.train.reconstruction import (
    as_far_as,
    compare,
    Comparison,
    source_transforms,
    SOURCES,
)
from steps_ros.train.relight import light_scene
from steps_ros.train.triplet_dataset import TripletDataset
from steps_ros.train.validation import Validation
from steps_ros.train.verdict import Measure, Verdict

# Spread evenly over the drive.
MOST_TRIPLETS = 100
# Pixels. Sensor noise hides what depth explains: in raw simulated nights a constant depth does as
# well as the true one; smoothed like this, true depth comes first by night and by day.
SMOOTHING = 2.0
FACTORS = (0.5, 0.7071, 1.0, 1.4142, 2.0)
# Of the loss without any motion, what must be explained at least; true depth explains a third.
LEAST_EXPLAINED = 0.05
# Flow is wrong along edges, and depth that is sharper there pays for it: raising true depth to
# the power of 1.4 makes it 30 % less steady, its variation set off.
STEADINESS_TOLERANCE = 0.1


class Depths(NamedTuple):
    """What a network predicts for target and previous frame of a triplet, (H, W) each."""

    target: Floats
    previous: Floats


class HeldOut(Validation):
    """Judges by photometric loss and temporal consistency, as told above."""

    def __init__(
        self,
        triplets: TripletDataset,
        objective: ObjectiveSettings,
        start: Checkpoint,
        device: torch.device,
    ) -> None:
        """
        Predict with the starting weights.

        :param triplets: of the validation drive.
        :raises SourceError: the starting depth can nowhere be followed from frame to frame.
        """
        self._objective, self._device = objective, device
        count = min(len(triplets), MOST_TRIPLETS)
        chosen = np.linspace(0, len(triplets) - 1, count).astype(np.int64)
        self._batches = [triplets.batch(chosen[place : place + 1]) for place in range(count)]
        self._depths = self._predicted(start)
        self._unsteadiness = self._unsteady(self._depths)
        if not np.isfinite(self._unsteadiness):
            raise SourceError(
                f'{triplets.stores[0].index.name}: too dark or too still to follow anything from '
                'frame to frame; validate on a drive with LiDAR or depth'
            )

    def judge(self, trained: Checkpoint, networks: Networks) -> Verdict:
        """Compare both networks with the same motion, frames and flow."""
        depths = self._predicted(trained)
        ratios = [
            np.median(after.target) / np.median(before.target)
            for after, before in zip(depths, self._depths, strict=True)
        ]
        factor = float(np.median(ratios))
        losses = []
        for batch, after, before in zip(self._batches, depths, self._depths, strict=True):
            scene = _Scene.of(batch.to(self._device), networks, self._objective)
            losses.append(
                torch.stack(
                    [
                        scene.losses(before.target * np.float32(factor)),
                        scene.losses(after.target),
                        scene.unmoved.expand(len(FACTORS)),
                    ]
                )
            )
        before_loss, loss, unmoved = torch.stack(losses).mean(dim=0).amin(dim=1).tolist()
        return Verdict(
            (
                Measure('photometric loss', before_loss, loss),
                Measure('share of the loss without motion', 1.0, loss / unmoved, -LEAST_EXPLAINED),
                Measure(
                    'unsteadiness',
                    self._unsteadiness,
                    self._unsteady(depths),
                    STEADINESS_TOLERANCE,
                ),
            )
        )

    def _predicted(self, checkpoint: Checkpoint) -> list[Depths]:
        predictor = Predictor(checkpoint, device=str(self._device), precision='float32')

        def depth(batch: TripletBatch, position: int) -> Floats:
            picture = _picture(batch, position)
            found = predictor.predict(picture, DEPTH_ALONE, None, _camera(batch)).depth
            assert found is not None
            return found

        return [Depths(depth(batch, TARGET), depth(batch, PREVIOUS)) for batch in self._batches]

    def _unsteady(self, depths: list[Depths]) -> float:
        """Return the mean flicker as a share of how much depth varies in the picture."""
        shares = []
        for batch, (target, previous) in zip(self._batches, depths, strict=True):
            pictures = (_picture(batch, position) for position in (PREVIOUS, TARGET))
            views = [
                make_view(depth, picture, None, None, 1.0)
                for depth, picture in zip((previous, target), pictures, strict=True)
            ]
            logs = np.log(previous)
            variation = float(np.abs(logs - np.median(logs)).mean())
            shares.append(flicker(*views) / variation if variation else np.inf)
        known = [share for share in shares if not np.isnan(share)]
        return float(np.mean(known)) if known else np.nan


class _Scene(NamedTuple):
    """A triplet ready to be explained: smoothed raw frames, camera, and the trained motion."""

    comparison: Comparison
    intrinsics: Tensor
    source_from_target: Tensor

    @classmethod
    @torch.no_grad()
    def of(cls, batch: TripletBatch, networks: Networks, objective: ObjectiveSettings) -> _Scene:
        assert networks.pose is not None
        enhancer = networks.enhancer if objective.enhances else None
        seen = light_scene(batch, enhancer, objective).seen.full
        motion = source_transforms(networks.pose, seen, apart=objective.frames_apart)
        if objective.odometry_weight > 0 and batch.ways is not None:
            motion, _ = as_far_as(motion, batch.ways)
        return cls(compare(_smoothed(batch)), batch.intrinsics, motion)

    @property
    def unmoved(self) -> Tensor:
        """Return the loss of the sources as they are, (1,)."""
        return self.comparison.identity.amin(dim=1).mean()[None]

    @torch.no_grad()
    def losses(self, depth: Floats) -> Tensor:
        """Return the loss of a depth map (H, W) times each of the factors, (factors,)."""
        target, sources, identity, _ = self.comparison
        metres = torch.from_numpy(depth).to(sources.device)[None, None]
        grid = pixel_grid(depth.shape[0], depth.shape[1], metres)
        losses = []
        for factor in FACTORS:
            positions = source_positions(
                (metres * factor).expand(SOURCES, -1, -1, -1),
                self.intrinsics.expand(SOURCES, -1, -1),
                self.source_from_target[0],
                grid,
            )
            warped = windows(warp(sources, sampling_grid(positions)))
            explained = photometric_loss(warped, target).view_as(identity)
            losses.append(minimum_reprojection(identity, explained).loss.mean())
        return torch.stack(losses)


def _camera(batch: TripletBatch) -> Camera:
    """Return the camera of a single triplet."""
    height, width = batch.frames.shape[-2:]
    matrix = batch.intrinsics[0].tolist()
    return Camera(width, height, matrix[0][0], matrix[1][1], matrix[0][2], matrix[1][2])


def _picture(batch: TripletBatch, position: int) -> Image:
    """Return one frame of a single triplet, (H, W, 3) RGB."""
    return np.ascontiguousarray(batch.frames[0, position].permute(1, 2, 0).cpu().numpy())


def _smoothed(batch: TripletBatch) -> Tensor:
    """Return the raw frames of a single triplet without their noise, (1, 3, 3, H, W)."""
    pictures = [
        cv2.GaussianBlur(_picture(batch, position).astype(np.float32) / 255, (0, 0), SMOOTHING)
        for position in range(batch.frames.shape[1])
    ]
    frames = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)[None]
    return frames.to(batch.frames.device)
