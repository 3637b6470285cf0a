"""The launch file and the files that it installs."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

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


def test_every_launch_argument_is_described():
    for module in ('launch', 'launch_ros', 'ament_index_python'):
        pytest.importorskip(module, reason=f'{module} is not installed; it comes with ROS only')
    from ament_index_python.packages import PackageNotFoundError
    from launch.actions import DeclareLaunchArgument
    from launch.launch_description_sources import get_launch_description_from_python_launch_file

    path = str(ROOT / 'launch' / 'night_depth.launch.py')
    try:
        description = get_launch_description_from_python_launch_file(path)
    except PackageNotFoundError:
        pytest.skip('the package is not installed in a ROS prefix; build it with colcon')
    declared = [item for item in description.entities if isinstance(item, DeclareLaunchArgument)]
    assert {item.name for item in declared} == ARGUMENTS
    assert all('.' in item.description for item in declared)
