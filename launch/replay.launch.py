"""
Play a bag through night_depth, record its outputs and evaluate them against the bag's reference.

ros2 launch steps_ros replay.launch.py bag:=drive.mcap out:=replayed
"""

from __future__ import annotations

from pathlib import Path
import shlex

from ament_index_python.packages import get_package_share_directory
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
)
from launch.event_handlers import OnProcessExit, OnProcessIO
from launch.events.process import ProcessExited, ProcessIO
from launch.launch_description_sources import PythonLaunchDescriptionSource

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from steps_ros.errors import StepsError
from steps_ros.ros import launching, replay
from steps_ros.ros.names import NODE, NOT_READY, READY

SHARE = Path(get_package_share_directory('steps_ros'))
# Arguments of the node's own launch file that keep their name.
PASSED_ON = ('params_file', 'device', 'checkpoint', 'rviz')


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments; everything else follows from the bag."""
    return LaunchDescription([*_arguments(), OpaqueFunction(function=_replay)])


def _arguments() -> list[DeclareLaunchArgument]:
    return [
        DeclareLaunchArgument(
            'bag', description='What is played: the folder of a bag, or its .mcap or .db3.'
        ),
        DeclareLaunchArgument(
            'out',
            description='Folder of the report, empty as yet; the recording goes into OUT/live.',
        ),
        DeclareLaunchArgument(
            'overwrite',
            default_value='false',
            choices=launching.BOOLEANS,
            description='Replace what an earlier replay left in OUT.',
        ),
        DeclareLaunchArgument(
            'camera',
            default_value='',
            description='Takes CAMERA/image_raw, its /compressed, CAMERA/camera_info of the bag.',
        ),
        DeclareLaunchArgument(
            'image_topic',
            default_value='',
            description="Image topic of the bag; empty: the camera's, else the only colour one.",
        ),
        DeclareLaunchArgument(
            'camera_info_topic',
            default_value='',
            description='Its calibration; empty: the camera_info beside the images.',
        ),
        DeclareLaunchArgument(
            'image_transport',
            default_value='',
            choices=['', 'raw', 'compressed'],
            description="Which of the camera's image topics; empty: raw where there is one.",
        ),
        DeclareLaunchArgument(
            'rate', default_value='1.0', description='How many times faster than it was recorded.'
        ),
        launching.checkpoint_argument(),
        launching.device_argument(),
        launching.parameters_argument(SHARE / 'config' / 'night_depth.param.yaml'),
        DeclareLaunchArgument(
            'evaluate_args',
            default_value='',
            description='More options of `steps-ros evaluate`, as "--reference-topic /depth".',
        ),
        launching.rviz_argument(),
    ]


def _replay(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    values = launching.values_of(_arguments(), context)
    replay.check_machine()
    plan = replay.make_plan(_wish(values))
    replay.prepare(plan)
    scenes = Scenes(plan, shlex.split(values['evaluate_args']))
    return [
        RegisterEventHandler(OnProcessExit(on_exit=scenes.ended)),
        RegisterEventHandler(
            OnProcessIO(
                target_action=scenes.recorder, on_stderr=scenes.heard, on_stdout=scenes.heard
            )
        ),
        _node(plan, values),
        scenes.recorder,
    ]


def _wish(values: dict[str, str]) -> replay.Wish:
    return replay.Wish(
        bag=Path(values['bag']).expanduser(),
        out=Path(values['out']).expanduser(),
        camera=values['camera'],
        image_topic=values['image_topic'],
        info_topic=values['camera_info_topic'],
        transport=values['image_transport'],
        rate=values['rate'],
        overwrite=values['overwrite'] == 'true',
    )


def _node(plan: replay.Plan, values: dict[str, str]) -> IncludeLaunchDescription:
    arguments = {
        'camera': '/camera',
        'image_transport': 'compressed' if plan.is_compressed else 'raw',
        'autostart': 'true',
        'use_sim_time': 'true',
        **{name: values[name] for name in PASSED_ON},
    }
    source = PythonLaunchDescriptionSource(str(SHARE / 'launch' / 'night_depth.launch.py'))
    return IncludeLaunchDescription(source, launch_arguments=arguments.items())


class Scenes:
    """What follows what: the node is active, the player plays, the recorder ends, the report."""

    def __init__(self, plan: replay.Plan, evaluate_args: list[str]) -> None:
        """Make the processes; the recorder is to be started with the node."""
        self._report = plan.out / 'report.html'
        self._is_playing = False
        self.recorder = _process('recorder', replay.recorder_command(plan))
        self._player = _process('player', replay.player_command(plan))
        self._evaluation = _process('evaluate', replay.evaluate_command(plan, evaluate_args))

    def heard(self, event: ProcessIO) -> ExecuteProcess | None:
        """
        Start the player when the recorder says that the node is active.

        :raises StepsError: it says why the node will not be.
        """
        text = event.text.decode(errors='replace')
        if NOT_READY in text:
            raise StepsError(text[text.index(NOT_READY) :].strip())
        if READY not in text or self._is_playing:
            return None
        self._is_playing = True
        return self._player

    def ended(
        self, event: ProcessExited, context: LaunchContext
    ) -> list[LaunchDescriptionEntity] | None:
        """
        Go on to what follows the process.

        :raises StepsError: it failed, or ended before its time.
        """
        # A window that is closed disturbs nobody.
        if context.is_shutdown or event.process_name.startswith('rviz2'):
            return None
        if event.returncode or event.process_name.startswith(NODE):
            raise StepsError(f'{event.process_name} ended with code {event.returncode}; see above')
        if event.action is self.recorder:
            return [self._evaluation]
        if event.action is self._evaluation:
            said = f'replay is evaluated: {self._report}'
            return [LogInfo(msg=said), Shutdown(reason=said)]
        return None


def _process(name: str, command: list[str]) -> ExecuteProcess:
    return ExecuteProcess(cmd=command, name=name, output='screen')
