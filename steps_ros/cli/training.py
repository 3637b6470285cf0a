"""
The work of ``steps-ros train``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
import logging

import torch
from tqdm import tqdm

from steps_ros.cli.interrupt import held_interrupt, INTERRUPTED, one_interrupt
from steps_ros.data.drive_options import DriveOptions
from steps_ros.data.outputs import claim_folder
from steps_ros.data.store_settings import StoreSettings
from steps_ros.inference.hardware import resolve_device
from steps_ros.inference.network_size import checked
from steps_ros.shipped_weights import weights_file
from steps_ros.train.distributed import joined_world, World
from steps_ros.train.job import Job, read_job
from steps_ros.train.presets import PRESETS
from steps_ros.train.run import Outcome, run_job
from steps_ros.train.trainer import StepReport, Watch
from steps_ros.train.training_settings import TrainingSettings
from steps_ros.train.training_size import training_size

DONE, REJECTED = 0, 3
DEFAULT_STEPS = 2000
# As often as this in a training, where it is not said.
VALIDATIONS = 10
# Losses in the bar, which is one line.
SHORT_NAMES = {
    'total': 'total',
    'reconstruction': 'photo',
    'smoothness': 'smooth',
    'illumination': 'light',
    'adversarial': 'adv',
    'discriminator': 'disc',
    'supervision': 'depth',
    'dark_motion': 'dark',
    'odometry': 'odom',
}

logger = logging.getLogger(__name__)

Show = Callable[..., 'tqdm[None]']


def train_all(arguments: argparse.Namespace) -> int:
    """
    Train, or go on with a training.

    :returns: 0 when done, 3 when the result is worse than the start, 130 after Ctrl-C.
    :raises StepsError: bad drives, weights, options or places.
    """
    with one_interrupt(), joined_world(resolve_device(arguments.device)) as world:
        device = resolve_device(arguments.device)
        is_new = arguments.resume is None
        job = _new(arguments, world) if is_new else _resumed(arguments)
        if not world.is_writer:
            # Every process would say the same.
            logging.getLogger('steps_ros').setLevel(logging.ERROR)
        return _train(job, device, world, is_new)


def _train(job: Job, device: torch.device, world: World, is_new: bool) -> int:
    outcome: Outcome | None = None
    with ExitStack() as bars:
        try:
            with held_interrupt() as is_interrupted:
                show = partial(tqdm, disable=not world.is_writer)
                watch = _watching(bars, show, is_interrupted)
                progress = _decoding(bars, show, is_interrupted)
                outcome = run_job(job, device, logger.info, progress, watch, world, is_new)
        except KeyboardInterrupt:
            return _interrupted(job, is_begun=outcome is not None or not is_new)
    return _interrupted(job, is_begun=True) if outcome.final is None else _say(outcome)


def _new(arguments: argparse.Namespace, world: World) -> Job:
    start = weights_file(arguments.init)
    options = DriveOptions(
        arguments.image_topic,
        depth_topic=arguments.depth_topic,
        odometry_topic=arguments.odom_topic,
        intrinsics=arguments.intrinsics,
    )
    store = StoreSettings(
        bonnet=arguments.bonnet, depth=PRESETS[arguments.preset].supervision_weight > 0
    )
    height, width = checked(arguments.size) or training_size(
        start, arguments.bag[0], options, store.bonnet
    )
    steps = DEFAULT_STEPS if arguments.max_steps is None else arguments.max_steps
    every = arguments.validate_every
    job = Job(
        night=tuple(arguments.bag),
        day=tuple(arguments.day),
        out=arguments.out,
        start=start,
        preset=arguments.preset,
        teacher=arguments.teacher,
        teacher_steps=arguments.teacher_steps,
        training=TrainingSettings(
            max_steps=steps,
            batch=arguments.batch,
            learning_rate=arguments.learning_rate,
            pose_warmup=arguments.pose_warmup,
            seed=arguments.seed,
            precision=arguments.precision,
            channels_last=arguments.channels_last,
            compile=arguments.compile,
            validate_every=max(1, steps // VALIDATIONS) if every is None else every,
        ),
        store=replace(store, height=height, width=width),
        options=options,
        validate=arguments.validate,
        reference_topic=arguments.reference_topic,
    )
    if world.is_writer:
        claim_folder(job.out, arguments.overwrite)
    return job


def _resumed(arguments: argparse.Namespace) -> Job:
    job = read_job(arguments.resume)
    if arguments.max_steps is None:
        return job
    return replace(job, training=replace(job.training, max_steps=arguments.max_steps))


def _decoding(
    bars: ExitStack, show: Show, is_interrupted: Callable[[], bool]
) -> Callable[[str], Callable[[int, int | None], None]]:
    """Return what makes the progress of a drive's decoding: a bar, and Ctrl-C after a frame."""

    def start(name: str) -> Callable[[int, int | None], None]:
        bar: list[tqdm[None]] = []

        def read(done: int, total: int | None) -> None:
            if not bar:
                bar.append(bars.enter_context(show(total=total, unit=' frames', desc=name)))
            bar[0].update(done - bar[0].n)
            if done == total:
                bar[0].close()
            if is_interrupted():
                raise KeyboardInterrupt

        return read

    return start


def _watching(
    bars: ExitStack, show: Show, is_interrupted: Callable[[], bool]
) -> Callable[[str, int], Watch]:
    """Return what makes the watch of a loop: a bar with losses, and Ctrl-C after a step."""

    def start(name: str, steps: int) -> Watch:
        bar: list[tqdm[None]] = []

        def watch(report: StepReport) -> bool:
            if not bar:
                # Steps before this one took their time in another process, or to begin.
                shown = show(total=steps, initial=report.step, unit=' steps', desc=name)
                bar.append(bars.enter_context(shown))
            bar[0].set_postfix(_told(report), refresh=False)
            bar[0].update(report.step - bar[0].n)
            if report.step == steps:
                bar[0].close()
            return is_interrupted()

        return watch

    return start


def _told(report: StepReport) -> dict[str, str]:
    """Return what the bar says of a step; a loss of 0 belongs to no part of this objective."""
    losses = {
        short: f'{report.losses[name]:.3g}'
        for name, short in SHORT_NAMES.items()
        if report.losses.get(name)
    }
    rate, waited = f'{report.samples_per_s:.1f}/s', f'{100 * report.waited_share:.0f}%'
    return {**losses, 'rate': rate, 'waited': waited}


def _interrupted(job: Job, *, is_begun: bool) -> int:
    if is_begun:
        logger.warning('interrupted: go on with --resume %s', job.out)
    else:
        logger.warning('interrupted before there was anything to keep')
    return INTERRUPTED


def _say(outcome: Outcome) -> int:
    if outcome.verdict is not None:
        logger.info('%s', outcome.verdict.words)
    if not outcome.is_accepted:
        logger.warning('the result is kept aside as %s', outcome.final)
        return REJECTED
    logger.info('wrote %s after %d steps', outcome.final, outcome.step)
    return DONE
