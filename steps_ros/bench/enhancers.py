"""
Enhancers beside each other on pictures that nobody has a brighter truth of.

``python -m steps_ros.bench.enhancers FOLDER... --out DIR`` enhances all pictures with the shipped
weights and with each ``--checkpoint``, and compares what came out with what went in. Written:
``enhancers.md`` with means over the pictures, and ``enhancers.jpg`` with all of them side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
import sys
from typing import NamedTuple

import cv2
import numpy as np

from steps_ros.bench.compared import comparison_parser, predictors_of
from steps_ros.bench.sheet import Picture, write_sheet
from steps_ros.data.outputs import write_file
from steps_ros.data.sources import open_source
from steps_ros.errors import StepsError
from steps_ros.inference.prediction import Outputs
from steps_ros.inference.predictor import Predictor
from steps_ros.shipped_weights import DEFAULT_WEIGHTS

PICTURE_ALONE = Outputs(enhanced=True, depth=False, confidence=False)
# On displays, things below are hard to tell apart; what is above has no steps any more.
DARK, FULL = 30, 250
# Below this level, the colour of a pixel is its noise.
COLOURED = 12
GRID = 50
TILE = (256, 160)


class Look(NamedTuple):
    """
    One picture: as it is, and against the one it was made from.

    ``level`` mean grey level; ``dark``, ``full`` and ``white`` shares of the pixels below grey 30,
    with one channel from 250 on, and with all channels there; ``entropy`` of the grey levels in
    bits; ``disorder`` the share of pairs of places of which the other one is the brighter now
    (lightness order error, Wang et al., TIP 2013, as a share); ``hue`` the median angle in degrees
    by which colours have turned.
    """

    level: float
    dark: float
    full: float
    white: float
    entropy: float
    disorder: float
    hue: float


def look(picture: Picture, original: Picture) -> Look:
    """Measure a picture (H, W, 3) RGB against the one it was made from."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    shares = np.bincount(grey.ravel(), minlength=256) / grey.size
    used = shares[shares > 0]
    return Look(
        level=float(grey.mean()),
        dark=float(shares[:DARK].sum()),
        full=float((picture.max(2) >= FULL).mean()),
        white=float((picture.min(2) >= FULL).mean()),
        entropy=float(-(used * np.log2(used)).sum()),
        disorder=_disorder(picture, original),
        hue=_turn(picture, original),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Enhance, compare and write."""
    options = comparison_parser('enhancers', 'folder of pictures').parse_args(arguments)
    try:
        predictors = predictors_of([DEFAULT_WEIGHTS, *options.checkpoint])
        looks: dict[str, list[Look]] = {name: [] for name in ('input', *predictors)}
        rows = []
        for folder in options.input:
            with open_source(folder) as source:
                for frame in source:
                    made = {'input': frame.image}
                    made |= {name: _enhanced(one, frame.image) for name, one in predictors.items()}
                    for name, picture in made.items():
                        looks[name].append(look(picture, frame.image))
                    rows.append([*made.values()])
        text = table(looks)
        write_file(options.out / 'enhancers.md', text.encode())
        write_sheet(options.out / 'enhancers.jpg', [*looks], rows, TILE)
    except StepsError as error:
        print(f'enhancers: {error}', file=sys.stderr)  # noqa: T201
        return 1
    sys.stdout.write(text)
    return 0


def table(looks: dict[str, list[Look]]) -> str:
    """Return the means over the pictures, a row for each enhancer, as Markdown."""
    heads = (
        'picture', 'mean level', 'below 30', 'a channel full', 'white', 'entropy, bits',
        'order changed', 'colours turned',
    )  # fmt: skip
    lines = [f'| {" | ".join(heads)} |', '|---' * len(heads) + '|']
    for name, ones in looks.items():
        mean = Look(*np.nanmean(np.array(ones), axis=0))
        cells = (
            name,
            f'{mean.level:.0f}',
            f'{100 * mean.dark:.0f} %',
            f'{100 * mean.full:.1f} %',
            f'{100 * mean.white:.1f} %',
            f'{mean.entropy:.2f}',
            f'{100 * mean.disorder:.1f} %',
            f'{mean.hue:.1f}°',
        )
        lines.append(f'| {" | ".join(cells)} |')
    return '\n'.join(lines) + '\n'


def _enhanced(predictor: Predictor, image: Picture) -> Picture:
    found = predictor.predict(image, PICTURE_ALONE).enhanced
    return image if found is None else found


def _disorder(picture: Picture, original: Picture) -> float:
    before, after = (
        cv2.resize(one.max(2), (GRID, GRID), interpolation=cv2.INTER_AREA).ravel()
        for one in (original, picture)
    )
    changed = (before[:, None] >= before) ^ (after[:, None] >= after)
    return float(changed.mean())


def _turn(picture: Picture, original: Picture) -> float:
    """Return the median angle between the colours before and after, NaN without any."""
    lit = original.max(2) >= COLOURED
    before, after = (one[lit].astype(np.float32) for one in (original, picture))
    if not len(before):
        return float('nan')
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    cosine = np.clip((before * after).sum(1) / np.maximum(lengths, 1e-6), -1, 1)
    return float(np.degrees(np.median(np.arccos(cosine))))


if __name__ == '__main__':
    sys.exit(main())
