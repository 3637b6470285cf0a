"""``steps-ros train`` under torchrun: one result of two processes, one line for bad input."""

import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

from make_bags import write_mcap
from make_drives import DEPTH, items, moving, seconds
import pytest
from ranks import END
from test_cli_train import cache, drives, weights  # noqa: F401

from steps_ros.core.camera import Camera
from steps_ros.core.checkpoint import load_checkpoint
from steps_ros.data import messages
from steps_ros.inference.predictor import Predictor

HERE = Path(__file__).resolve().parent
ENVIRONMENT = {**os.environ, 'PYTHONPATH': str(HERE.parent)}
TORCHRUN = ('-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', '2')


def words(bag, weights, out, steps):  # noqa: F811
    """Return the command line of a small training."""
    given = ['train', '--bag', bag, '--init', weights, '--out', out, '--max-steps', steps]
    options = ['--size', '64x96', '--device', 'cpu', '--batch', '1', '--preset', 'monodepth2']
    options += ['--pose-warmup', '0']
    return [*map(str, given), *options]


def depth_as_predicted(path, weights):  # noqa: F811
    """Write a drive whose depth is what the weights say, so that any others are worse."""
    predictor = Predictor(load_checkpoint(weights), device='cpu', precision='float32')
    pictures = [moving(index, 64, 96) for index in range(2)]
    known = [
        (DEPTH, messages.depth_message(predictor.predict(picture).depth, stamp, 'camera'), stamp)
        for picture, stamp in zip(pictures, seconds(0, 0.1), strict=True)
    ]
    camera = Camera(96, 64, 60, 60, 48, 32)
    return write_mcap(path, [*items(pictures, camera, seconds(0, 0.1)), *known])


def steps_of(out):
    if not (out / 'train.jsonl').exists():
        return []
    lines = (out / 'train.jsonl').read_text().splitlines(keepends=True)
    return [json.loads(line)['step'] for line in lines if line.endswith('\n')]


@pytest.fixture(scope='module')
def ended(tmp_path_factory, drives, weights):  # noqa: F811
    """
    Train on a drive, on one that is not there, and to worse weights.

    :returns: the folder, and each command's exit codes and words.
    """
    folder = tmp_path_factory.mktemp('two')
    night = drives / 'night.mcap'
    commands = [
        words(drive, weights, folder / name, 2)
        for name, drive in (('out', night), ('none', folder / 'missing.mcap'))
    ]
    known = depth_as_predicted(folder / 'known.mcap', weights)
    spoils = ['--learning-rate', '0.1', '--validate', str(known)]
    commands.append([*words(night, weights, folder / 'worse', 1), *spoils])
    process = subprocess.run(
        [sys.executable, str(HERE / 'ranks.py'), *map(json.dumps, commands)],
        env=ENVIRONMENT, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    codes = map(json.loads, process.stdout.splitlines())
    return folder, *zip(codes, process.stderr.split(END), strict=False)


def test_two_processes_leave_one_result(ended):
    folder, (codes, said), *_ = ended
    out = folder / 'out'
    assert codes == [0, 0], said
    assert steps_of(out) == [1, 2]
    assert load_checkpoint(out / 'final.safetensors').provenance.step == 2
    assert len([*out.glob('tensorboard/*')]) <= 1
    assert said.count('wrote') == 1


def test_a_drive_that_is_not_there_ends_both(ended):
    _, _, (codes, said), _ = ended
    assert codes == [1, 1]
    assert 'missing.mcap' in said
    assert 'Traceback' not in said


def test_what_is_rejected_is_so_for_both(ended):
    folder, *_, (codes, said) = ended
    out = folder / 'worse'
    assert codes == [3, 3], said
    assert [path.name for path in out.glob('*.safetensors')] == ['rejected.safetensors']
    assert said.count('the result is kept aside as') == 1
    assert 'Rejected for abs_rel' in (out / 'model_card.md').read_text()


@pytest.mark.skipif(os.name != 'posix', reason='signals are sent as POSIX has them')
def test_ctrl_c_to_torchrun_ends_both_after_a_step(tmp_path, drives, weights):  # noqa: F811
    out = tmp_path / 'out'
    command = words(drives / 'night.mcap', weights, out, 5000)
    process = subprocess.Popen(
        [sys.executable, *TORCHRUN, '-m', 'steps_ros.cli', *command],
        env=ENVIRONMENT, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 80
    while time.monotonic() < deadline and len(steps_of(out)) < 2:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert 'go on with --resume' in said
    assert (out / 'checkpoints' / 'last.npz').is_file()
    assert not (out / 'final.safetensors').exists()
