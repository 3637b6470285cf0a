"""
The recipe of the default weights: simulated streets, enhancer, depth networks, joint stage.

Every part leaves its result in the folder and is not done twice, so an interrupted run goes on
where it was. Streets and enhancer serve all networks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
import json
from pathlib import Path
from typing import NamedTuple

import torch

from steps_ros.core.checkpoint import Checkpoint, Provenance, save_checkpoint
from steps_ros.core.depth_net import DepthNet, DepthNetConfig, RESNET18_RAYS, TINY_RAYS
from steps_ros.core.illumination import SelfCalibratedEnhancer
from steps_ros.train.enhancer import EnhancerSettings, train_enhancer
from steps_ros.train.joint_stage import JointSettings, train_jointly
from steps_ros.train.measure import confidence_bridge, held_out_errors, MeasuredErrors
from steps_ros.train.model_card import model_card
from steps_ros.train.shards import load_shards, Shards
from steps_ros.train.snapshot import read_snapshot, Snapshot, write_snapshot
from steps_ros.train.supervised import (
    mean_weights,
    Stage,
    start_at_depth,
    SupervisedSettings,
    train_supervised,
)

Progress = Callable[[str, int, float], None]
NETWORKS: dict[str, DepthNetConfig] = {'tiny': TINY_RAYS, 'resnet18': RESNET18_RAYS}
# Simulated nights have black skies more often than real ones, and a blue one was taken for near.
LIT_SKIES = 0.35
# Small pictures teach the layout of streets quickly; the last third of the time is for detail.
RUNS: dict[str, SupervisedSettings] = {
    'tiny': SupervisedSettings(
        (
            Stage(64, 96, 8000, 16),
            Stage(96, 160, 1000, 12),
            Stage(96, 160, 5000, 12, LIT_SKIES),
            Stage(192, 320, 3000, 6, LIT_SKIES),
            Stage(192, 320, 4000, 6, LIT_SKIES, by_light=True, rate=3e-4),
        ),
        precision='bfloat16',
    ),
    # Its wide layers cost as much with 16 pictures of 64x96 as with 12 of 96x160: few of those.
    'resnet18': SupervisedSettings(
        (
            Stage(64, 96, 1500, 16, LIT_SKIES, by_light=True),
            Stage(96, 160, 3000, 12, LIT_SKIES, by_light=True),
            Stage(192, 320, 4500, 6, LIT_SKIES, by_light=True),
        ),
        learning_rate=6e-4,
        precision='bfloat16',
    ),
}


@dataclass(frozen=True)
class Split:
    """
    One set of simulated streets; ``offset`` keeps its seeds apart from the other sets'.

    Where ``has_distortion``, lenses bend.
    """

    name: str
    time: str
    offset: int
    scenes: int
    exposures: int
    has_distortion: bool = False


@dataclass(frozen=True)
class Recipe:
    """
    All that the weights of one network depend on.

    Streets are drawn at the size ``drawn``; each gives ``frames`` pictures, ``rate_hz`` of them in
    a second of driving. The network is to see about as many pixels as ``size`` has.
    """

    network: str = 'tiny'
    seed: int = 0
    drawn: tuple[int, int] = (240, 384)
    size: tuple[int, int] = (192, 320)
    frames: int = 6
    rate_hz: float = 0.5
    splits: tuple[Split, ...] = (
        Split('held_night', 'night', 2, 50, 1),
        Split('held_day', 'day', 3, 17, 1),
        Split('train_day', 'day', 1, 240, 2),
        Split('train_night', 'night', 0, 600, 2),
        Split('train_night_bent', 'night', 4, 160, 2, has_distortion=True),
    )
    enhancer: EnhancerSettings = field(default_factory=EnhancerSettings)
    depth: SupervisedSettings = RUNS['tiny']
    joint: JointSettings = JointSettings()  # noqa: RUF009

    @property
    def training(self) -> tuple[Split, ...]:
        """The sets that are learned from; the others measure."""
        return tuple(split for split in self.splits if split.name.startswith('train'))

    @property
    def held(self) -> tuple[Split, ...]:
        """The sets that no network learns from."""
        return tuple(split for split in self.splits if split not in self.training)


class Simulation(NamedTuple):
    """
    What draws streets; what is there is kept.

    ``streets`` fills a folder with those of a split. ``drive`` records one by its number and time
    of day.
    """

    streets: Callable[[Recipe, Split, Path], None]
    drive: Callable[[Recipe, int, str, Path], None]


class Measured(NamedTuple):
    """A checkpoint and its errors by night and by day."""

    checkpoint: Checkpoint
    errors: dict[str, MeasuredErrors]

    @property
    def score(self) -> float:
        """Mean abs_rel of night and day."""
        rows = [errors.network.mean.abs_rel for errors in self.errors.values()]
        return sum(rows) / len(rows)


def make_default_weights(
    recipe: Recipe,
    folder: Path,
    simulation: Simulation,
    progress: Progress | None = None,
) -> Path:
    """
    Make the weights of one network, their measurements and their model card.

    The joint stage is kept where it is not worse than the first on streets that neither saw.

    :param progress: called with the part's name, the step and the loss.
    :returns: the checkpoint, named after the network.
    """
    place = folder / recipe.network
    place.mkdir(parents=True, exist_ok=True)
    (place / 'recipe.json').write_text(json.dumps(asdict(recipe), indent=2) + '\n')
    for split in recipe.splits:
        simulation.streets(recipe, split, shard_folder(folder, split.name))
    enhancer = _enhancer(recipe, folder, progress)
    torch.manual_seed(recipe.seed)
    net = DepthNet(NETWORKS[recipe.network])
    start_at_depth(net)
    train_supervised(
        net,
        enhancer.illumination,
        _shards(folder, *recipe.training),
        recipe.depth,
        place,
        partial(progress, recipe.network) if progress else None,
    )
    first = _measured(recipe, folder, supervised_checkpoint(recipe, folder))
    second = None
    if recipe.joint.steps:
        second = _measured(recipe, folder, _jointly(recipe, folder, first, simulation, progress))
    return _write(recipe, place, first, second)


def supervised_checkpoint(recipe: Recipe, folder: Path) -> Checkpoint:
    """Return the first stage's mean weights as they are saved by now."""
    enhancer = _enhancer(recipe, folder, None)
    net = DepthNet(NETWORKS[recipe.network])
    weights, step = mean_weights(folder / recipe.network)
    net.load_state_dict(weights)
    return _checkpoint(recipe, folder, net.eval(), enhancer, step)


