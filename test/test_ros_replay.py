"""What the launch file for replay plays and records, and what it refuses."""

from __future__ import annotations

from pathlib import Path
import sys

from make_bags import camera_messages, picture, stamp_ns, write_mcap
import numpy as np
import pytest
import yaml

from steps_ros.data import messages
from steps_ros.errors import OutputError, SettingsError, SourceError, StepsError
from steps_ros.ros import replay
from steps_ros.ros.replay import make_plan, Wish

FRONT, INFO = '/front/image_raw', '/front/camera_info'


def _compressed(topic: str) -> list:
    picture_0 = messages.compressed_message(picture(0), stamp_ns(0), 'camera')
    return [(topic, picture_0, stamp_ns(0))]


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """Return a bag of one camera with depth and a second, compressed image topic."""
    depth = messages.depth_message(np.ones((2, 2), np.float32), stamp_ns(0), 'camera')
    items = [*camera_messages(2, FRONT, INFO), ('/front/depth', depth, stamp_ns(0))]
    return write_mcap(tmp_path / 'drive.mcap', items + _compressed(f'{FRONT}/compressed'))


def _plan(bag: Path, **wish):
    return make_plan(Wish(bag, bag.parent / 'out', **wish))


def test_the_only_camera_is_found(tmp_path):
    bag = write_mcap(tmp_path / 'a.mcap', camera_messages(2))
    plan = _plan(bag)
    assert (plan.image_topic, plan.info_topic) == ('/camera/image_raw', '/camera/camera_info')
    assert (plan.is_compressed, plan.rate) == (False, 1.0)
    assert '--remap' not in replay.player_command(plan)


def test_of_several_cameras_one_has_to_be_named(bag):
    with pytest.raises(SourceError, match='choose by image_topic:=TOPIC'):
        _plan(bag)
    assert _plan(bag, image_topic=FRONT).info_topic == INFO


@pytest.mark.parametrize(
    ('transport', 'topic'),
    [('', FRONT), ('raw', FRONT), ('compressed', f'{FRONT}/compressed')],
)
def test_a_camera_stands_for_its_topics(bag, transport, topic):
    plan = _plan(bag, camera='/front/', transport=transport)
    assert (plan.image_topic, plan.info_topic) == (topic, INFO)
    assert plan.is_compressed == (transport == 'compressed')


def test_the_compressed_topic_is_taken_where_it_is_the_only_one(tmp_path):
    bag = write_mcap(tmp_path / 'a.mcap', _compressed(f'{FRONT}/compressed'))
    plan = _plan(bag, camera='/front')
    assert (plan.image_topic, plan.info_topic) == (f'{FRONT}/compressed', None)
    assert '--compressed' in replay.recorder_command(plan)


def test_the_player_gives_the_camera_its_usual_names_and_reliable_transport(bag):
    plan = _plan(bag, camera='/front', rate='0.5')
    command = replay.player_command(plan)
    assert command[:4] == ['ros2', 'bag', 'play', str(bag)]
    assert command[command.index('--rate') + 1] == '0.5'
    assert command[command.index('--topics') + 1 : command.index('--remap')] == [FRONT, INFO]
    assert command[command.index('--remap') + 1 :] == [
        f'{FRONT}:=/camera/image_raw',
        f'{INFO}:=/camera/camera_info',
    ]
    replay.prepare(plan)
    profiles = yaml.safe_load((plan.out / 'live' / 'qos.yaml').read_text())
    assert list(profiles) == [INFO, FRONT]
    assert all(profile['reliability'] == 'reliable' for profile in profiles.values())
    assert (plan.out / 'live' / 'logs').is_dir()


def test_the_recording_is_evaluated_against_the_bag(bag):
    plan = _plan(bag, camera='/front')
    command = replay.evaluate_command(plan, ['--cap', '40'])
    assert command[0] == sys.executable
    assert command[3:6] == ['evaluate', str(bag), '--recorded']
    assert command[6] == str(plan.recording) == str(bag.parent / 'out' / 'live' / 'recording.mcap')
    assert command[-2:] == ['--cap', '40']


def test_what_cannot_be_played_is_refused(bag, tmp_path):
    with pytest.raises(SourceError, match='does not exist'):
        _plan(tmp_path / 'none.mcap')
    with pytest.raises(SourceError, match='rosbags-convert'):
        _plan(tmp_path / 'old.bag')
    with pytest.raises(SourceError, match='no image topic /rear/image_raw'):
        _plan(bag, camera='/rear')
    with pytest.raises(SourceError, match='no camera_info topic /up'):
        _plan(bag, camera='/front', info_topic='/up')
    with pytest.raises(SettingsError, match='rate factor fast'):
        _plan(bag, camera='/front', rate='fast')


def test_an_earlier_replay_is_not_overwritten_unasked(bag):
    report = bag.parent / 'out' / 'report.json'
    report.parent.mkdir()
    report.touch()
    with pytest.raises(OutputError, match='overwrite:=true'):
        _plan(bag, camera='/front')
    assert _plan(bag, camera='/front', overwrite=True).out == report.parent


def test_a_machine_without_ros2_bag_is_told_of_the_other_way(monkeypatch):
    monkeypatch.setattr(replay.shutil, 'which', lambda name: None)
    with pytest.raises(StepsError, match='evaluate BAG --out DIR --live'):
        replay.check_machine()
