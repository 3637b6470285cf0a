"""
The listener of a soak: takes all outputs of all cameras, and notes what becomes of each frame.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
import numpy as np
from rcl_interfaces.msg import Log
from rclpy.node import Node
from rclpy.qos import qos_profile_rosout_default
from rclpy.serialization import deserialize_message
from rclpy.time import Time
from rclpy.utilities import remove_ros_args
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image

from steps_ros.ros.dropped_frame import read_words
from steps_ros.ros.image_input import COMPRESSED, IMAGE
from steps_ros.ros.live_run import frame_id_of, last_words
from steps_ros.ros.names import (
    camera_topic,
    CLOCK,
    CONFIDENCE,
    DEPTH,
    DIAGNOSTICS,
    DROPPED_FOR,
    LOG,
    NODE,
    of_node,
    SOAK_LISTENER,
)
from steps_ros.ros.outputs import FRAME_TOPICS
from steps_ros.ros.qos import input_profile, RELIABLE
from steps_ros.ros.soak_ledger import TOPICS
from steps_ros.ros.soak_plan import CAMERAS, ENDS, frame_of, number_of, RAW, SoakCamera, UNSURE
from steps_ros.ros.spin import guarded, run_node
from steps_ros.ros.status_file import write_status

# What a picture that shows nothing must stay below, everywhere.
LOW_CONFIDENCE = 0.2
STATUS_PERIOD_S = 0.25
KEEP_LAST = 50
STATE, MODEL = f'{NODE}: state', f'{NODE}: model'


class Listener(Node):
    """Subscribes to the outputs, to /diagnostics and to the log, and reports to files."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Subscribe."""
        super().__init__(SOAK_LISTENER)
        self._status: Path = options.status
        self._ledger: Path = options.ledger
        self._is_ready = False
        self._outputs: dict[str, list[int]] = {topic: [] for topic in TOPICS}
        self._drops: list[tuple[int, str]] = []
        self._unsure: list[int] = []
        self._done: set[int] = set()
        self._clock_ns = self._clock_jumps = 0
        self._said: dict[str, dict[str, str]] = {}
        profile = input_profile(RELIABLE, KEEP_LAST)
        for topic in TOPICS:
            callback = guarded(self, partial(self._note_output, topic))
            for camera in CAMERAS:
                name = of_node(camera_topic(topic, camera.name))
                self.create_subscription(FRAME_TOPICS[topic], name, callback, profile, raw=True)
        for kind, name, note, quality in (
            (DiagnosticArray, DIAGNOSTICS, self._note_report, profile),
            (Log, LOG, self._note_line, qos_profile_rosout_default),
            (Clock, CLOCK, self._note_time, profile),
        ):
            self.create_subscription(kind, name, guarded(self, note), quality)
        self.create_timer(STATUS_PERIOD_S, guarded(self, self._report))

    def close(self) -> None:
        """Report for the last time, and every frame."""
        self._report()
        values = {'outputs': self._outputs, 'drops': self._drops, 'unsure': self._unsure}
        write_status(self._ledger, values)

    def _note_output(self, topic: str, content: bytes) -> None:
        number = number_of(frame_id_of(content))
        self._outputs[topic].append(number)
        if topic == DEPTH:
            self._done.add(number)
        if topic == CONFIDENCE and UNSURE in ENDS[frame_of(number).kind]:
            values = np.frombuffer(deserialize_message(content, Image).data, np.float32)
            if values.max() < LOW_CONFIDENCE:
                self._unsure.append(number)

    def _note_line(self, line: Log) -> None:
        dropped = read_words(line.msg) if line.name == NODE else None
        if dropped is not None:
            number = number_of(dropped.frame_id)
            self._drops.append((number, dropped.reason))
            self._done.add(number)

    def _note_time(self, message: Clock) -> None:
        now_ns = Time.from_msg(message.clock).nanoseconds
        self._clock_jumps += now_ns < self._clock_ns
        self._clock_ns = now_ns

    def _note_report(self, message: DiagnosticArray) -> None:
        self._said |= last_words(message)

    def _report(self) -> None:
        self._is_ready = self._is_ready or self._is_active()
        state, model = (self._said.get(name, {}) for name in (STATE, MODEL))
        is_error = state.get('level') == str(DiagnosticStatus.ERROR[0])
        inputs, outputs = self._of_cameras('input'), self._of_cameras('output')
        values: dict[str, Any] = {
            'ready': self._is_ready,
            'problem': state['message'] if is_error else '',
            'engine': model.get('engine', ''),
            'dropped': dict(sum(map(_drops, outputs), Counter[str]())),
            'node_received': sum(int(said.get('received', 0)) for said in inputs),
            'node_published': sum(int(said.get('published', 0)) for said in outputs),
            'clock_jumps': self._clock_jumps,
            'done': len(self._done),
        }
        write_status(self._status, values)

    def _of_cameras(self, part: str) -> list[dict[str, str]]:
        """Return what the node says of a part of each camera."""
        return [self._said.get(f'{NODE}/{camera.name}: {part}', {}) for camera in CAMERAS]

    def _is_active(self) -> bool:
        """Say whether the node publishes and listens to all cameras."""
        return all(
            self.count_publishers(of_node(camera_topic(DEPTH, camera.name)))
            and self.count_subscribers(_image_topic(camera))
            for camera in CAMERAS
        )


def main(args: Sequence[str] | None = None) -> int:
    """Listen until Ctrl-C."""
    parser = argparse.ArgumentParser(prog=SOAK_LISTENER, description=__doc__)
    parser.add_argument('--status', type=Path, required=True, help='JSON file to report to')
    parser.add_argument('--ledger', type=Path, required=True, help='JSON file of all frames')
    options = parser.parse_args(remove_ros_args(args)[1:])
    return run_node(SOAK_LISTENER, lambda: Listener(options), args)


def _drops(said: Mapping[str, str]) -> Counter[str]:
    return Counter(
        {
            name.removeprefix(DROPPED_FOR): int(count)
            for name, count in said.items()
            if name.startswith(DROPPED_FOR)
        }
    )


def _image_topic(camera: SoakCamera) -> str:
    return of_node(camera_topic(IMAGE if camera.transport == RAW else COMPRESSED, camera.name))
