"""ROS and what a node sees."""

from importlib.util import find_spec
import json
import os
import subprocess

import pytest

from steps_ros.doctor import middleware
from steps_ros.doctor.finding import FAIL, NOTE, OK
from steps_ros.doctor.middleware import look_around, ros, sight, Surroundings
from steps_ros.errors import StepsError

NOBODY = Surroundings('rmw_fastrtps_cpp', (), (), False)


def installed(monkeypatch, *lacking):
    monkeypatch.setattr(middleware, 'find_spec', lambda name: None if name in lacking else name)


def test_without_ros_much_works_but_a_sourced_one_must_be_there(monkeypatch):
    installed(monkeypatch, 'rclpy')
    assert [found.level for found in ros({})] == [NOTE]
    (found,) = ros({'ROS_DISTRO': 'jazzy'})
    assert found.level == FAIL
    assert found.remedy == 'source /opt/ros/jazzy/setup.bash and use its Python'
    unknown = middleware.middleware({})
    assert [item.check for item in unknown] == ['middleware', 'transport', 'sight']
    assert {item.level for item in unknown} == {NOTE}


def test_distribution_and_messages(monkeypatch):
    installed(monkeypatch)
    assert [found.level for found in ros({'ROS_DISTRO': 'humble'})] == [OK]
    assert [found.level for found in ros({'ROS_DISTRO': 'foxy'})] == [NOTE]
    installed(monkeypatch, 'nav_msgs')
    assert [found.says for found in ros({})] == ['messages are missing: nav_msgs']


def answering(monkeypatch, stdout=b'', stderr=b'', code=0):
    ended = subprocess.CompletedProcess([], code, stdout, stderr)
    monkeypatch.setattr(subprocess, 'run', lambda *_, **__: ended)


def test_what_was_seen_is_the_last_line(monkeypatch):
    answering(monkeypatch, b'chatter\n' + json.dumps(NOBODY._asdict()).encode())
    assert look_around({}) == NOBODY._replace(nodes=[], pictures=[])


def test_a_node_that_does_not_start_says_why_on_one_line(monkeypatch):
    answering(monkeypatch, stderr=b'Traceback\nfailed to load rmw_none\n\n', code=1)
    with pytest.raises(StepsError) as caught:
        look_around({'RMW_IMPLEMENTATION': 'rmw_none'})
    assert str(caught.value) == (
        'no node starts (code 1): failed to load rmw_none; '
        'unset RMW_IMPLEMENTATION or install rmw_none'
    )


def test_a_node_that_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr(middleware.sys, 'executable', '/bin/sleep')
    monkeypatch.setattr(subprocess, 'run', lambda *_, **__: _late())
    with pytest.raises(StepsError, match='no node starts within 5 s'):
        look_around({}, limit_s=5)


def _late():
    raise subprocess.TimeoutExpired('node', 5)


def test_nobody_pictures_and_clock():
    assert [found.level for found in sight(NOBODY)] == [NOTE]
    blind = NOBODY._replace(nodes=('/a', '/b'))
    assert 'nobody publishes pictures' in sight(blind)[0].says
    many = tuple(f'/camera_{number}' for number in range(12))
    found, clock = sight(NOBODY._replace(nodes=many, pictures=('/image',), has_clock=True))
    assert found.level == OK
    assert found.says.endswith('/camera_7 and 4 more; pictures on /image')
    assert (clock.check, clock.remedy) == ('clock', 'start the node with use_sim_time:=true')


@pytest.mark.live
@pytest.mark.skipif(find_spec('rclpy') is None, reason='rclpy is not installed')
def test_a_real_node_looks_around():
    seen = look_around(os.environ)
    assert seen.rmw.startswith('rmw_')
    assert '/steps_ros_doctor' not in seen.nodes
    with pytest.raises(StepsError, match=r'rmw_none.*; unset RMW_IMPLEMENTATION or install'):
        look_around({**os.environ, 'RMW_IMPLEMENTATION': 'rmw_none'})
