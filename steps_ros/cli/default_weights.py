"""``steps-ros default-weights``: make the default weights again, from a seed."""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
import json
from pathlib import Path
import sys
import time

import torch
from tqdm import tqdm

from steps_ros.errors import OutputError
from steps_ros.sim.clip import simulate_clip
from steps_ros.sim.recording import write_recording
from steps_ros.sim.settings import ClipSettings
from steps_ros.sim.shards import ShardSettings, write_shards
from steps_ros.train.default_weights import (
    make_default_weights,
    NETWORKS,
    Recipe,
    RUNS,
    Simulation,
    Split,
)

SEEDS_APART = 16
# Beyond those of the splits.
DRIVES_OFFSET = 15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument('--out', type=Path, required=True, help='folder for all that is made')
    parser.add_argument(
        '--network', choices=NETWORKS, default='tiny', help='whose weights (default: %(default)s)'
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of streets and training')
    parser.add_argument('--resume', action='store_true', help='go on with what is in --out')
    parser.add_argument('--workers', type=int, default=1, help='processes that draw streets')
    parser.add_argument('--threads', type=int, default=1, help='threads of the training')


def run(arguments: argparse.Namespace) -> int:
    """Simulate, train, measure and write; the last line on stdout is what was measured."""
    folder: Path = arguments.out
    if folder.exists() and any(folder.iterdir()) and not arguments.resume:
        raise OutputError(f'{folder}: not empty; add --resume to go on, or choose another folder')
    torch.set_num_threads(arguments.threads)
    recipe = _recipe(arguments.network, arguments.seed)

    simulation = Simulation(partial(_streets, workers=arguments.workers), _drive)
    (folder / recipe.network).mkdir(parents=True, exist_ok=True)
    log = _TrainingLog(folder / recipe.network / 'train.log')
    weights = make_default_weights(recipe, folder, simulation, log)
    measured = json.loads((folder / recipe.network / 'measured.json').read_text())
    print(json.dumps({'weights': str(weights), **measured}))
    return 0


class _TrainingLog:
    """Write every 20th step to stderr and to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mean: float | None = None
        self._start = time.monotonic()

    def __call__(self, part: str, step: int, loss: float) -> None:
        if self._mean is None or step == 0:
            self._mean = loss
        self._mean = 0.95 * self._mean + 0.05 * loss
        if step % 20 == 0:
            seconds = time.monotonic() - self._start
            line = f'{part} step {step} loss {self._mean:.4f} after {seconds:.0f} s'
            print(line, file=sys.stderr, flush=True)
            with self._path.open('a') as file:
                file.write(line + '\n')


def _recipe(network: str, seed: int) -> Recipe:
    recipe = Recipe(network, seed)
    return replace(
        recipe,
        enhancer=replace(recipe.enhancer, seed=seed),
        depth=replace(RUNS[network], seed=SEEDS_APART * seed),
        joint=replace(recipe.joint, seed=seed),
    )


def _drive(recipe: Recipe, number: int, time: str, path: Path) -> None:
    """Record one street, driven at ten frames a second, with exact depth."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = recipe.joint.size
    clip = ClipSettings(
        recipe.seed * SEEDS_APART + DRIVES_OFFSET, number, recipe.joint.frames, height, width, time
    )
    drawn = write_recording(simulate_clip(clip), path)
    for _ in tqdm(drawn, desc=path.stem, total=clip.frames, unit='frame', disable=None):
        pass


def _streets(recipe: Recipe, split: Split, place: Path, workers: int) -> None:
    clip = ClipSettings(
        seed=recipe.seed * SEEDS_APART + split.offset,
        frames=recipe.frames,
        height=recipe.drawn[0],
        width=recipe.drawn[1],
        time=split.time,
        rate_hz=recipe.rate_hz,
        has_distortion=split.has_distortion,
    )
    settings = ShardSettings(clip, split.scenes, split.exposures)
    streets = write_shards(settings, place, workers)
    for _ in tqdm(streets, desc=split.name, total=split.scenes, unit='street', disable=None):
        pass
