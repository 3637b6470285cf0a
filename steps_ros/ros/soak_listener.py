"""
The listener of a soak: takes all outputs of all cameras, and counts the depths frame by frame.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from rclpy.utilities import remove_ros_args

from steps_ros.ros.image_input import COMPRESSED, IMAGE
from steps_ros.ros.live_run import last_words, stamp_of
from steps_ros.ros.names import (
    camera_topic,
    DEPTH,
    DEPTH_COLORED,
    DIAGNOSTICS,
    DROPPED_FOR,
    NODE,
    of_node,
    SOAK_LISTENER,
)
from steps_ros.ros.outputs import FRAME_TOPICS
from steps_ros.ros.qos import input_profile, RELIABLE
from steps_ros.ros.soak_plan import CAMERAS, frame_of, number_of, RAW, SoakCamera, ZERO_STAMP
from steps_ros.ros.spin import guarded, run_node
from steps_ros.ros.status_file import write_status

STATUS_PERIOD_S = 0.25
KEEP_LAST = 50
STATE, MODEL = f'{NODE}: state', f'{NODE}: model'


class Listener(Node):
    """Subscribes to the outputs and to /diagnostics, and reports to a file."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Subscribe."""
        super().__init__(SOAK_LISTENER)
        self._status: Path = options.status
        self._is_ready = False
        self._numbers: set[int] = set()
        self._kinds: Counter[str] = Counter()
        self._repeated = 0
        self._said: dict[str, dict[str, str]] = {}
        profile = input_profile(RELIABLE, KEEP_LAST)
        for topic, kind in FRAME_TOPICS.items():
            if topic == DEPTH_COLORED:
                continue
            callback = guarded(self, self._note_depth if topic == DEPTH else _take)
            for camera in CAMERAS:
                name = of_node(camera_topic(topic, camera.name))
                self.create_subscription(kind, name, callback, profile, raw=True)
        self.create_subscription(
            DiagnosticArray, DIAGNOSTICS, guarded(self, self._note_report), profile
        )
        self.create_timer(STATUS_PERIOD_S, guarded(self, self._report))

    def close(self) -> None:
        """Report for the last time."""
        self._report()

    def _note_depth(self, content: bytes) -> None:
        stamp_ns = stamp_of(content)
        if not stamp_ns:
            self._kinds[ZERO_STAMP] += 1
            return
        number = number_of(stamp_ns)
        self._repeated += number in self._numbers
        if number not in self._numbers:
            self._numbers.add(number)
            self._kinds[frame_of(number).kind] += 1

    def _note_report(self, message: DiagnosticArray) -> None:
        self._said |= last_words(message)

    def _report(self) -> None:
        self._is_ready = self._is_ready or self._is_active()
        state, model = (self._said.get(name, {}) for name in (STATE, MODEL))
        is_error = state.get('level') == str(DiagnosticStatus.ERROR[0])
        inputs, outputs = self._of_cameras('input'), self._of_cameras('output')
        dropped = sum(map(_drops, outputs), Counter[str]())
        values: dict[str, Any] = {
            'ready': self._is_ready,
            'problem': state['message'] if is_error else '',
            'engine': model.get('engine', ''),
            'published': dict(self._kinds),
            'repeated': self._repeated,
            'dropped': dict(dropped),
            'node_received': sum(int(said.get('received', 0)) for said in inputs),
            'node_published': sum(int(said.get('published', 0)) for said in outputs),
            'done': self._kinds.total() + dropped.total(),
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
    options = parser.parse_args(remove_ros_args(args)[1:])
    return run_node(SOAK_LISTENER, lambda: Listener(options), args)


def _take(content: bytes) -> None:
    """Take a message: that somebody listens is what makes the node compute it."""


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
