"""
ROS and its middleware: is it there, does it start, and whom does a node see here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import metadata
from importlib.util import find_spec
import json
import subprocess
import sys
from typing import NamedTuple

from steps_ros.doctor.finding import fail, Finding, note, ok, parted
from steps_ros.doctor.transport import profile
from steps_ros.errors import StepsError

KNOWN_DISTROS = ('humble', 'jazzy', 'kilted')
MESSAGES = (
    'builtin_interfaces',
    'diagnostic_msgs',
    'lifecycle_msgs',
    'nav_msgs',
    'rcl_interfaces',
    'rosgraph_msgs',
    'sensor_msgs',
    'std_msgs',
    'std_srvs',
)
WITHOUT = 'run, train, evaluate and simulate work, the nodes, demo and view do not'
SOURCE = "source a ROS installation, or pip install 'steps_ros[ros]' on x86-64 Linux"
START_LIMIT_S = 60.0
SHOWN = 8


class Surroundings(NamedTuple):
    """What a node saw: its middleware, other nodes, topics with pictures, and /clock."""

    rmw: str
    nodes: Sequence[str]
    pictures: Sequence[str]
    has_clock: bool


def ros(environment: Mapping[str, str]) -> list[Finding]:
    """Check that ROS and its messages are there for this Python."""
    distro = environment.get('ROS_DISTRO', '')
    if find_spec('rclpy') is None:
        if not distro:
            return [note('ROS', f'rclpy is not installed: {WITHOUT}', SOURCE)]
        says = f'ROS_DISTRO is {distro}, but {sys.executable} has no rclpy'
        return [fail('ROS', says, f'source /opt/ros/{distro}/setup.bash and use its Python')]
    lacking = [name for name in MESSAGES if find_spec(name) is None]
    if lacking:
        return [
            fail(
                'ROS',
                f'messages are missing: {", ".join(lacking)}',
                'install their packages, ros-DISTRO-NAME',
            )
        ]
    says = f'{distro or "without a distribution"}, rclpy {_version_of_rclpy()}'
    if distro and distro not in KNOWN_DISTROS:
        return [note('ROS', f'{says}; known are {", ".join(KNOWN_DISTROS)}', 'take one of these')]
    return [ok('ROS', says)]


def middleware(environment: Mapping[str, str]) -> list[Finding]:
    """Start a node as the user would, and tell how it gets its pictures and whom it sees."""
    if find_spec('rclpy') is None:
        says = 'cannot be checked without rclpy'
        return [note(name, says, SOURCE) for name in ('middleware', 'transport', 'sight')]
    try:
        seen = look_around(environment)
    except StepsError as error:
        return [fail('middleware', *parted(str(error)))]
    return [ok('middleware', f'{seen.rmw} starts'), *profile(seen.rmw, environment), *sight(seen)]


def look_around(environment: Mapping[str, str], limit_s: float = START_LIMIT_S) -> Surroundings:
    """
    Return what a node sees that is started with this environment.

    :raises StepsError: it does not start, with the last that it said.
    """
    command = [sys.executable, '-m', 'steps_ros.ros.entry', 'surroundings']
    chosen = environment.get('RMW_IMPLEMENTATION', '')
    remedy = f'unset RMW_IMPLEMENTATION or install {chosen}' if chosen else SOURCE
    try:
        ended = subprocess.run(
            command, env=environment, capture_output=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise StepsError(f'no node starts within {limit_s:g} s; {remedy}') from error
    try:
        return Surroundings(**json.loads(ended.stdout.splitlines()[-1]))
    except (ValueError, TypeError, IndexError) as error:
        said = ended.stderr.decode(errors='replace').split('\n')
        last = next((line.strip() for line in reversed(said) if line.strip()), 'it says nothing')
        raise StepsError(f'no node starts (code {ended.returncode}): {last}; {remedy}') from error


def sight(seen: Surroundings) -> list[Finding]:
    """Tell whom the node saw."""
    findings = []
    if not seen.nodes:
        says = 'no other node is seen'
        remedy = 'start the camera; is ROS_DOMAIN_ID the same there?'
        findings.append(note('sight', says, remedy))
    elif not seen.pictures:
        says = f'{_listed(seen.nodes)}; but nobody publishes pictures'
        findings.append(note('sight', says, 'start the camera'))
    else:
        says = f'{_listed(seen.nodes)}; pictures on {_listed(seen.pictures)}'
        findings.append(ok('sight', says))
    if seen.has_clock:
        says = '/clock is published, by a recording or a simulation'
        findings.append(note('clock', says, 'start the node with use_sim_time:=true'))
    return findings


def _listed(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ', '.join(names[:SHOWN]) + (f' and {more} more' if more > 0 else '')


def _version_of_rclpy() -> str:
    for name in ('rclpy', 'ros-rclpy'):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return 'of unknown version'
