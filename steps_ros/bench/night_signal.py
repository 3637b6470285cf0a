"""
What there is to learn from: how much of the photometric loss true depth and motion explain.

``python -m steps_ros.bench.night_signal DRIVE.mcap`` takes the triplets of a simulated drive and
compares, in each look that a loss can have, the minimum reprojection loss under true depth with
that under guesses, all with true motion. With ``--training DIR``, the folder of a night training
of :mod:`steps_ros.bench.learning`, it also compares the motion that its pose network sees with the
true one. The tables are Markdown.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
import sys
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

from steps_ros.bench.learning import ARMS
from steps_ros.core.checkpoint import load_checkpoint
from steps_ros.core.depth_net import DepthNet, RESNET18
from steps_ros.core.illumination import SelfCalibratedEnhancer
from steps_ros.core.photometric import photometric_loss, windows
from steps_ros.core.warp import pixel_grid, sampling_grid, source_positions, warp
from steps_ros.errors import SourceError
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.inputs import open_samples
from steps_ros.eval.samples import Sample
from steps_ros.shipped_weights import DEFAULT_WEIGHTS
from steps_ros.train.batch import NEXT, PREVIOUS, TARGET, TripletBatch
from steps_ros.train.networks import needed_networks, Networks
from steps_ros.train.objective_settings import ObjectiveSettings
from steps_ros.train.reconstruction import compare, Comparison, source_transforms, SOURCES
from steps_ros.train.relight import light_scene
from steps_ros.train.snapshot import part, read_snapshot
from steps_ros.train.trainer import LAST, SNAPSHOTS

LOOKS = {'raw': 'monodepth2', 'equalised': 'rnw', 'enhanced': 'steps'}
SKY = 200.0
FARTHEST = 80.0
# A longer way between two frames is a new street; a shorter one is standstill.
LONGEST_M, SHORTEST_M = 5.0, 0.1


class Known(NamedTuple):
    """One triplet, what is true of its target (1, 1, H, W), and source_from_target (2, 4, 4)."""

    batch: TripletBatch
    depth: Tensor
    motion: Tensor


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog='python -m steps_ros.bench.night_signal')
    parser.add_argument('drive', type=Path, help='simulated recording with depth and odometry')
    parser.add_argument('--frames', type=int, default=200)
    parser.add_argument('--size', type=int, nargs=2, default=(96, 160), metavar=('H', 'W'))
    parser.add_argument('--training', type=Path, help='folder of a night training')
    options = parser.parse_args(arguments)
    triplets = list(known_triplets(options.drive, options.frames, tuple(options.size)))
    rows = [explained(triplets, look, ARMS[arm]) for look, arm in LOOKS.items()]
    print(f'{len(triplets)} triplets\n')  # noqa: T201
    _print_table(rows)
    if options.training is not None:
        print()  # noqa: T201
        _print_table([seen_motion(triplets, options.training)])
    return 0


def known_triplets(drive: Path, frames: int, size: tuple[int, int]) -> Iterator[Known]:
    """Yield the triplets of a simulated drive that move."""
    with open_samples(drive, InputSettings()) as samples:
        kept: list[Sample] = []
        for _, sample in zip(range(frames), samples, strict=False):
            kept = [*kept[-2:], sample]
            if len(kept) == 3 and _moves(kept):
                yield _known(kept, size)


def explained(
    triplets: Sequence[Known], look: str, objective: ObjectiveSettings
) -> dict[str, float | str]:
    """Return the mean losses under truth and guesses, in the look that an objective judges."""
    enhancer = _default_enhancer() if objective.enhances else None
    rows = torch.stack([known.depth for known in triplets]).reciprocal()
    blind = rows.mean(dim=(0, 4), keepdim=True)[0].reciprocal()
    losses: dict[str, list[float]] = {}
    for known in triplets:
        with torch.no_grad():
            seen = compare(light_scene(known.batch, enhancer, objective).judged.full)
        unmoved = seen.identity.amin(dim=1)
        near = known.depth[:, 0] < FARTHEST
        truth = _loss(seen, known.depth, known)
        guesses = {
            'true depth': truth,
            'mean depth of each row': _loss(seen, blind.expand_as(known.depth), known),
            'true depth times 0.7': _loss(seen, 0.7 * known.depth, known),
            'true depth times 1.4': _loss(seen, 1.4 * known.depth, known),
        }
        for name, loss in guesses.items():
            losses.setdefault(name, []).append(torch.minimum(loss, unmoved).mean().item())
        losses.setdefault('unmoved', []).append(unmoved.mean().item())
        share = (truth < unmoved)[near].float().mean().item()
        losses.setdefault('pixels that truth explains better than no motion', []).append(share)
    return {'look': look, **{name: float(np.mean(values)) for name, values in losses.items()}}


def seen_motion(triplets: Sequence[Known], training: Path) -> dict[str, float | str]:
    """Return how the translation that a training's pose network sees compares with the true."""
    objective = ARMS[training.name]
    networks = _trained(training, objective)
    true, ours = [], []
    for known in triplets:
        with torch.no_grad():
            seen = light_scene(known.batch, networks.enhancer, objective).seen.full
            assert networks.pose is not None
            found = source_transforms(networks.pose, seen, apart=objective.frames_apart)[0]
        true.append(known.motion[:, :3, 3])
        ours.append(found[:, :3, 3])
    way, found_way = torch.cat(true), torch.cat(ours)
    cosine = torch.nn.functional.cosine_similarity(way, found_way)
    lengths = torch.stack((way.norm(dim=1), found_way.norm(dim=1)))
    return {
        'training': str(training),
        'cosine to the true direction': float(cosine.mean()),
        'length, share of the true': float((lengths[1] / lengths[0]).median()),
        'correlation of the lengths': float(torch.corrcoef(lengths)[0, 1]),
    }


