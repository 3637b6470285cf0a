"""
Which engine is the fastest on this machine: measured once, and remembered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter
from types import MappingProxyType
from typing import NamedTuple

import torch

from steps_ros.errors import SettingsError
from steps_ros.inference.engines.job import Forward, Job
from steps_ros.inference.engines.names import AUTO, TORCH
from steps_ros.inference.engines.self_check import sample_inputs
from steps_ros.inference.engines.table import BUILT_AHEAD, CANDIDATES
from steps_ros.inference.engines.workshop import one_line, Workshop

MEASURED_S = 2.0
LEAST_ROUNDS, MOST_ROUNDS = 3, 20
# Torch is what all are checked against: another must be worth it.
LEAST_GAIN = 1.05


class Choice(NamedTuple):
    """An engine, and in one line why it is that one."""

    engine: str
    reason: str


class Rounds(NamedTuple):
    """Seconds of the engines that were measured, and why others failed meanwhile."""

    seconds: dict[str, float]
    failures: dict[str, str]


def choose(
    job: Job,
    workshop: Workshop,
    is_ahead: bool = False,
    refused: Mapping[str, str] = MappingProxyType({}),
) -> Choice:
    """
    Return the fastest engine: the remembered one, or measured in a few seconds.

    Whatever cannot be used is passed over with its reason; torch is always left. What is
    remembered is of the kind of network: new weights of the same kind are no slower.

    :param is_ahead: measure anew and build what takes minutes, too.
    :param refused: engines that turned out to be of no use, with the reason: another is measured,
        and remembered in their place unless they may be of use again.
    """
    names = CANDIDATES[job.device.type]
    reasons = {name: workshop.missing(name, job) for name in names}
    here = [name for name in names if not reasons[name]]
    usable = [name for name in here if name not in refused]
    noted = workshop.cache.note(_key(here, job, workshop))
    if noted.get('engine') in usable and not is_ahead:
        return Choice(noted['engine'], str(noted['reason']))
    passed_over = {name: reason for name, reason in reasons.items() if reason} | dict(refused)
    forwards: dict[str, Forward] = {}
    for name in usable:
        try:
            forwards[name] = workshop.prepare(name, job, is_ahead)
        except SettingsError as error:
            passed_over[name] = str(error)
    rounds = fastest_rounds(forwards, job)
    choice = _fastest(rounds.seconds, passed_over | rounds.failures)
    # One that is kept and right may be there again at the next start, as when a GPU was full.
    is_final = not any(workshop.is_sound(name, job) for name in here if name in passed_over)
    if rounds.seconds and is_final:
        # By now there may be more of what is built ahead.
        workshop.cache.write_note(_key(here, job, workshop), choice._asdict())
    return choice


def _key(here: Sequence[str], job: Job, workshop: Workshop) -> dict[str, str]:
    """Return what a choice depends on: the kind of network, and the engines that are here."""
    said = ', '.join(f'{name} {workshop.engines[name].version()}' for name in here)
    ahead = [name for name in here if name in BUILT_AHEAD and workshop.find(name, job)]
    kind = {'weights': repr(job.network.config), 'built_ahead': ', '.join(ahead)}
    return {**workshop.key(AUTO, said, job), **kind}


def fastest_rounds(forwards: Mapping[str, Forward], job: Job) -> Rounds:
    """
    Time the fastest call of each for one picture; they take turns.

    The fastest one is the least disturbed by whatever else the machine does. One that fails takes
    no further part.
    """
    if len(forwards) <= 1:
        return Rounds(dict.fromkeys(forwards, 0.0), {})
    pictures, rays = sample_inputs(job)
    picture = pictures[:1].to(job.device)
    beside = None if rays is None else rays[:1].to(job.device)
    best = dict.fromkeys(forwards, float('inf'))
    failures: dict[str, str] = {}
    started = perf_counter()
    with torch.inference_mode():
        for number in range(MOST_ROUNDS + 1):
            for name in tuple(best):
                begun = perf_counter()
                try:
                    # Reading one number waits until a GPU has done all of it.
                    float(forwards[name](picture, beside)[0, 0, 0, 0])
                except Exception as error:  # of whatever library
                    failures[name] = f'it fails: {one_line(error)}'
                    del best[name]
                    continue
                if number:  # the first is to warm up
                    best[name] = min(best[name], perf_counter() - begun)
            if number >= LEAST_ROUNDS and perf_counter() - started > MEASURED_S:
                break
    return Rounds(best, failures)


def _fastest(seconds: Mapping[str, float], passed_over: Mapping[str, str]) -> Choice:
    others = [f'{other} passed over: {reason}' for other, reason in passed_over.items()]
    if not seconds:
        return Choice(TORCH, '; '.join([f'{TORCH} is what is left', *others]))
    name = min(seconds, key=lambda name: seconds[name] * (1 if name == TORCH else LEAST_GAIN))
    if len(seconds) == 1:
        return Choice(name, '; '.join([f'{name} is the only one here', *others]))
    times = ', '.join(f'{key} {1e3 * taken:.1f} ms' for key, taken in seconds.items())
    return Choice(name, '; '.join([f'{name} is the fastest here: {times}', *others]))
