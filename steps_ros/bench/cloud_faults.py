"""
What is wrong in a cloud, counted against exact depth: points in the air, obstacles that are none.

``python -m steps_ros.bench.cloud_faults --out DIR`` draws simulated night streets, predicts their
depth with the shipped weights (``--checkpoint`` for others), aligns it by the median of each
picture, and counts faults in the cloud under several settings. Written: ``faults.md``, and
``from_above.jpg`` with clouds of some streets seen from above.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
import sys
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.bench.cloud_picture import from_above, Panel
from steps_ros.core.camera import Camera
from steps_ros.core.checkpoint import load_checkpoint
from steps_ros.data.outputs import write_file
from steps_ros.inference.cloud import CloudLimits, organised_cloud
from steps_ros.inference.predictor import Predictor
from steps_ros.inference.rays import camera_rays
from steps_ros.shipped_weights import DEFAULT_WEIGHTS, METAVAR, weights_file
from steps_ros.sim.clip import simulate_clip
from steps_ros.sim.settings import ClipSettings
from steps_ros.sim.trajectory import body_from_camera

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

SEED, SIZE = 555, (192, 320)
# Truth is looked for in the pixels round a point: a network's edges are not exact to the pixel.
NEIGHBOURS = 2
RIGHT, ON_SURFACE, SAME_OBSTACLE = 0.1, 0.15, 0.25
# Metres above the road between which a planner sees an obstacle, and to which distance.
OBSTACLE, OBSTACLE_RANGE = (0.3, 2.5), 30.0
KNOWN_RANGE = (0.5, 80.0)
OPEN = CloudLimits(stride=1, min_confidence=0.0, edge_ratio=0.0)
USUAL = replace(OPEN, min_confidence=0.2, edge_ratio=0.2)
VARIANTS = {
    'nothing left out': OPEN,
    'confidence 0.2': replace(OPEN, min_confidence=0.2),
    'edges 0.2': replace(OPEN, edge_ratio=0.2),
    'edges 0.1': replace(OPEN, edge_ratio=0.1),
    'confidence 0.2, edges 0.2 (default)': USUAL,
    'default, range 20 m': replace(USUAL, max_range=20.0),
    'default, range 10 m': replace(USUAL, max_range=10.0),
}


class Scene(NamedTuple):
    """
    Truth and prediction of one picture, (H, W).

    ``up`` is metres above the camera for each metre of depth, ``height`` the camera's.
    """

    truth: Floats
    predicted: Floats
    confidence: Floats
    camera: Camera
    up: Floats
    height: float


class Faults(NamedTuple):
    """
    Which pixels of a cloud are points, and what is wrong with them, (H, W) each.

    ``right`` within a tenth of the truth; ``flying`` between two true surfaces and on neither;
    ``false_obstacle`` 0.3 to 2.5 m above the road and within 30 m where no obstacle is near.
    """

    points: Mask
    right: Mask
    flying: Mask
    false_obstacle: Mask


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw, predict, count and write."""
    options = _parser().parse_args(arguments)
    predictor = Predictor(load_checkpoint(options.checkpoint), device='cpu')
    scenes = list(draw_scenes(predictor, options.scenes))
    text = table(scenes)
    sys.stdout.write(text)
    write_file(options.out / 'faults.md', text.encode())
    rows = np.vstack([picture(scene) for scene in scenes[:: max(1, len(scenes) // 3)][:2]])
    packed = cv2.imencode('.jpg', rows[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, 80))[1]
    write_file(options.out / 'from_above.jpg', packed.tobytes())
    return 0


def draw_scenes(predictor: Predictor, count: int) -> Iterator[Scene]:
    """Draw streets by night, each by a camera of its own, and predict them."""
    for number in range(count):
        clip = ClipSettings(SEED, number, frames=1, height=SIZE[0], width=SIZE[1])
        frame = next(simulate_clip(clip))
        found = predictor.predict(frame.image, camera=frame.camera)
        assert found.depth is not None
        assert found.confidence is not None
        known = (frame.depth > KNOWN_RANGE[0]) & (frame.depth < KNOWN_RANGE[1])
        unit = np.median(frame.depth[known]) / np.median(found.depth[known])
        predicted = found.depth * np.float32(unit)
        up_axis = body_from_camera(frame.mounting)[2, :3]
        up = np.tensordot(up_axis, _with_ones(camera_rays(frame.camera)), 1).astype(np.float32)
        height = frame.mounting.height
        yield Scene(frame.depth, predicted, found.confidence, frame.camera, up, height)


def find_faults(scene: Scene, depth: Floats, limits: CloudLimits) -> Faults:
    """Return what is wrong in the cloud of this depth, at stride 1."""
    cloud = organised_cloud(depth, scene.camera, None, scene.confidence, limits)
    z = cloud[..., 2]
    points = np.isfinite(z)
    is_on_surface, is_at_obstacle = np.zeros_like(points), np.zeros_like(points)
    true_up = scene.height + scene.up * np.where(np.isfinite(scene.truth), scene.truth, 0)
    least, most = np.full_like(z, np.inf), np.zeros_like(z)
    with np.errstate(invalid='ignore'):
        for truth, above in zip(_shifted(scene.truth), _shifted(true_up), strict=True):
            error = np.abs(z / truth - 1)
            is_on_surface |= error < ON_SURFACE
            is_at_obstacle |= (error < SAME_OBSTACLE) & (above > OBSTACLE[0])
            least, most = np.minimum(least, truth), np.maximum(most, truth)
        between = (z > least * (1 + ON_SURFACE)) & (z * (1 + ON_SURFACE) < most)
        above = scene.height + scene.up * z
        in_the_way = (above > OBSTACLE[0]) & (above < OBSTACLE[1]) & (z < OBSTACLE_RANGE)
        right = np.abs(z / scene.truth - 1) < RIGHT
    return Faults(points, right, between & ~is_on_surface, in_the_way & ~is_at_obstacle)


def table(scenes: Sequence[Scene]) -> str:
    """Return means over the pictures, for predictions and for the truth, as Markdown."""
    lines = ['| cloud | points | right | flying | false obstacles |', '|---|---|---|---|---|']
    for name, limits in VARIANTS.items():
        lines.append(_row(name, [find_faults(scene, scene.predicted, limits) for scene in scenes]))
    for name, limits in (('exact depth', OPEN), ('exact depth, edges 0.2', VARIANTS['edges 0.2'])):
        lines.append(_row(name, [find_faults(scene, scene.truth, limits) for scene in scenes]))
    return '\n'.join(lines) + '\n'


def picture(scene: Scene) -> NDArray[np.uint8]:
    """Return the truth, the whole prediction and the usual cloud from above, side by side."""
    panels = []
    for title, depth, limits in (
        ('exact depth', scene.truth, OPEN),
        ('predicted, nothing left out', scene.predicted, OPEN),
        ('predicted, default', scene.predicted, USUAL),
    ):
        faults = find_faults(scene, depth, limits)
        ahead = np.where(faults.points, depth, np.nan)
        x, above = camera_rays(scene.camera)[0] * ahead, scene.height + scene.up * ahead
        panels.append(Panel(title, x, ahead, above, faults.flying, faults.false_obstacle))
    return from_above(panels)


def _row(name: str, found: Sequence[Faults]) -> str:
    means = [np.mean([mask.sum() for mask in masks]) for masks in zip(*found, strict=True)]
    return f'| {name} | ' + ' | '.join(f'{mean:.0f}' for mean in means) + ' |'


def _shifted(values: Floats) -> Iterator[Floats]:
    """Yield the values of each of the pixels round every pixel."""
    height, width = values.shape
    padded = np.pad(values, NEIGHBOURS, mode='edge')
    for down in range(2 * NEIGHBOURS + 1):
        for right in range(2 * NEIGHBOURS + 1):
            yield padded[down : down + height, right : right + width]


def _with_ones(rays: Floats) -> Floats:
    return np.concatenate([rays, np.ones_like(rays[:1])])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, required=True, help='folder for the results')
    parser.add_argument(
        '--checkpoint',
        type=weights_file,
        default=DEFAULT_WEIGHTS,
        metavar=METAVAR,
        help='other weights',
    )
    parser.add_argument('--scenes', type=int, default=24, help='streets (24)')
    return parser


if __name__ == '__main__':
    sys.exit(main())
