"""
Parts of the benchmark that need one process: cameras, reading of bags, a step of training.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
import tempfile
import time

import torch

from steps_ros.bench.predictor_speed import random_picture
from steps_ros.bench.results import Part, row_of, TIMES_AS_FAST
from steps_ros.bench.rounds import take_rounds
from steps_ros.bench.subjects import LITERAL, literal_subject, package_subject, Work
from steps_ros.core.checkpoint import load_checkpoint
from steps_ros.core.depth_net import RESNET18
from steps_ros.data.bags import open_bag
from steps_ros.data.mcap_writer import McapWriter
from steps_ros.data.messages import compressed_message, image_message
from steps_ros.data.sources import open_source
from steps_ros.inference.prediction import Request
from steps_ros.inference.predictor import Predictor
from steps_ros.shipped_weights import DEFAULT_WEIGHTS
from steps_ros.train.presets import STEPS

CPU = torch.device('cpu')
CAMERAS = (1, 2, 4)
BAG_SIZE, BAG_FRAMES, BAG_STEP_NS = (480, 640), 40, 100_000_000
TRAINING = Work(96, 160, 2, CPU)
WARM_UP = 2


def measure_cameras(size: tuple[int, int], rounds: int) -> Part:
    """Predict with the default weights for 1, 2 and 4 pictures of (height, width) in a batch."""
    predictor = Predictor(load_checkpoint(DEFAULT_WEIGHTS), size, 'cpu')
    request = Request(random_picture(size))

    def seconds(count: int) -> float:
        begun_s = time.perf_counter()
        predictor.predict_batch([request] * count)
        return time.perf_counter() - begun_s

    for count in WARM_UP * CAMERAS:
        seconds(count)
    turns = [partial(seconds, count) for count in CAMERAS]
    taken = take_rounds(turns, rounds, CPU).seconds
    rows = tuple(
        row_of('cameras', f'{count} pictures in a batch', own, '1 picture', taken[0])
        for count, own in zip(CAMERAS[1:], taken[1:], strict=True)
    )
    costs = {str(count): row.ratio for count, row in zip(CAMERAS[1:], rows, strict=True)}
    return Part(rows, {'cameras_cost': costs, 'batch_cost': costs})


def measure_bags(rounds: int) -> Part:
    """Read images of 640x480 from bags, decoded, beside the same messages without decoding."""
    with tempfile.TemporaryDirectory() as folder:
        bags = {name: _write_bag(Path(folder), name) for name in ('raw', 'JPEG')}
        turns = [
            partial(read, path)
            for path in bags.values()
            for read in (_frame_seconds, _message_seconds)
        ]
        for turn in turns:
            turn()
        taken = take_rounds(turns, rounds, CPU).seconds
    rows = tuple(
        row_of('bag', f'frame of 640x480, {name}', own, 'message as it is', other)
        for name, own, other in zip(bags, taken[::2], taken[1::2], strict=True)
    )
    return Part(rows, {'bag_frame_ms': {row.name.split(', ')[1]: row.value for row in rows}})


def measure_training(rounds: int) -> Part:
    """Take steps of training, small ones, beside the literal step."""
    with tempfile.TemporaryDirectory() as folder:
        own = package_subject('steps', STEPS, TRAINING, Path(folder), RESNET18)
        literal = literal_subject(TRAINING)
        for subject in (own, literal) * WARM_UP:
            subject.step()
        ours, theirs = take_rounds([own.step, literal.step], rounds, CPU).seconds
    size = f'{TRAINING.height}x{TRAINING.width}, batch {TRAINING.batch}'
    row = row_of('training', f'step, {size}', ours, LITERAL, theirs, TIMES_AS_FAST)
    return Part((row,), {'training_vs_literal': row.ratio})


def _write_bag(folder: Path, kind: str) -> Path:
    path, picture = folder / f'{kind}.mcap', random_picture(BAG_SIZE)
    make = image_message if kind == 'raw' else compressed_message
    topic = '/camera/image_raw' + ('' if kind == 'raw' else '/compressed')
    with McapWriter(path) as writer:
        for index in range(BAG_FRAMES):
            stamp_ns = (index + 1) * BAG_STEP_NS
            writer.write_message(topic, make(picture, stamp_ns, 'camera'), stamp_ns)
    return path


def _frame_seconds(path: Path) -> float:
    begun_s = time.perf_counter()
    with open_source(path) as source:
        count = sum(1 for _ in source)
    assert count == BAG_FRAMES
    return (time.perf_counter() - begun_s) / count


def _message_seconds(path: Path) -> float:
    begun_s = time.perf_counter()
    with open_bag(path) as bag:
        count = sum(1 for _ in bag.messages([topic.name for topic in bag.topics]))
    assert count == BAG_FRAMES
    return (time.perf_counter() - begun_s) / count
