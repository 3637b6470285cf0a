"""
How good the default weights are on streets they have never seen, beside blind guesses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch

from steps_ros.core.checkpoint import Checkpoint
from steps_ros.core.illumination import IlluminationNet
from steps_ros.core.masks import Bridge
from steps_ros.eval.baselines import flat_ground_depth, mean_log_depth
from steps_ros.eval.metrics import depth_errors, DepthErrors, mean_errors
from steps_ros.eval.predictions import DEPTH_ALONE
from steps_ros.inference.light_state import enhancement_alone
from steps_ros.inference.predictor import Predictor
from steps_ros.train.shards import FARTHEST_DEPTH, Shards

# Grey levels outside say how bright the light was no more: they are noise or saturation.
DARKEST_LEVEL, BRIGHTEST_LEVEL = 3, 252
BOUND_PERCENT = (5.0, 98.0)
ABOVE = 5.0


@dataclass(frozen=True)
class GuessErrors:
    """The mean errors over pictures, and the abs_rel of the middle picture beside the mean."""

    mean: DepthErrors
    median_abs_rel: float


@dataclass(frozen=True)
class MeasuredErrors:
    """
    Errors over ``frames`` pictures, each aligned by its median, up to 80 m, without sky.

    ``flat_ground`` knows the camera's true height, tilt and K; ``template`` is the mean log-depth
    map of the training set.
    """

    frames: int
    network: GuessErrors
    flat_ground: GuessErrors
    template: GuessErrors

    def plain(self) -> dict[str, Any]:
        """Return names and numbers alone, for JSON."""
        guesses = {'network': self.network, 'flat_ground': self.flat_ground}
        guesses['template'] = self.template
        numbers = {
            name: {**errors.mean._asdict(), 'median_abs_rel': errors.median_abs_rel}
            for name, errors in guesses.items()
        }
        return {'frames': self.frames, **numbers}


def held_out_errors(held_out: Shards, training: Shards, checkpoint: Checkpoint) -> MeasuredErrors:
    """
    Measure a checkpoint with both networks, and both blind guesses, on the same frames.

    Each is enhanced as far as the node does it in such light.
    """
    template = mean_log_depth(
        (depth.astype(np.float32) for street in training.streets for depth in street.depth),
        FARTHEST_DEPTH,
    )
    predictor = Predictor(checkpoint, device='cpu', precision='float32')
    rows: list[tuple[DepthErrors, DepthErrors, DepthErrors]] = []
    for image, half, camera, mounting in held_out.pictures():
        depth = half.astype(np.float32)
        flat = flat_ground_depth(np.array(camera.matrix), depth.shape, mounting, FARTHEST_DEPTH)
        enhancement = enhancement_alone(image)
        predicted = predictor.predict(image, DEPTH_ALONE, None, camera, enhancement).depth
        assert predicted is not None
        night, ground, blind = (
            depth_errors(guess, depth, 'median', FARTHEST_DEPTH)
            for guess in (predicted, flat, template)
        )
        rows.append((night, ground, blind))
    network, flat_ground, template_errors = (
        _summary([row[column] for row in rows]) for column in range(3)
    )
    return MeasuredErrors(len(rows), network, flat_ground, template_errors)


def _summary(errors: list[DepthErrors]) -> GuessErrors:
    return GuessErrors(mean_errors(errors), float(np.median([row.abs_rel for row in errors])))


@torch.no_grad()
def confidence_bridge(shards: Shards, illumination: IlluminationNet) -> Bridge:
    """
    Return the bounds between which the illumination of most well-lit pixels lies.

    They are the 5th and 98th percentile of the clamped stage-1 map where grey is in (3, 252).
    Below the lower bound the weight falls so that a black surrounding gets one half.
    """
    values = []
    for picture in shards.pictures():
        levels = cv2.cvtColor(picture.image, cv2.COLOR_RGB2GRAY)
        grey = torch.from_numpy(levels)[None, None].float() / 255
        lit = (grey * 255 > DARKEST_LEVEL) & (grey * 255 < BRIGHTEST_LEVEL)
        values.append(illumination(grey).clamped[lit].numpy()[::17])
    low, high = (float(bound) for bound in np.percentile(np.concatenate(values), BOUND_PERCENT))
    black = float(illumination(torch.zeros(1, 1, 16, 16)).clamped.median())
    return Bridge(low, high, below=max(ABOVE, 1 / max(low - black, 1e-3)), above=ABOVE)
