"""The recipe of the default weights, at its smallest, and what it refuses."""

from __future__ import annotations

import argparse
from dataclasses import replace
import json
from pathlib import Path

import numpy as np
import pytest

from steps_ros.cli.default_weights import _drive, add_arguments, run
from steps_ros.core.checkpoint import load_checkpoint
from steps_ros.errors import OutputError
from steps_ros.train.default_weights import make_default_weights, Recipe, Simulation, Split
from steps_ros.train.enhancer import EnhancerSettings
from steps_ros.train.joint_stage import JointSettings
from steps_ros.train.supervised import Stage, SupervisedSettings

RECIPE = Recipe(
    drawn=(64, 96),
    size=(64, 96),
    frames=2,
    enhancer=EnhancerSettings(steps=2, crop=(16, 24)),
    depth=SupervisedSettings((Stage(64, 64, 2, 2),), warmup=1, save_every=1),
    joint=JointSettings(steps=0),
)


def fake_streets(recipe: Recipe, split: Split, folder: Path) -> None:
    """Write one street of a plane that recedes upwards, under a sky."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(split.offset)
    shape = (recipe.frames, split.exposures, *recipe.drawn)
    depth = np.linspace(50, 4, recipe.drawn[0], dtype=np.float16)
    depth[:5] = np.inf
    np.savez(
        folder / 'scene_00000.npz',
        images=generator.integers(0, 90, (*shape, 3), np.uint8),
        depth=np.broadcast_to(depth[:, None], (recipe.frames, *recipe.drawn)),
        intrinsics=np.array([[[60, 0, 48], [0, 60, 30], [0, 0, 1]]] * 2, np.float32),
        mounting=np.array([[1.5, 0.0, 0.0]] * 2, np.float32),
        distortion=np.array([-0.1, 0, 0, 0, 0] if split.has_distortion else []),
    )


def no_drive(recipe: Recipe, number: int, time: str, path: Path) -> None:
    raise AssertionError


STREETS = Simulation(fake_streets, no_drive)
STREETS_AND_DRIVES = Simulation(fake_streets, _drive)


def test_the_recipe_leaves_weights_numbers_and_a_card(tmp_path):
    path = make_default_weights(RECIPE, tmp_path, STREETS)
    checkpoint = load_checkpoint(path)
    assert checkpoint.input_size == (64, 96)
    assert checkpoint.provenance.step == 2
    assert checkpoint.depth_net.config.sees_rays
    assert path == tmp_path / 'tiny' / 'tiny.safetensors'
    assert 0 < checkpoint.confidence.low < checkpoint.confidence.high <= 1
    assert path.stat().st_size < 8e6
    measured = json.loads((tmp_path / 'tiny' / 'measured.json').read_text())
    assert measured['night']['frames'] == 2
    card = (tmp_path / 'tiny' / 'README.md').read_text()
    assert f'{measured["day"]["flat_ground"]["abs_rel"]:.3f}' in card
    assert 'slope term; 2 steps' in card
    assert 'There was no joint stage.' in card


def test_the_same_seed_gives_the_same_weights_also_after_a_break(tmp_path):
    class Stopped(Exception):
        pass

    def stop(part: str, step: int, _: float) -> None:
        if part == 'tiny' and step == 0:
            raise Stopped

    recipe = RECIPE
    whole = make_default_weights(recipe, tmp_path / 'a', STREETS)
    with pytest.raises(Stopped):
        make_default_weights(recipe, tmp_path / 'b', STREETS, stop)
    parts = make_default_weights(recipe, tmp_path / 'b', STREETS)
    assert whole.read_bytes() == parts.read_bytes()


def test_the_joint_stage_is_kept_where_it_is_not_worse(tmp_path):
    settings = JointSettings(2, motion_steps=2, drives=1, frames=5, size=(64, 96), pose_warmup=1)
    recipe = replace(RECIPE, joint=settings)
    path = make_default_weights(recipe, tmp_path, STREETS_AND_DRIVES)
    measured = json.loads((tmp_path / 'tiny' / 'measured.json').read_text())
    stages = {
        name: np.mean([errors['abs_rel'] for errors in stage.values()])
        for name, stage in measured['stages'].items()
    }
    assert measured['stage'] == min(stages, key=stages.get)
    is_kept = measured['stage'] == 'joint'
    steps = 4 if is_kept else 2
    card = (tmp_path / 'tiny' / 'README.md').read_text()
    assert f'{measured["stages"]["joint"]["day"]["abs_rel"]:.3f} by day' in card
    assert ('what is in the file' if is_kept else 'worse, and not in the file') in card
    assert load_checkpoint(path).provenance.step == steps
    log = (tmp_path / 'tiny' / 'joint' / 'train.jsonl').read_text().splitlines()
    assert json.loads(log[-1])['supervision'] > 0
    by_day = (tmp_path / 'tiny' / 'joint' / 'motion' / 'train.jsonl').read_text().splitlines()
    assert [json.loads(line)['dark_motion'] > 0 for line in by_day] == [True, True]
    before = path.read_bytes()
    assert make_default_weights(recipe, tmp_path, STREETS_AND_DRIVES).read_bytes() == before


def test_a_full_folder_needs_resume(tmp_path):
    (tmp_path / 'something').touch()
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(OutputError, match='--resume'):
        run(parser.parse_args(['--out', str(tmp_path)]))
