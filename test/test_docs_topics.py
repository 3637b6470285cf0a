"""The tables of topics in the documents: names, types and directions are those of the nodes."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
import re
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter
from ros_harness import bench, FakeModel

from steps_ros.ros.trainer import Trainer

PROJECT = Path(__file__).resolve().parent.parent
ROW = re.compile(r'^\| (in|out|srv) \| `(~?/[\w/]+)` \| (?:\w+/)?(\w+)', re.MULTILINE)
# Of rclpy, in every node.
FOREIGN = ('/rosout', '/parameter_events', '/transition_event')
LIDAR = {'scale__source': 'lidar', 'lidar__extrinsics': '0 0 0 0 0 0 1'}
ODOMETRY = {'scale__source': 'odometry'} if find_spec('nav_msgs') else {}


def documented(page: str, node: str) -> set[tuple[str, str, str]]:
    """Return (direction, full name, type without package) of the rows of a page."""
    text = (PROJECT / page).read_text(encoding='utf8')
    return {(way, name.replace('~', f'/{node}'), kind) for way, name, kind in ROW.findall(text)}


def ends(node: Any) -> Iterator[tuple[str, str, str]]:
    """Yield the same of all that a node has."""
    for way, topics in (('in', node.subscriptions), ('out', node.publishers)):
        for topic in topics:
            if not topic.topic_name.endswith(FOREIGN):
                yield way, topic.topic_name, topic.msg_type.__name__
    for service in node.services:
        if service.srv_type.__module__.startswith('std_srvs'):
            yield 'srv', node.resolve_service_name(service.srv_name), service.srv_type.__name__


def test_topics_of_night_depth_are_those_of_the_readme():
    there = set()
    for values in ({'image_transport': 'raw', **LIDAR}, {'image_transport': 'compressed'}):
        more = ODOMETRY if 'scale__source' not in values else {}
        with bench(FakeModel().load, **values, **more) as made:
            made.node.trigger_configure()
            made.node.trigger_activate()
            there |= set(ends(made.node))
    expected = documented('README.md', 'night_depth')
    if not ODOMETRY:
        expected -= {('in', '/night_depth/input/odometry', 'Odometry')}
    assert there == expected
    assert len(there) > 12


def test_topics_of_trainer_are_those_of_its_page():
    context = rclpy.Context()
    rclpy.init(context=context)
    given = [Parameter('bag', value='night.mcap'), Parameter('out', value='out')]
    node: Node = Trainer(
        lambda *_: None, context=context, parameter_overrides=given, use_global_arguments=False
    )
    try:
        assert set(ends(node)) == documented('docs/trainer_node.md', 'trainer')
    finally:
        node.close()
        node.destroy_node()
        rclpy.shutdown(context=context)
