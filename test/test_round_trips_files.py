"""Settings, checkpoints, stores and trainings come back from their files as they went in."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
import json
import math
import os
from pathlib import Path

from fuzzing.weights import SMALL
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_examples import ALWAYS_THE_SAME, cameras, numbers, STAMPS_NS
import numpy as np
import pytest
import torch
import yaml

from steps_ros.core.checkpoint import Checkpoint, load_checkpoint, Provenance, save_checkpoint
from steps_ros.core.depth_net import DepthNet
from steps_ros.core.illumination import IlluminationNet
from steps_ros.core.masks import Bridge
from steps_ros.data.array_file import ArrayFile
from steps_ros.data.array_reading import load_array
from steps_ros.data.drive_options import DriveOptions
from steps_ros.data.preparation import Prepared
from steps_ros.data.store import INDEX, index_bytes, open_store, SHARD_FRAMES, StoreIndex
from steps_ros.data.store_files import StoreFiles
from steps_ros.data.store_settings import StoreSettings
from steps_ros.errors import SettingsError
from steps_ros.inference.onnx_settings import OnnxSettings
from steps_ros.ros.parameters import NightDepthSettings
from steps_ros.ros.trainer_settings import TrainerSettings
from steps_ros.settings import build, describe, flatten, load, NUMBERS, TEXTS
from steps_ros.train.job import Job, read_job, write_job
from steps_ros.train.training_settings import TrainingSettings

TEXT = st.text(max_size=12)
NAMES = st.text(min_size=1, max_size=12)
# Names of files are bytes, and some are no text.
PATHS = st.binary(min_size=1, max_size=8).map(lambda name: '/' + os.fsdecode(name).strip('/.\0'))
SPECIAL = {
    'size': st.sampled_from(['', '192x320']),
    'network_size': st.sampled_from(['', '192x320']),
    'cameras': st.lists(st.sampled_from(['front', 'rear', 'on', 'y']), unique=True).map(tuple),
    'lidar.extrinsics': st.just('0 0 0 0 0 0 1'),
    'mean': st.tuples(*[numbers(0, 1)] * 3),
    'std': st.tuples(*[numbers(0.1, 1)] * 3),
}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('files')


def values_of(item):
    """Return values that a setting may have."""
    if item.name in SPECIAL:
        return SPECIAL[item.name]
    if item.choices:
        return st.sampled_from(item.choices)
    least = -1e9 if item.minimum is None else item.minimum
    most = 1e9 if item.maximum is None else item.maximum
    return {
        bool: st.booleans(),
        int: st.integers(math.ceil(least), math.floor(most)),
        float: st.floats(least, most),
        str: NAMES,
        TEXTS: st.lists(NAMES, max_size=3).map(tuple),
        NUMBERS: st.lists(numbers(-1e9, 1e9), min_size=1).map(tuple),
    }[item.type]


def settings_of(kind, **needed):
    """Return settings of a class with any values that it may have."""
    some = {item.name: values_of(item) for item in describe(kind) if item.name not in needed}
    required = {name: st.just(value) for name, value in needed.items()}
    return st.fixed_dictionaries(required, optional=some).map(partial(made, kind))


def made(kind, values):
    try:
        return build(kind, values)
    except SettingsError:
        # Values that do not go together, such as a range that ends before it begins.
        return reject()


KINDS = {
    NightDepthSettings: settings_of(NightDepthSettings),
    TrainerSettings: settings_of(TrainerSettings),
    OnnxSettings: settings_of(OnnxSettings, model='m.onnx', output='depth'),
}


@pytest.mark.parametrize('kind', KINDS)
@ALWAYS_THE_SAME
@given(st.data())
def test_settings(folder, kind, data):
    wanted = data.draw(KINDS[kind])
    values = json.loads(json.dumps(asdict(wanted)))
    path = folder / 'settings.yaml'
    for content in (values, dict(flatten(values))):
        path.write_text(yaml.safe_dump(content), encoding='utf-8')
        assert load(kind, path) == wanted


DEPTH_NET, ENHANCER = DepthNet(SMALL), IlluminationNet(1)
WEIGHTS = st.floats(width=32)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers(-1e300, 1e300) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
PROVENANCE = st.builds(
    Provenance, TEXT, st.integers(0, 10**12), TEXT, st.dictionaries(TEXT, JSON, max_size=2)
)


@ALWAYS_THE_SAME
@given(
    st.lists(WEIGHTS, min_size=1, max_size=4),
    st.none() | st.tuples(*[st.integers(1, 4096)] * 2),
    st.builds(Bridge, *[numbers(-10, 10)] * 4),
    PROVENANCE,
    st.booleans(),
)
def test_checkpoints(folder, weights, size, confidence, provenance, half):
    for tensor in ENHANCER.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.tensor(np.resize(weights, tensor.shape)))
    kept = Checkpoint(DEPTH_NET, ENHANCER, None, None, size, confidence, provenance)
    path, dtype = folder / 'weights.safetensors', torch.float16 if half else torch.float32
    save_checkpoint(kept, path, dtype)
    found = load_checkpoint(path)
    assert replace(found, depth_net=None, enhancer=None) == replace(
        kept, depth_net=None, enhancer=None
    )
    for ours, theirs in ((DEPTH_NET, found.depth_net), (ENHANCER, found.enhancer)):
        wanted, there = ours.state_dict(), theirs.state_dict()
        assert wanted.keys() == there.keys()
        for name, tensor in wanted.items():
            stored = tensor.to(dtype).float() if tensor.is_floating_point() else tensor
            assert torch.equal(there[name].nan_to_num(7), stored.nan_to_num(7)), name


SHAPES = st.lists(st.integers(0, 4), max_size=3).map(tuple)


@ALWAYS_THE_SAME
@given(
    st.tuples(st.sampled_from(['|u1', '<f2', '<f4', '<i8']), SHAPES).flatmap(
        lambda kind: st.lists(arrays(*kind), max_size=3).map(lambda rows: (*kind, rows))
    )
)
def test_arrays_that_grew(folder, kind):
    dtype, shape, rows = kind
    with ArrayFile(folder / 'rows.npy', shape, dtype) as file:
        for row in rows:
            file.append(row)
    found = load_array(folder / 'rows.npy')
    assert (found.dtype, found.shape) == (np.dtype(dtype), (len(rows), *shape))
    np.testing.assert_array_equal(found, np.array(rows, dtype).reshape(found.shape))


INDICES = st.builds(
    StoreIndex,
    name=PATHS, kind=TEXT, content=TEXT, settings=st.dictionaries(TEXT, JSON, max_size=2),
    height=st.just(2), width=st.just(3), frame_count=st.just(SHARD_FRAMES + 2),
    triplet_count=st.just(0), seen_count=st.integers(0, 9), period_ns=st.integers(0, 10**12),
    located_count=st.integers(0, 9), dropped=st.dictionaries(TEXT, st.integers(0, 9), max_size=2),
    damage=TEXT, has_depth=st.booleans(),
)  # fmt: skip


@settings(ALWAYS_THE_SAME, max_examples=5)
@given(INDICES, cameras(), STAMPS_NS)
def test_stores(tmp_path_factory, index, camera, stamp_ns):
    place = tmp_path_factory.mktemp('store')
    count, random = index.frame_count, np.random.default_rng(0)
    frames = random.integers(0, 256, (count, 2, 3, 3), np.uint8)
    depth = random.random((count, 2, 3)).astype(np.float16)
    with StoreFiles(place, (2, 3), index.has_depth) as files:
        for row in range(count):
            files.append(Prepared(frames[row], camera, depth[row]), stamp_ns - row)
    with ArrayFile(place / 'triplets.npy', (3,), '<i8'):
        pass
    (place / INDEX).write_bytes(index_bytes(index))
    store = open_store(place)
    assert store.index == index
    np.testing.assert_array_equal([store.frame(row) for row in range(count)], frames)
    if index.has_depth:
        np.testing.assert_array_equal([store.depth(row) for row in range(count)], depth)
    np.testing.assert_array_equal(store.stamps, stamp_ns - np.arange(count))
    np.testing.assert_array_equal(store.intrinsics[-1], np.float32(camera.matrix))


JOBS = st.builds(
    Job,
    night=st.lists(PATHS, min_size=1, max_size=2).map(tuple),
    out=st.just(Path()),
    start=PATHS.map(Path),
    training=st.builds(
        TrainingSettings, st.integers(1, 10**9), learning_rate=numbers(1e-12, 1),
        halving_epochs=st.lists(st.integers(0, 99), max_size=3).map(tuple),
        seed=st.integers(0, 2**63), mean_decay=numbers(0, 0.999), compile=st.booleans(),
    ),
    day=st.lists(PATHS, min_size=1, max_size=2).map(tuple),
    teacher=st.none() | PATHS.map(Path),
    store=settings_of(StoreSettings),
    options=st.builds(
        DriveOptions, st.none() | NAMES, intrinsics=st.none() | PATHS.map(Path),
        rate_hz=st.none() | numbers(0.1, 100),
    ),
    validate=st.none() | PATHS.map(Path),
    reference_topic=st.none() | NAMES,
)  # fmt: skip


@ALWAYS_THE_SAME
@given(JOBS)
def test_trainings(folder, job):
    job = replace(job, out=folder)
    write_job(job)
    assert read_job(folder) == job
