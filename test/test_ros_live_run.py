"""The numbers of a run, from recordings whose numbers are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from steps_ros.data import messages
from steps_ros.data.mcap_writer import McapWriter
from steps_ros.errors import SourceError
from steps_ros.ros.live_run import INTERRUPTED, LOST, read_live_run, summary_of

IMAGE, DEPTH = '/camera/image_raw', '/night_depth/output/depth'
START_NS, MILLISECOND, SECOND = 1_700_000_000_000_000_000, 1_000_000, 1_000_000_000
PIXELS, METRES = np.zeros((2, 2, 3), np.uint8), np.ones((2, 2), np.float32)
# Receipts have nothing to do with stamps: the drive may be years old.
RECEIVED_NS = START_NS + 90_000 * SECOND
SAID = {
    'output': {'dropped': '2', 'dropped.superseded': '2', 'rate_hz': '5'},
    'timing': {'model_ms.p50': '12.5', 'model_ms.p95': '20.0', 'model_ms.p99': 'nan'},
    'model': {
        'engine': 'torch',
        'device': 'cpu',
        'checkpoint': 'x',
        'precision': 'float32',
        'checkpoint_sha256': '0a',
        'depth_model': 'x.onnx',
    },
    'scale': {'scale': 'relative'},
}


def _diagnostics(said: dict[str, dict[str, str]], stamp_ns: int):
    types = messages.typestore().types
    status, pair = (
        types['diagnostic_msgs/msg/DiagnosticStatus'],
        types['diagnostic_msgs/msg/KeyValue'],
    )
    return types['diagnostic_msgs/msg/DiagnosticArray'](
        header=messages.header(stamp_ns, ''),
        status=[
            status(0, f'night_depth: {part}', 'fine', '', [pair(*item) for item in values.items()])
            for part, values in said.items()
        ],
    )


def _recording(path: Path, delays_ms: dict[int, float], images: int = 5) -> Path:
    """Write images at 10 Hz and, for some of them, depth so many milliseconds later."""
    with McapWriter(path) as writer:
        for index in range(images):
            stamp, came = START_NS + index, RECEIVED_NS + index * SECOND // 10
            image = messages.image_message(PIXELS, stamp, 'camera')
            writer.write_message(IMAGE, image, stamp, came)
            if index in delays_ms:
                came += round(delays_ms[index] * MILLISECOND)
                depth = messages.depth_message(METRES, stamp, 'camera')
                writer.write_message(DEPTH, depth, stamp, came)
        for said in ({'output': {'dropped.superseded': '1'}}, SAID):
            writer.write_message('/diagnostics', _diagnostics(said, stamp), stamp, came)
    return path


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Return five images, three of which became depth after 10, 20 and 40 ms."""
    return _recording(tmp_path / 'run.mcap', {0: 10, 2: 20, 4: 40})


def test_latency_is_from_receipt_to_receipt(recording):
    run = read_live_run(recording)
    assert run.latency_ms == pytest.approx((20.0, 38.0, 39.6))
    assert run.since_stamp_ms.p50 == pytest.approx(90_000_220.0)


def test_every_frame_is_accounted_for(recording):
    run = read_live_run(recording, frames_in=6, behind_s=0.5)
    assert (run.frames_in, run.frames_out, run.dropped) == (6, 3, 3)
    assert run.dropped_by_reason == {'superseded': 2, LOST: 1}
    assert run.behind_s == 0.5
    assert read_live_run(recording).dropped_by_reason == {'superseded': 2}


def test_what_a_broken_off_run_leaves_open_is_not_called_lost(recording):
    run = read_live_run(recording, frames_in=6, is_partial=True)
    assert run.dropped_by_reason == {'superseded': 2, INTERRUPTED: 1}
    assert run.is_partial


def test_fewer_sent_than_recorded_cannot_be(recording):
    assert read_live_run(recording, frames_in=0).frames_in == 5


def test_rates_are_of_receipts(recording):
    topics = read_live_run(recording).topics
    assert topics[IMAGE] == (5, 10.0)
    assert topics[IMAGE].span_s == 0.4
    assert topics[DEPTH].count == 3
    assert topics[DEPTH].rate_hz == pytest.approx(2 / 0.43, abs=1e-3)


def test_the_last_word_of_the_node_is_taken(recording):
    run = read_live_run(recording)
    assert (run.engine, run.device, run.checkpoint, run.scale) == ('torch', 'cpu', 'x', 'relative')
    assert run.model == {'checkpoint_sha256': '0a', 'depth_model': 'x.onnx'}
    assert run.model_ms[:2] == (12.5, 20.0)
    summary = summary_of(run)
    assert summary['depth_model'] == 'x.onnx'
    assert summary['model_ms'] == {'p50': 12.5, 'p95': 20.0, 'p99': None}
    assert json.dumps(summary, allow_nan=False)


def test_a_node_that_gave_nothing_makes_a_run_too(tmp_path):
    run = read_live_run(_recording(tmp_path / 'run.mcap', {}))
    assert (run.frames_in, run.frames_out, run.dropped) == (5, 0, 5)
    assert summary_of(run)['latency_ms'] == {'p50': None, 'p95': None, 'p99': None}


def test_a_recording_that_is_none_is_one_line(tmp_path):
    with pytest.raises(SourceError, match='does not exist'):
        read_live_run(tmp_path / 'run.mcap')


def test_a_scale_that_came_late_is_told_by_its_share_of_the_time(tmp_path):
    path = _recording(tmp_path / 'late.mcap', {0: 10.0})
    with McapWriter(tmp_path / 'metric.mcap') as writer:
        for number, kind in enumerate(('relative', 'metric', 'metric', 'metric')):
            stamp = START_NS + number * SECOND
            said = _diagnostics({'scale': {'scale': kind}}, stamp)
            writer.write_message('/diagnostics', said, stamp, stamp)
    assert read_live_run(path).scale == 'relative'
    assert read_live_run(tmp_path / 'metric.mcap').scale == 'metric 75%, relative 25%'
