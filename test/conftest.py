"""Isolation of live tests, real data, and small things that many tests share."""

from __future__ import annotations

import os
from pathlib import Path
import signal
import tempfile

# Before torch and rclpy are imported anywhere: spinning threads starve two-core machines, and
# each worker of pytest-xdist speaks on a ROS domain of its own, on this machine only.
_WORKER = int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0').removeprefix('gw'))
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')
# FFmpeg sets its level once: a test that writes a video before anybody is silent would decide.
os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '-8')
os.environ['ROS_DOMAIN_ID'] = str(20 + (os.getppid() % 70 + _WORKER) % 79)
os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
# Engines that tests build are not those of the user.
os.environ['XDG_CACHE_HOME'] = tempfile.mkdtemp(prefix='steps_ros_cache_')
os.environ['ROS_LOG_DIR'] = tempfile.mkdtemp(prefix='steps_ros_log_')

# A shell that runs tests in the background ignores Ctrl-C for them and for all that they start.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import pytest  # noqa: E402
import torch  # noqa: E402

PROJECT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get('STEPS_ROS_DATA', PROJECT.parent / 'shared'))

torch.set_num_threads(1)


def _shared_folder(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f'{folder} is absent; set STEPS_ROS_DATA to the folder that holds {name}/')
    return folder


@pytest.fixture(scope='session')
def shared_data() -> Path:
    """Return the folder of real frames, or skip with the reason."""
    return _shared_folder('data')


@pytest.fixture(scope='session')
def shared_reference() -> Path:
    """Return the folder of goldens and reference weights, or skip with the reason."""
    return _shared_folder('reference')
