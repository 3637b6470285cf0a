"""The way into the processes, which needs no ROS itself."""

from __future__ import annotations

import subprocess
import sys

from steps_ros.ros import entry

INTERRUPTED = """
import importlib, os, signal, time
from steps_ros.ros import entry

def slow_import(name):
    os.kill(os.getpid(), getattr(signal, '{name}'))
    time.sleep(20)

importlib.import_module = slow_import
entry.night_depth()
"""


def _run(name: str) -> subprocess.CompletedProcess[str]:
    code = INTERRUPTED.format(name=name)
    command = [sys.executable, '-c', code]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_ctrl_c_while_modules_load_is_quiet():
    for name in ('SIGINT', 'SIGTERM'):
        ended = _run(name)
        assert (ended.returncode, ended.stderr) == (0, '')


def test_an_unknown_process_is_a_usage_error(capsys):
    assert entry.main(['nonsense']) == 2
    said = capsys.readouterr().err
    assert said.startswith('give one of night_depth, trainer, publisher, recorder, ')
