"""An engine that fails while it runs: torch takes over, and it is said."""

from __future__ import annotations

import pytest
import torch

from steps_ros.core.checkpoint import Checkpoint
from steps_ros.core.depth_net import DepthNet, TINY
from steps_ros.inference.engines.job import Engine
from steps_ros.inference.engines.table import ENGINES
from steps_ros.inference.own_depth import MOST_FAILURES, OwnDepth

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

    sound = model._eager
    for name, forward in (('torch', full), ('openvino', full)):
        model._forwards[SIZE] = name, forward
        monkeypatch.setitem(model.__dict__, '_eager', full)
        with pytest.raises(torch.OutOfMemoryError):
            model.output(PICTURES, ())
        monkeypatch.setitem(model.__dict__, '_eager', sound)
    assert torch.isfinite(model.output(PICTURES, ())).all()
