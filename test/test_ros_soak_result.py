"""What a soak says: the sums, the growth, the leaks, and a line for each broken promise."""

from dataclasses import replace
import json

import pytest

from steps_ros.ros.soak_result import AtRest, MemorySample, SoakResult

REST = AtRest(threads=20, descriptors=30, segments=0)
MEMORY = [MemorySample(frames, 500.0) for frames in range(0, 501, 25)]
FINE = SoakResult(
    500,
    {'good': 470, 'black': 2},
    {'bad_frame': 23, 'superseded': 5},
    memory=MEMORY,
    rests=[REST, REST],
    rates_hz=[9.0, 10.0],
)


def test_a_soak_that_keeps_its_promises_says_so():
    assert FINE.broken_promises() == []
    plain = json.loads(json.dumps(FINE.plain()))
    assert list(plain)[:6] == [
        'frames', 'published', 'dropped', 'unaccounted', 'rss_growth_percent', 'threads_leaked',
    ]  # fmt: skip
    assert plain['published'] + sum(plain['dropped'].values()) == plain['frames']
    assert (plain['good_frames'], plain['good_published']) == (475, 470)
    assert (plain['rss_growth_percent'], plain['clock_jumps']) == (0.0, 2)


GREW = [MemorySample(frames, 500.0 + 0.06 * max(0, frames - 250)) for frames in range(501)]


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        ({'published': {'good': 472}, 'dropped': {'bad_frame': 23}}, '5 of 500 frames neither'),
        ({'published': {'good': 400}, 'dropped': {'superseded': 100}}, '84.2 % of the good'),
        ({'published': {'good': 471, 'narrow_step': 1}}, "{'narrow_step': 1}"),
        ({'dropped': {'bad_frame': 27, 'failed': 1}}, '1 frames failed'),
        ({'memory': GREW}, 'memory grew by 2.7'),
        ({'rests': [REST, REST._replace(threads=22)]}, '2 threads leaked'),
        ({'rests': [REST, REST._replace(descriptors=31)]}, '1 file descriptors leaked'),
        ({'rests': [REST, REST._replace(segments=1)]}, '1 segments of shared memory'),
        ({'left_behind': ['/dev/shm/x']}, 'left in shared memory: /dev/shm/x'),
        ({'repeated': 3}, '3 depths came twice'),
        ({'problem': 'night_depth ended with code -9'}, 'night_depth ended with code -9'),
    ],
)
def test_a_broken_promise_is_one_line(changes, said):
    (line,) = replace(FINE, **changes).broken_promises()
    assert said in line
    assert len(line.splitlines()) == 1


def test_a_soak_that_ended_at_once_has_numbers_too():
    nothing = SoakResult(0, {}, {})
    assert nothing.broken_promises() == []
    assert json.loads(json.dumps(nothing.plain()))['unaccounted'] == 0


def test_memory_is_compared_from_the_warm_up_on():
    steep = [
        MemorySample(frames, 300.0 + min(frames, 2000) / 10) for frames in range(0, 20001, 100)
    ]
    assert replace(FINE, frames=20000, memory=steep).rss_growth_percent == 0.0
