"""
The model card of the default weights, written from what was measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from steps_ros.train.measure import GuessErrors, MeasuredErrors

_TEXT = """# Weights `{network}`

`{network}.safetensors` ({megabytes:.1f} MB, float16): the 1-channel night enhancer and the
`{network}` depth network. It sees about as many pixels as {height}x{width} (HxW) has, in the shape
of each picture, and the direction of each pixel's ray. Where the camera is not calibrated it
assumes square pixels and 80 degrees of width.

**Trained on simulation only.** {streets} procedural streets drawn by `steps_ros/sim`, {pictures}
pictures ({night} night, {day} day); no real picture trained or chose them. The depth network
learned from exact depth (scale-invariant log loss and a small slope term; {steps} steps,
running mean of the weights), the enhancer from its own self-calibrated loss on the night pictures,
then frozen. {joint}

**Scale is relative.** A picture does not tell how large the world is; multiply by a factor of your
camera before you use metres.

## Measured

Held-out simulated streets of other seeds, cameras 44 to 110 degrees wide, 1.2 to 2.2 m high.
Pictures are enhanced as far as the node does it in their light: by night in full, by day not.
Median alignment per picture, depth up to 80 m, sky not counted. "Flat ground" knows each camera's
true height, tilt and intrinsics; "template" is the mean log-depth map of the training set.
The mean over pictures suffers from a few where something fills the view right before the lens (a
tree crown at half a metre); the abs_rel of the middle picture stands beside it.

| pictures | guess | abs_rel | median abs_rel | rmse (m) | a1 |
|---|---|---|---|---|---|
{rows}

## Limits

- Real roads differ from simulated ones; the table is of simulated ones alone.
- Black regions hold no information: depth there is a guess from the surroundings, and the
  confidence output says so.

## Making them again

`steps-ros default-weights --network {network} --out DIR --seed {seed}` draws the streets, trains,
measures and writes this file; `--resume` goes on where it stopped. On another processor, or with
another number of threads, the last digits differ.

Licence of the weights: Apache-2.0, as the package.
"""


Errors = Mapping[str, MeasuredErrors]


def model_card(
    recipe: Mapping[str, Any], kept: Errors, weights: Path, second: Errors | None
) -> str:
    """
    Return the card as Markdown.

    :param recipe: the recipe's fields as plain values.
    :param kept: errors by the time of day of what is in the file.
    :param second: those of the joint stage, the same where it was kept; None without one.
    """
    training = [split for split in recipe['splits'] if split['name'].startswith('train')]
    pictures = {
        time: sum(
            split['scenes'] * split['exposures'] * recipe['frames']
            for split in training
            if split['time'] == time
        )
        for time in ('night', 'day')
    }
    rows = [
        _row(f'{errors.frames} {time}', guess, getattr(errors, field))
        for time, errors in kept.items()
        for guess, field in (
            ('network', 'network'),
            ('flat ground', 'flat_ground'),
            ('template', 'template'),
        )
    ]
    height, width = recipe['size']
    return _TEXT.format(
        megabytes=weights.stat().st_size / 1e6,
        height=height,
        width=width,
        streets=sum(split['scenes'] for split in training),
        pictures=sum(pictures.values()),
        night=pictures['night'],
        day=pictures['day'],
        joint=_joint(recipe, second, is_kept=kept is second),
        steps=sum(stage['steps'] for stage in recipe['depth']['stages']),
        network=recipe['network'],
        rows='\n'.join(rows),
        seed=recipe['seed'],
    )


def _joint(recipe: Mapping[str, Any], second: Errors | None, *, is_kept: bool) -> str:
    """Say what became of the joint stage."""
    if second is None:
        return 'There was no joint stage.'
    errors = {time: measured.network.mean.abs_rel for time, measured in second.items()}
    found = ' and '.join(f'{error:.3f} by {time}' for time, error in errors.items())
    verdict = 'what is in the file' if is_kept else 'worse, and not in the file'
    return (
        f'A joint self-supervised stage of both networks followed\n({recipe["joint"]["steps"]} '
        f'steps, with the exact depth as well): abs_rel {found}. It is {verdict}.'
    )


def _row(pictures: str, guess: str, errors: GuessErrors) -> str:
    mean = errors.mean
    numbers = f'{mean.abs_rel:.3f} | {errors.median_abs_rel:.3f} | {mean.rmse:.2f} | {mean.a1:.3f}'
    return f'| {pictures} | {guess} | {numbers} |'
