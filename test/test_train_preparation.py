"""How networks compute changes neither their numbers nor their names."""

from functools import partial

import pytest
from test_train_trainer import batch, networks
import torch
from torch import nn

from steps_ros.core.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from steps_ros.errors import SettingsError
from steps_ros.train.objective import step_losses
from steps_ros.train.objective_state import ObjectiveState
from steps_ros.train.preparation import prepare_networks, require_compiler
from steps_ros.train.presets import STEPS
from steps_ros.train.training_settings import TrainingSettings

CPU = torch.device('cpu')


def prepared(device=CPU, processes=1, **settings):
    return prepare_networks(networks(STEPS), TrainingSettings(1, **settings), device, processes)


def loss(learning):
    frames = batch(0).to(next(learning.parameters()).device)
    result = step_losses(learning, frames, frames, STEPS, ObjectiveState(STEPS))
    total = result.losses.total(STEPS)
    total.backward()
    return float(total.detach())


@pytest.fixture(scope='module')
def eager():
    return loss(prepared(channels_last=False))


def test_channels_last_changes_no_number(eager, tmp_path):
    inner = prepared(channels_last=True)
    weight = inner.depth.encoder.stem[0].weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert loss(inner) == pytest.approx(eager, rel=1e-5)
    save_checkpoint(Checkpoint(inner.depth.eval(), None), tmp_path / 'x.safetensors')
    saved = load_checkpoint(tmp_path / 'x.safetensors').depth_net
    assert torch.equal(saved.encoder.stem[0].weight, weight)


def test_compiled_networks_have_plain_names_and_the_same_loss(eager, monkeypatch):
    # All but the generation of C++, which takes minutes.
    capture = partial(nn.Module.compile, backend='eager')
    monkeypatch.setattr(nn.Module, 'compile', lambda module: capture(module))
    compiled = prepared(compile=True)
    assert loss(compiled) == pytest.approx(eager, rel=1e-5)
    assert compiled.state_dict().keys() == networks(STEPS).state_dict().keys()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='on a CPU compilation takes minutes')
def test_compiled_on_a_gpu():
    device = torch.device('cuda')
    plain = loss(networks(STEPS).to(device))
    compiled = networks(STEPS).to(device)
    prepare_networks(compiled, TrainingSettings(1, compile=True), device)
    assert loss(compiled) == pytest.approx(plain, rel=1e-4)


def test_without_a_compiler_one_line_says_so(monkeypatch):
    def lacking(_):
        raise RuntimeError('No working C++ compiler found in (None, "g++")\n\nmore')

    monkeypatch.setattr(torch, 'compile', lacking)
    with pytest.raises(SettingsError, match=r'cannot compile here \(No working.*without') as error:
        require_compiler(CPU)
    assert '\n' not in str(error.value)


def test_statistics_are_shared_on_gpus_alone():
    def kinds(whole):
        return {type(module) for module in whole.depth.modules()}

    assert nn.SyncBatchNorm in kinds(prepared(torch.device('cuda'), 2))
    assert nn.SyncBatchNorm not in kinds(prepared(torch.device('cuda'), 1))
    assert nn.SyncBatchNorm not in kinds(prepared(CPU, 2))
