"""
Engines built before they are needed, for the node and the commands of this machine.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from steps_ros.core.checkpoint import load_checkpoint
from steps_ros.errors import OutputError, SettingsError
from steps_ros.inference.engines.cache import cache_folder, EngineCache
from steps_ros.inference.engines.choice import Choice, choose
from steps_ros.inference.engines.job import Job
from steps_ros.inference.engines.names import AUTO, TORCH
from steps_ros.inference.engines.workshop import Workshop
from steps_ros.inference.export import job_for
from steps_ros.inference.hardware import resolve_device, resolve_precision
from steps_ros.inference.network_size import fitting_size, Size, USUAL_PICTURE


class Wishes(NamedTuple):
    """
    How the network is to run: as the options and parameters of the same names.

    ``picture`` is (height, width) of the camera's pictures, whose shape matters to a network that
    sees rays; None for the usual one.
    """

    size: Size | None = None
    picture: Size | None = None
    device: str = 'auto'
    precision: str = 'auto'
    engine: str = AUTO


class Built(NamedTuple):
    """What was built, why it is that engine, and where it is kept; torch is not."""

    engine: str
    device: str
    precision: str
    size: Size
    reason: str
    folder: Path | None


def build_ahead(path: Path, wishes: Wishes) -> Built:
    """
    Build, check and keep the engine that the node would use; ``auto`` measures anew.

    :raises CheckpointError: the checkpoint cannot be read, or has no depth network.
    :raises SettingsError: the engine cannot be used here, or is refused by its self-check.
    :raises OutputError: nothing can be kept.
    """
    device = resolve_device(wishes.device)
    precision = str(resolve_precision(wishes.precision, device)).removeprefix('torch.')
    job = job_for(path, load_checkpoint(path), wishes.size)
    job = replace(job, device=device, precision=precision)
    workshop = Workshop(job.network, EngineCache(cache_folder()))
    choice = Choice(wishes.engine, '')
    if wishes.engine == AUTO:
        choice = choose(job, workshop, is_ahead=True)
    if wishes.size is None and job.network.config.sees_rays:
        # With the usual one the node warms up.
        for height, width in (USUAL_PICTURE, wishes.picture or USUAL_PICTURE):
            fitted = replace(job, size=fitting_size(width / height, job.size))
            _prepare(choice.engine, fitted, workshop)
        job = fitted
    else:
        _prepare(choice.engine, job, workshop)
    folder = None if choice.engine == TORCH else cache_folder()
    return Built(choice.engine, str(device), precision, job.size, choice.reason, folder)


def _prepare(engine: str, job: Job, workshop: Workshop) -> None:
    reason = workshop.missing(engine, job)
    if reason:
        raise SettingsError(f'engine {engine!r}: {reason}')
    try:
        workshop.prepare(engine, job)
    except SettingsError as error:
        raise SettingsError(
            f'engine {engine!r}: {error}; take another --engine or --precision'
        ) from error
    if engine != TORCH and workshop.find(engine, job) is None:
        raise OutputError(
            f'{cache_folder()}: nothing can be kept there; make room, or set XDG_CACHE_HOME to a '
            'place that can be written'
        )
