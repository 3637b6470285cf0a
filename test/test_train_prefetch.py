"""
Batches that are ready in time, go on anywhere, and end cleanly.
"""

from __future__ import annotations

from itertools import islice
import threading
import time

from make_drives import HEIGHT, WIDTH, write_drive
import pytest
import torch

from steps_ros.data.store_building import build_store
from steps_ros.data.store_settings import StoreSettings
from steps_ros.errors import SourceError
from steps_ros.train.orders import Drawing
from steps_ros.train.prefetch import Prefetch
from steps_ros.train.triplet_dataset import TripletDataset


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp('drive')
    settings = StoreSettings(height=HEIGHT, width=WIDTH)
    path = write_drive(folder / 'night.mcap', 9)
    return TripletDataset(build_store(path, settings, cache=folder / 'cache'))


def test_batches_of_the_drawing_in_order(dataset):
    drawing = Drawing(len(dataset), 2, seed=1, day_count=len(dataset))
    with Prefetch(dataset, dataset, drawing) as batches:
        for step, batch in enumerate(islice(batches, 6)):
            draw = drawing.draw(step)
            expected = dataset.batch(draw.night, draw.night_flips)
            assert torch.equal(batch.night.frames, expected.frames)
            assert torch.equal(batch.night.intrinsics, expected.intrinsics)
            day = dataset.batch(draw.day, draw.day_flips)
            assert torch.equal(batch.day.frames, day.frames)


def test_going_on_at_a_step_gives_what_the_straight_run_gives(dataset):
    drawing = Drawing(len(dataset), 3, seed=5)
    with Prefetch(dataset, None, drawing) as batches:
        straight = list(islice(batches, 8))
    with Prefetch(dataset, None, drawing, start=5) as batches:
        resumed = list(islice(batches, 3))
    for one, other in zip(straight[5:], resumed, strict=True):
        assert torch.equal(one.night.frames, other.night.frames)
        assert one.day is None


def test_a_slow_step_does_not_wait(dataset):
    drawing = Drawing(len(dataset), 2)
    with Prefetch(dataset, None, drawing) as batches:
        for _ in islice(batches, 20):
            time.sleep(0.01)
        assert batches.waited_s < 0.5 * batches.elapsed_s
        assert batches.elapsed_s >= 0.19


def test_an_error_of_the_thread_reaches_the_step(dataset, monkeypatch):
    def fail(indices, flips):
        raise SourceError('the disk is gone')

    monkeypatch.setattr(dataset, 'batch', fail)
    with (
        Prefetch(dataset, None, Drawing(len(dataset), 2)) as batches,
        pytest.raises(SourceError, match='the disk is gone'),
    ):
        next(iter(batches))


def test_no_thread_is_left(dataset):
    before = threading.active_count()
    with Prefetch(dataset, None, Drawing(len(dataset), 2)) as batches:
        next(iter(batches))
    assert threading.active_count() == before
    assert list(batches) == []