def _jointly(
    recipe: Recipe,
    folder: Path,
    first: Measured,
    simulation: Simulation,
    progress: Progress | None,
) -> Checkpoint:
    """Return the weights after the joint stage."""
    drives: dict[str, list[Path]] = {'night': [], 'day': []}
    for number in range(recipe.joint.drives):
        for time, paths in drives.items():
            paths.append(folder / 'drives' / f'{time}_{number:03d}.mcap')
            simulation.drive(recipe, number, time, paths[-1])

    def said(part: str, step: int, loss: float) -> None:
        assert progress is not None
        progress(f'{recipe.network} {part}', step, loss)

    trained = train_jointly(
        first.checkpoint,
        drives['night'],
        drives['day'],
        recipe.joint,
        folder / recipe.network / 'joint',
        said if progress else None,
    )
    assert trained.enhancer is not None
    night = _held_night(recipe, folder)
    return replace(trained, confidence=confidence_bridge(night, trained.enhancer))


def _write(recipe: Recipe, place: Path, first: Measured, second: Measured | None) -> Path:
    """Write the better one of the two stages, its numbers and its card."""
    kept = second if second is not None and second.score <= first.score else first
    path = place / f'{recipe.network}.safetensors'
    save_checkpoint(kept.checkpoint, path, torch.float16)
    stages = {'supervised': first, 'joint': second}
    numbers = {
        'stage': 'joint' if kept is second else 'supervised',
        **{time: errors.plain() for time, errors in kept.errors.items()},
        'stages': {
            name: {time: errors.plain()['network'] for time, errors in stage.errors.items()}
            for name, stage in stages.items()
            if stage is not None
        },
    }
    (place / 'measured.json').write_text(json.dumps(numbers, indent=2) + '\n')
    later = None if second is None else second.errors
    card = model_card(asdict(recipe), kept.errors, path, later)
    (place / 'README.md').write_text(card)
    return path


def shard_folder(folder: Path, name: str) -> Path:
    """Return where the streets of a split are."""
    return folder / 'shards' / name


def _shards(folder: Path, *splits: Split) -> Shards:
    return load_shards([shard_folder(folder, split.name) for split in splits])


def _held_night(recipe: Recipe, folder: Path) -> Shards:
    return _shards(folder, *(split for split in recipe.held if split.time == 'night'))


def _enhancer(recipe: Recipe, folder: Path, progress: Progress | None) -> SelfCalibratedEnhancer:
    path = folder / 'enhancer.npz'
    if not path.exists():
        enhancer = train_enhancer(
            _shards(folder, *(split for split in recipe.training if split.time == 'night')),
            recipe.enhancer,
            partial(progress, 'enhancer') if progress else None,
        )
        write_snapshot(Snapshot(recipe.enhancer.steps, enhancer.state_dict()), path)
    enhancer = SelfCalibratedEnhancer(1)
    enhancer.load_state_dict(read_snapshot(path).tensors)
    return enhancer.eval()


def _checkpoint(
    recipe: Recipe, folder: Path, net: DepthNet, enhancer: SelfCalibratedEnhancer, step: int
) -> Checkpoint:
    night = _held_night(recipe, folder)
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


def _measured(recipe: Recipe, folder: Path, checkpoint: Checkpoint) -> Measured:
    training = _shards(folder, *recipe.training)
    errors = {
        split.time: held_out_errors(_shards(folder, split), training, checkpoint)
        for split in recipe.held
    }
    return Measured(checkpoint, errors)
