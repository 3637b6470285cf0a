"""What a soak says: the sums, the growth, the leaks, and a line for each broken promise."""

from dataclasses import replace
import json

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from steps_ros.ros.soak_plan import ENDS, frame_of
from steps_ros.ros.soak_result import AtRest, MemorySample, SoakResult

REST = AtRest(frames=249, threads=20, descriptors=30, segments=0)
MEMORY = [MemorySample(frames, 500.0) for frames in range(0, 501, 25)]
PLANNED = [ENDS[frame_of(number).kind][0] for number in range(500)]
REFUSED = PLANNED.count('bad_frame')
FINE = SoakResult(
    500,
    PLANNED,
    {'bad_frame': REFUSED},
    named={'bad_frame': REFUSED},
    published=500 - REFUSED,
    node_received=500,
    node_published=500 - REFUSED,
    clock_jumps=1,
    restarts=1,
    pauses=1,
    hurried_ticks=2,
    memory=MEMORY,
    rests=[REST, REST._replace(frames=500)],
    rates_hz=[9.0, 10.0],
    widest=96,
)


def ended(**ends):
    """Return the ends of all frames with those of some numbers changed: ``n7='lost'``."""
    changed = {int(name[1:]): end for name, end in ends.items()}
    return [changed.get(number, end) for number, end in enumerate(PLANNED)]


def test_a_soak_that_keeps_its_promises_says_so():
    assert FINE.broken_promises() == []
    plain = json.loads(json.dumps(FINE.plain()))
    assert list(plain)[:6] == [
        'frames', 'published', 'dropped', 'unaccounted', 'rss_growth_percent', 'threads_leaked',
    ]  # fmt: skip
    assert plain['published'] + sum(plain['dropped'].values()) == plain['frames']
    assert (plain['good_frames'], plain['good_published']) == (474, 474)
    assert (plain['rss_growth_percent'], plain['clock_jumps'], plain['pauses']) == (0.0, 1, 1)
    assert plain['good_published_by']['size'] == {'96x72': 158, '72x44': 158, '48x36': 158}
    assert sum(plain['good_published_by']['encoding'].values()) == 474
    assert plain['ends']['covered_lens'] == {'unsure': 1}
    assert (plain['memory_judged_from'], plain['leaks_judged_between']) == (250, [249, 500])


def test_what_is_too_short_to_be_judged_says_so():
    short = replace(FINE, memory=MEMORY[:2], rests=FINE.rests[:1])
    plain = short.plain()
    assert (plain['memory_judged_from'], plain['leaks_judged_between']) == (None, None)
    assert short.broken_promises() == []


@pytest.mark.parametrize('kind', [kind for kind in ENDS if kind != 'good'])
def test_any_frame_may_be_superseded_but_none_may_end_as_another_kind(kind):
    number = next(n for n in range(500) if frame_of(n).kind == kind)
    ends = {'out', 'unsure', 'uncalibrated', 'bad_frame', 'failed', 'lost', 'doubled'}
    for end in ends | {'superseded', 'incomplete', 'no_calibration'}:
        wrong = replace(FINE, ends=ended(**{f'n{number}': end})).wrong
        may = (*ENDS[kind], 'superseded')
        assert wrong == ([] if end in may else [f'{number} {kind} {end}'])


GREW = [MemorySample(frames, 500.0 + 0.06 * max(0, frames - 250)) for frames in range(501)]
LATE = ended(**{f'n{number}': 'superseded' for number in range(100, 180)})


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        ({'ends': ended(n100='lost')}, '1 of 500 frames ended as they must not: 100 good lost'),
        ({'ends': ended(n100='lost', n101='doubled')}, '100 good lost, 101 good doubled'),
        ({'ends': ended(n100='failed')}, '100 good failed'),
        ({'strangers': 2}, '2 outputs and drops are of no frame'),
        ({'dropped': {'bad_frame': REFUSED - 1, 'superseded': 1}}, 'the node counts 500 frames'),
        ({'node_received': 499}, 'the node counts 499 frames received'),
        ({'node_published': 3}, ', 3 published'),
        ({'ends': LATE}, '84.0 % of the good'),
        ({'clock_jumps': 2}, 'time went back 2 times on /clock and not 1 times'),
        ({'memory': GREW}, 'memory grew by 2.7'),
        ({'rests': [REST, REST._replace(threads=22)]}, '2 threads leaked'),
        ({'rests': [REST, REST._replace(descriptors=31)]}, '1 file descriptors leaked'),
        ({'rests': [REST, REST._replace(segments=1)]}, '1 segments of shared memory'),
        ({'left_behind': ['/dev/shm/x']}, 'left in shared memory: /dev/shm/x'),
        ({'problem': 'night_depth ended with code -9'}, 'night_depth ended with code -9'),
    ],
)
def test_a_broken_promise_is_one_line(changes, said):
    (line,) = replace(FINE, **changes).broken_promises()
    assert said in line
    assert len(line.splitlines()) == 1


def test_a_soak_that_ended_at_once_has_numbers_too():
    nothing = SoakResult(0, (), {})
    assert nothing.broken_promises() == []
    assert json.loads(json.dumps(nothing.plain()))['unaccounted'] == 0


def test_memory_is_compared_from_the_warm_up_on():
    steep = [
        MemorySample(frames, 300.0 + min(frames, 2000) / 10) for frames in range(0, 20001, 100)
    ]
    assert replace(FINE, frames=20000, memory=steep).rss_growth_percent == 0.0
