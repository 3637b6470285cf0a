"""The SROS2 policy allows what the nodes have in the graph, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import sys
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from diagnostic_msgs.msg import DiagnosticArray
import rclpy
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from rclpy.parameter import Parameter
from ros_harness import FakeModel

from steps_ros.ros.image_input import CAMERA_INFO, COMPRESSED, IMAGE
from steps_ros.ros.names import COMPRESSED_TOPIC, IMAGE_TOPIC, INFO_TOPIC
from steps_ros.ros.night_depth import NightDepth
from steps_ros.ros.outputs import FRAME_TOPICS
from steps_ros.ros.recorder import Recorder
from steps_ros.ros.trainer import Trainer
from steps_ros.ros.view import ViewNode, ViewSettings
from steps_ros.ros.view_feeds import Feed, Reports, wanted
from steps_ros.view.health import Health, NodeHealth

pytestmark = pytest.mark.timeout(60)

PROJECT = Path(__file__).resolve().parents[1]
POLICY = ElementTree.parse(PROJECT / 'config' / 'sros2_policy.xml').getroot()
ENCLAVES = {enclave.get('path'): enclave for enclave in POLICY.iter('enclave')}
REMAPS = {IMAGE: IMAGE_TOPIC, COMPRESSED: COMPRESSED_TOPIC, CAMERA_INFO: INFO_TOPIC}
# As different as nodes can be: every transport, source of scale and clock.
DRIVING = (
    {},
    {'image_transport': 'compressed', 'scale.source': 'odometry', 'use_sim_time': True},
    {'scale.source': 'lidar'},
)
Ends = set[tuple[str, str]]


@pytest.fixture(autouse=True)
def _own_domain() -> Iterator[None]:
    """Be where the graph knows no node of another test."""
    rclpy.init(domain_id=int(os.environ['ROS_DOMAIN_ID']) + 100)
    yield
    rclpy.try_shutdown()


def ends_of(node: Node) -> Ends:
    """Return (publish, subscribe, reply or request; full name) of all that the node has."""
    who = node.get_name(), node.get_namespace()
    ways = {
        'publish': node.get_publisher_names_and_types_by_node,
        'subscribe': node.get_subscriber_names_and_types_by_node,
        'reply': node.get_service_names_and_types_by_node,
        'request': node.get_client_names_and_types_by_node,
    }
    found = {(way, name) for way, ask in ways.items() for name, _ in ask(*who)}
    if hasattr(node, 'close'):
        node.close()
    node.destroy_node()
    return found


def allowed(path: str) -> Ends:
    """Return the same of an enclave, with names as SROS2 makes them of the policy's."""
    (profile,) = ENCLAVES[path].iter('profile')
    own = f'{profile.get("ns").rstrip("/")}/{profile.get("node")}'
    assert path == own
    return {
        (way, name.text.replace('~', own, 1))
        for group in profile
        for way, rule in group.attrib.items()
        for name in group
        if rule == 'ALLOW'
    }


def parameters(given) -> list[Parameter]:
    return [Parameter(name, value=value) for name, value in given.items()]


def night_depth(given) -> Ends:
    remaps = [word for old, new in REMAPS.items() for word in ('-r', f'{old}:={new}')]
    node = NightDepth(
        FakeModel().load,
        cli_args=['--ros-args', *remaps],
        parameter_overrides=parameters(given),
    )
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    return ends_of(node)


def recorder(folder: Path, is_compressed: bool) -> Ends:
    options = {'outputs': tuple(FRAME_TOPICS), 'compressed': is_compressed}
    paths = {'out': folder / 'run.mcap', 'status': folder / 'status.json'}
    node = Recorder(SimpleNamespace(**options, **paths, until_drained=False))
    return ends_of(node)


def view(image_topic: str) -> Ends:
    node = ViewNode(SimpleNamespace(), ViewSettings())
    statuses = (Health('night_depth: input', 0, '', (('topic', image_topic),)),)
    Reports(node, 'night_depth')
    for source in wanted(node, NodeHealth('night_depth', statuses), '', False).values():
        Feed(node, source)
    return ends_of(node)


def check(path: str, found: Ends) -> None:
    # From Jazzy on every node has this one.
    late = {('reply', f'{path}/get_type_description')}
    assert allowed(path) == found | late


def test_night_depth(monkeypatch):
    # Whose type is of no account here, and which has no wheel.
    stand_in = SimpleNamespace(TFMessage=DiagnosticArray)
    monkeypatch.setitem(sys.modules, 'tf2_msgs', SimpleNamespace(msg=stand_in))
    monkeypatch.setitem(sys.modules, 'tf2_msgs.msg', stand_in)
    check('/night_depth', set().union(*map(night_depth, DRIVING)))


def test_trainer():
    given = {'bag': 'night.mcap', 'out': 'out', 'use_sim_time': True}
    node = Trainer(lambda settings, hooks: None, parameter_overrides=parameters(given))
    check('/trainer', ends_of(node))


def test_recorder(tmp_path):
    check('/recorder', recorder(tmp_path, False) | recorder(tmp_path, True))


def test_view():
    check('/steps_ros_view', view(IMAGE_TOPIC) | view(COMPRESSED_TOPIC))


def test_it_is_a_policy_that_the_page_explains():
    assert (POLICY.tag, POLICY.get('version')) == ('policy', '0.2.0')
    page = (PROJECT / 'docs' / 'security.md').read_text(encoding='utf8')
    assert [path for path in ENCLAVES if path.strip('/') not in page] == []
    assert 'config/sros2_policy.xml' in page
