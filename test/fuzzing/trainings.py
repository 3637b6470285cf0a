"""
What trainings, simulations and evaluations leave in a folder and read back from it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
import io
import json
from pathlib import Path
from typing import Any
import zipfile

import numpy as np
from report_making import make_report
import torch
from torch import nn
from torch.optim import Adam

from fuzzing.contract import Target
from fuzzing.messages import COLOUR
from fuzzing.scratch import numbered, scratch, with_one_damaged, written
from fuzzing.texts import JSON_WORDS
from steps_ros.data.outputs import npz_bytes
from steps_ros.eval.report_files import json_text
from steps_ros.eval.saved_report import read_report
from steps_ros.sim.claims import claim
from steps_ros.train.job import Job, read_job, SETTINGS, write_job
from steps_ros.train.logs import JsonLines
from steps_ros.train.networks import Networks
from steps_ros.train.presets import STEPS
from steps_ros.train.shards import draw_batch, load_shards
from steps_ros.train.trainer import LAST, LOG, SNAPSHOTS, Training
from steps_ros.train.training_settings import TrainingSettings

FRAMES, EXPOSURES = 2, 1
STEPS_DONE = 3
# Of a snapshot's arrays, one of each kind.
KINDS = (
    '__snapshot__', 'networks.depth.', 'optimiser.0.step', 'optimiser.0.exp_avg',
    'optimiser.0.exp_avg_sq', 'critic.0.exp_avg', 'mean.', 'state.static_bound',
    'state.pool.samples', 'state.pool.random',
)  # fmt: skip


def members(archive: bytes) -> dict[str, bytes]:
    """Return the files in a zip archive."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def archived(files: dict[str, bytes]) -> bytes:
    """Return a zip archive whose sums are right."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, 'w') as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


@cache
def shard() -> bytes:
    """Return the pictures of one street."""
    height, width = COLOUR.shape[:2]
    matrix = np.array([[10.0, 0, 4], [0, 11, 3], [0, 0, 1]], np.float32)
    return npz_bytes(
        {
            'images': np.broadcast_to(COLOUR, (FRAMES, EXPOSURES, *COLOUR.shape)),
            'depth': np.full((FRAMES, height, width), 7, np.float16),
            'mounting': np.tile(np.float32([1.5, 0.1, 0]), (FRAMES, 1)),
            'intrinsics': np.tile(matrix, (FRAMES, 1, 1)),
            'distortion': np.array([-0.1, 0.01, 0, 0, 0]),
        }
    )


def shards() -> list[bytes]:
    """Return the file of one street."""
    return [shard()]


def check_shard(content: bytes) -> None:
    """Pictures that batches can be drawn from."""
    found = load_shards([written('shards/street.npz', content).parent])
    for picture in found.pictures():
        assert picture.image.dtype == np.uint8
        assert picture.image.shape == (picture.camera.height, picture.camera.width, 3)
        assert picture.depth.shape == picture.image.shape[:2]
        assert len(picture.mounting) == 3
    batch = draw_batch(found, (32, 32), 2, np.random.default_rng(0), lit_skies=0.5, by_light=True)
    assert batch.image.isfinite().all()
    assert (batch.depth >= 0).all()


def shard_arrays() -> list[bytes]:
    """Return each array of a street, after a byte that says which."""
    return numbered(members(shard()))


def check_shard_array(content: bytes) -> None:
    """The same file with another array: sums are right, so that it is looked at."""
    check_shard(archived(with_one_damaged(members(shard()), content)))


@cache
def training() -> Training:
    """Return a training of tiny networks after some steps that have changed nothing."""
    torch.manual_seed(0)
    # Stand-ins, as a network of the package has hundreds of arrays to be read for each input.
    parts: list[Any] = [nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)) for _ in range(2)]
    networks = Networks(parts[0], discriminator=parts[1])
    settings = TrainingSettings(10, mean_decay=0.9)
    made = Training(networks, STEPS, settings, scratch() / 'training', torch.device('cpu'))
    for optimiser in optimisers(made):
        descend(optimiser)
    made.state.static_bound = torch.tensor(0.1)
    made.state.pool.exchange(torch.rand(2, 1, 4, 4))
    made.step = STEPS_DONE
    return made


def optimisers(made: Training) -> tuple[Adam, Adam]:
    """Return those of the networks and of the discriminator."""
    assert made.critic is not None
    return made.optimiser, made.critic


def descend(optimiser: Adam) -> None:
    """Take a step with a gradient of 0."""
    for group in optimiser.param_groups:
        for parameter in group['params']:
            parameter.grad = torch.zeros_like(parameter)
    optimiser.step()


@cache
def snapshot() -> bytes:
    """Return the snapshot of a training."""
    training().save()
    return (scratch() / 'training' / SNAPSHOTS / LAST).read_bytes()


def snapshots() -> list[bytes]:
    """Return a snapshot."""
    return [snapshot()]


def check_snapshot(content: bytes) -> None:
    """A training that goes on."""
    made = training()
    written(f'training/{SNAPSHOTS}/{LAST}', content)
    made.restore()
    assert type(made.step) is int
    assert made.step >= 0
    assert isinstance(made.best, float)
    for optimiser in optimisers(made):
        descend(optimiser)
    made.state.pool.exchange(torch.rand(1, 1, 4, 4))


def snapshot_arrays() -> list[bytes]:
    """Return an array of each kind of a snapshot, after a byte that says which."""
    return numbered(_some_arrays())


@cache
def _arrays() -> dict[str, bytes]:
    return members(snapshot())


@cache
def _some_arrays() -> dict[str, bytes]:
    names = [next(name for name in _arrays() if name.startswith(kind)) for kind in KINDS]
    return {name: _arrays()[name] for name in names}


def check_snapshot_array(content: bytes) -> None:
    """The same file with another array."""
    check_snapshot(archived({**_arrays(), **with_one_damaged(_some_arrays(), content)}))


def jobs() -> list[bytes]:
    """Return the settings of a training."""
    job = Job(
        night=('night.mcap', 'other@10-20%'),
        out=scratch() / 'job',
        start=Path('start.safetensors'),
        training=TrainingSettings(1000, validate_every=10),
        day=('day.mcap',),
        teacher=Path('teacher.safetensors'),
        validate=Path('validate.mcap'),
    )
    write_job(job, {'night.mcap': '0' * 64})
    return [(job.out / SETTINGS).read_bytes()]


def check_job(content: bytes) -> None:
    """A training whose settings are what they were, when they are written again."""
    job = read_job(written(f'job/{SETTINGS}', content).parent)
    _check_types(job.training)
    _check_types(job.store)
    assert all(isinstance(name, str) for name in (*job.night, *job.day))
    write_job(job)
    assert read_job(job.out) == job


def _check_types(settings: Any) -> None:
    kinds = {'int': int, 'float': (int, float), 'bool': bool, 'str': str}
    for name, kind in type(settings).__annotations__.items():
        assert isinstance(getattr(settings, name), kinds.get(kind, object)), name


def logs() -> list[bytes]:
    """Return the log of a training that was broken off in the middle of a line."""
    lines = [json.dumps({'step': step, 'total': 1 / step}) for step in range(1, STEPS_DONE + 2)]
    return ['\n'.join(lines).encode(), b'']


def check_log(content: bytes) -> None:
    """A log that goes on with whole lines."""
    path = written(LOG, content)
    with JsonLines(path, STEPS_DONE) as log:
        log.write(STEPS_DONE + 1, {'total': 0.5})
    steps = [json.loads(line)['step'] for line in path.read_bytes().splitlines()]
    assert steps[-1] == STEPS_DONE + 1
    assert all(type(step) is int and step <= STEPS_DONE for step in steps[:-1])


def reports() -> list[bytes]:
    """Return the report of an evaluation."""
    made = make_report()
    return [json_text(replace(made, frames=made.frames[:3], worst=(0,)).plain()).encode()]


def check_report(content: bytes) -> None:
    """A report whose numbers are numbers."""
    report = read_report(written('report.json', content))
    for frame in report.frames:
        assert type(frame.stamp_ns) is type(frame.pixels) is int
        assert all(isinstance(number, float) for number in frame.numbers)
        assert all(isinstance(number, float) for errors in frame.errors for number in errors)


CLAIMED = {'drive': {'size': [6, 8], 'seed': 1}, 'frames': 2}


def claims() -> list[bytes]:
    """Return the settings that pieces of a drive were drawn by."""
    folder = scratch() / 'claimed'
    claim(folder, CLAIMED)
    return [(folder / SETTINGS).read_bytes()]


def check_claim(content: bytes) -> None:
    """Pieces of the same settings, or of others."""
    written('pieces/00000.npz', b'')
    folder = written(f'pieces/{SETTINGS}', content).parent
    claim(folder, CLAIMED)


TARGETS = (
    Target('shard', shards, check_shard),
    Target('shard_array', shard_arrays, check_shard_array),
    Target('snapshot', snapshots, check_snapshot),
    Target('snapshot_array', snapshot_arrays, check_snapshot_array, JSON_WORDS),
    Target('training_settings', jobs, check_job, JSON_WORDS),
    Target('training_log', logs, check_log, JSON_WORDS),
    Target('report', reports, check_report, JSON_WORDS),
    Target('claim', claims, check_claim, JSON_WORDS),
)
