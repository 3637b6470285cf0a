"""
The card of trained weights: from what, how, and how it went.
"""

from __future__ import annotations

from collections.abc import Sequence
import json
import math
from pathlib import Path

from steps_ros import __version__
from steps_ros.data.content_hash import content_hash
from steps_ros.data.digest import digest
from steps_ros.data.outputs import write_file
from steps_ros.data.store import parse_part, StoreIndex, summary
from steps_ros.data.store_building import default_cache
from steps_ros.train.curves import curves_png
from steps_ros.train.gate import LOG as VALIDATION_LOG
from steps_ros.train.job import CARD, CURVES, described, Job, TEACHER
from steps_ros.train.trainer import LOG

POINTS = 10
NOT_VALIDATED = 'Not validated: no drive was given to compare with the start on.'

_TEXT = """# Trained weights

Trained by steps_ros {version}: preset `{preset}`, step {step} of {steps} at {size} (HxW), from
`{start}`.

**{verdict}**

Depth is relative: multiply by a factor of your camera before you use metres.

## Made from

{origins}

## Losses

{curves}Means over {span} steps up to the step in the first column; every step is in `train.jsonl`.

{losses}
{validation}
## Settings

```json
{settings}
```
"""

_VALIDATION = """
## Validation

{values}
"""

Line = dict[str, float]


def write_card(job: Job, step: int, drives: Sequence[StoreIndex], verdict: str) -> None:
    """
    Write the card and, where matplotlib is installed, the picture of the curves beside it.

    :param step: after which the weights were as they are kept.
    :param drives: those that were trained on.
    :raises OutputError: a file cannot be written.
    :raises SourceError: weights or the drive of the validation are not there any more.
    """
    lines = _lines(job.out / LOG)
    validation = [] if job.validate is None else _lines(job.out / VALIDATION_LOG)
    picture = curves_png(lines, validation, step) if lines else None
    if picture is not None:
        write_file(job.out / CURVES, picture, lasting=True)
    span = max(1, math.ceil(len(lines) / POINTS))
    text = _TEXT.format(
        version=__version__,
        preset=job.preset,
        step=step,
        steps=len(lines),
        size=f'{job.store.height}x{job.store.width}',
        start=job.start.name,
        verdict=verdict,
        origins='\n'.join(f'- {line}' for line in _origins(job, drives)),
        curves='' if picture is None else f'![Losses by step]({CURVES})\n\n',
        span=span,
        losses=_table([_mean(lines[at : at + span]) for at in range(0, len(lines), span)]),
        validation=_VALIDATION.format(values=_table(validation)) if validation else '',
        settings=json.dumps(described(job), indent=2),
    )
    write_file(job.out / CARD, text.encode(errors='backslashreplace'), lasting=True)


def _origins(job: Job, drives: Sequence[StoreIndex]) -> list[str]:
    """Return what the weights were made from, each with its SHA-256."""
    found = [f'{summary(index)}; SHA-256 {index.content}' for index in drives]
    if job.validate is not None:
        path = parse_part(str(job.validate)).path
        found.append(f'validation {job.validate}; SHA-256 {content_hash([path], default_cache())}')
    found.append(f'starting weights {job.start.name}; SHA-256 {digest(job.start)}')
    if job.needs_day:
        teacher = job.teacher or job.out / TEACHER
        found.append(f'day network {teacher.name}; SHA-256 {digest(teacher)}')
    return found


def _lines(log: Path) -> list[Line]:
    return [json.loads(line) for line in log.read_text(encoding='utf-8').splitlines()]


def _mean(lines: Sequence[Line]) -> Line:
    """Return the means over some steps, under the last of them."""
    means = {name: sum(line[name] for line in lines) / len(lines) for name in lines[0]}
    return {**means, 'step': lines[-1]['step']}


def _table(lines: Sequence[Line]) -> str:
    if not lines:
        return 'The log is gone.'
    names = [name for name in lines[0] if name != 'step']
    rows = [f'| step | {" | ".join(names)} |', '|---' * (len(names) + 1) + '|']
    for line in lines:
        values = ' | '.join(f'{line[name]:.4g}' for name in names)
        rows.append(f'| {line["step"]:.0f} | {values} |')
    return '\n'.join(rows)
