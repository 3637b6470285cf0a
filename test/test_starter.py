"""Processes end with the one that started them, even where that is killed outright."""

from __future__ import annotations

import os
from pathlib import Path
import signal
import subprocess
import sys
import time

import pytest

from steps_ros import starter

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(sys.platform != 'linux', reason='only Linux tells of a starter that died'),
]
LIMIT_S = 20.0
# Each starts processes in the folder that it is given, names them and waits.
OF_THE_NODE = """
import os, subprocess, sys, time
from pathlib import Path
from steps_ros.ros.processes import Processes

child = '''
import importlib, time
from steps_ros.ros import entry
importlib.import_module = lambda name: (print("up", flush=True), time.sleep(60))
entry.main(["night_depth"])
'''
real = subprocess.Popen
subprocess.Popen = lambda _, **more: real([sys.executable, '-c', child], **more)
folder = Path(sys.argv[1])
group = Processes(folder, os.environ)
group.start('child', [])
while not (folder / 'child.log').read_text():
    time.sleep(0.05)
print(group._running['child'].pid, flush=True)
time.sleep(60)
"""
DRAWING = """
from multiprocessing import active_children
from pathlib import Path
import sys, time
from steps_ros.sim import drive, parts, shards
from steps_ros.sim.settings import ClipSettings

if __name__ == '__main__':
    folder = Path(sys.argv[1])
    drive.FRAMES_A_JOB = 1
    clip = ClipSettings(frames=2, height=8, width=12)
    given = {drawn}
    next(given)
    print(*(child.pid for child in active_children()), flush=True)
    time.sleep(60)
"""
PARTS = DRAWING.format(drawn='parts.drawn_frames(drive.Drive(clip, 1), folder, workers=2)')
SHARDS = DRAWING.format(
    drawn='shards.write_shards(shards.ShardSettings(clip, 2, 1), folder, workers=2)'
)
ORPHAN = 'import os; from steps_ros import starter; starter.end_with(os.getppid() + 1); print(1)'


def goes_on(process: str) -> bool:
    """Say whether the process is there and runs."""
    try:
        state = Path('/proc', process, 'stat').read_text().rpartition(')')[2].split()[0]
    except OSError:
        return False
    return state not in 'ZX'


@pytest.mark.parametrize(
    'script', [OF_THE_NODE, PARTS, SHARDS], ids=['of the node', 'parts', 'shards']
)
def test_nothing_outlives_a_starter_that_is_killed(tmp_path, script):
    program = tmp_path / 'program.py'
    program.write_text(script)
    command = [sys.executable, program, tmp_path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as begun:
        processes = begun.stdout.readline().split()
        begun.kill()
    assert processes
    end = time.monotonic() + LIMIT_S
    while any(map(goes_on, processes)) and time.monotonic() < end:
        time.sleep(0.02)
    left = [process for process in processes if goes_on(process)]
    for process in left:
        os.kill(int(process), signal.SIGKILL)
    assert left == []


def test_who_comes_too_late_ends_at_once():
    ended = subprocess.run(
        [sys.executable, '-c', ORPHAN], capture_output=True, timeout=LIMIT_S, check=False
    )
    assert (ended.returncode, ended.stdout) == (-signal.SIGTERM, b'')


def test_elsewhere_nothing_is_asked_for(monkeypatch):
    monkeypatch.setattr(sys, 'platform', 'darwin')
    monkeypatch.setattr(starter, 'ctypes', None)
    starter.end_with(0)
