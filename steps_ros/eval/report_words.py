"""
What the forms of a report share: names, what they mean, and how a number is written.
"""

from __future__ import annotations

from collections.abc import Mapping
import math
from typing import Any, NamedTuple

from steps_ros.eval.metrics import Alignment
from steps_ros.eval.report import ALIGNMENTS, Interval

MISSING = '–'  # noqa: RUF001 (an en dash, as wide as a digit)
HIGHER_IS_BETTER = frozenset({'a1', 'a2', 'a3'})
_DECIMALS = {'silog': 2}
_LARGE = 1e6
HEADLINE_SETTING = 'alignment of verdicts'
PARTIAL = 'Partial: the evaluation was stopped before its end.'


class Term(NamedTuple):
    """A word of the report and its meaning in one line."""

    name: str
    meaning: str


ALIGNMENT_TERMS = (
    Term('none', 'The unit of the prediction is taken as metres, nothing fitted.'),
    Term(
        'median',
        'Each frame’s prediction is multiplied by the ratio of the medians, as relative '  # noqa: RUF001
        'networks are usually judged.',
    ),
    Term(
        'scale_shift',
        'Each frame’s inverse depth gets the factor and the shift that fit its reference best; '  # noqa: RUF001
        'the kindest of the three.',
    ),
)

METRIC_TERMS = (
    Term('abs_rel', 'Mean of |prediction - reference| / reference. Lower is better.'),
    Term('sq_rel', 'Mean of (prediction - reference)² / reference, in metres. Lower is better.'),
    Term('rmse', 'Root of the mean squared difference, in metres. Lower is better.'),
    Term('rmse_log', 'Root mean square of the difference of natural logarithms. Lower is better.'),
    Term('a1', 'Share of pixels within a factor of 1.25 of the reference. Higher is better.'),
    Term('a2', 'Share of pixels within a factor of 1.25² = 1.56. Higher is better.'),
    Term('a3', 'Share of pixels within a factor of 1.25³ = 1.95. Higher is better.'),
    Term('log10', 'Mean absolute difference of decimal logarithms. Lower is better.'),
    Term(
        'silog',
        'Spread of the difference of natural logarithms times 100; a wrong scale costs nothing. '
        'Lower is better.',
    ),
)

OTHER_TERMS = (
    Term(
        'unpredicted',
        'Share of the reference pixels where the prediction is NaN. They are in no error, so read '
        'every error beside it; +Inf counts as the cap.',
    ),
    Term(
        'interval',
        'Bounds of the 95 % bootstrap interval over frames of the mean; smaller samples and '
        'uneven frames make it wider.',
    ),
    Term(
        'residual correlation',
        'Correlation of log depth with the reference after each one’s mean map over the frames '  # noqa: RUF001
        'is removed: what the picture added. A picture-blind template scores 0, the truth 1.',
    ),
    Term(
        'scale',
        'Median ratio of reference to prediction; steady over time is good, 1 means metric.',
    ),
    Term(
        'flicker',
        'Mean relative change of depth along forward-backward checked optical flow, less the '
        'median change. A constant depth scores 0: read it beside abs_rel.',
    ),
    Term(
        'ego_error',
        'Mean relative difference to the frame before once the known motion of the camera is '
        'taken out. Low is steady, not right: read it beside abs_rel.',
    ),
    Term('luminance', 'Mean grey level of the picture, 0 black to 255 white.'),
    Term('bias', 'Geometric mean of prediction / reference, less 1; below 0 is too near.'),
)

GLOSSARY = ALIGNMENT_TERMS + METRIC_TERMS + OTHER_TERMS
MEANINGS = {term.name: term.meaning for term in GLOSSARY}


def headline(settings: Mapping[str, Any]) -> Alignment:
    """Return the alignment that verdicts, curves and rankings are about."""
    named = settings.get(HEADLINE_SETTING)
    return next((alignment for alignment in ALIGNMENTS if alignment == named), 'median')


def number(value: float | None, decimals: int = 3) -> str:
    """Write a number with fixed decimals, in powers of ten when huge, a dash when unknown."""
    if value is None or not math.isfinite(value):
        return MISSING
    if abs(value) >= _LARGE:
        return f'{value:.2e}'
    text = f'{value:.{decimals}f}'
    return text.removeprefix('-') if float(text) == 0 else text


def error_number(metric: str, value: float | None) -> str:
    """Write the value of an error with the decimals it has everywhere."""
    return number(value, _DECIMALS.get(metric, 3))


def signed_number(metric: str, value: float | None) -> str:
    """Write a difference with its sign and a decimal more; one that rounds to nothing has none."""
    text = number(value, _DECIMALS.get(metric, 3) + 1)
    is_positive = value is not None and math.isfinite(value) and value > 0
    return f'+{text}' if is_positive and text.strip('0.') else text


def percent(share: float | None) -> str:
    """Write a share, 0 to 1, as per cent."""
    if share is None or not math.isfinite(share):
        return MISSING
    return f'{number(100 * share, 1)} %'


def bounds(metric: str, interval: Interval) -> str:
    """Write the bounds of an interval; a dash when they are unknown."""
    if not (math.isfinite(interval.low) and math.isfinite(interval.high)):
        return MISSING
    low, high = (error_number(metric, value) for value in interval[1:])
    return f'{low} to {high}'


def signed_bounds(metric: str, interval: Interval) -> str:
    """Write the bounds of a difference; a dash when they are unknown."""
    if not (math.isfinite(interval.low) and math.isfinite(interval.high)):
        return MISSING
    low, high = (signed_number(metric, value) for value in interval[1:])
    return f'{low} to {high}'


def signed_percent(share: float | None) -> str:
    """Write a change as per cent with its sign."""
    text = percent(share)
    return f'+{text}' if share is not None and share > 0 and text.strip('0. %') else text


def arrow(metric: str) -> str:
    """Return which way is better."""
    return '↑' if metric in HIGHER_IS_BETTER else '↓'


def flat_settings(settings: Mapping[str, Any], prefix: str = '') -> dict[str, str]:
    """Return nested settings as dotted names and text, in their order."""
    flat: dict[str, str] = {}
    for name, value in settings.items():
        dotted = f'{prefix}{name}'
        if isinstance(value, Mapping):
            flat.update(flat_settings(value, f'{dotted}.'))
        else:
            flat[dotted] = _text(value)
    return flat


def _text(value: Any) -> str:
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    if isinstance(value, float):
        return f'{value:g}' if math.isfinite(value) else MISSING
    if isinstance(value, (list, tuple)):
        return ', '.join(_text(item) for item in value) or MISSING
    return str(value)
