"""
What the launch files share: arguments that mean the same in all of them, and their values.

Needs the packages of ROS's launch, which launch files are read by.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from launch.actions import DeclareLaunchArgument
from launch.logging import get_logger
from launch.substitutions import LaunchConfiguration

from launch import LaunchContext
from steps_ros.errors import nearest, SettingsError

BOOLEANS = ['true', 'false']
MISSPELT = 0.8


def parameters_argument(file: Path) -> DeclareLaunchArgument:
    """Declare the file of parameters."""
    return DeclareLaunchArgument(
        'params_file',
        default_value=str(file),
        description='Parameters of the node; the other arguments win over it when given.',
    )


def checkpoint_argument() -> DeclareLaunchArgument:
    """Declare the weights."""
    return DeclareLaunchArgument(
        'checkpoint',
        default_value='',
        description='default, resnet18, .safetensors, or .yaml of an ONNX model; empty: as in '
        'params_file.',
    )


def device_argument() -> DeclareLaunchArgument:
    """Declare what computes."""
    return DeclareLaunchArgument(
        'device',
        default_value='',
        description='auto, cpu, cuda or cuda:N; empty: as in params_file.',
    )


def rviz_argument() -> DeclareLaunchArgument:
    """Declare whether RViz is shown."""
    return DeclareLaunchArgument(
        'rviz',
        default_value='false',
        choices=BOOLEANS,
        description='Show enhanced image, coloured depth and cloud in RViz.',
    )


def node_arguments(node: str) -> list[DeclareLaunchArgument]:
    """Declare what every node has that is started by a launch file of its own."""
    return [
        DeclareLaunchArgument(
            'namespace', default_value='', description='Namespace of the node and its topics.'
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
            description=f'Enclave of the node under SROS2, as /{node}; empty: /.',
        ),
    ]


def values_of(
    arguments: Sequence[DeclareLaunchArgument], context: LaunchContext
) -> dict[str, str]:
    """
    Return the values of the arguments, and warn of others that look like one of them.

    launch takes any name without a word, and a launch file that is included sees those of the
    one that includes it, so an unknown name may be meant for somebody else.
    """
    known = [argument.name for argument in arguments]
    for name in context.launch_configurations:
        meant = nearest(name, known, MISSPELT)
        if name not in known and meant:
            get_logger('steps_ros').warning(
                f'{name}:= is no argument of this launch file and does nothing; '
                f'did you mean {meant}:= ?'
            )
    return {name: LaunchConfiguration(name).perform(context) for name in known}


def ros_arguments(values: dict[str, str]) -> list[str]:
    """Return the words of ROS on the node's command line."""
    enclave = ['--enclave', values['enclave']] if values['enclave'] else []
    return ['--ros-args', *enclave, '--log-level', values['log_level']]


def existing_parameters(params_file: str) -> str:
    """
    Return the path of the file of parameters.

    launch_ros only warns, and starts the node with other parameters than the user's.

    :raises SettingsError: there is no such file.
    """
    path = Path(params_file).expanduser()
    if not path.is_file():
        raise SettingsError(f'params_file {path}: no such file; give a YAML file of parameters')
    return str(path)
