"""Settings of ROS and the clock that explain why nodes do not see each other."""

import pytest

from steps_ros.doctor.finding import FAIL, NOTE, OK
from steps_ros.doctor.network import clock, discovery, domain


@pytest.mark.parametrize(
    ('given', 'level'),
    [
        ({}, OK),
        ({'ROS_DOMAIN_ID': ''}, OK),
        ({'ROS_DOMAIN_ID': '42'}, OK),
        ({'ROS_DOMAIN_ID': '150'}, NOTE),
        ({'ROS_DOMAIN_ID': '233'}, FAIL),
        ({'ROS_DOMAIN_ID': '-1'}, FAIL),
        ({'ROS_DOMAIN_ID': 'robot'}, FAIL),
    ],
)
def test_the_domain_is_a_number_that_ros_takes(given, level):
    (found,) = domain(given)
    assert found.level == level
    assert bool(found.remedy) == (level != OK)


@pytest.mark.parametrize(
    ('given', 'level', 'says'),
    [
        ({}, OK, 'whole subnet'),
        ({'ROS_LOCALHOST_ONLY': '0'}, OK, 'whole subnet'),
        ({'ROS_LOCALHOST_ONLY': '1'}, NOTE, 'this machine alone'),
        ({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}, NOTE, 'this machine alone'),
        ({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'OFF'}, NOTE, 'see nobody'),
        ({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'NEAR'}, FAIL, "'NEAR', which is unknown"),
        ({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'OFF', 'ROS_DISTRO': 'humble'}, NOTE, 'ignores'),
        ({'ROS_DISCOVERY_SERVER': '10.0.0.1'}, NOTE, "'10.0.0.1'"),
    ],
)
def test_how_far_nodes_see_is_said(given, level, says):
    (found,) = discovery(given)
    assert found.level == level
    assert says in found.says


def test_a_clock_before_the_installation_is_wrong(tmp_path):
    file = tmp_path / 'installed'
    file.write_text('')
    now_s = file.stat().st_mtime
    assert [found.level for found in clock(now_s, file)] == [OK]
    (found,) = clock(60.0, file)
    assert found.level == FAIL
    assert found.says.startswith('1970-01-01 00:01:00 UTC')
