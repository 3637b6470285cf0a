"""
Trained weights are accepted only where they are not worse than those that they started from.

The gate is opened before the training, so that a drive that cannot validate is told at once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch

from steps_ros.core.checkpoint import Checkpoint
from steps_ros.data.closing import Closing
from steps_ros.data.store import parse_part
from steps_ros.errors import SourceError
from steps_ros.eval.bag_topics import AmbiguousTopicError
from steps_ros.eval.input_settings import InputSettings
from steps_ros.train.held_out import HeldOut
from steps_ros.train.logs import JsonLines
from steps_ros.train.networks import Networks
from steps_ros.train.objective_settings import ObjectiveSettings
from steps_ros.train.trainer import BEST, Training
from steps_ros.train.triplet_dataset import TripletDataset
from steps_ros.train.validation import Referenced, Validation
from steps_ros.train.verdict import Verdict

LOG = 'validation.jsonl'

Finish = Callable[[Networks, int], Checkpoint]


class Start(NamedTuple):
    """What a training starts from: its weights, what it will minimise, and where."""

    weights: Checkpoint
    objective: ObjectiveSettings
    device: torch.device


def open_validation(
    drive: str,
    inputs: InputSettings,
    triplets: Callable[[], TripletDataset],
    start: Start,
    tell: Callable[[str], None],
) -> Validation:
    """
    Judge the starting weights on a drive, with a reference where it has one.

    :param drive: PATH or PATH@START-END.
    :param triplets: decodes the drive, where it has no reference.
    :param tell: is told where it has none.
    :raises SourceError: it has neither a reference nor three usable frames in a row, not the
        reference that was asked for, or several to choose from.
    """
    part = parse_part(drive)
    try:
        return Referenced(part, inputs, start.weights, str(start.device))
    except AmbiguousTopicError:
        raise
    except SourceError as error:
        if inputs.reference_topic is not None or not part.path.exists():
            raise
        reason = str(error)
    if start.objective.reconstruction_weight == 0:
        raise SourceError(
            f'{reason}; this preset learns no motion, by which pictures alone would be judged: '
            'give --validate a drive with depth or LiDAR, or train without it'
        )
    try:
        held_out = HeldOut(triplets(), start.objective, start.weights, start.device)
    except SourceError as error:
        raise SourceError(f'no reference ({reason}), and without one: {error}') from error
    tell(f'validation by photometric loss and steadiness, for want of a reference: {reason}')
    return held_out


class Gate(Closing):
    """Judges the networks of a training now and then, keeps a log of it, and at last decides."""

    def __init__(
        self, validation: Validation | None, finish: Finish, folder: Path, step: int
    ) -> None:
        """
        Open the log of a training that goes on after ``step`` steps.

        :param validation: None where nothing is validated, or another process does it.
        :param finish: makes the checkpoint of networks after a number of steps.
        :raises OutputError: it cannot be written.
        """
        self._validation, self._finish = validation, finish
        self._log = JsonLines(None if validation is None else folder / LOG, step)
        self._judged: tuple[int, Verdict] | None = None

    def score(self, networks: Networks, step: int) -> float:
        """Return the worst ratio of trained to starting weights, smaller is better."""
        return self._verdict(networks, step).score

    def decide(self, loop: Training) -> Verdict | None:
        """
        Judge the end of a training; an earlier state that was better takes its place.

        :returns: None where this process does not validate.
        :raises CheckpointError: that state is damaged.
        """
        if self._validation is None:
            return None
        verdict = self._verdict(loop.result, loop.step)
        if loop.best < verdict.score:
            loop.restore(BEST)
            verdict = self._verdict(loop.result, loop.step)
        return verdict

    def _verdict(self, networks: Networks, step: int) -> Verdict:
        """Judge the networks after ``step`` steps; they are left in eval mode."""
        assert self._validation is not None
        if self._judged is None or self._judged[0] != step:
            networks.eval()
            verdict = self._validation.judge(self._finish(networks, step), networks)
            if step > self._log.last_step:
                self._log.write(step, verdict.numbers())
            self._judged = step, verdict
        return self._judged[1]

    def close(self) -> None:
        """Close the log."""
        self._log.close()
