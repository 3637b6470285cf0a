"""
Does training learn? Night networks by several objectives, judged by exact depth they never saw.

``python -m steps_ros.bench.learning --night N.mcap --day D.mcap --heldout H.mcap --out DIR``
trains a day network, depth on the exact depth of the day drive and pose on its pictures, and from
it one night network for each arm, on pictures alone. What is done is kept, what was broken off
goes on, so that several processes may share the seeds and arms. The table of all results is the
last thing printed. Judged are other streets, and one frame in eight of those learned from.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
import json
from pathlib import Path
import sys

import torch
from tqdm import tqdm

from steps_ros.bench.learning_table import OTHER_STREETS, OWN_STREETS, RESULT, table
from steps_ros.core.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from steps_ros.core.depth_net import DepthNet, RESNET18
from steps_ros.data.outputs import json_bytes, write_file
from steps_ros.data.store_building import build_store
from steps_ros.data.store_settings import StoreSettings
from steps_ros.errors import StepsError
from steps_ros.eval.conclusion import conclude
from steps_ros.eval.evaluation import Evaluation, EvaluationSettings
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.inputs import open_samples
from steps_ros.eval.predictions import network_depth
from steps_ros.eval.report import Report
from steps_ros.eval.spool import Spool
from steps_ros.inference.predictor import Predictor
from steps_ros.shipped_weights import DEFAULT_WEIGHTS
from steps_ros.train.loops import run_loop, take_up
from steps_ros.train.objective_settings import ObjectiveSettings
from steps_ros.train.presets import DAY_TEACHING, MONODEPTH2, RNW, STEPS, SUPERVISED
from steps_ros.train.start import finished_checkpoint, lend_pose, starting_networks
from steps_ros.train.supervised import start_at_depth
from steps_ros.train.trainer import LAST, SNAPSHOTS, StepReport, Training
from steps_ros.train.training_settings import PRECISIONS, TrainingSettings
from steps_ros.train.triplet_dataset import TripletDataset

DAY = 'day'
# Depth is known by day, and motion is what is learned from the pictures: without the auto-mask.
DAY_OBJECTIVE = replace(DAY_TEACHING, supervision_weight=1, auto_mask=False)
ARMS: dict[str, ObjectiveSettings] = {
    'monodepth2': MONODEPTH2,
    'rnw': RNW,
    'steps': STEPS,
    'steps-without-mask': replace(STEPS, light=None),
    'steps-not-joint': replace(STEPS, joint=False),
    # In search of what the others gain or lose by.
    'steps-without-teacher': replace(STEPS, adversarial_weight=0),
    'steps-raw-loss': replace(STEPS, loss_sees='raw'),
    'steps-without-odometry': replace(STEPS, odometry_weight=0),
    'steps-held': replace(STEPS, held=(*STEPS.held, 'depth')),
    # Told what the others have to find out: more cannot be had of these steps.
    'exact-depth': SUPERVISED,
}
WEIGHTS = 'weights.safetensors'
OWN_EVERY = 8  # frames of the drive learned from, to each that is judged
ALIGNED = 1  # median, in the order of the alignments


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and judge what is not yet done."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    try:
        for seed in options.seeds:
            for arm in (DAY, *options.arms):
                _run_arm(options, seed, arm)
    except StepsError as error:
        print(f'learning: {error}', file=sys.stderr)  # noqa: T201
        return 1
    print(table(options.out))  # noqa: T201
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m steps_ros.bench.learning')
    add = parser.add_argument
    add('--night', type=Path, required=True, metavar='BAG', help='drive to train on')
    add('--day', type=Path, required=True, metavar='BAG', help='day drive with exact depth')
    add('--heldout', type=Path, required=True, metavar='BAG', help='night drive with exact depth')
    add('--out', type=Path, required=True, metavar='DIR')
    add('--seeds', type=int, nargs='+', default=[0, 1, 2])
    add('--arms', nargs='*', choices=ARMS, default=list(ARMS))
    add('--size', type=int, nargs=2, default=(96, 160), metavar=('H', 'W'))
    add('--steps', type=int, default=1500, metavar='N', help='of every night training (1500)')
    add('--day-steps', type=int, default=1000, metavar='N', help='of every day training (1000)')
    add('--threads', type=int, default=1)
    add('--precision', choices=PRECISIONS, default='float32')
    add('--device', default='cpu')
    return parser


def _run_arm(options: argparse.Namespace, seed: int, arm: str) -> None:
    """Train and judge one arm, from where it is."""
    folder = options.out / f'seed-{seed}' / arm
    if (folder / RESULT).is_file():
        return
    if not (folder / WEIGHTS).is_file():
        trained = _trained(options, seed, arm, folder)
        save_checkpoint(trained, folder / WEIGHTS)
    checkpoint = load_checkpoint(folder / WEIGHTS)
    result = {
        OTHER_STREETS: _numbers(_judged(checkpoint, options.heldout, options.device)),
        OWN_STREETS: _numbers(_judged(checkpoint, options.night, options.device, OWN_EVERY)),
    }
    write_file(folder / RESULT, json_bytes(result))


def _trained(options: argparse.Namespace, seed: int, arm: str, folder: Path) -> Checkpoint:
    is_day = arm == DAY
    objective = DAY_OBJECTIVE if is_day else ARMS[arm]
    finds_motion = objective.reconstruction_weight > 0
    settings = TrainingSettings(
        max_steps=options.day_steps if is_day else options.steps,
        batch=4 if is_day else 2,
        learning_rate=3e-4 if is_day else 1e-4,
        pose_warmup=0 if is_day or not finds_motion else 100,
        seed=seed,
        precision=options.precision,
    )
    day = _dataset(options, options.day, has_depth=is_day)
    night = day if is_day else _dataset(options, options.night, has_depth=not finds_motion)
    before = options.out / f'seed-{seed}' / DAY
    start = _start(before / WEIGHTS, seed, is_day=is_day)
    networks = starting_networks(start, objective, start.depth_net, seed)
    if finds_motion and not is_day:
        lend_pose(networks, before / SNAPSHOTS / LAST)
    device = torch.device(options.device)
    loop = Training(networks.to(device), objective, settings, folder, device)
    take_up(loop)
    compares = objective.adversarial_weight > 0
    with tqdm(total=settings.max_steps, initial=loop.step, desc=f'{arm} {seed}') as bar:

        def watch(report: StepReport) -> bool:
            bar.set_postfix(total=f'{report.losses["total"]:.4f}', refresh=False)
            bar.update()
            return False

        run_loop(loop, night, day if compares else None, watch)
    return finished_checkpoint(
        networks.cpu(), start, objective, tuple(options.size), f'{arm}, seed {seed}', loop.step
    )


def _dataset(
    options: argparse.Namespace, drive: Path, *, has_depth: bool = False
) -> TripletDataset:
    height, width = options.size
    return TripletDataset(build_store(drive, StoreSettings(height, width, depth=has_depth)))


def _start(day_weights: Path, seed: int, *, is_day: bool) -> Checkpoint:
    """Return random weights for the day network, the day network for the others."""
    enhancer = load_checkpoint(DEFAULT_WEIGHTS).enhancer
    if not is_day:
        return replace(load_checkpoint(day_weights), enhancer=enhancer)
    torch.manual_seed(seed)
    depth_net = DepthNet(RESNET18)
    start_at_depth(depth_net)
    return Checkpoint(depth_net=depth_net)


def _judged(checkpoint: Checkpoint, drive: Path, device: str, every: int = 1) -> Report:
    """Return the errors on one frame in ``every`` of a drive with exact depth."""
    settings = EvaluationSettings()
    predictor = Predictor(checkpoint, device=device)
    with open_samples(drive, InputSettings()) as samples, Spool() as spool:
        evaluation = Evaluation(settings, spool)
        judged = islice(samples, every // 2, None, every)
        evaluation.add_all(judged, partial(network_depth, predictor, settings.protocol, 1.0))
        return conclude(evaluation)


def _numbers(report: Report) -> dict[str, object]:
    """Return the median-aligned errors overall and by light."""
    content = json.loads(json.dumps(report.plain()))
    parts = {'overall': content['overall']['median']}
    for row in report.table('light').rows:
        parts[row.name] = row.errors[ALIGNED]._asdict()
    methods = {row.name: row.errors[ALIGNED].abs_rel for row in report.table('methods').rows}
    return {
        'frames': len(report.frames),
        'errors': parts,
        'methods': methods,
        'residual_correlation': report.residual_correlation,
        'summary': content['summary'],
    }


if __name__ == '__main__':
    sys.exit(main())
