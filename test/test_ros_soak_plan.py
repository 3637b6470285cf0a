"""The frames of a soak: who sends what, and that each number gives the same frame anywhere."""

from collections import Counter
from itertools import pairwise

from steps_ros.ros.soak_plan import (
    BAD_EVERY,
    BEGIN_NS,
    CAMERAS,
    clock_jumps,
    ENDS,
    FIRST_BAD,
    frame_of,
    GOOD,
    is_hurried,
    is_pause,
    kinds_of,
    LOOP_TICKS,
    number_of,
    PERIOD_NS,
    RAW_ENCODINGS,
    shift_ends,
    TICK,
)


def test_the_cameras_take_turns_and_use_all_encodings():
    frames = [frame_of(number) for number in range(60)]
    assert [frame.camera.name for frame in frames[:4]] == ['front', 'rear', 'side', 'front']
    front = [frame.encoding for frame in frames if frame.camera.name == 'front']
    assert set(front) == set(RAW_ENCODINGS)
    assert {frame.encoding for frame in frames if frame.camera.name == 'rear'} == {'jpeg', 'png'}


def test_one_frame_in_twenty_is_bad_and_few_frames_have_every_kind():
    kinds = kinds_of(500)
    assert kinds[GOOD] == 474
    assert set(kinds) == set(ENDS)
    assert kinds['no_camera_info'] == 1
    of = Counter(f.camera.name for f in map(frame_of, range(500)) if f.kind != GOOD)
    assert max(of.values()) - min(of.values()) <= 1


def test_each_camera_comes_to_all_of_its_kinds():
    for transport in ('raw', 'compressed'):
        frames = [f for f in map(frame_of, range(1, 3000)) if f.camera.transport == transport]
        seen = {(frame.camera.name, frame.kind) for frame in frames}
        names = {frame.camera.name for frame in frames}
        assert seen == {(name, kind) for name in names for kind in {f.kind for f in frames}}


def test_the_number_is_in_the_frame_id_and_the_time_goes_round():
    for number in (0, 1, 359, 360, 19_999):
        assert number_of(frame_of(number).frame_id) == number
    begin, end = frame_of(0), frame_of(TICK * LOOP_TICKS - 1)
    assert begin.time_ns == BEGIN_NS
    assert end.time_ns == BEGIN_NS + (LOOP_TICKS - 1) * PERIOD_NS
    assert frame_of(end.number + 1).time_ns == BEGIN_NS


def test_the_jumps_of_the_clock_are_those_of_the_frames():
    for frames in (0, 1, 360, 361, 500, 721, 2000):
        times = [frame_of(number).time_ns for number in range(frames)]
        assert clock_jumps(frames) == sum(b < a for a, b in pairwise(times))
    assert clock_jumps(500) == 1


def test_a_pause_and_a_burst_are_in_few_frames_and_no_bad_one_is_in_a_burst():
    ticks = range(500 // TICK)
    assert [tick for tick in ticks if is_pause(tick)] == [98]
    assert [tick for tick in ticks if is_hurried(tick)] == [99, 100]
    for tick in filter(is_hurried, range(20_000)):
        numbers = range(TICK * tick, TICK * (tick + 2))
        assert all(number % BAD_EVERY != FIRST_BAD for number in numbers)


def test_shifts_have_whole_ticks_and_all_frames():
    assert shift_ends(500, 2) == [0, 249, 500]
    assert shift_ends(1, 2) == [0, 0, 1]
    ends = shift_ends(20_000, 20)
    assert (ends[0], ends[-1], len(ends)) == (0, 20_000, 21)
    assert not any(end % TICK for end in ends[:-1])


def test_sizes_follow_the_widest_camera():
    assert [camera.size(640) for camera in CAMERAS] == [(640, 480), (480, 300), (320, 240)]
    assert [camera.size(160) for camera in CAMERAS] == [(160, 120), (120, 76), (80, 60)]
