"""An engine that fails while it runs: torch takes over, and it is said."""

from __future__ import annotations

from functools import partial
import logging
import sys
from threading import Thread
from time import sleep

import pytest
import torch

from steps_ros.core.checkpoint import Checkpoint
from steps_ros.core.depth_net import DepthNet, TINY
from steps_ros.errors import SettingsError
from steps_ros.inference import own_depth
from steps_ros.inference.engines import choice, torch_eager
from steps_ros.inference.engines.cache import cache_folder
from steps_ros.inference.engines.choice import Rounds
from steps_ros.inference.engines.job import Engine
from steps_ros.inference.engines.table import ENGINES
from steps_ros.inference.own_depth import FAILURES_S, MOST_FAILURES, OwnDepth, Running

SIZE = (64, 96)
PICTURES = torch.rand(2, 3, *SIZE)


class Failing:
    """An engine that raises while ``error`` is set, and computes zeros else."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.engine = Engine(lambda job: '', lambda: '1', self.build, self.build)

    def build(self, job, folder):
        def forward(pictures, rays):
            if self.error is not None:
                raise self.error
            return job.network.disparity(pictures, rays)

        return forward


@pytest.fixture
def failing(tmp_path, monkeypatch) -> Failing:
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    made = Failing()
    monkeypatch.setitem(ENGINES, 'openvino', made.engine)
    return made


@pytest.fixture
def model(failing) -> OwnDepth:
    torch.manual_seed(0)
    weights = Checkpoint(DepthNet(TINY).eval())
    return OwnDepth(weights, SIZE, torch.device('cpu'), 'float32', 'openvino')


@torch.inference_mode()
def test_an_engine_that_fails_once_costs_no_picture_and_stays(failing, model, caplog):
    exact = model.output(PICTURES, ())
    failing.error = torch.OutOfMemoryError('CUDA out of memory.\nTried to allocate 2 GiB')
    torch.testing.assert_close(model.output(PICTURES, ()), exact)
    failing.error = None
    torch.testing.assert_close(model.output(PICTURES, ()), exact)
    assert (model.engine, model.described) == ('openvino', {})
    (line,) = (record.message for record in caplog.records)
    assert line.startswith('openvino at 64x96: OutOfMemoryError: CUDA out of memory. Tried')
    assert line.endswith('torch for this picture')


@torch.inference_mode()
def test_one_that_goes_on_failing_is_replaced_by_torch(failing, model, caplog):
    failing.error = RuntimeError('the driver has gone')
    for _ in range(MOST_FAILURES + 2):
        assert torch.isfinite(model.output(PICTURES, ())).all()
    assert model.engine == 'torch'
    said = model.described['engine_choice']
    assert said == (
        f'openvino at 64x96: it failed {MOST_FAILURES} times: RuntimeError: the driver has gone; '
        'torch instead'
    )
    assert len(caplog.records) == MOST_FAILURES


@torch.inference_mode()
def test_where_torch_fails_too_the_picture_fails_and_the_next_one_works(model, monkeypatch):
    def full(pictures, rays):
        raise torch.OutOfMemoryError('CUDA out of memory')

    sound = model._torch
    for name in ('torch', 'openvino'):
        model._forwards[SIZE] = Running(name, 'float32', full)
        monkeypatch.setitem(model.__dict__, '_torch', Running('torch', 'float32', full))
        with pytest.raises(torch.OutOfMemoryError):
            model.output(PICTURES, ())
        monkeypatch.setitem(model.__dict__, '_torch', sound)
    assert torch.isfinite(model.output(PICTURES, ())).all()


@torch.inference_mode()
def test_failures_that_lie_far_apart_end_nothing(failing, model, monkeypatch):
    failing.error = RuntimeError('the driver was busy')
    for number in range(2 * MOST_FAILURES):
        monkeypatch.setattr(own_depth, 'monotonic', lambda at=number: at * FAILURES_S)
        model.output(PICTURES, ())
    assert (model.engine, model.described) == ('openvino', {})
    for _ in range(MOST_FAILURES - 1):
        model.output(PICTURES, ())
    assert model.engine == 'torch'


@torch.inference_mode()
def test_that_there_are_too_many_sizes_is_said_once(failing, monkeypatch):
    monkeypatch.setattr(own_depth, 'MOST_SIZES', 1)
    weights = Checkpoint(DepthNet(TINY).eval())
    model = OwnDepth(weights, None, torch.device('cpu'), 'float32', 'openvino')
    for number in range(4):
        model.output(torch.zeros(1, 3, 64, 64 + 32 * number), ())
    assert model.engine == 'openvino, torch'
    said = 'there are more than 1 sizes; torch for the others'
    assert model.described == {'engine_choice': said}


def test_two_threads_take_turns(failing, model):
    inside, most = [], []
    sound = model._forwards[SIZE].forward

    def forward(pictures, rays):
        inside.append(None)
        most.append(len(inside))
        sleep(0.05)
        inside.pop()
        return sound(pictures, rays)

    model._forwards[SIZE] = model._forwards[SIZE]._replace(forward=forward)
    threads = [Thread(target=model.output, args=(PICTURES, ())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1]


@torch.inference_mode()
def test_a_network_that_torch_cannot_compile_is_computed_as_it_is(tmp_path, monkeypatch, caplog):
    def broken(forward):
        def call(*arguments):
            raise RuntimeError('CppCompileError: cc1plus\nwas killed')

        return call

    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    monkeypatch.setenv('CXX', sys.executable)
    monkeypatch.setattr(torch, 'compile', broken)
    weights = Checkpoint(DepthNet(TINY).eval())
    model = OwnDepth(weights, SIZE, torch.device('cpu'), 'float32', 'torch-compile')
    reason = (
        'torch-compile at {}x{}: it fails: RuntimeError: CppCompileError: cc1plus was killed; '
        'torch instead'
    ).format(*SIZE)
    assert (model.engine, model.described) == ('torch', {'engine_choice': reason})
    assert reason in caplog.messages
    found = model.output(PICTURES, ())
    torch.testing.assert_close(found, weights.depth_net.disparity(PICTURES))


@torch.inference_mode()
def test_a_network_that_torch_captures_says_the_same(tmp_path, monkeypatch):
    """All but the C++ compiler, which takes minutes, is torch's own."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    monkeypatch.setenv('CXX', sys.executable)
    monkeypatch.setattr(torch, 'compile', partial(torch.compile, backend='eager'))
    counters = torch._dynamo.utils.counters['stats']
    counters.clear()
    weights = Checkpoint(DepthNet(TINY).eval())
    model = OwnDepth(weights, SIZE, torch.device('cpu'), 'float32', 'torch-compile')
    assert (model.engine, model.described) == ('torch-compile', {})
    assert counters['unique_graphs'] > 0
    found = model.output(PICTURES, ())
    torch.testing.assert_close(found, weights.depth_net.disparity(PICTURES))


