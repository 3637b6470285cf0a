"""
What a benchmark found: rows of two values and their ratio, as numbers and as a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple

from steps_ros.bench.machine import Machine
from steps_ros.bench.targets import Verdict, verdicts

MS = 'ms'


class Row(NamedTuple):
    """
    Something that was measured, and what it is measured against.

    ``ratio`` is ``value / beside_value`` where less is better, or the other way round where the
    row says how many times as fast; ``means`` says which.
    """

    part: str
    name: str
    unit: str
    value: float
    beside: str
    beside_value: float
    ratio: float
    means: str

    def plain(self) -> dict[str, Any]:
        """Return names and numbers alone, for JSON."""
        return self._asdict()


TIMES_AS_LONG, TIMES_AS_FAST, TIMES_AS_MUCH = 'times as long', 'times as fast', 'times as much'


def row_of(
    part: str,
    name: str,
    seconds: Sequence[float],
    beside: str,
    beside_seconds: Sequence[float],
    means: str = TIMES_AS_LONG,
) -> Row:
    """
    Return a row of two times, round by round: medians, and the median of the rounds' ratios.

    :param means: :data:`TIMES_AS_LONG` or :data:`TIMES_AS_FAST`.
    """
    pairs = [*zip(seconds, beside_seconds, strict=True)]
    is_longer = means == TIMES_AS_LONG
    ratio = median(own / other if is_longer else other / own for own, other in pairs)
    own_ms, other_ms = 1e3 * median(seconds), 1e3 * median(beside_seconds)
    return Row(part, name, MS, own_ms, beside, other_ms, ratio, means)


@dataclass(frozen=True)
class Part:
    """Rows of one part, and values under the names that scripts read."""

    rows: tuple[Row, ...]
    values: Mapping[str, Any] = field(default_factory=dict)

    def with_part(self, other: Part) -> Part:
        """Return both in one."""
        return Part((*self.rows, *other.rows), {**self.values, **other.values})


@dataclass(frozen=True)
class Results:
    """
    All parts that were measured.

    ``ceiling_gflops`` is the rate of a large matrix product by number type; ``skipped`` says why
    a part is missing, by its name.
    """

    machine: Machine
    ceiling_gflops: Mapping[str, float]
    parts: Sequence[Part]
    skipped: Mapping[str, str]

    def plain(self) -> dict[str, Any]:
        """Return names and numbers alone, for JSON."""
        return {
            'machine': self.machine._asdict(),
            'ceiling_gflops': dict(self.ceiling_gflops),
            **self._values(),
            'targets': [verdict._asdict() for verdict in self.verdicts()],
            'rows': [row.plain() for row in self._rows()],
            'skipped': dict(self.skipped),
        }

    def verdicts(self) -> list[Verdict]:
        """Return which targets were met."""
        return verdicts(self._values(), self.ceiling_gflops)

    def text(self) -> str:
        """Return a table for people."""
        machine = self.machine
        rates = ', '.join(f'{name} {rate:.0f}' for name, rate in self.ceiling_gflops.items())
        return '\n'.join(
            [
                f'{machine.name}, {machine.threads} threads, torch {machine.torch}, '
                f'load before {machine.load:.1f}',
                f'large matrix products, GFLOP/s: {rates}',
                '',
                *map(_line, self._rows()),
                *(f'{name}: left out, {reason}' for name, reason in self.skipped.items()),
                '',
                *(verdict.text for verdict in self.verdicts()),
            ]
        )

    def _values(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for part in self.parts:
            values |= part.values
        return values

    def _rows(self) -> Iterable[Row]:
        return (row for part in self.parts for row in part.rows)


def _line(row: Row) -> str:
    own, other = (f'{value:9.1f} {row.unit}' for value in (row.value, row.beside_value))
    names = f'{row.part:<10} {row.name:<38} {own}   {row.beside:<16} {other}'
    return f'{names} {row.ratio:8.2f} {row.means}'
