"""The frames of a soak: who sends what, and that each number gives the same frame anywhere."""

from collections import Counter

from steps_ros.ros.soak_plan import (
    BEGIN_NS,
    CAMERAS,
    clock_jumps,
    COMPRESSED_KINDS,
    FATES,
    frame_of,
    GOOD,
    kinds_of,
    LOOP_TICKS,
    number_of,
    PERIOD_NS,
    RAW_ENCODINGS,
    RAW_KINDS,
)


def test_the_cameras_take_turns_and_use_all_encodings():
    frames = [frame_of(number) for number in range(60)]
    assert [frame.camera.name for frame in frames[:4]] == ['front', 'rear', 'side', 'front']
    front = [frame.encoding for frame in frames if frame.camera.name == 'front']
    assert set(front) == set(RAW_ENCODINGS)
    assert {frame.encoding for frame in frames if frame.camera.name == 'rear'} == {'jpeg', 'png'}


def test_one_frame_in_twenty_is_bad_and_few_frames_have_every_kind():
    kinds = kinds_of(500)
    assert kinds[GOOD] == 475
    assert set(kinds) == {GOOD, *RAW_KINDS, *COMPRESSED_KINDS} == set(FATES)
    of = Counter(f.camera.name for f in map(frame_of, range(500)) if f.kind != GOOD)
    assert max(of.values()) - min(of.values()) <= 1


def test_the_number_is_in_the_stamp_and_the_time_goes_round():
    for number in (0, 1, 359, 360, 19_999):
        frame = frame_of(number)
        assert number_of(frame.stamp_ns) == number
        assert frame.stamp_ns - frame.time_ns == number
    begin, end = frame_of(0), frame_of(len(CAMERAS) * LOOP_TICKS - 1)
    assert begin.time_ns == BEGIN_NS
    assert end.time_ns == BEGIN_NS + (LOOP_TICKS - 1) * PERIOD_NS
    assert frame_of(end.number + 1).time_ns == BEGIN_NS
    assert [clock_jumps(n) for n in (0, 360, 361, 721)] == [0, 0, 1, 2]


def test_a_zero_stamp_is_one_of_the_kinds():
    zero = next(f for f in map(frame_of, range(500)) if f.kind == 'zero_stamp')
    assert zero.stamp_ns == 0


def test_sizes_follow_the_widest_camera():
    assert [camera.size(640) for camera in CAMERAS] == [(640, 480), (480, 300), (320, 240)]
    assert [camera.size(160) for camera in CAMERAS] == [(160, 120), (120, 76), (80, 60)]
