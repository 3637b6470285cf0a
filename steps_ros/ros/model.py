"""
The networks as the node uses them: loaded, warmed up, and able to say what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import gc
from pathlib import Path
import sys
from typing import NamedTuple

import numpy as np

from steps_ros.inference.prediction import Prediction, Request
from steps_ros.ros.parameters import NightDepthSettings

WARM_UP_SIZE = (480, 640)


class Model(NamedTuple):
    """
    What turns images into maps, and what /diagnostics says of it.

    ``predict`` takes the images of several cameras and answers in their order.
    """

    predict: Callable[[Sequence[Request]], list[Prediction]]
    engine: str
    device: str
    precision: str
    network_size: str
    checkpoint: str
    has_depth: bool


def load_model(settings: NightDepthSettings) -> Model:
    """
    Load the weights and run them once, so that the first frame is as fast as the others.

    :raises StepsError: a missing or damaged checkpoint, a device or size that cannot be.
    """
    # torch takes seconds to import; a node that is only told to wait does without.
    from steps_ros.core.checkpoint import DEFAULT_WEIGHTS, load_checkpoint
    from steps_ros.inference.predictor import Predictor

    path = Path(settings.checkpoint).expanduser() if settings.checkpoint else DEFAULT_WEIGHTS
    predictor = Predictor(
        load_checkpoint(path), settings.network_height_width, settings.device, settings.precision
    )
    predictor.predict(np.zeros((*WARM_UP_SIZE, 3), np.uint8))
    return Model(
        predictor.predict_batch,
        settings.engine,
        str(predictor.device),
        str(predictor.dtype).removeprefix('torch.'),
        predictor.described_size,
        # Where a link is switched from weights to weights, it is the file that tells them apart.
        str(path.resolve()),
        predictor.depth_net is not None,
    )


def free_memory() -> None:
    """Give back the memory of networks that nobody holds any more."""
    gc.collect()
    # Without torch in the process there is nothing on a GPU either.
    torch = sys.modules.get('torch')
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