@pytest.fixture
def off(monkeypatch) -> list[str]:
    """Let torch in bfloat16 be off by a tenth; return which number types were built."""
    built = []

    def build(job, folder):
        built.append(job.precision)
        factor = 1.1 if job.precision == 'bfloat16' else 1.0
        return lambda pictures, rays: factor * job.network.disparity(pictures, rays)

    engine = Engine(torch_eager.missing, torch_eager.version, build, build)
    monkeypatch.setitem(ENGINES, 'torch', engine)
    return built


@torch.inference_mode()
@pytest.mark.parametrize('size', [SIZE, None])
def test_torch_in_16_bits_is_checked_and_float32_taken_where_it_is_off(
    size, tmp_path, off, monkeypatch
):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    weights = Checkpoint(DepthNet(TINY).eval())
    for _ in range(2):
        model = OwnDepth(weights, size, torch.device('cpu'), 'bfloat16')
        found = model.output(PICTURES, ())
        torch.testing.assert_close(found, weights.depth_net.disparity(PICTURES))
        assert (model.engine, model.precision) == ('torch', 'float32')
        said = model.described['engine_choice']
        assert said.startswith('torch in bfloat16: refused by its self-check: depth differs')
        assert said.endswith('; float32 instead')
    # That it was refused is kept.
    assert off == ['bfloat16', 'float32', 'float32']


@torch.inference_mode()
def test_torch_in_16_bits_that_is_right_is_kept_as_checked(failing):
    weights = Checkpoint(DepthNet(TINY).eval())
    model = OwnDepth(weights, SIZE, torch.device('cpu'), 'bfloat16')
    assert (model.engine, model.precision, model.described) == ('torch', 'bfloat16', {})
    assert len(list(cache_folder().glob('engine-*'))) == 1


def test_torch_that_cannot_be_built_says_what_to_do(failing, monkeypatch):
    def full(job, folder):
        raise torch.OutOfMemoryError('CUDA out of memory')

    monkeypatch.setitem(ENGINES, 'torch', ENGINES['torch']._replace(build=full))
    with pytest.raises(SettingsError, match='CUDA out of memory; make room there, or take'):
        OwnDepth(Checkpoint(DepthNet(TINY)), SIZE, torch.device('cpu'), 'float32')


@torch.inference_mode()
def test_auto_takes_the_next_one_where_its_choice_is_refused_and_remembers_that(
    failing, monkeypatch, caplog
):
    measured, seconds = [], {'torch': 3.0, 'onnxruntime': 2.0, 'openvino': 1.0}

    def rounds(forwards, job):
        measured.append(sorted(forwards))
        return Rounds({name: seconds[name] for name in forwards}, {})

    def made():
        return OwnDepth(weights, SIZE, torch.device('cpu'), 'float32', 'auto')

    next_one = Failing()
    monkeypatch.setitem(ENGINES, 'onnxruntime', next_one.engine)
    monkeypatch.setattr(choice, 'fastest_rounds', rounds)
    weights = Checkpoint(DepthNet(TINY).eval())
    assert made().engine == 'openvino'
    weights = Checkpoint(DepthNet(TINY).eval())
    failing.error = RuntimeError('it does not like these weights')
    model = made()
    assert model.engine == 'onnxruntime'
    assert '; onnxruntime instead' in model.described['engine_choice']
    assert 'openvino at 64x96: it fails: RuntimeError: it does not like' in caplog.text
    caplog.clear()
    later = made()
    assert later.engine == 'onnxruntime'
    assert 'openvino passed over: it fails' in later.described['engine_choice']
    assert measured == [['onnxruntime', 'openvino', 'torch'], ['onnxruntime', 'torch']]
    assert [item for item in caplog.records if item.levelno >= logging.WARNING] == []
