"""What a process holds, as the system tells."""

import os
from pathlib import Path
import subprocess
import sys

from steps_ros.ros.vitals import segments_in_use, shared_memory_files, Vitals, vitals

CODE = """
import mmap, sys, threading
held = [open('/dev/null') for _ in range(5)]
file = open(sys.argv[1], 'w+b')
file.truncate(4096)
mapped = mmap.mmap(file.fileno(), 4096)
stop = threading.Event()
for _ in range(2):
    threading.Thread(target=stop.wait, daemon=True).start()
print('ready', flush=True)
sys.stdin.read()
"""


def test_threads_descriptors_and_shared_memory_are_counted():
    path = Path(f'/dev/shm/steps_ros_test_{os.getpid()}')
    command = [sys.executable, '-c', CODE, str(path)]
    pipes = {'stdin': subprocess.PIPE, 'stdout': subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:
        try:
            assert process.stdout.readline() == b'ready\n'
            held = vitals(process.pid)
            assert (held.threads, held.segments, held.gone) == (3, {str(path)}, set())
            assert held.descriptors >= 9
            assert held.rss_mb > 1
            assert str(path) in segments_in_use() & shared_memory_files()
            path.unlink()
            assert str(path) not in shared_memory_files()
            assert vitals(process.pid).gone == {str(path)}
        finally:
            path.unlink(missing_ok=True)
            process.stdin.close()
    ended = vitals(process.pid)
    assert ended[1:] == Vitals(0.0, 0, 0, frozenset())[1:]
