"""
The recipe of the default weights: simulated streets, enhancer, depth network, measurement.

Every part leaves its result in the folder and is not done twice, so an interrupted run goes on
where it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
import json
from pathlib import Path

import torch

from steps_ros.core.checkpoint import Checkpoint, Provenance, save_checkpoint
from steps_ros.core.depth_net import DepthNet, TINY
from steps_ros.core.illumination import SelfCalibratedEnhancer
from steps_ros.train.enhancer import EnhancerSettings, train_enhancer
from steps_ros.train.measure import confidence_bridge, held_out_errors, MeasuredErrors
from steps_ros.train.model_card import model_card
from steps_ros.train.shards import load_shards
from steps_ros.train.supervised import (
    mean_weights,
    Stage,
    start_at_depth,
    State,
    SupervisedSettings,
    train_supervised,
)

Progress = Callable[[str, int, float], None]
# Small pictures teach the layout of streets quickly; the last third of the time is for detail.
# A second, gentler run goes on from the mean weights of the first.
RUNS = (
    SupervisedSettings(
        (Stage(64, 96, 2000, 16), Stage(96, 160, 1000, 10), Stage(192, 320, 900, 6))
    ),
    SupervisedSettings(
        (Stage(96, 160, 250, 16), Stage(192, 320, 330, 8)),
        seed=1,
        learning_rate=4e-4,
        warmup=50,
        mean_decay=0.995,
    ),
)


@dataclass(frozen=True)
class Split:
    """One set of simulated streets; ``offset`` keeps its seeds apart from the other sets'."""

    name: str
    time: str
    offset: int
    scenes: int
    exposures: int


@dataclass(frozen=True)
class Recipe:
    """
    All that the default weights depend on.

    Each street gives ``frames`` pictures, ``rate_hz`` of them in a second of driving.
    """

    seed: int = 0
    size: tuple[int, int] = (192, 320)
    frames: int = 6
    rate_hz: float = 0.5
    aspect_spread: float = 0.15
    splits: tuple[Split, ...] = (
        Split('held_night', 'night', 2, 50, 1),
        Split('held_day', 'day', 3, 17, 1),
        Split('train_day', 'day', 1, 110, 2),
        Split('train_night', 'night', 0, 400, 2),
    )
    enhancer: EnhancerSettings = field(default_factory=EnhancerSettings)
    depth: tuple[SupervisedSettings, ...] = RUNS


def make_default_weights(
    recipe: Recipe,
    folder: Path,
    simulate: Callable[[Recipe, Split, Path], None],
    progress: Progress | None = None,
) -> Path:
    """
    Make the default weights, their measurements and their model card.

    :param simulate: fills a folder with the streets of a split; what is there is kept.
    :param progress: called with the part's name, the step and the loss.
    :returns: the checkpoint, ``folder/default.safetensors``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'recipe.json').write_text(json.dumps(asdict(recipe), indent=2) + '\n')
    for split in recipe.splits:
        simulate(recipe, split, shard_folder(folder, split.name))
    enhancer = _enhancer(recipe, folder, progress)
    torch.manual_seed(recipe.seed)
    net = DepthNet(TINY)
    start_at_depth(net)
    shards = load_shards([shard_folder(folder, 'train_night'), shard_folder(folder, 'train_day')])
    for number, settings in enumerate(recipe.depth):
        train_supervised(
            net,
            enhancer.illumination,
            shards,
            settings,
            run_folder(folder, number),
            partial(progress, f'depth run {number}') if progress else None,
        )
    return finish(recipe, folder)


def finish(recipe: Recipe, folder: Path) -> Path:
    """
    Measure the mean weights as they are saved by now, and write the checkpoint and its card.

    :returns: the checkpoint, ``folder/default.safetensors``.
    """
    torch.manual_seed(recipe.seed)
    enhancer = _enhancer(recipe, folder, None)
    net = DepthNet(TINY)
    weights, step = _last_weights(recipe, folder)
    net.load_state_dict(weights)
    checkpoint = _checkpoint(recipe, folder, net.eval(), enhancer, step)
    measured = _measure(folder, checkpoint)
    path = folder / 'default.safetensors'
    save_checkpoint(checkpoint, path, torch.float16)
    numbers = {time: errors.plain() for time, errors in measured.items()}
    (folder / 'measured.json').write_text(json.dumps(numbers, indent=2) + '\n')
    (folder / 'README.md').write_text(model_card(asdict(recipe), step, measured, path))
    return path


def shard_folder(folder: Path, name: str) -> Path:
    """Return where the streets of a split are."""
    return folder / 'shards' / name


def run_folder(folder: Path, number: int) -> Path:
    """Return where the state of one run of the depth training is."""
    return folder / f'run_{number}'


def _last_weights(recipe: Recipe, folder: Path) -> tuple[State, int]:
    """Return the mean weights of the last run that has begun, and the steps of all."""
    last = max(n for n in range(len(recipe.depth)) if run_folder(folder, n).exists())
    weights, step = mean_weights(run_folder(folder, last))
    return weights, step + sum(settings.steps for settings in recipe.depth[:last])


def _enhancer(recipe: Recipe, folder: Path, progress: Progress | None) -> SelfCalibratedEnhancer:
    path = folder / 'enhancer.pt'
    if not path.exists():
        enhancer = train_enhancer(
            load_shards([shard_folder(folder, 'train_night')]),
            recipe.enhancer,
            partial(progress, 'enhancer') if progress else None,
        )
        torch.save(enhancer.state_dict(), path)
    enhancer = SelfCalibratedEnhancer(1)
    enhancer.load_state_dict(torch.load(path, weights_only=True))
    return enhancer.eval()


def _checkpoint(
    recipe: Recipe, folder: Path, net: DepthNet, enhancer: SelfCalibratedEnhancer, step: int
) -> Checkpoint:
    night = load_shards([shard_folder(folder, 'held_night')])
    return Checkpoint(
        depth_net=net,
        enhancer=enhancer.illumination,
        input_size=recipe.size,
        confidence=confidence_bridge(night, enhancer.illumination),
        provenance=Provenance(
            source='simulated night and day streets; steps-ros default-weights',
            step=step,
            notes={'seed': recipe.seed, 'scale': 'relative'},
        ),
    )


def _measure(folder: Path, checkpoint: Checkpoint) -> dict[str, MeasuredErrors]:
    training = load_shards(
        [shard_folder(folder, 'train_night'), shard_folder(folder, 'train_day')]
    )
    return {
        time: held_out_errors(
            load_shards([shard_folder(folder, f'held_{time}')]), training, checkpoint
        )
        for time in ('night', 'day')
    }
