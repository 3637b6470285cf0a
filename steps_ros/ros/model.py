"""
The networks as the node uses them: loaded, warmed up, and able to say what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
import gc
import sys
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from steps_ros.inference.prediction import Prediction, Request
from steps_ros.inference.scale.settings import NONE
from steps_ros.ros.parameters import NightDepthSettings
from steps_ros.shipped_weights import weights_file


def _any_scale(wish: str) -> None:
    """Refuse nothing."""


class Model(NamedTuple):
    """
    What turns images into maps, and what /diagnostics says of it.

    ``predict`` takes the images of several cameras and answers in their order. ``described`` is
    whatever else there is to say, by name, and ``now`` the same of what may change while it runs;
    the depth of one that ``sees_rays`` depends on the camera.
    ``require_scalable`` raises SettingsError where no factor makes metres of the depth, naming the
    wish that it is given.
    """

    predict: Callable[[Sequence[Request]], list[Prediction]]
    engine: str
    device: str
    precision: str
    network_size: str
    checkpoint: str
    has_depth: bool
    described: Mapping[str, str] = MappingProxyType({})
    require_scalable: Callable[[str], None] = _any_scale
    now: Callable[[], Mapping[str, str]] = dict
    sees_rays: bool = False


def load_model(settings: NightDepthSettings) -> Model:
    """
    Load the weights and run them, so that the first frame is as fast as the others.

    Engines prepare themselves for each number of pictures; as many as there are cameras come at
    once.

    :raises StepsError: a missing or damaged checkpoint, a device or size that cannot be.
    """
    # torch takes seconds to import; a node that is only told to wait does without.
    from steps_ros.inference.loading import load_predictor
    from steps_ros.inference.network_size import USUAL_PICTURE

    path = weights_file(settings.checkpoint or 'default')
    loaded = load_predictor(
        path,
        settings.network_height_width,
        settings.device,
        settings.precision,
        engine=settings.engine,
    )
    predictor = loaded.predictor
    picture = Request(np.zeros((*USUAL_PICTURE, 3), np.uint8))
    for count in range(1, max(len(settings.cameras), 1) + 1):
        predictor.predict_batch([picture] * count)
    return Model(
        predictor.predict_batch,
        predictor.engine,
        str(predictor.device),
        predictor.precision,
        predictor.described_size,
        # Where a link is switched from weights to weights, it is the file that tells them apart.
        str(path.resolve()),
        predictor.depth_model is not None,
        loaded.described,
        loaded.require_scalable,
        lambda: loaded.described,
        predictor.depth_model is not None and predictor.depth_model.sees_rays,
    )


def check_scales(model: Model, sources: Iterable[str]) -> None:
    """
    Refuse sources of scale for a depth that no scale makes metric.

    :raises SettingsError: names the first of them.
    """
    for source in sources:
        if model.has_depth and source != NONE:
            model.require_scalable(f'scale.source {source}')


def free_memory() -> None:
    """Give back the memory of networks that nobody holds any more."""
    gc.collect()
    # Without torch in the process there is nothing on a GPU either.
    torch = sys.modules.get('torch')
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
