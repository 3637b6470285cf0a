"""``steps-ros train`` under torchrun: one result of two processes, one line for bad input."""

import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

import pytest
from test_cli_train import cache, drives, weights  # noqa: F401

from steps_ros.core.checkpoint import load_checkpoint

ROOT = Path(__file__).resolve().parent.parent
TORCHRUN = ('-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', '2')


def start(drives, weights, out, *more):  # noqa: F811
    command = [*TORCHRUN, '-m', 'steps_ros.cli', 'train', '--init', weights, '--out', out]
    options = ['--size', '64x96', '--device', 'cpu', '--batch', '1', '--preset', 'monodepth2']
    return subprocess.Popen(
        [sys.executable, *map(str, command), *options, *map(str, more)],
        env={**os.environ, 'PYTHONPATH': str(ROOT)}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def steps_of(out):
    if not (out / 'train.jsonl').exists():
        return []
    lines = (out / 'train.jsonl').read_text().splitlines(keepends=True)
    return [json.loads(line)['step'] for line in lines if line.endswith('\n')]


def test_two_processes_leave_one_result(tmp_path, drives, weights):  # noqa: F811
    out = tmp_path / 'out'
    process = start(drives, weights, out, '--bag', drives / 'night.mcap', '--max-steps', 2)
    said = process.communicate(timeout=110)[1]
    assert process.returncode == 0, said
    assert steps_of(out) == [1, 2]
    assert load_checkpoint(out / 'final.safetensors').provenance.step == 2
    assert len([*out.glob('tensorboard/*')]) <= 1
    assert said.count('wrote') == 1


def test_a_drive_that_is_not_there_ends_both(tmp_path, drives, weights):  # noqa: F811
    process = start(drives, weights, tmp_path / 'out', '--bag', tmp_path / 'missing.mcap')
    said = process.communicate(timeout=110)[1]
    own, _, _ = said.partition('torch/distributed')
    assert process.returncode == 1
    assert 'missing.mcap' in own
    assert 'Traceback' not in own


@pytest.mark.skipif(os.name != 'posix', reason='signals are sent as POSIX has them')
def test_ctrl_c_ends_both_after_a_step(tmp_path, drives, weights):  # noqa: F811
    out = tmp_path / 'out'
    process = start(drives, weights, out, '--bag', drives / 'night.mcap', '--max-steps', 5000)
    deadline = time.monotonic() + 80
    while time.monotonic() < deadline and len(steps_of(out)) < 2:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert 'go on with --resume' in said
    assert (out / 'checkpoints' / 'last.npz').is_file()
    assert not (out / 'final.safetensors').exists()
