"""
PointCloud2 of every make gives the same points.
"""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st
from made_examples import ALWAYS_THE_SAME
import numpy as np
import pytest

from steps_ros.data.clouds import decode_cloud
from steps_ros.data.messages import points_message
from steps_ros.errors import FrameError

NUMBERS = {'i1': 1, 'u1': 2, 'i2': 3, 'u2': 4, 'i4': 5, 'u4': 6, 'f4': 7, 'f8': 8}
STAMP_S = 1_700_000_000
STAMP_NS = STAMP_S * 1_000_000_000
NS_OF_SWEEP = 999_000_000
POINTS = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.float32)


def cloud(fields, itemsize, values, big=False, shape=None, row_padding=0):
    """Return a message with fields (name, offset, type) and values by name."""
    order = '>' if big else '<'
    names, offsets, types = zip(*fields, strict=True)
    record = np.dtype(
        {
            'names': names,
            'offsets': offsets,
            'formats': [order + kind for kind in types],
            'itemsize': itemsize,
        }
    )
    height, width = shape or (1, len(values['x']))
    records = np.zeros((height, width), record)
    for name, numbers in values.items():
        records[name] = np.reshape(numbers, (height, width))
    rows = records.view(np.uint8).reshape(height, -1)
    rows = np.pad(rows, ((0, 0), (0, row_padding)))
    stamp = SimpleNamespace(sec=STAMP_S, nanosec=0)
    return SimpleNamespace(
        header=SimpleNamespace(stamp=stamp, frame_id='lidar'),
        height=height,
        width=width,
        fields=[
            SimpleNamespace(name=name, offset=offset, datatype=NUMBERS[kind], count=1)
            for name, offset, kind in fields
        ],
        is_bigendian=big,
        point_step=itemsize,
        row_step=rows.shape[1],
        data=rows.reshape(-1),
    )


def xyz(points=POINTS):
    return dict(zip('xyz', points.T, strict=True))


PLAIN = [('x', 0, 'f4'), ('y', 4, 'f4'), ('z', 8, 'f4')]


@pytest.mark.parametrize(
    ('fields', 'itemsize', 'big'),
    [
        (PLAIN, 12, False),
        (PLAIN, 16, False),
        (PLAIN, 12, True),
        ([('z', 3, 'f4'), ('x', 7, 'f4'), ('y', 20, 'f4')], 26, False),
        ([('x', 0, 'f8'), ('y', 8, 'f8'), ('z', 16, 'f8')], 24, True),
        ([('x', 0, 'i2'), ('y', 2, 'i2'), ('z', 4, 'i2')], 6, False),
    ],
)
def test_any_layout(fields, itemsize, big):
    decoded = decode_cloud(cloud(fields, itemsize, xyz(), big))
    np.testing.assert_array_equal(decoded.points, POINTS)
    assert decoded.points.dtype == np.float32
    assert decoded.offsets_ns is None


def test_organised_with_padding_and_holes():
    points = np.arange(1, 19, dtype=np.float32).reshape(6, 3)
    points[1] = np.nan
    points[4] = 0
    message = cloud(PLAIN, 12, xyz(points), shape=(2, 3), row_padding=8)
    np.testing.assert_array_equal(decode_cloud(message).points, points[[0, 2, 3, 5]])


@pytest.mark.parametrize(
    ('name', 'kind', 'times'),
    [
        ('t', 'u4', [0, 50_000_000, 99_000_000]),
        ('offset_time', 'u4', [0, 50_000_000, 99_000_000]),
        ('time', 'f4', [0.0, 0.05, 0.099]),
        ('timestamp', 'f8', [STAMP_S, STAMP_S + 0.05, STAMP_S + 0.099]),
        ('timestamp', 'f8', [STAMP_NS, STAMP_NS + 5e7, STAMP_NS + 9.9e7]),
    ],
)
def test_times_of_points(name, kind, times):
    fields = [*PLAIN, (name, 12, kind)]
    decoded = decode_cloud(cloud(fields, 20, {**xyz(), name: times}))
    np.testing.assert_allclose(decoded.offsets_ns, [0, 50_000_000, 99_000_000], atol=1000)


