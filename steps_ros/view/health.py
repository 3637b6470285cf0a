"""
What a node says of itself in its diagnostics, in the order in which people need it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

OK, WARN, ERROR, STALE = range(4)
# Errors first; what is stale hides something, what is fine comes last.
_RANKS = {ERROR: 0, STALE: 1, WARN: 2, OK: 3}
_STATE, _INPUT = ': state', ': input'


class Health(NamedTuple):
    """One status: the node's name and its subject, a level, a sentence, and numbers by name."""

    name: str
    level: int
    message: str
    values: tuple[tuple[str, str], ...] = ()

    def value(self, key: str) -> str:
        """Return a value by its name, empty where there is none."""
        return dict(self.values).get(key, '')


def unit_of(scale: Health) -> str:
    """Return ``m`` or ``relative``, as the status of the scale has it."""
    return 'm' if scale.value('scale') == 'metric' else 'relative'


class NodeHealth(NamedTuple):
    """All that one node said at one time; ``label`` is its full name without the first slash."""

    label: str
    statuses: tuple[Health, ...] = ()

    @property
    def cameras(self) -> dict[str, str]:
        """Return the image topic of every camera by its name, empty where it has but one."""
        return {
            _camera(status.name, self.label): status.value('topic')
            for status in self.statuses
            if status.name.endswith(_INPUT)
        }

    def shown(self, camera: str) -> tuple[Health, ...]:
        """
        Return what is shown while this camera is looked at, worst first.

        That is all about the node and the camera, and of the other cameras what is not fine;
        the names come without the node's.
        """
        found = [
            status._replace(name=_short(status.name, self.label))
            for status in self.statuses
            if status.level != OK or _camera(status.name, self.label) in ('', camera)
        ]
        return tuple(sorted(found, key=lambda status: _RANKS.get(status.level, 0)))


def report_of(statuses: Sequence[Health], label: str) -> NodeHealth | None:
    """Return what the node of this name says; None where the statuses are of others."""
    if not any(status.name == f'{label}{_STATE}' for status in statuses):
        return None
    own = (f'{label}: ', f'{label}/')
    return NodeHealth(label, tuple(s for s in statuses if s.name.startswith(own)))


def speakers(statuses: Sequence[Health]) -> set[str]:
    """Return the names of all nodes that speak as ours do."""
    return {s.name.removesuffix(_STATE) for s in statuses if s.name.endswith(_STATE)}


def silence(silent_s: float, publishers: int, is_lossy: bool) -> str:
    """Return that a topic is silent, whether anybody publishes it, and what may get lost."""
    said = f'nothing came for {silent_s:.0f} s: '
    if not publishers:
        return f'{said}nobody publishes this topic'
    said += 'its publisher is silent' if publishers == 1 else f'{publishers} publishers are silent'
    return f'{said}, or large messages get lost: --reliable' if is_lossy else said


def _camera(name: str, label: str) -> str:
    """Return ``front`` of ``night_depth/front: input``, and nothing of ``night_depth: input``."""
    return name.partition(': ')[0].removeprefix(label).removeprefix('/')


def _short(name: str, label: str) -> str:
    return name.removeprefix(label).removeprefix(': ').removeprefix('/')
