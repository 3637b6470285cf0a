"""
What weights make of consecutive night frames of which nobody measured the depth.

``python -m steps_ros.bench.night_frames SOURCE... --out DIR`` takes folders, videos or recordings,
predicts with the shipped weights (``--checkpoint`` for others, again for more), and says how much
depth flickers from frame to frame (:func:`steps_ros.eval.temporal.flicker`) and which share of it
is known. Written: ``night_frames.md``, and ``night_frames.jpg`` with some frames of each source,
enhanced by the first weights, and the depth by all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
import sys
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from steps_ros.bench.compared import comparison_parser, predictors_of
from steps_ros.bench.sheet import Picture, write_sheet
from steps_ros.data.outputs import write_file
from steps_ros.data.sources import open_source
from steps_ros.errors import StepsError
from steps_ros.eval.temporal import flicker, make_view, View
from steps_ros.inference.colour import colour_depth, colour_range
from steps_ros.inference.predictor import Predictor

# Frames of each source that are shown.
SHOWN = 4
TILE = (320, 180)


class Seen(NamedTuple):
    """
    What one network made of one source: a number for each frame, the flicker from the one before.

    ``known`` is the share of pixels with a depth. ``rows`` are the pictures that are shown:
    picture, enhanced picture, depth.
    """

    flicker: list[float]
    known: list[float]
    rows: list[tuple[Picture, Picture, Picture]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Predict, compare with the frame before, and write."""
    parser = comparison_parser('night_frames', 'folder of images, video or bag')
    options = parser.parse_args(arguments)
    lines = [
        '| frames | weights | flicker, median | 90th percentile | known |',
        '|---|---|---|---|---|',
    ]
    rows: list[list[Picture]] = []
    try:
        predictors = predictors_of(options.checkpoint)
        for path in options.input:
            seen = {name: look(predictor, path) for name, predictor in predictors.items()}
            for name, one in seen.items():
                lines.append(_line(path.name, name, one))
            first, *others = [one.rows for one in seen.values()]
            for place, pictures in enumerate(first):
                rows.append([*pictures, *(other[place][-1] for other in others)])
        text = '\n'.join(lines) + '\n'
        write_file(options.out / 'night_frames.md', text.encode())
        columns = ('picture', 'enhanced', *predictors)
        write_sheet(options.out / 'night_frames.jpg', columns, rows, TILE)
    except StepsError as error:
        print(f'night_frames: {error}', file=sys.stderr)  # noqa: T201
        return 1
    sys.stdout.write(text)
    return 0


def look(predictor: Predictor, path: Path) -> Seen:
    """
    Predict for all frames of a source.

    Depth keeps the colours of the first frame.

    :raises SourceError: the source cannot be read.
    """
    seen = Seen([], [], [])
    before: View | None = None
    colours: tuple[float, float] | None = None
    with open_source(path) as source:
        every = max(1, (source.frame_count or 1) // SHOWN)
        frames = tqdm(source, desc=path.name, total=source.frame_count, disable=None)
        for number, frame in enumerate(frames):
            found = predictor.predict(frame.image, camera=frame.camera)
            assert found.depth is not None
            seen.known.append(float(np.isfinite(found.depth).mean()))
            now = make_view(found.depth, frame.image, None, None, 1.0)
            if before is not None:
                seen.flicker.append(flicker(before, now))
            before, colours = now, colours or colour_range(found.depth)
            if number % every == 0 and len(seen.rows) < SHOWN:
                enhanced = frame.image if found.enhanced is None else found.enhanced
                seen.rows.append((frame.image, enhanced, colour_depth(found.depth, *colours)))
    return seen


def _line(source: str, weights: str, seen: Seen) -> str:
    middle, high = (
        f'{100 * np.nanpercentile(seen.flicker, percent):.1f} %' if seen.flicker else ''
        for percent in (50, 90)
    )
    known = f'{100 * np.mean(seen.known):.1f} %'
    return f'| {source} ({len(seen.known)}) | {weights} | {middle} | {high} | {known} |'


if __name__ == '__main__':
    sys.exit(main())
