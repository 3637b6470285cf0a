"""Replay of a bag through the live node: its options, then the real processes."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
import signal
import subprocess
from threading import Thread
import time

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from make_bags import CAMERA, camera_messages, HEIGHT, stamp_ns, WIDTH, write_mcap
from ros_harness import write_tiny_checkpoint

from steps_ros.cli import evaluate
from steps_ros.cli.live import play_live
from steps_ros.cli.main import main
from steps_ros.core.camera import Camera
from steps_ros.data import messages
from steps_ros.data.bags import open_bag
from steps_ros.errors import OutputError, SettingsError, SourceError, StepsError
from steps_ros.ros import live, processes
from steps_ros.ros.live import LiveSettings, run_live
from steps_ros.ros.live_run import stamp_of

START_S = 60.0
BAG_FRAMES = 8


@pytest.fixture
def nothing_starts(monkeypatch) -> None:
    """Fail where processes would be started."""
    monkeypatch.setattr(live, 'perform', None)


@pytest.mark.parametrize('factor', [0.0, -1.0, float('nan'), 101.0])
def test_a_rate_factor_that_is_none_is_refused(factor, tmp_path):
    with pytest.raises(SettingsError, match='rate factor'):
        LiveSettings(tmp_path, tmp_path, rate_factor=factor)


@pytest.mark.usefixtures('nothing_starts')
def test_what_cannot_be_played_is_said_before_anything_starts(tmp_path):
    out = tmp_path / 'live'
    with pytest.raises(SourceError, match='does not exist'):
        run_live(LiveSettings(tmp_path / 'none.mcap', out))
    bag = write_mcap(tmp_path / 'drive.mcap', camera_messages(2))
    with pytest.raises(SourceError, match='no image topic /up'):
        run_live(LiveSettings(bag, out, image_topic='/up'))
    with pytest.raises(SourceError, match='no camera_info topic /up'):
        run_live(LiveSettings(bag, out, camera_info_topic='/up'))
    assert not out.exists()


@pytest.mark.usefixtures('nothing_starts')
def test_only_bags_are_played(tmp_path):
    import cv2

    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(SourceError, match='is no bag but a folder'):
        run_live(LiveSettings(tmp_path, tmp_path / 'live'))


@pytest.mark.usefixtures('nothing_starts')
def test_an_earlier_run_is_not_overwritten_unasked(tmp_path):
    bag = write_mcap(tmp_path / 'drive.mcap', camera_messages(2))
    out = tmp_path / 'live'
    out.mkdir()
    (out / 'recording.mcap').touch()
    with pytest.raises(OutputError, match='--overwrite'):
        run_live(LiveSettings(bag, out))
    assert (out / 'recording.mcap').exists()


@pytest.mark.parametrize(
    ('options', 'given'),
    [
        ((), {}),
        (('--engine', 'torch'), {'engine': 'torch'}),
        (('--light', 'auto'), {'light.mode': 'auto'}),
        (('--metric-scale', '2.5'), {'scale.source': 'fixed', 'scale.fixed': '2.5'}),
    ],
)
def test_engine_and_scale_of_the_command_are_the_nodes(options, given, tmp_path, monkeypatch):
    casts = []

    def refuse(cast, out):
        casts.append(cast)
        raise StepsError('seen')

    monkeypatch.setattr(live, 'perform', refuse)
    bag = write_mcap(tmp_path / 'drive.mcap', camera_messages(2))
    parser = argparse.ArgumentParser()
    evaluate.add_arguments(parser)
    with pytest.raises(StepsError, match='seen'):
        play_live(parser.parse_args([str(bag), '--out', str(tmp_path / 'out'), *options]))
    everywhere = {'use_sim_time': 'true', 'device': 'auto', 'precision': 'auto'}
    assert dict(casts[0].parameters) == {**everywhere, **given}


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory) -> Path:
    """Return untrained weights, small and quick."""
    return write_tiny_checkpoint(tmp_path_factory.mktemp('weights') / 'tiny.safetensors')


@pytest.fixture
def bag(tmp_path) -> Path:
    """Return a recording of a camera of another name, in a frame of its own, at 10 Hz."""
    noise = np.random.default_rng(0).integers(0, 60, (BAG_FRAMES, 96, 128, 3)).astype(np.uint8)
    items = []
    for index, image in enumerate(noise):
        when = stamp_ns(index)
        info = messages.camera_info_message(Camera.assumed(128, 96), when, 'front')
        items.append(('/front/camera_info', info, when))
        items.append(('/front/image', messages.image_message(image, when, 'front'), when))
    return write_mcap(tmp_path / 'drive.mcap', items)


@pytest.fixture
def started_processes(monkeypatch) -> list[subprocess.Popen]:
    """Return the list that every child of the stage will be in."""
    started = []
    real = subprocess.Popen

    def popen(*arguments, **options):
        started.append(real(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(processes.subprocess, 'Popen', popen)
    return started


def settings(bag, out, checkpoint, rate_factor) -> LiveSettings:
    """Return settings for torch alone: engines are built in the demo."""
    return LiveSettings(
        bag, out, rate_factor=rate_factor, checkpoint=checkpoint, device='cpu', engine='torch'
    )


@pytest.mark.live
@pytest.mark.timeout(180)
def test_replay_keeps_the_stamps_and_the_time_of_the_bag(
    bag, checkpoint, started_processes, tmp_path
):
    out = tmp_path / 'live'
    run = run_live(settings(bag, out, checkpoint, 2.0))
    assert len(started_processes) == 3
    assert all(process.returncode == 0 for process in started_processes)
    assert run.frames_in == BAG_FRAMES == run.frames_out + run.dropped
    assert sum(run.dropped_by_reason.values()) == run.dropped
    assert run.frames_out > 0 < run.latency_ms.p50 <= run.latency_ms.p99 < 60_000
    assert (run.scale, run.device, run.is_partial) == ('relative', 'cpu', False)
    own = [stamp_ns(index) for index in range(BAG_FRAMES)]
    with open_bag(run.recording) as recording:
        depth = list(recording.messages([run.depth_topic]))
        assert {stamp_of(message.content) for message in depth} <= set(own)
        assert {recording.decode(message).header.frame_id for message in depth} == {'front'}
        # The node stamps its diagnostics by the clock that it uses.
        told = [stamp_of(m.content) for m in recording.messages(['/diagnostics'])]
    assert own[0] <= told[-1] <= own[-1]


@pytest.mark.live
@pytest.mark.timeout(180)
def test_another_model_has_the_errors_that_it_has_without_the_node(tmp_path):
    onnx = pytest.importorskip('make_onnx')
    taken, given = ((1, channels, HEIGHT, WIDTH) for channels in (3, 1))
    model = onnx.describe_onnx(onnx.write_onnx(tmp_path / 'sum.onnx', taken, given))
    bag = _drive_with_depth(tmp_path / 'drive.mcap')
    reports = []
    for name, options in (('live', ['--live']), ('files', [])):
        out = tmp_path / name
        drive = [str(bag), '--checkpoint', str(model), '--device', 'cpu']
        assert main(['evaluate', *drive, '--metric-scale', '3', '--out', str(out), *options]) == 0
        reports.append(json.loads((out / 'report.json').read_text()))
    played, read = reports
    assert played['summary']['live.frames_out'] > 0
    for alignment, errors in read['overall'].items():
        assert played['overall'][alignment] == pytest.approx(errors)
    assert played['overall']['none']['abs_rel'] > 0.1
    for name in ('engine', 'checkpoint_sha256', 'depth_model_sha256', 'depth_output'):
        assert played['settings'][name] == read['settings'][name]
    assert played['settings']['engine'] == 'onnxruntime'
    assert played['settings']['scale'] == 'metric'


def _drive_with_depth(path: Path) -> Path:
    """Write equal pictures beside their depth, so that one that gets lost changes no error."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    image = np.stack([columns * 5 + 40, rows * 6 + 40, columns * 2 + rows], -1).astype(np.uint8)
    depth = (1 + image.astype(np.float32).sum(-1) / 100 + columns % 7).astype(np.float32)
    items = []
    for when in map(stamp_ns, range(BAG_FRAMES)):
        info = messages.camera_info_message(CAMERA, when, 'camera')
        items.append(('/camera/camera_info', info, when))
        items.append(('/camera/image_raw', messages.image_message(image, when, 'camera'), when))
        items.append(('/camera/depth', messages.depth_message(depth, when, 'camera'), when))
    return write_mcap(path, items)


@pytest.mark.live
@pytest.mark.timeout(180)
def test_ctrl_c_during_replay_leaves_a_whole_recording_and_no_process(
    bag, checkpoint, started_processes, tmp_path
):
    out = tmp_path / 'live'

    def interrupt() -> None:
        status = out / 'logs' / 'recorder.json'
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if status.exists() and json.loads(status.read_text())['frames_out']:
                break
            time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)

    Thread(target=interrupt, daemon=True).start()
    run = run_live(settings(bag, out, checkpoint, 0.1))
    assert all(process.poll() == 0 for process in started_processes)
    assert run.is_partial
    assert 0 < run.frames_out <= run.frames_in < BAG_FRAMES
    with open_bag(run.recording) as recording:
        assert len(list(recording.messages([run.depth_topic]))) == run.frames_out


@pytest.mark.live
@pytest.mark.timeout(180)
def test_a_node_that_cannot_start_says_why_at_once(bag, started_processes, tmp_path):
    nowhere = Path('/nowhere/x.safetensors')
    with pytest.raises(StepsError, match=r'did not start: /nowhere/x\.safetensors: no such'):
        run_live(settings(bag, tmp_path / 'live', nowhere, 1.0))
    assert all(process.poll() == 0 for process in started_processes)
