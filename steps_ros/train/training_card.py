"""
The card of trained weights: from what, how, and how it went.
"""

from __future__ import annotations

from collections.abc import Sequence
import json
import math
from pathlib import Path

from steps_ros import __version__
from steps_ros.data.store import StoreIndex, summary

POINTS = 10
NOT_VALIDATED = 'Not validated: no drive was given to compare with the start on.'

_TEXT = """# {title}

Trained by steps_ros {version}: preset `{preset}`, {steps} steps at {size} (HxW), from `{start}`.

**{verdict}**

Depth is relative: multiply by a factor of your camera before you use metres.

## Drives

{drives}

## Losses

Means over {span} steps up to the step in the first column; every step is in `train.jsonl`.

{losses}

## Settings

```json
{settings}
```
"""


def training_card(
    settings: dict[str, object], drives: Sequence[StoreIndex], log: Path, verdict: str
) -> str:
    """
    Return the text of the card.

    :param settings: as ``settings.json`` has them.
    :param log: ``train.jsonl``.
    """
    lines = [json.loads(line) for line in log.read_text(encoding='utf-8').splitlines()]
    store = settings['store']
    assert isinstance(store, dict)
    return _TEXT.format(
        title='Trained weights',
        version=__version__,
        preset=settings['preset'],
        steps=len(lines),
        size=f'{store["height"]}x{store["width"]}',
        start=Path(str(settings['start'])).name,
        verdict=verdict,
        drives='\n'.join(f'- {summary(index)}; SHA-256 {index.content}' for index in drives),
        span=_span(lines),
        losses=_table(lines),
        settings=json.dumps(settings, indent=2),
    )


def _span(lines: Sequence[dict[str, float]]) -> int:
    return max(1, math.ceil(len(lines) / POINTS))


def _table(lines: Sequence[dict[str, float]]) -> str:
    """Return the means of every loss over tenths of the training."""
    names = [name for name in lines[0] if name != 'step']
    rows = [f'| step | {" | ".join(names)} |', '|---' * (len(names) + 1) + '|']
    span = _span(lines)
    for start in range(0, len(lines), span):
        part = lines[start : start + span]
        means = (sum(line[name] for line in part) / len(part) for name in names)
        rows.append(f'| {part[-1]["step"]:.0f} | ' + ' | '.join(f'{x:.4g}' for x in means) + ' |')
    return '\n'.join(rows)
