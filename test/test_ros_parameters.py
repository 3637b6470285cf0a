"""Parameters of the node: declared, documented, lenient with integers, strict with the rest."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

pytest.importorskip('rclpy', reason='rclpy is not installed')

import rclpy
from rclpy.parameter import Parameter

from steps_ros.errors import SettingsError
from steps_ros.ros.diagnostics import NodeState, report
from steps_ros.ros.node_settings import NodeSettings
from steps_ros.ros.parameters import camera_parameters, NightDepthSettings, OF_THE_NODE
from steps_ros.settings import build, describe, flatten

ROOT = Path(__file__).parents[1]
DESCRIBED = list(describe(NightDepthSettings))
GROUPS = {item.name.split('.')[0] for item in DESCRIBED if '.' in item.name}
# What reads settings, and of which group those are that a file calls its settings.
READERS = {
    'ros/cameras.py': '',
    'ros/model.py': '',
    'ros/night_depth.py': '',
    'ros/outputs.py': '',
    'ros/pipeline.py': '',
    'ros/scale_sources.py': '',
    'ros/light.py': 'light',
    'ros/scale.py': 'scale',
    'inference/cloud.py': 'cloud',
    'inference/light_state.py': 'light',
    'inference/scale/filter.py': 'scale',
}
PARSED = {'network_size': 'network_height_width', 'lidar.extrinsics': 'lidar.camera_from_lidar'}


@pytest.fixture
def make_node():
    """Make nodes on a context of their own from parameter values."""
    context = rclpy.Context()
    rclpy.init(context=context)
    nodes = []

    def make(**values):
        overrides = [Parameter(name.replace('__', '.'), value=v) for name, v in values.items()]
        node = rclpy.create_node(
            'parameters',
            context=context,
            parameter_overrides=overrides,
            use_global_arguments=False,
        )
        nodes.append(node)
        return node

    yield make
    for node in nodes:
        node.destroy_node()
    rclpy.shutdown(context=context)


def test_every_setting_becomes_a_documented_parameter(make_node):
    node = make_node()
    assert NodeSettings(node, NightDepthSettings).value == NightDepthSettings()
    for item in DESCRIBED:
        descriptor = node.describe_parameter(item.name)
        # ROS has no type for an empty list.
        default = '' if item.default == () else item.default
        assert node.get_parameter(item.name).value == default
        assert descriptor.description.endswith('.')
        assert descriptor.read_only == item.read_only


def test_integers_are_floats_where_floats_are_wanted(make_node):
    settings = NodeSettings(make_node(max_range=30, cloud__max_range=20), NightDepthSettings).value
    assert (settings.max_range, settings.cloud.max_range) == (30.0, 20.0)
    assert type(settings.max_range) is float


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({'cloud__stride': 0}, 'stride'),
        ({'cloud__stride': 1.5}, r'cloud.stride: 1.5 is not a whole number'),
        ({'cloud__min_confidence': 2.0}, 'min_confidence'),
        ({'max_range': 'far'}, "max_range: 'far' is not a number"),
        ({'image_transport': 'h264'}, "image_transport: 'h264' is not allowed; give one of raw"),
        ({'lidar__extrinsics': '1 2 3'}, "lidar.extrinsics: '1 2 3' is no pose; give x y z qx"),
        ({'lidar__extrinsics': '1 2 3 0 0 0 0'}, 'is no pose'),
        ({'scale__source': 'gps'}, "'gps' is not allowed; give one of none, fixed"),
        ({'scale__when_unhealthy': 'nan'}, 'set scale.source as well'),
        ({'network_size': '320'}, "network_size: '320' is no size; give HxW"),
        ({'colour__nearest': 90}, r'colour.nearest 90.0 must be less'),
        ({'cameras': ['front', '2nd']}, "cameras: '2nd' cannot name a camera"),
        ({'cloud__strid': 2}, "unknown parameter 'cloud.strid'; did you mean 'cloud.stride'"),
    ],
)
def test_a_bad_value_is_one_line(make_node, values, message):
    with pytest.raises(SettingsError, match=message) as caught:
        NodeSettings(make_node(**values), NightDepthSettings)
    assert '\n' not in str(caught.value)


def test_a_parameter_of_another_node_is_no_error(make_node):
    node = make_node(something_else_entirely=1, qos_overrides__x=1)
    settings = NodeSettings(node, NightDepthSettings)
    assert settings.value == NightDepthSettings()
    assert settings.ignored == ('something_else_entirely',)


def test_a_parameter_without_effect_is_named_once_with_the_nearest(make_node, monkeypatch):
    node, said = make_node(stride=4, network='', frame_rate=3), []
    logger = SimpleNamespace(warning=said.append)
    monkeypatch.setattr(node, 'get_logger', lambda: logger)
    assert NodeSettings(node, NightDepthSettings).ignored == (
        'stride',
        'network',
        'frame_rate',
    )
    start, end = "parameter '{}' is none of this node and has no effect", "; did you mean '{}'?"
    assert said[:2] == [
        start.format('stride') + end.format('cloud.stride'),
        start.format('network') + end.format('network_size'),
    ]
    assert len(said) == 3


def test_changes_take_effect_or_are_refused_with_a_reason(make_node):
    node = make_node()
    settings = NodeSettings(node, NightDepthSettings)
    assert node.set_parameters([Parameter('cloud.stride', value=4)])[0].successful
    assert node.set_parameters([Parameter('max_range', value=50)])[0].successful
    assert (settings.value.cloud.stride, settings.value.max_range) == (4, 50.0)
    for name, value in (('device', 'cpu'), ('cloud.stride', 0), ('max_range', 'far')):
        result = node.set_parameters([Parameter(name, value=value)])[0]
        assert not result.successful
        assert result.reason
    assert (settings.value.cloud.stride, settings.value.max_range) == (4, 50.0)


def test_network_size_is_height_by_width():
    assert build(NightDepthSettings, {'network_size': '192x320'}).network_height_width == (
        192,
        320,
    )
    assert NightDepthSettings().network_height_width is None


def _parameters_read(path: Path, group: str) -> set[str]:
    """Return the dotted names that a file reads; its own settings are those of the group."""
    read = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf8'))):
        if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load):
            continue
        holder = ast.unparse(node.value).rpartition('.')[2]
        if holder in GROUPS:
            read.add(f'{holder}.{node.attr}')
        elif holder in ('settings', 'value', 'limits'):
            read.add(f'{group}.{node.attr}'.lstrip('.'))
    return read


def test_every_parameter_is_read_somewhere():
    read = set().union(
        *(_parameters_read(ROOT / 'steps_ros' / name, group) for name, group in READERS.items())
    )
    # These two are read through the properties that parse them.
    for name, parsed in PARSED.items():
        assert parsed in read
        read.add(name)
    assert {item.name for item in DESCRIBED} - read == set()


def test_the_shipped_file_holds_every_parameter_with_its_default():
    path = ROOT / 'config' / 'night_depth.param.yaml'
    shipped = yaml.safe_load(path.read_text())['/**']['ros__parameters']
    values = {
        name: value for name, value in flatten(shipped) if not name.startswith('qos_overrides')
    }
    assert values == {item.name: '' if item.default == () else item.default for item in DESCRIBED}
    assert list(values) == [item.name for item in DESCRIBED]


def test_extrinsics_are_a_pose_of_the_lidar_in_the_camera():
    assert NightDepthSettings().lidar.camera_from_lidar is None
    given = build(NightDepthSettings, {'lidar.extrinsics': '1 2 3 0.5 -0.5 0.5 0.5'})
    pose = given.lidar.camera_from_lidar
    np.testing.assert_allclose(pose[:3, 3], (1, 2, 3))
    # Ahead of the LiDAR is ahead of the camera.
    np.testing.assert_allclose(pose[:3, :3] @ (1, 0, 0), (0, 0, 1), atol=1e-12)


def test_a_camera_may_have_settings_of_its_own(make_node):
    node = make_node(
        cameras=['front', 'rear'],
        scale__camera_height=1.5,
        rear__scale__camera_height=1,
        rear__cloud__bonnet='0.1,1 0.3,0.8 0.9,1',
        front__lidar__extrinsics='1 2 3 0.5 -0.5 0.5 0.5',
    )
    settings = NodeSettings(node, NightDepthSettings, camera_parameters)
    front, rear = settings.of('front'), settings.of('rear')
    assert (front.value.scale.camera_height, rear.value.scale.camera_height) == (1.5, 1.0)
    assert (front.value.cloud.bonnet, rear.value.cloud.bonnet) == ('', '0.1,1 0.3,0.8 0.9,1')
    assert front.value.lidar.camera_from_lidar is not None
    assert rear.value.lidar.camera_from_lidar is None
    assert settings.value == settings.of('').value
    # What holds for all changes for those that have nothing of their own.
    assert node.set_parameters([Parameter('scale.camera_height', value=1.4)])[0].successful
    assert (front.value.scale.camera_height, rear.value.scale.camera_height) == (1.4, 1.0)
    assert node.set_parameters([Parameter('rear.scale.camera_height', value=2)])[0].successful
    assert (front.value.scale.camera_height, rear.value.scale.camera_height) == (1.4, 2.0)
    assert node.describe_parameter('rear.scale.camera_height').description.endswith('.')


def test_a_change_that_suits_one_camera_alone_changes_nothing(make_node):
    node = make_node(cameras=['front', 'rear'], rear__colour__farthest=20.0)
    settings = NodeSettings(node, NightDepthSettings, camera_parameters)
    result = node.set_parameters([Parameter('colour.nearest', value=30.0)])[0]
    assert not result.successful
    assert result.reason.startswith('rear: colour.nearest 30.0 must be less')
    assert settings.value.colour.nearest == settings.of('front').value.colour.nearest == 1.0


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({'front__device': 'cpu'}, 'front.device: device is one for the whole node; set device'),
        ({'front__cloud__strid': 2}, "'front.cloud.strid'; did you mean 'front.cloud.stride'"),
        ({'frnt__cloud__stride': 2}, "'frnt.cloud.stride'; did you mean 'front.cloud.stride'"),
        ({'front__cloud__stride': 1.5}, r'front.cloud.stride: 1.5 is not a whole number'),
        ({'front__cloud__stride': 0}, 'front: stride: 0 is not allowed|front.cloud.stride'),
        (
            {'lidar__extrinsics': '1 2 3 0.5 -0.5 0.5 0.5'},
            'there are 2; give each its own, front.lidar.extrinsics and so on',
        ),
    ],
)
def test_a_bad_setting_of_a_camera_is_one_line(make_node, values, message):
    node = make_node(cameras=['front', 'rear'], **values)
    with pytest.raises(SettingsError, match=message) as caught:
        NodeSettings(node, NightDepthSettings, camera_parameters)
    assert '\n' not in str(caught.value)


def test_what_is_of_the_node_are_settings():
    assert {item.name for item in DESCRIBED} > OF_THE_NODE


def test_diagnostics_name_what_was_ignored():
    state = NodeState('n', 'inactive', '', True, None, (), ('stride', 'rate'), 0)
    values = {item.key: item.value for item in report(state)[0].values}
    assert values['ignored_parameters'] == 'stride, rate'
