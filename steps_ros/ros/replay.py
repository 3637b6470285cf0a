"""
What ``replay.launch.py`` plays and records, decided before anything starts; without ROS.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
import shutil
import sys
from typing import NamedTuple

import yaml

from steps_ros.data.bag_source import choose_image_topic, choose_info_topic
from steps_ros.data.bags import Bag, open_bag, ROS1_SUFFIX
from steps_ros.data.messages import COMPRESSED_IMAGE
from steps_ros.errors import OutputError, SourceError, StepsError
from steps_ros.eval.report_files import require_report_libraries
from steps_ros.ros.live import RECORDED
from steps_ros.ros.names import COMPRESSED_TOPIC, IMAGE_TOPIC, INFO_TOPIC
from steps_ros.ros.playback import checked_rate_factor
from steps_ros.ros.stage import clear, LOGS, RECORDER, RECORDING

LIVE, QOS_FILE = 'live', 'qos.yaml'
CLOCK_HZ = 100
# Participants that have missed each other announce themselves anew every 3 s.
DELAY_S = 4.0
ACKNOWLEDGE_MS = 5000
RELIABLE = {'reliability': 'reliable', 'history': 'keep_last', 'depth': 5}


class Wish(NamedTuple):
    """
    What the user asks for; empty texts leave it to the bag.

    ``camera`` stands for CAMERA/image_raw, its /compressed, and CAMERA/camera_info; ``transport``
    is raw or compressed.
    """

    bag: Path
    out: Path
    camera: str = ''
    image_topic: str = ''
    info_topic: str = ''
    transport: str = ''
    rate: str = '1.0'
    overwrite: bool = False


class Plan(NamedTuple):
    """The topics of the bag that are played, and where the recording goes."""

    bag: Path
    out: Path
    image_topic: str
    info_topic: str | None
    is_compressed: bool
    rate: float

    @property
    def recording(self) -> Path:
        """The .mcap of the node's outputs."""
        return self.out / LIVE / RECORDING


def make_plan(wish: Wish) -> Plan:
    """
    Choose the topics, without touching the disk.

    :raises StepsError: no such bag or topic, several to choose from, a bag that ``ros2 bag``
        cannot play, a rate that is none, a folder that is not empty.
    """
    factor = checked_rate_factor(wish.rate)
    if wish.bag.suffix == ROS1_SUFFIX:
        raise SourceError(f'{wish.bag} is a ROS 1 bag; convert it with rosbags-convert')
    with open_bag(wish.bag) as bag:
        image_topic = _image_topic(bag, wish)
        kinds = {topic.name: topic.message_type for topic in bag.topics}
        info_topic = choose_info_topic(bag, image_topic, _info_name(wish, kinds))
    if wish.out.is_dir() and any(wish.out.iterdir()) and not wish.overwrite:
        raise OutputError(f'{wish.out} is not empty; choose another or set overwrite:=true')
    is_compressed = kinds[image_topic] == COMPRESSED_IMAGE
    return Plan(wish.bag, wish.out, image_topic, info_topic, is_compressed, factor)


def prepare(plan: Plan) -> None:
    """
    Make the folders, and the file of quality of service for the player.

    :raises OutputError: they cannot be written.
    """
    clear(plan.out / LIVE, (QOS_FILE,), overwrite=True)
    text = yaml.safe_dump({topic: dict(RELIABLE) for topic in _played_topics(plan)})
    (plan.out / LIVE / QOS_FILE).write_text(text, encoding='utf-8')


def check_machine() -> None:
    """
    See whether bags can be played here and reports be written.

    :raises StepsError: ``ros2 bag`` is not installed, or a library of the report.
    """
    commands = {command.name for command in entry_points(group='ros2cli.command')}
    if shutil.which('ros2') is None or 'bag' not in commands:
        raise StepsError(
            '`ros2 bag` is not installed; install ros-DISTRO-ros2bag and its storage plugins, or '
            'use `steps-ros evaluate BAG --out DIR --live`, which needs neither'
        )
    require_report_libraries()


def player_command(plan: Plan) -> list[str]:
    """Return ``ros2 bag play`` with /clock, of the camera's topics only, under the usual names."""
    topics = _played_topics(plan)
    remaps = [f'{own}:={name}' for own, name in topics.items() if own != name]
    return [
        *('ros2', 'bag', 'play', str(plan.bag)),
        *('--clock', str(CLOCK_HZ), '--rate', str(plan.rate), '--delay', str(DELAY_S)),
        *('--wait-for-all-acked', str(ACKNOWLEDGE_MS), '--disable-keyboard-controls'),
        # Recorded as best effort, large images would be lost on the way.
        *('--qos-profile-overrides-path', str(plan.out / LIVE / QOS_FILE)),
        *('--topics', *topics),
        *(('--remap', *remaps) if remaps else ()),
    ]


def recorder_command(plan: Plan) -> list[str]:
    """Return the recorder, which ends when the player has gone and the node is done."""
    status = plan.out / LIVE / LOGS / f'{RECORDER}.json'
    return [
        *(sys.executable, '-m', 'steps_ros.ros.entry', RECORDER),
        *('--out', str(plan.recording), '--status', str(status), '--until-drained'),
        *('--outputs', *RECORDED),
        *(('--compressed',) if plan.is_compressed else ()),
    ]


def evaluate_command(plan: Plan, more: list[str]) -> list[str]:
    """Return the evaluation of the recording against the bag; ``more`` goes to it as it is."""
    info = [] if plan.info_topic is None else ['--camera-info-topic', plan.info_topic]
    return [
        *(sys.executable, '-m', 'steps_ros.cli.main', 'evaluate', str(plan.bag)),
        *('--recorded', str(plan.recording), '--image-topic', plan.image_topic, *info),
        # The folder holds the recording by now; that nothing else was in it is known.
        *('--out', str(plan.out), '--overwrite', *more),
    ]


def _played_topics(plan: Plan) -> dict[str, str]:
    """Return the names under which the topics of the bag are played."""
    topics = {plan.image_topic: COMPRESSED_TOPIC if plan.is_compressed else IMAGE_TOPIC}
    return topics if plan.info_topic is None else {**topics, plan.info_topic: INFO_TOPIC}


def _image_topic(bag: Bag, wish: Wish) -> str:
    name = wish.image_topic or None
    if name is None and wish.camera:
        names = {topic.name for topic in bag.topics}
        raw = f'{wish.camera.rstrip("/")}/image_raw'
        compressed = f'{raw}/compressed'
        is_only_one = not wish.transport and compressed in names and raw not in names
        name = compressed if wish.transport == 'compressed' or is_only_one else raw
    try:
        return choose_image_topic(bag, name).name
    except SourceError as error:
        raise SourceError(str(error).replace('--image-topic', 'image_topic:=TOPIC')) from error


def _info_name(wish: Wish, kinds: dict[str, str]) -> str | None:
    if wish.info_topic:
        return wish.info_topic
    beside = f'{wish.camera.rstrip("/")}/camera_info'
    return beside if wish.camera and beside in kinds else None
