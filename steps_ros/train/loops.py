"""
A training loop with what it needs around it: batches read ahead, curves, its last snapshot.
"""

from __future__ import annotations

from steps_ros.train.logs import Board
from steps_ros.train.orders import Drawing
from steps_ros.train.prefetch import Prefetch
from steps_ros.train.trainer import LAST, SNAPSHOTS, Training, Validate, Watch
from steps_ros.train.triplet_dataset import TripletDataset

BOARD = 'tensorboard'


def take_up(loop: Training) -> None:
    """
    Go on from the last snapshot, where there is one.

    :raises CheckpointError: it is damaged, or of other networks.
    """
    if (loop.folder / SNAPSHOTS / LAST).is_file():
        loop.restore()


def run_loop(
    loop: Training,
    night: TripletDataset,
    day: TripletDataset | None,
    watch: Watch,
    validate: Validate | None = None,
) -> bool:
    """
    Run a loop to its end; return False where the watch stopped it.

    Arguments and errors are those of :meth:`steps_ros.train.trainer.Training.run`.
    """
    settings, world = loop.settings, loop.world
    drawing = Drawing(
        len(night),
        settings.batch,
        settings.seed,
        0 if day is None else len(day),
        rank=world.rank,
        world=world.size,
    )
    loop.steps_per_epoch = drawing.steps_per_epoch
    is_cuda = loop.device.type == 'cuda'
    folder = loop.folder / BOARD if world.is_writer else None
    with (
        Prefetch(night, day, drawing, loop.step, pin=is_cuda) as batches,
        Board(folder, loop.step) as board,
    ):
        return loop.run(iter(batches), watch, validate, board)