def test_velodyne_counts_back_from_the_stamp():
    fields = [*PLAIN, ('time', 12, 'f4')]
    decoded = decode_cloud(cloud(fields, 16, {**xyz(), 'time': [-0.1, -0.05, 0.0]}))
    np.testing.assert_allclose(decoded.offsets_ns, [-100_000_000, -50_000_000, 0], atol=100)


@pytest.mark.parametrize('time', [STAMP_S, STAMP_S * 1e6, STAMP_NS])
def test_one_time_for_all_points(time):
    fields = [*PLAIN, ('timestamp', 12, 'f8')]
    decoded = decode_cloud(cloud(fields, 20, {**xyz(), 'timestamp': [time] * 3}))
    assert decoded.offsets_ns.tolist() == [0, 0, 0]


@ALWAYS_THE_SAME
@given(
    st.sampled_from([1e9, 1e3, 1.0]),
    st.sampled_from([0, STAMP_NS]),
    st.tuples(*[st.integers(-NS_OF_SWEEP, NS_OF_SWEEP)] * 2, st.integers(2_000_000, NS_OF_SWEEP)),
)
def test_times_in_any_unit_after_the_stamp_or_since_1970(unit, start_ns, offsets):
    times = [(start_ns + offset) / unit for offset in offsets]
    fields = [*PLAIN, ('timestamp', 12, 'f8')]
    decoded = decode_cloud(cloud(fields, 20, {**xyz(), 'timestamp': times}))
    np.testing.assert_allclose(decoded.offsets_ns, offsets, atol=500 if start_ns else 1)


@pytest.mark.parametrize('times', [[0, 1e12, 5e12], [np.nan, 0, 0], [1e300, 1e300, 1e300]])
def test_what_is_no_time_is_left_aside(times):
    fields = [*PLAIN, ('time', 12, 'f8')]
    assert decode_cloud(cloud(fields, 20, {**xyz(), 'time': times})).offsets_ns is None


def test_no_coordinates():
    message = cloud([('x', 0, 'f4'), ('range', 4, 'f4')], 8, {'x': [1], 'range': [2]})
    with pytest.raises(FrameError, match='no fields x, y, z but x, range'):
        decode_cloud(message)


@pytest.mark.parametrize(
    'change', [{'width': 4}, {'point_step': 13}, {'row_step': 8}, {'height': 2}]
)
def test_too_few_bytes(change):
    message = cloud(PLAIN, 12, xyz())
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(FrameError, match='does not fit its 36 bytes'):
        decode_cloud(message)


@pytest.mark.parametrize('offset', [9, 12, 2**31 - 1, 2**31, 2**32 - 1])
@pytest.mark.parametrize('place', [0, 2])
def test_a_field_outside_of_its_point_is_not_read(offset, place):
    """An offset of 2**31 - 1 passed numpy's own look and ended the process."""
    message = cloud(PLAIN, 12, xyz())
    message.fields[place].offset = offset
    name = 'xyz'[place]
    with pytest.raises(
        FrameError, match=f'field {name} ends at byte {offset + 4} of points of 12'
    ):
        decode_cloud(message)


def test_no_points():
    assert decode_cloud(cloud(PLAIN, 12, {'x': [], 'y': [], 'z': []})).points.shape == (0, 3)


def test_steps_that_overflow_are_refused():
    item = points_message(np.ones((10, 3), np.float32), 0, 'lidar')
    item.height, item.width, item.row_step = 122, 10, 0
    item.point_step, item.data = 65_538_048, np.zeros(0, np.uint8)
    with pytest.raises(FrameError, match='does not fit its 0 bytes'):
        decode_cloud(item)
