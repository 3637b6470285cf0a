"""
The verdict: questions that a reader has, answered by the numbers of an evaluation.
"""

from __future__ import annotations

from collections.abc import Sequence
import math

import numpy as np

from steps_ros.eval.bootstrap import block_interval
from steps_ros.eval.metrics import Doubles
from steps_ros.eval.report import Finding, Judgement, Row

FOLLOWS, HARDLY_FOLLOWS = 0.5, 0.2
STEADY_SPREAD = 0.1
FEW_UNPREDICTED, MANY_UNPREDICTED = 0.01, 0.1
QUESTIONS = (
    'Better than flat ground?',
    'Better than one depth per row?',
    'Better than the average picture?',
)


def beats_baselines(abs_rel: Doubles, block: int) -> list[Finding]:
    """
    Judge the network against each baseline, on the same points of the same frames.

    :param abs_rel: (4, N) of the network and the three baselines, NaN where not known.
    :param block: consecutive frames that belong together.
    """
    network, *others = abs_rel
    return [
        _beats(question, network, other, block)
        for question, other in zip(QUESTIONS, others, strict=True)
    ]


def follows_picture(correlation: float, frames: int) -> Finding:
    """Judge the correlation of log depth and reference without their mean maps."""
    question = 'Does it follow the picture?'
    if math.isnan(correlation):
        return Finding(question, 'note', f'not known from {frames} frame(s)')
    good, bad = correlation >= FOLLOWS, correlation < HARDLY_FOLLOWS
    judgement: Judgement = 'good' if good else 'bad' if bad else 'unclear'
    return Finding(
        question,
        judgement,
        f'correlation {correlation:.2f} with the reference once mean maps are taken away '
        '(a fixed template scores 0)',
    )


def covers(unpredicted: float) -> Finding:
    """Judge the share of reference pixels without a prediction."""
    few, many = unpredicted <= FEW_UNPREDICTED, unpredicted > MANY_UNPREDICTED
    judgement: Judgement = 'good' if few else 'bad' if many else 'unclear'
    text = f'{100 * unpredicted:.2f} % of reference pixels have no prediction'
    return Finding('Is depth there at all?', judgement, text)


def steadiness(summary: dict[str, float]) -> list[Finding]:
    """Tell how steady scale and depth are, from the single numbers of a report."""
    findings = []
    spread, drift = summary['scale.spread'], summary['scale.drift_per_minute']
    if math.isfinite(spread):
        text = f'one unit is {summary["scale.median"]:.3g} m, give or take {100 * spread:.0f} %'
        if math.isfinite(drift):
            text += f', drifting {100 * drift:+.1f} % a minute'
        judgement: Judgement = 'good' if spread <= STEADY_SPREAD else 'unclear'
        findings.append(Finding('Is the scale steady?', judgement, text))
    told = [
        _told_steadiness(name, summary, key)
        for name, key in (('flicker', 'flicker'), ('ego-motion error', 'ego_error'))
        if math.isfinite(summary[f'temporal.{key}'])
    ]
    if told:
        text = ', '.join(told) + ' from frame to frame (a constant depth would have no flicker)'
        findings.append(Finding('Is depth steady in time?', 'note', text))
    return findings


def _told_steadiness(name: str, summary: dict[str, float], key: str) -> str:
    text = f'{name} {100 * summary[f"temporal.{key}"]:.1f} %'
    own = summary.get(f'temporal.{key}.reference')
    return text if own is None else f'{text} (the reference itself {100 * own:.1f} %)'


def by_light(rows: Sequence[Row], headline: int) -> list[Finding]:
    """Tell the error of each light class, where there are several."""
    by_name = {row.name: row.errors[headline].abs_rel for row in rows}
    if len(by_name) < 2:
        return []
    text = ', '.join(f'{name} {value:.3f}' for name, value in by_name.items())
    return [Finding('Where the light is wrong?', 'note', f'abs_rel {text}')]


def _beats(question: str, network: Doubles, other: Doubles, block: int) -> Finding:
    both = np.isfinite(network) & np.isfinite(other)
    if not both.any():
        return Finding(question, 'note', 'not known: it takes more frames, or a ground to see')
    gain = block_interval(network[both] - other[both], block)
    means = f'abs_rel {network[both].mean():.3f} against {other[both].mean():.3f}'
    if math.isnan(gain.low):
        return Finding(question, 'unclear', f'{means}, from a single frame')
    text = f'{means}, difference {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})'
    judgement: Judgement = 'good' if gain.high < 0 else 'bad' if gain.low > 0 else 'unclear'
    return Finding(question, judgement, text)
