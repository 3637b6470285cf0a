"""
Values as small pieces of HTML. Every text that comes from outside is escaped here.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from steps_ros.inference.colour import colour_depth, SKY, UNKNOWN
from steps_ros.view.health import ERROR, Health, OK, STALE, WARN
from steps_ros.view.pictures import DepthRange

Colour = tuple[int, int, int]

_LEVELS = {
    OK: ('OK', '#2b8a3e'),
    WARN: ('WARN', '#b35c00'),
    ERROR: ('ERROR', '#c92a2a'),
    STALE: ('STALE', '#5f3dc4'),
}
_STEPS = 16
_TEXT = 'font-size:13px;line-height:1.35;padding:3px 6px;overflow-wrap:anywhere'


def caption(title: str, topic: str, detail: str, problem: str) -> str:
    """Return what stands above a picture: where it comes from, and what is wrong with it."""
    parts = [f'<b>{escape(title)}</b>']
    parts += [
        f'<span style="opacity:.75">{escape(text)}</span>' for text in (topic, detail) if text
    ]
    if problem:
        parts.append(f'<br><b style="color:#ff8787">{escape(problem)}</b>')
    return _block(' '.join(parts), f'caption-{title.lower()}')


def legend(colours: DepthRange) -> str:
    """Return the colours of depth from near to far, even in inverse depth, with numbers."""
    near, far = colours.nearest, colours.farthest
    middle = 2 / (1 / near + 1 / far)
    inverse = np.linspace(1 / near, 1 / far, _STEPS)
    painted = colour_depth((1 / inverse).astype(np.float32)[None], near, far)[0]
    steps = ', '.join(_rgb((int(red), int(green), int(blue))) for red, green, blue in painted)
    unit = colours.unit or 'unit unknown'
    numbers = ''.join(f'<span>{text}</span>' for text in map(_depth, (near, middle, far)))
    return _block(
        f'<div style="height:10px;background:linear-gradient(to right, {steps})"></div>'
        f'<div style="display:flex;justify-content:space-between">{numbers}</div>'
        f'<div>near to far, <b>{escape(unit)}</b> &nbsp; {_swatch(UNKNOWN)} unknown &nbsp; '
        f'{_swatch(SKY)} beyond range</div>',
        'legend',
    )


def headline(label: str, statuses: Sequence[Health], problem: str) -> str:
    """Return the one line that says how the node is: ``problem``, or its worst status."""
    if problem:
        return _block(f'{_badge(ERROR)} {escape(problem)}', 'headline')
    if not statuses:
        return _block(f'waiting for {escape(label)}', 'headline')
    worst = statuses[0]
    if worst.level == OK:
        return _block(f'{_badge(OK)} {escape(label)}: all is well', 'headline')
    text = f'{_badge(worst.level)} <b>{escape(worst.name)}</b> {escape(worst.message)}'
    count = sum(status.level != OK for status in statuses)
    more = f' (and {count - 1} more)' if count > 1 else ''
    return _block(text + more, 'headline')


def health_list(statuses: Sequence[Health]) -> str:
    """Return all statuses with their numbers, in the order given."""
    return ''.join(map(_status, statuses))


def _status(status: Health) -> str:
    values = ' &nbsp; '.join(
        f'<span style="opacity:.7">{escape(key)}</span> {escape(value)}'
        for key, value in status.values
        if value
    )
    return _block(
        f'{_badge(status.level)} <b>{escape(status.name)}</b> {escape(status.message)}'
        f'<div style="font-size:12px">{values}</div>',
        'status',
    )


def _block(content: str, kind: str) -> str:
    return f'<div class="{kind}" style="{_TEXT}">{content}</div>'


def _badge(level: int) -> str:
    word, colour = _LEVELS.get(level, _LEVELS[STALE])
    return (
        f'<span style="background:{colour};color:#fff;font-weight:bold;padding:0 5px;'
        f'border-radius:3px">{word}</span>'
    )


def _swatch(colour: Colour) -> str:
    return f'<span style="background:{_rgb(colour)}">&emsp;</span>'


def _rgb(colour: Colour) -> str:
    return '#{:02x}{:02x}{:02x}'.format(*colour)


def _depth(value: float) -> str:
    return f'{value:.3g}'
