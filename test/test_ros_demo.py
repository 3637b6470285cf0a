"""The parts of the demo, without its processes."""

from __future__ import annotations

import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image

from steps_ros.errors import OutputError, SourceError, StepsError
from steps_ros.ros import demo, processes
from steps_ros.ros.demo import DemoSettings, run_demo, silent_topics, summarise
from steps_ros.ros.live_run import frame_id_of, LiveRun, Reception, stamp_of
from steps_ros.ros.outputs import FRAME_TOPICS
from steps_ros.ros.processes import isolated_environment, Processes, shipped_file
from steps_ros.ros.recorder import topics_of
from steps_ros.ros.statistics import Percentiles
from steps_ros.ros.status_file import read_status, write_status

PIXEL = np.zeros((1, 1, 3), np.uint8)
SENT = {'sent': 10, 'intrinsics': 'calibrated', 'skipped': 1}
NONE = Percentiles(*[float('nan')] * 3)


def _run(silent: str = '') -> LiveRun:
    return LiveRun(
        recording=Path('run.mcap'),
        depth_topic='/night_depth/output/depth',
        frames_in=10,
        frames_out=8,
        dropped=2,
        dropped_by_reason={'superseded': 2},
        latency_ms=NONE,
        since_stamp_ms=Percentiles(1.0, 2.0, 3.0),
        model_ms=Percentiles(12.5, float('nan'), float('nan')),
        topics={t: Reception(3, 5.0) for t in topics_of(list(FRAME_TOPICS)) if t != silent},
        engine='torch',
        device='cpu',
        precision='float32',
        network_size='64x96',
        checkpoint='x',
        scale='relative',
    )


def test_the_summary_has_what_the_contract_names():
    summary = summarise(_run(), SENT, 'clip')
    assert summary['frames_in'] == summary['frames_out'] + summary['dropped'] == 10
    assert summary['latency_ms'] == {'p50': 1.0, 'p95': 2.0, 'p99': 3.0}
    assert summary['model_ms']['p95'] is None
    assert summary['topics']['/camera/image_raw'] == {'count': 3, 'rate_hz': 5.0}
    assert (summary['scale'], summary['intrinsics']) == ('relative', 'calibrated')
    assert (summary['input'], summary['skipped']) == ('clip', 1)
    assert json.dumps(summary, allow_nan=False)


def test_a_silent_topic_is_named():
    assert silent_topics(_run()) == []
    assert silent_topics(_run('/night_depth/output/depth')) == ['/night_depth/output/depth']


def test_stamp_and_frame_id_are_read_from_the_bytes():
    message = Image()
    message.header.stamp.sec, message.header.stamp.nanosec = 12, 34
    message.header.frame_id = 'camera'
    assert stamp_of(serialize_message(message)) == 12_000_000_034
    assert frame_id_of(serialize_message(message)) == 'camera'


def test_what_is_recorded_follows_the_camera_and_the_choice():
    chosen = topics_of(['~/output/depth'], compressed=True)
    assert list(chosen) == [
        '/camera/image_raw/compressed',
        '/camera/camera_info',
        '/night_depth/output/depth',
        '/night_depth/output/scale',
        '/diagnostics',
    ]


def test_a_status_is_empty_until_it_is_written(tmp_path: Path):
    path = tmp_path / 'status.json'
    assert read_status(path) == {}
    write_status(path, {'sent': 1})
    assert read_status(path) == {'sent': 1}


def test_the_environment_is_isolated_and_the_profile_is_shipped(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(processes, '_has_shared_memory', lambda: True)
    for variable in processes.PROFILE_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    profile = shipped_file('fastdds_shm.xml')
    assert profile is not None
    environment = isolated_environment(tmp_path, profile)
    assert 1 <= int(environment['ROS_DOMAIN_ID']) <= 99
    assert environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
    assert environment['FASTDDS_DEFAULT_PROFILES_FILE'] == str(profile)
    assert shipped_file('no_such_file') is None


def _start(group: Processes, monkeypatch, code: str) -> None:
    real = subprocess.Popen
    with monkeypatch.context() as patch:
        patch.setattr(
            subprocess, 'Popen', lambda _, **more: real([sys.executable, '-c', code], **more)
        )
        group.start('child', [])


def test_a_process_that_fails_is_named_with_its_last_words(monkeypatch, tmp_path: Path):
    with Processes(tmp_path, {}) as group:
        _start(group, monkeypatch, 'import sys; print("out of film"); sys.exit(3)')
        end = time.monotonic() + 10
        while not group.has_ended('child') and time.monotonic() < end:
            time.sleep(0.02)
        with pytest.raises(StepsError, match='child ended with code 3: out of film'):
            group.check()


def test_a_process_that_is_deaf_is_stopped_in_time(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(processes, 'STOP_S', 0.2)
    deaf = (
        'import signal, time\n'
        'for number in (signal.SIGINT, signal.SIGTERM): signal.signal(number, signal.SIG_IGN)\n'
        'print("deaf", flush=True); time.sleep(60)'
    )
    with Processes(tmp_path, {}) as group:
        _start(group, monkeypatch, deaf)
        end = time.monotonic() + 10
        while not (tmp_path / 'child.log').read_text() and time.monotonic() < end:
            time.sleep(0.02)
        assert group.stop('child') == -9


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_does_not_disturb_the_stopping(monkeypatch, tmp_path: Path, number):
    monkeypatch.setattr(processes, 'STOP_S', 0.4)
    before = signal.getsignal(number)
    slow = (
        'import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN)\n'
        'print("up", flush=True); time.sleep(60)'
    )
    with Processes(tmp_path, {}) as group:
        _start(group, monkeypatch, slow)
        end = time.monotonic() + 10
        while not (tmp_path / 'child.log').read_text() and time.monotonic() < end:
            time.sleep(0.02)
        threading.Timer(0.2, os.kill, (os.getpid(), number)).start()
    assert group.has_ended('child')
    assert signal.getsignal(number) is before


def test_bad_input_is_said_before_anything_is_started(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(demo, 'perform', None)
    out = tmp_path / 'out'
    with pytest.raises(SourceError, match='does not exist'):
        run_demo(DemoSettings(tmp_path / 'missing', out, None, 'missing'))
    assert not out.exists()


def test_an_earlier_demo_is_not_overwritten_unasked(tmp_path: Path):
    import cv2

    cv2.imwrite(str(tmp_path / 'a.png'), PIXEL)
    out = tmp_path / 'out'
    out.mkdir()
    (out / 'summary.json').write_text('{}')
    with pytest.raises(OutputError, match='--overwrite'):
        run_demo(DemoSettings(tmp_path / 'a.png', out, None, 'a'))
    assert (out / 'summary.json').read_text() == '{}'
