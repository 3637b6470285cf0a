"""
How a training runs; the objective says what it minimises.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import torch

from steps_ros.errors import SettingsError

# Half precision would need its gradients scaled; bfloat16 has the range of float32.
PRECISIONS = {'float32': None, 'bfloat16': torch.bfloat16}
# What torch takes.
LARGEST_SEED = 2**64 - 1


def require_least(name: str, number: int, least: int) -> None:
    """Raise :class:`SettingsError` for a number below the least one."""
    if number < least:
        raise SettingsError(f'{name} {number}: give at least {least}')


@dataclass(frozen=True)
class TrainingSettings:
    """
    Steps, rates, and how numbers are computed.

    :param max_steps: total over all resumes; influences nothing but the end.
    :param batch: samples a step of each process.
    :param halving_epochs: epochs after which the learning rate is halved.
    :param enhancer_decay: L2 weight of the enhancer (3e-4 in STEPS).
    :param clip_norm: largest norm of all gradients of a step together.
    :param pose_warmup: first steps, in which depth and enhancer stay as they are and the objective
        is without its auto-mask.
    :param precision: of the networks, by autocast; geometry and losses are in float32.
    :param channels_last: convolutions with channels innermost in memory, mostly faster.
    :param compile: networks through ``torch.compile``; the first steps wait for the compiler.
    :param holds_statistics: BatchNorm uses its stored statistics, as for very small batches.
    :param mean_decay: of the running mean of depth network and enhancer, which then is what is
        validated and kept; 0 for the last step's weights.
    :param teacher_memory_mb: MiB of the computer's memory for what the teacher said of day frames.
    :param validate_every: steps between validations; 0 for none.
    :raises SettingsError: numbers that cannot be.
    """

    max_steps: int
    batch: int = 2
    learning_rate: float = 1e-4
    halving_epochs: tuple[int, ...] = (15,)
    enhancer_decay: float = 3e-4
    clip_norm: float = 5.0
    pose_warmup: int = 0
    seed: int = 0
    precision: str = 'float32'
    channels_last: bool = True
    compile: bool = False
    holds_statistics: bool = False
    mean_decay: float = 0.0
    teacher_memory_mb: int = 1024
    save_every: int = 200
    panels_every: int = 200
    validate_every: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name, number, least in (
            ('--batch', self.batch, 1),
            ('--max-steps', self.max_steps, 1),
            ('--pose-warmup', self.pose_warmup, 0),
            ('--seed', self.seed, 0),
            ('--validate-every', self.validate_every, 0),
            ('save_every', self.save_every, 1),
            ('panels_every', self.panels_every, 1),
            ('teacher_memory_mb', self.teacher_memory_mb, 0),
        ):
            require_least(name, number, least)
        if self.seed > LARGEST_SEED:
            raise SettingsError(f'--seed {self.seed}: give at most {LARGEST_SEED}')
        for name, rate in (('--learning-rate', self.learning_rate), ('clip_norm', self.clip_norm)):
            if not 0 < rate < math.inf:
                raise SettingsError(f'{name} {rate}: give a number above 0')
        if not 0 <= self.mean_decay < 1:
            raise SettingsError(f'mean_decay {self.mean_decay}: must be at least 0, below 1')
        if self.precision not in PRECISIONS:
            raise SettingsError(
                f"precision '{self.precision}' is unknown; known are {', '.join(PRECISIONS)}"
            )

    def rate_of(self, step: int, steps_per_epoch: int) -> float:
        """Return the learning rate of a step."""
        epoch = step // steps_per_epoch
        return self.learning_rate * float(0.5 ** sum(epoch >= end for end in self.halving_epochs))
