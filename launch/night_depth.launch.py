"""
Bring up night_depth for one camera, and RViz on request.

ros2 launch steps_ros night_depth.launch.py camera:=/front rviz:=true
"""

from __future__ import annotations

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch_ros.actions import Node

from launch import LaunchContext, LaunchDescription
from steps_ros.ros import launching
from steps_ros.ros.processes import profile_environment

SHARE = Path(get_package_share_directory('steps_ros'))
NODE = 'night_depth'
OUTPUTS = ('output/image_enhanced', 'output/points', 'debug/depth_colored')


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments; the nodes are made when their values are known."""
    variables = profile_environment(SHARE / 'config' / 'fastdds_shm.xml')
    return LaunchDescription(
        [
            *_arguments(),
            *(SetEnvironmentVariable(name, value) for name, value in variables.items()),
            OpaqueFunction(function=_nodes),
        ]
    )


def _arguments() -> list[DeclareLaunchArgument]:
    return [
        DeclareLaunchArgument(
            'camera',
            default_value='/camera',
            description='Takes CAMERA/image_raw, CAMERA/image_raw/compressed, CAMERA/camera_info. '
            'Several as /front,/rear: they win over the parameter cameras.',
        ),
        DeclareLaunchArgument(
            'image_transport',
            default_value='',
            choices=['', 'raw', 'compressed'],
            description='Which of the image topics is taken; empty: as in params_file.',
        ),
        launching.checkpoint_argument(),
        launching.device_argument(),
        launching.parameters_argument(SHARE / 'config' / 'night_depth.param.yaml'),
        launching.rviz_argument(),
        DeclareLaunchArgument(
            'autostart',
            default_value='true',
            choices=launching.BOOLEANS,
            description='Configure and activate at once; false waits for a lifecycle manager. '
            'Set always, whatever params_file says.',
        ),
        DeclareLaunchArgument(
            'use_sim_time',
            default_value='false',
            choices=launching.BOOLEANS,
            description='Take the time from /clock, as for `ros2 bag play --clock`. '
            'Set always, whatever params_file says.',
        ),
        *launching.node_arguments(NODE),
    ]


def _nodes(context: LaunchContext) -> list[Node]:
    values = launching.values_of(_arguments(), context)
    # RViz first: where it is not installed, launch gives up at its turn, and would leave a node
    # that it has just started running without a parent.
    rviz = [_rviz(values)] if values['rviz'] == 'true' else []
    return [*rviz, _night_depth(values)]


def _cameras(given: str) -> dict[str, str]:
    """Return the topics' beginnings by the cameras' names; a single one needs no name."""
    topics = [topic.strip().rstrip('/') for topic in given.split(',') if topic.strip()]
    if len(topics) == 1:
        return {'': topics[0]}
    return {topic.strip('/').replace('/', '_'): topic for topic in topics}


def _named(cameras: dict[str, str]) -> dict[str, list[str]]:
    return {} if '' in cameras else {'cameras': list(cameras)}


def _inputs(name: str, topic: str) -> list[tuple[str, str]]:
    """Return what a camera's inputs are remapped to."""
    own = f'~/{name}/input' if name else '~/input'
    return [
        (f'{own}/image', f'{topic}/image_raw'),
        (f'{own}/image/compressed', f'{topic}/image_raw/compressed'),
        (f'{own}/camera_info', f'{topic}/camera_info'),
    ]


def _night_depth(values: dict[str, str]) -> Node:
    cameras = _cameras(values['camera'])
    # An argument left empty must not hide what the file says.
    given = {
        name: values[name] for name in ('image_transport', 'device', 'checkpoint') if values[name]
    }
    flags = {name: values[name] == 'true' for name in ('autostart', 'use_sim_time')}
    return Node(
        package='steps_ros',
        executable=NODE,
        name=NODE,
        namespace=values['namespace'],
        parameters=[
            launching.existing_parameters(values['params_file']),
            {**given, **flags, **_named(cameras)},
        ],
        remappings=[pair for name, topic in cameras.items() for pair in _inputs(name, topic)],
        arguments=launching.ros_arguments(values),
        output='screen',
    )


def _rviz(values: dict[str, str]) -> Node:
    namespace = '/' + values['namespace'].strip('/') if values['namespace'] else ''
    return Node(
        package='rviz2',
        executable='rviz2',
        name='rviz2',
        arguments=['-d', str(SHARE / 'config' / 'night_depth.rviz')],
        parameters=[{'use_sim_time': values['use_sim_time'] == 'true'}],
        # The saved views name the topics of a node without a namespace.
        remappings=[(f'/{NODE}/{topic}', f'{namespace}/{NODE}/{topic}') for topic in OUTPUTS],
        output='screen',
    )