def _moves(samples: Sequence[Sample]) -> bool:
    before, target, after = (_pose(sample)[:3, 3] for sample in samples)
    ways = [float(np.linalg.norm(target - place)) for place in (before, after)]
    return max(ways) < LONGEST_M and min(ways) > SHORTEST_M


def _pose(sample: Sample) -> NDArray[np.float64]:
    if sample.world_from_camera is None:
        raise SourceError(f'{sample.drive} has no odometry; simulate one')
    return sample.world_from_camera


def _known(samples: Sequence[Sample], size: tuple[int, int]) -> Known:
    height, width = size
    before, target, after = samples
    frames = np.empty((3, height, width, 3), np.uint8)
    for place, sample in ((PREVIOUS, before), (TARGET, target), (NEXT, after)):
        assert sample.image is not None
        frames[place] = cv2.resize(sample.image, (width, height), interpolation=cv2.INTER_AREA)
    depth = np.full(target.reference.size, SKY, np.float32)
    rows, columns = target.reference.rows.astype(int), target.reference.columns.astype(int)
    depth[rows, columns] = target.reference.depth
    small = cv2.resize(depth, (width, height), interpolation=cv2.INTER_NEAREST)
    assert target.intrinsics is not None
    matrix = target.intrinsics.resized(width, height).matrix
    motion = [np.linalg.inv(_pose(other)) @ _pose(target) for other in (before, after)]
    return Known(
        TripletBatch(torch.from_numpy(frames).permute(0, 3, 1, 2)[None], torch.tensor([matrix])),
        torch.from_numpy(small)[None, None],
        torch.from_numpy(np.stack(motion).astype(np.float32)),
    )


def _loss(seen: Comparison, depth: Tensor, known: Known) -> Tensor:
    """Return the smaller loss of the two warped sources, (1, H, W)."""
    grid = pixel_grid(depth.shape[-2], depth.shape[-1], depth)
    positions = source_positions(
        depth.expand(SOURCES, -1, -1, -1),
        known.batch.intrinsics.expand(SOURCES, -1, -1),
        known.motion,
        grid,
    )
    warped = windows(warp(seen.sources, sampling_grid(positions)))
    return photometric_loss(warped, seen.target).view_as(seen.identity).amin(dim=1)


def _default_enhancer() -> SelfCalibratedEnhancer:
    enhancer = SelfCalibratedEnhancer()
    given = load_checkpoint(DEFAULT_WEIGHTS).enhancer
    assert given is not None
    enhancer.illumination.load_state_dict(given.state_dict())
    return enhancer.eval()


def _trained(training: Path, objective: ObjectiveSettings) -> Networks:
    networks = needed_networks(objective, RESNET18, DepthNet(RESNET18))
    snapshot = read_snapshot(training / SNAPSHOTS / LAST)
    networks.load(part(snapshot.tensors, 'networks'), str(training))
    return networks.eval()


def _print_table(rows: Sequence[dict[str, float | str]]) -> None:
    print('| ' + ' | '.join(rows[0]) + ' |')  # noqa: T201
    print('|---' * len(rows[0]) + '|')  # noqa: T201
    for row in rows:
        cells = (f'{cell:.3f}' if isinstance(cell, float) else cell for cell in row.values())
        print('| ' + ' | '.join(cells) + ' |')  # noqa: T201


if __name__ == '__main__':
    sys.exit(main())
