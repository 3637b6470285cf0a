"""The keep-latest worker, with fakes and no ROS."""

from __future__ import annotations

import threading

from steps_ros.ros.worker import KeepLatestWorker

LIMIT_S = 5.0


class Recorder:
    """Work that waits for leave, and lists of what happened."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.superseded: list[int] = []
        self.failed: list[tuple[int, str]] = []
        self.begun = threading.Semaphore(0)
        self.leave = threading.Semaphore(0)

    def work(self, items: list[int]) -> None:
        (item,) = items
        self.begun.release()
        assert self.leave.acquire(timeout=LIMIT_S)
        if item < 0:
            raise ValueError(f'item {item}')
        self.done.append(item)

    def worker(self) -> KeepLatestWorker[int]:
        worker = KeepLatestWorker(
            self.work,
            self.superseded.append,
            lambda items, error: self.failed.append((items[0], str(error))),
        )
        worker.start()
        return worker


def test_a_slow_worker_takes_the_newest_and_reports_the_rest():
    recorder = Recorder()
    worker = recorder.worker()
    worker.offer('', 1)
    assert recorder.begun.acquire(timeout=LIMIT_S)
    for item in (2, 3, 4):
        worker.offer('', item)
    recorder.leave.release(2)
    assert recorder.begun.acquire(timeout=LIMIT_S)
    assert worker.stop(LIMIT_S)
    assert recorder.done == [1, 4]
    assert recorder.superseded == [2, 3]


def test_an_item_that_raises_does_not_end_the_thread():
    recorder = Recorder()
    worker = recorder.worker()
    recorder.leave.release(2)
    for item in (-1, 5):
        worker.offer('', item)
        assert recorder.begun.acquire(timeout=LIMIT_S)
    assert worker.stop(LIMIT_S)
    assert recorder.failed == [(-1, 'item -1')]
    assert recorder.done == [5]


def test_stop_reports_what_was_never_begun_and_keeps_its_time_limit():
    recorder = Recorder()
    worker = recorder.worker()
    worker.offer('', 1)
    assert recorder.begun.acquire(timeout=LIMIT_S)
    worker.offer('', 2)
    assert not worker.stop(0.01)
    assert recorder.superseded == [2]
    recorder.leave.release()
    assert worker.stop(LIMIT_S)
    assert recorder.done == [1]


def test_stop_before_start_is_no_error():
    assert KeepLatestWorker(lambda _: None, lambda _: None, lambda *_: None).stop()


def test_every_camera_has_its_turn_however_slow_the_work_is():
    """Three frames of each of four cameras a batch: each gets its newest, none starves."""
    done: list[list[tuple[str, int]]] = []
    superseded: list[tuple[str, int]] = []
    begun, leave = threading.Semaphore(0), threading.Semaphore(0)

    def work(items: list[tuple[str, int]]) -> None:
        begun.release()
        assert leave.acquire(timeout=LIMIT_S)
        done.append(items)

    worker = KeepLatestWorker(work, superseded.append, lambda *_: None)
    worker.start()
    names = ('front', 'rear', 'left', 'right')
    worker.offer('front', ('front', -1))
    for batch in range(5):
        assert begun.acquire(timeout=LIMIT_S)
        for tick in range(3):
            for name in names:
                worker.offer(name, (name, 3 * batch + tick))
        leave.release()
    assert begun.acquire(timeout=LIMIT_S)
    leave.release()
    assert worker.stop(LIMIT_S)
    assert done[0] == [('front', -1)]
    for batch, items in enumerate(done[1:]):
        assert sorted(items) == sorted((name, 3 * batch + 2) for name in names)
    assert len(superseded) == 2 * 5 * len(names)


def test_a_camera_without_a_fresh_frame_is_not_waited_for():
    done: list[list[str]] = []
    arrived = threading.Semaphore(0)

    def work(items: list[str]) -> None:
        done.append(items)
        arrived.release()

    worker = KeepLatestWorker(work, lambda _: None, lambda *_: None)
    worker.start()
    for item in ('a', 'b'):
        worker.offer('front', item)
        assert arrived.acquire(timeout=LIMIT_S)
    assert worker.stop(LIMIT_S)
    assert done == [['a'], ['b']]
