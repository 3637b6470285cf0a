"""What a node says of itself: whose word it is, cameras, unit, and worst first."""

from __future__ import annotations

from steps_ros.view.health import (
    ERROR,
    Health,
    NodeHealth,
    OK,
    report_of,
    silence,
    speakers,
    STALE,
    unit_of,
    WARN,
)

KINDS = ('relative', 'metric', 'stale')


def _two_cameras() -> NodeHealth:
    return NodeHealth(
        'robot/night_depth',
        (
            Health('robot/night_depth: state', OK, 'active'),
            Health('robot/night_depth/front: input', OK, '10 Hz', (('topic', '/front/image'),)),
            Health('robot/night_depth/front: scale', WARN, 'stale', (('scale', 'stale'),)),
            Health(
                'robot/night_depth/rear: input', ERROR, 'no image', (('topic', '/rear/image'),)
            ),
            Health('robot/night_depth/rear: scale', OK, 'metric', (('scale', 'metric'),)),
        ),
    )


def test_only_the_word_of_the_node_itself_counts():
    said = [
        Health('night_depth: state', OK, 'active'),
        Health('night_depth/rear: input', OK, ''),
        Health('night_depth_2: state', OK, ''),
        Health('lidar: state', OK, ''),
    ]
    report = report_of(said, 'night_depth')
    assert report == NodeHealth('night_depth', tuple(said[:2]))
    assert report_of(said, 'camera') is None
    assert speakers(said) == {'night_depth', 'night_depth_2', 'lidar'}


def test_cameras_are_those_that_have_an_input():
    assert _two_cameras().cameras == {'front': '/front/image', 'rear': '/rear/image'}
    alone = NodeHealth('n', (Health('n: input', OK, '', (('topic', '/image'),)),))
    assert alone.cameras == {'': '/image'}
    assert NodeHealth('n', (Health('n: state', OK, 'unconfigured'),)).cameras == {}


def test_depth_is_in_metres_only_where_the_node_says_metric():
    units = [unit_of(Health('n: scale', OK, '', (('scale', kind),))) for kind in KINDS]
    assert units == ['relative', 'm', 'relative']


def test_worst_comes_first_and_what_is_well_elsewhere_is_left_out():
    shown = _two_cameras().shown('front')
    assert [status.name for status in shown] == [
        'rear: input',
        'front: scale',
        'state',
        'front: input',
    ]
    levels = NodeHealth('n', tuple(Health('n: a', level, '') for level in (0, 3, 1, 2)))
    assert [status.level for status in levels.shown('')] == [ERROR, STALE, WARN, OK]


def test_silence_names_who_should_speak():
    assert silence(3.2, 0, True) == 'nothing came for 3 s: nobody publishes this topic'
    assert silence(60, 1, False) == 'nothing came for 60 s: its publisher is silent'
    assert silence(60, 2, False) == 'nothing came for 60 s: 2 publishers are silent'
    assert silence(60, 1, True).endswith('is silent, or large messages get lost: --reliable')
