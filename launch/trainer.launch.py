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
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from launch import LaunchContext, LaunchDescription
from steps_ros.errors import SettingsError

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
        DeclareLaunchArgument(
            'params_file',
            default_value=str(SHARE / 'config' / 'trainer.param.yaml'),
            description='Parameters of the node; the arguments below win over it when given.',
        ),
        DeclareLaunchArgument('namespace', default_value='', description='Namespace of the node.'),
        DeclareLaunchArgument(
            'bag',
            default_value='',
            description='Night drives, several with spaces between; empty: as in params_file.',
        ),
        DeclareLaunchArgument(
            'day',
            default_value='',
            description='Day drives, several with spaces between; empty: as in params_file.',
        ),
        DeclareLaunchArgument(
            'out',
            default_value='',
            description='Folder of the results; empty: as in params_file.',
        ),
        DeclareLaunchArgument(
            'init',
            default_value='',
            description='Weights to start from, or default; empty: as in params_file.',
        ),
        DeclareLaunchArgument(
            'preset',
            default_value='',
            choices=['', 'monodepth2', 'rnw', 'steps', 'supervised'],
            description='The objective; empty: as in params_file.',
        ),
        DeclareLaunchArgument(
            'validate',
            default_value='',
            description='Drive of the gate; empty: as in params_file.',
        ),
        DeclareLaunchArgument(
            'max_steps', default_value='', description='Steps in all; empty: as in params_file.'
        ),
        DeclareLaunchArgument(
            'device',
            default_value='',
            description='auto, cpu, cuda or cuda:N; empty: as in params_file.',
        ),
        DeclareLaunchArgument(
            'log_level',
            default_value='info',
            choices=['debug', 'info', 'warn', 'error', 'fatal'],
            description='Least severity that is logged.',
        ),
        DeclareLaunchArgument(
            'enclave',
            default_value='',
            description='Enclave of the node under SROS2, as /trainer; empty: /.',
        ),
    ]


def _nodes(context: LaunchContext) -> list[Node]:
    values = {
        argument.name: LaunchConfiguration(argument.name).perform(context)
        for argument in _arguments()
    }
    return [
        Node(
            package='steps_ros',
            executable=NODE,
            name=NODE,
            namespace=values['namespace'],
            parameters=[_existing(values['params_file']), _given(values)],
            arguments=[
                '--ros-args',
                *_enclave(values['enclave']),
                '--log-level',
                values['log_level'],
            ],
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


def _enclave(path: str) -> list[str]:
    return ['--enclave', path] if path else []


def _existing(params_file: str) -> str:
    # launch_ros only warns, and starts the node with other parameters than the user's.
    path = Path(params_file).expanduser()
    if not path.is_file():
        raise SettingsError(f'params_file {path}: no such file; give a YAML file of parameters')
    return str(path)
