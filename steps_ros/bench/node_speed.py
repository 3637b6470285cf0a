"""
The node over DDS, one image at a time, beside a node that does no work.

Node and bare node are processes of their own, and camera and listener a third, which sends to both
by turns; all on this machine, with the shared-memory profile that the launch file sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
import tempfile
import time
from typing import Any, NamedTuple

from steps_ros.errors import StepsError
from steps_ros.ros.names import BARE_NODE, camera_names, NODE, ROUND_TRIP
from steps_ros.ros.processes import isolated_environment, Processes, PROFILE, shipped_file
from steps_ros.ros.status_file import read_status

POLL_S, LIMIT_S = 0.2, 600.0
RAW, COMPRESSED = 'raw', 'compressed'
STRIDE = 4
# As fast as most cameras. A node on two cores hardly keeps up with it.
CAMERA_HZ = 30


class NodeTimes(NamedTuple):
    """
    Milliseconds of one size and transport.

    ``node`` and ``transport`` round by round, from sending the image to the last output, with the
    node and with the bare one; ``overhead``, ``model`` and ``predict`` medians that the node
    reports of itself: all beyond the networks, the networks, and these with resizing in and out;
    ``rss_mb`` and ``bare_rss_mb`` resident memory of both.
    """

    width: int
    height: int
    transport_name: str
    node: tuple[float, ...]
    transport: tuple[float, ...]
    overhead: float
    model: float
    predict: float
    rss_mb: float
    bare_rss_mb: float

    @property
    def size(self) -> str:
        """Return WxH."""
        return f'{self.width}x{self.height}'

    def times(self) -> float:
        """Return how many times as long the node takes as transport: the rounds' median."""
        return median(one / other for one, other in zip(self.node, self.transport, strict=True))


def measure_node(
    width: int, height: int, transport: str, rounds: int, parameters: tuple[str, ...] = ()
) -> NodeTimes:
    """
    Send images to the node and to the bare one by turns.

    :param transport: :data:`RAW` (bgr8) or :data:`COMPRESSED` (JPEG).
    :param parameters: further ones of the node, as ``name:=value``.
    :raises StepsError: a process fails or does not answer.
    """
    size = _size(width, height, transport)
    nodes = {
        NODE: _node_arguments(transport, parameters),
        BARE_NODE: [*size, '--stride', str(STRIDE)],
    }
    found, rss = _found(nodes, [*size, '--rounds', str(rounds)])
    return _times((width, height, transport), found, rss)


def measure_cameras(
    width: int,
    height: int,
    counts: Sequence[int],
    rounds: int,
    parameters: tuple[str, ...] = (),
) -> dict[int, tuple[float, ...]]:
    """
    Let so many cameras of one node send an image at once, by turns; the weights are there once.

    :param counts: increasing; the node has as many cameras as the last says.
    :returns: seconds to the last output of all, round by round, by number of cameras.
    :raises StepsError: a process fails or does not answer.
    """
    names = ','.join(camera_names(counts[-1]))
    nodes = {NODE: _node_arguments(RAW, (f'cameras:=[{names}]', *parameters))}
    trip = [*_size(width, height, RAW), '--rounds', str(rounds), '--cameras', *map(str, counts)]
    seconds = _found(nodes, trip)[0]['seconds']
    return {count: tuple(seconds[str(count)]) for count in counts}


class Rates(NamedTuple):
    """Frames per second out of a faster camera, of the node and of the bare one."""

    node: float
    transport: float


def measure_rates(width: int, height: int, frames: int, parameters: tuple[str, ...] = ()) -> Rates:
    """
    Send raw images faster than the node can take them to each node, one after the other.

    :param frames: that are sent, at :data:`CAMERA_HZ`.
    :raises StepsError: a process fails or does not answer.
    """
    size = _size(width, height, RAW)
    nodes = {
        NODE: _node_arguments(RAW, parameters),
        BARE_NODE: [*size, '--stride', str(STRIDE)],
    }
    rates = _found(nodes, [*size, '--rounds', str(frames), '--stream', str(CAMERA_HZ)])[0][
        'frames_per_s'
    ]
    return Rates(rates[NODE], rates[BARE_NODE])


def _size(width: int, height: int, transport: str) -> list[str]:
    return ['--width', str(width), '--height', str(height), '--transport', transport]


def _found(nodes: dict[str, list[str]], trip: Sequence[str]) -> tuple[dict[str, Any], list[float]]:
    """Start the nodes, with their arguments, and who sends; return its status, and their MB."""
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder)
        status = logs / 'round_trip.json'
        with Processes(logs, isolated_environment(logs, shipped_file(PROFILE))) as processes:
            for name, arguments in nodes.items():
                processes.start(name, arguments)
            processes.start(ROUND_TRIP, [*nodes, *trip, '--status', str(status)])
            found = _awaited(processes, status)
            return found, [processes.resident_mb(name) for name in nodes]


def _node_arguments(transport: str, parameters: tuple[str, ...]) -> list[str]:
    given = (
        'autostart:=true',
        f'cloud.stride:={STRIDE}',
        f'image_transport:={transport}',
        *parameters,
    )
    return ['--ros-args', *(word for parameter in given for word in ('-p', parameter))]


def _awaited(processes: Processes, status: Path) -> dict[str, Any]:
    end_s = time.monotonic() + LIMIT_S
    while True:
        found: dict[str, Any] = read_status(status)
        if found.get('problem'):
            raise StepsError(f'{found["problem"]}; the node says: {processes.last_words(NODE)}')
        if found.get('done'):
            return found
        processes.check()
        if time.monotonic() > end_s:
            raise StepsError(f'the round trips did not end within {LIMIT_S:.0f} s')
        time.sleep(POLL_S)


def _times(
    kind: tuple[int, int, str], found: dict[str, Any], rss_mb: Sequence[float]
) -> NodeTimes:
    timing = found['report'].get('timing', {})
    if not timing:
        raise StepsError('the node reported no times; is /diagnostics remapped or silent?')
    node, bare = (
        tuple(1e3 * second for second in found['seconds'][target]) for target in (NODE, BARE_NODE)
    )
    reported = (float(timing[f'{name}_ms.p50']) for name in ('overhead', 'model', 'predict'))
    return NodeTimes(*kind, node, bare, *reported, *rss_mb)
