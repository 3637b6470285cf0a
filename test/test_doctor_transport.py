"""Profiles of Fast DDS and the room for shared memory."""

from pathlib import Path

import pytest

from steps_ros.doctor.finding import FAIL, NOTE, OK
from steps_ros.doctor.transport import profile, SEGMENT_BYTES, shared_memory

SHIPPED = Path(__file__).parents[1] / 'config' / 'fastdds_shm.xml'
RMW = 'rmw_fastrtps_cpp'
NEW, OLD = 'FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE'


def test_the_shipped_profile_is_the_one_that_is_wanted():
    assert f'<segment_size>{SEGMENT_BYTES}</segment_size>' in SHIPPED.read_text()
    (found,) = profile(RMW, {NEW: str(SHIPPED)})
    assert (found.level, '64 MiB' in found.says) == (OK, True)
    assert [f.level for f in profile(RMW, {OLD: str(SHIPPED), 'ROS_DISTRO': 'humble'})] == [OK]


def test_without_a_profile_the_remedy_names_the_shipped_one():
    (found,) = profile(RMW, {})
    assert found.level == NOTE
    assert found.remedy == f'export {NEW}={SHIPPED} where the camera is started'
    (found,) = profile(RMW, {NEW: str(SHIPPED), 'ROS_DISTRO': 'jazzy'})
    assert found.says == f'{NEW} is set, but this ROS reads {OLD}'


@pytest.mark.parametrize(
    ('content', 'level', 'says'),
    [
        (None, FAIL, 'cannot be read: No such file'),
        ('no xml', FAIL, 'cannot be read: syntax error'),
        ('<dds/>', NOTE, 'segments of 0.5 MiB'),
        ('<dds><segment_size> 1048576 </segment_size></dds>', NOTE, 'segments of 1 MiB'),
    ],
)
def test_a_profile_of_the_users_own(tmp_path, content, level, says):
    path = tmp_path / 'profile.xml'
    if content is not None:
        path.write_text(content)
    (found,) = profile(RMW, {NEW: str(path)})
    assert found.level == level
    assert says in found.says


def test_another_middleware_has_no_profile():
    assert [found.level for found in profile('rmw_cyclonedds_cpp', {})] == [NOTE]


def test_room_for_shared_memory(tmp_path, monkeypatch):
    (tmp_path / 'fastdds_1').write_bytes(bytes(3 << 20))
    (found,) = shared_memory(tmp_path)
    assert 'Fast DDS holds 3 MiB' in found.says
    monkeypatch.setattr('shutil.disk_usage', lambda _: type('Usage', (), {'free': 64 << 20}))
    (found,) = shared_memory(tmp_path)
    assert (found.level, '--shm-size' in found.remedy) == (NOTE, True)
    monkeypatch.undo()
    assert [found.level for found in shared_memory(tmp_path / 'none')] == [NOTE]
