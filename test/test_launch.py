"""The launch file and the files that it installs."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace
from xml.etree import ElementTree

import pytest
import yaml

from steps_ros.errors import SettingsError

ROOT = Path(__file__).parents[1]
ARGUMENTS = {
    'params_file',
    'namespace',
    'camera',
    'image_transport',
    'rviz',
    'autostart',
    'use_sim_time',
    'log_level',
    'device',
    'checkpoint',
}


def test_rviz_shows_what_the_node_publishes():
    pytest.importorskip('rclpy', reason='rclpy is not installed')
    from steps_ros.ros.outputs import DEPTH_COLORED, ENHANCED, POINTS

    saved = yaml.safe_load((ROOT / 'config' / 'night_depth.rviz').read_text())
    manager = saved['Visualization Manager']
    shown = {item['Topic']['Value'] for item in manager['Displays'] if 'Topic' in item}
    assert shown == {t.replace('~', '/night_depth') for t in (ENHANCED, POINTS, DEPTH_COLORED)}
    assert manager['Global Options']['Fixed Frame'] == 'camera_optical_frame'


def test_the_shared_memory_profile_has_room_for_images():
    tree = ElementTree.parse(ROOT / 'config' / 'fastdds_shm.xml')
    namespace = {'dds': tree.getroot().tag.partition('}')[0].strip('{')}
    kinds = [element.text for element in tree.iterfind('.//dds:type', namespace)]
    size = tree.find('.//dds:segment_size', namespace)
    assert kinds == ['SHM', 'UDPv4']
    assert int(size.text) == 64 << 20


def test_the_profile_of_the_user_is_left_alone(monkeypatch):
    from steps_ros.ros import processes

    monkeypatch.setattr(processes, '_has_shared_memory', lambda: True)
    for variable in processes.PROFILE_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.delenv('ROS_DISTRO', raising=False)
    profile = ROOT / 'config' / 'fastdds_shm.xml'
    chosen = {'FASTDDS_DEFAULT_PROFILES_FILE': str(profile)}
    assert processes.profile_environment(profile) == chosen
    monkeypatch.setenv('FASTRTPS_DEFAULT_PROFILES_FILE', 'mine.xml')
    assert processes.profile_environment(profile) == {}


@pytest.fixture
def launch_file(monkeypatch) -> ModuleType:
    """Load the launch file, with nodes that are recorded instead of started."""
    # The folder launch/ of the project would pass for the package launch, but not for these.
    for module in ('launch_ros', 'ament_index_python'):
        pytest.importorskip(module, reason=f'{module} is not installed; it comes with ROS only')
    from launch.launch_description_sources import load_python_launch_file_as_module

    monkeypatch.setattr('launch_ros.actions.Node', lambda **wanted: SimpleNamespace(**wanted))
    monkeypatch.setattr(
        'ament_index_python.packages.get_package_share_directory', lambda package: str(ROOT)
    )
    monkeypatch.setenv('FASTDDS_DEFAULT_PROFILES_FILE', 'mine.xml')
    return load_python_launch_file_as_module(str(ROOT / 'launch' / 'night_depth.launch.py'))


@pytest.fixture
def start(launch_file):
    """Return what the launch file starts when it is given these arguments."""
    from launch import LaunchContext

    def nodes(**arguments: str) -> list[SimpleNamespace]:
        context = LaunchContext()
        context.launch_configurations.update(arguments)
        visited = [e.visit(context) for e in launch_file.generate_launch_description().entities]
        return [node for made in visited if made for node in made]

    return nodes


def test_every_launch_argument_is_described(launch_file):
    arguments = launch_file.generate_launch_description().get_launch_arguments()
    assert {argument.name for argument in arguments} == ARGUMENTS
    assert all('.' in argument.description for argument in arguments)
    assert all(argument.default_value is not None for argument in arguments)


def test_camera_maps_the_topics_of_its_driver(start):
    (node,) = start(camera='/front')
    assert (node.package, node.executable, node.name) == (
        'steps_ros',
        'night_depth',
        'night_depth',
    )
    assert dict(node.remappings) == {
        '~/input/image': '/front/image_raw',
        '~/input/image/compressed': '/front/image_raw/compressed',
        '~/input/camera_info': '/front/camera_info',
    }
    assert start(camera='/front/')[0].remappings == node.remappings


def test_arguments_that_are_not_given_leave_the_parameter_file_alone(start):
    (node,) = start()
    file, over = node.parameters
    assert Path(file) == ROOT / 'config' / 'night_depth.param.yaml'
    assert over == {'autostart': True, 'use_sim_time': False}


def test_given_arguments_reach_the_node(start, tmp_path):
    file = tmp_path / 'my.yaml'
    file.touch()
    (node,) = start(
        params_file=str(file),
        namespace='car',
        image_transport='compressed',
        autostart='false',
        use_sim_time='true',
        log_level='warn',
        device='cuda:1',
        checkpoint='my.safetensors',
    )
    assert node.namespace == 'car'
    assert node.parameters == [
        str(file),
        {
            'image_transport': 'compressed',
            'device': 'cuda:1',
            'checkpoint': 'my.safetensors',
            'autostart': False,
            'use_sim_time': True,
        },
    ]
    assert node.arguments[-2:] == ['--log-level', 'warn']


def test_a_value_that_does_not_exist_is_refused(start):
    with pytest.raises(RuntimeError, match='image_transport'):
        start(image_transport='h264')


def test_a_missing_parameter_file_is_refused(start):
    with pytest.raises(SettingsError, match=r'params_file /nowhere/my\.yaml: no such file'):
        start(params_file='/nowhere/my.yaml')


def test_rviz_starts_first_and_follows_the_namespace(start):
    rviz, node = start(rviz='true', namespace='/car')
    assert (rviz.package, node.package) == ('rviz2', 'steps_ros')
    assert rviz.arguments == ['-d', str(ROOT / 'config' / 'night_depth.rviz')]
    topics = dict(rviz.remappings)
    assert topics['/night_depth/output/points'] == '/car/night_depth/output/points'
    assert len(topics) == 3
