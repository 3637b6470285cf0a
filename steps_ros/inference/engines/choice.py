"""
Which engine is the fastest on this machine: measured once, and remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import NamedTuple

import torch

from steps_ros.errors import SettingsError
from steps_ros.inference.engines.job import Forward, Job
from steps_ros.inference.engines.names import AUTO, TORCH
from steps_ros.inference.engines.self_check import sample_inputs
from steps_ros.inference.engines.table import BUILT_AHEAD, CANDIDATES
from steps_ros.inference.engines.workshop import Workshop

MEASURED_S = 2.0
LEAST_ROUNDS, MOST_ROUNDS = 3, 20
# Torch is what all are checked against: another must be worth it.
LEAST_GAIN = 1.05


class Choice(NamedTuple):
    """An engine, and in one line why it is that one."""

    engine: str
    reason: str


def choose(job: Job, workshop: Workshop, is_ahead: bool = False) -> Choice:
    """
    Return the fastest engine: the remembered one, or measured in a few seconds.

    Whatever cannot be used is passed over with its reason; torch is always left. What is
    remembered is of the kind of network: new weights of the same kind are no slower.

    :param is_ahead: measure anew and build what takes minutes, too.
    """
    names = CANDIDATES[job.device.type]
    missing = {name: workshop.missing(name, job) for name in names}
    usable = [name for name in names if not missing[name]]
    said = [f'{name} {workshop.engines[name].version()}' for name in usable]
    kind = {'weights': repr(job.network.config)}
    key = {**workshop.key(AUTO, ', '.join(said), job), **kind}
    noted = workshop.cache.note(key)
    known = noted.get('engine')
    if known in usable and not is_ahead and not _takes_minutes(known, job, workshop):
        return Choice(known, str(noted['reason']))
    passed_over = {name: reason for name, reason in missing.items() if reason}
    forwards: dict[str, Forward] = {}
    for name in usable:
        try:
            forwards[name] = _prepared(name, job, workshop, is_ahead)
        except SettingsError as error:
            passed_over[name] = str(error)
    choice = _fastest(fastest_rounds(forwards, job), passed_over)
    # What was built ahead for other weights is still the fastest for them.
    if is_ahead or known not in BUILT_AHEAD:
        workshop.cache.write_note(key, choice._asdict())
    return choice


def fastest_rounds(forwards: Mapping[str, Forward], job: Job) -> dict[str, float]:
    """
    Return the seconds of the fastest call of each for one picture; they take turns.

    The fastest one is the least disturbed by whatever else the machine does.
    """
    if len(forwards) == 1:
        return dict.fromkeys(forwards, 0.0)
    pictures, rays = sample_inputs(job)
    picture = pictures[:1].to(job.device)
    beside = None if rays is None else rays[:1].to(job.device)
    best = dict.fromkeys(forwards, float('inf'))
    started = perf_counter()
    with torch.inference_mode():
        for number in range(MOST_ROUNDS + 1):
            for name, forward in forwards.items():
                begun = perf_counter()
                # Reading one number waits until a GPU has done all of it.
                float(forward(picture, beside)[0, 0, 0, 0])
                if number:  # the first is to warm up
                    best[name] = min(best[name], perf_counter() - begun)
            if number >= LEAST_ROUNDS and perf_counter() - started > MEASURED_S:
                break
    return best


def _prepared(name: str, job: Job, workshop: Workshop, is_ahead: bool) -> Forward:
    if not is_ahead and _takes_minutes(name, job, workshop):
        raise SettingsError('takes minutes to build; steps-ros export --build-only does it ahead')
    return workshop.prepare(name, job)


def _takes_minutes(name: str, job: Job, workshop: Workshop) -> bool:
    return name in BUILT_AHEAD and workshop.find(name, job) is None


def _fastest(seconds: Mapping[str, float], passed_over: Mapping[str, str]) -> Choice:
    name = min(seconds, key=lambda name: seconds[name] * (1 if name == TORCH else LEAST_GAIN))
    others = [f'{other} passed over: {reason}' for other, reason in passed_over.items()]
    if len(seconds) == 1:
        return Choice(name, '; '.join([f'{name} is the only one here', *others]))
    times = ', '.join(f'{key} {1e3 * taken:.1f} ms' for key, taken in seconds.items())
    return Choice(name, '; '.join([f'{name} is the fastest here: {times}', *others]))
