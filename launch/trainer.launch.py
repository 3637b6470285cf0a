"""
Train on recorded drives; the launch ends with the training.

ros2 launch steps_ros trainer.launch.py bag:=night.mcap day:=day.mcap out:=trained
"""

from __future__ import annotations

from pathlib import Path
import shlex
from typing import Any

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch_ros.actions import Node

from launch import LaunchContext, LaunchDescription
from steps_ros.errors import SettingsError
from steps_ros.ros import launching

SHARE = Path(get_package_share_directory('steps_ros'))
NODE = 'trainer'
DRIVES = ('bag', 'day')
TEXTS = ('out', 'init', 'preset', 'validate', 'device')
# After Ctrl-C the step is finished and saved; launch itself would only wait 5 s.
PATIENCE_S = '120'


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments; the node is made when their values are known."""
    return LaunchDescription([*_arguments(), OpaqueFunction(function=_nodes)])


def _arguments() -> list[DeclareLaunchArgument]:
    return [
        _text('bag', 'Night drives, several with spaces between'),
        _text('day', 'Day drives, several with spaces between'),
        _text('out', 'Folder of the results'),
        _text('init', 'Weights to start from, or default'),
        DeclareLaunchArgument(
            'preset',
            default_value='',
            choices=['', 'monodepth2', 'rnw', 'steps', 'supervised'],
            description='The objective; empty: as in params_file.',
        ),
        _text('validate', 'Drive of the gate'),
        _text('max_steps', 'Steps in all'),
        launching.device_argument(),
        launching.parameters_argument(SHARE / 'config' / 'trainer.param.yaml'),
        *launching.node_arguments(NODE),
    ]


def _text(name: str, meaning: str) -> DeclareLaunchArgument:
    return DeclareLaunchArgument(
        name, default_value='', description=f'{meaning}; empty: as in params_file.'
    )


def _nodes(context: LaunchContext) -> list[Node]:
    values = launching.values_of(_arguments(), context)
    return [
        Node(
            package='steps_ros',
            executable=NODE,
            name=NODE,
            namespace=values['namespace'],
            parameters=[launching.existing_parameters(values['params_file']), _given(values)],
            arguments=launching.ros_arguments(values),
            output='screen',
            sigterm_timeout=PATIENCE_S,
            sigkill_timeout=PATIENCE_S,
        )
    ]


def _given(values: dict[str, str]) -> dict[str, Any]:
    # An argument left empty must not hide what the file says.
    given: dict[str, Any] = {name: values[name] for name in TEXTS if values[name]}
    given |= {name: shlex.split(values[name]) for name in DRIVES if values[name]}
    if values['max_steps']:
        given['max_steps'] = _whole(values['max_steps'])
    return given


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise SettingsError(f'max_steps {text!r} is not a whole number; give one')
    return int(text)
