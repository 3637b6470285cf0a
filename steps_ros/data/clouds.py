"""
Points out of ``sensor_msgs/PointCloud2``, whatever the order and the types of its fields.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.data.messages import NANOSECONDS
from steps_ros.data.transforms import message_stamp_ns
from steps_ros.errors import FrameError

# By the number in sensor_msgs/PointField.
_TYPES = {1: 'i1', 2: 'u1', 3: 'i2', 4: 'u2', 5: 'i4', 6: 'u4', 7: 'f4', 8: 'f8'}
_TIME_FIELDS = ('t', 'time', 'timestamp', 'offset_time', 'time_offset', 'time_stamp')
# No sweep lasts longer; what does is counted in another unit, or is no time.
LONGEST_SWEEP_S = 1.0
_NANOSECONDS_OF_UNITS = (1e9, 1e3, 1.0)
# Beyond the stamps that ROS has, and far within 64 bits.
LATEST_NS = 2.0**62


class Cloud(NamedTuple):
    """
    Points of one sweep in the frame of its message.

    ``points`` (N, 3) float32, metres, all finite; ``offsets_ns`` (N,) int64, time of each point
    after the message's stamp, None where the cloud does not tell.
    """

    points: NDArray[np.float32]
    offsets_ns: NDArray[np.int64] | None


def decode_cloud(message: Any) -> Cloud:
    """
    Read x, y, z and, where there is one, the time of each point (t, time, timestamp, offset_time).

    Times are taken as Ouster and Livox (integer nanoseconds after the stamp), Velodyne (float
    seconds around it) and Hesai (absolute seconds) write them. Points that are not finite are
    left out, and so are those at the very origin, which is how a driver writes no return.

    :raises FrameError: no x, y, z, or fewer bytes than its size says.
    """
    fields = {field.name: field for field in message.fields}
    if not {'x', 'y', 'z'} <= set(fields):
        names = ', '.join(fields) or 'none'
        raise FrameError(
            f'point cloud has no fields x, y, z but {names}; choose another --reference-topic'
        )
    records = _records(message, fields)
    points = np.stack([records[name] for name in 'xyz'], -1).astype(np.float32, copy=False)
    usable = np.isfinite(points).all(-1) & points.any(-1)
    name = next((name for name in _TIME_FIELDS if name in fields), None)
    if name is None:
        return Cloud(points[usable], None)
    offsets = _offsets_ns(records[name][usable], message_stamp_ns(message))
    return Cloud(points[usable], offsets)


def _records(message: Any, fields: dict[str, Any]) -> NDArray[Any]:
    """Return a structured view (height * width,) of the bytes."""
    wanted = [name for name in ('x', 'y', 'z', *_TIME_FIELDS) if name in fields]
    order = '>' if message.is_bigendian else '<'
    unknown = [name for name in wanted if fields[name].datatype not in _TYPES]
    if unknown:
        raise FrameError(f'point cloud field {unknown[0]} is of no known type; mend its publisher')
    formats = [order + _TYPES[fields[name].datatype] for name in wanted]
    offsets = [fields[name].offset for name in wanted]
    step, rows, columns = message.point_step, message.height, message.width
    content = np.frombuffer(memoryview(message.data), np.uint8)
    row_step = message.row_step or step * columns
    # numpy's own looks at fields and at bytes overflow, and it reads beyond them then.
    for name, offset, kind in zip(wanted, offsets, formats, strict=True):
        end = offset + np.dtype(kind).itemsize
        if end > step:
            raise FrameError(
                f'point cloud field {name} ends at byte {end} of points of {step}; mend its '
                'publisher'
            )
    try:
        record = np.dtype(
            {'names': wanted, 'formats': formats, 'offsets': offsets, 'itemsize': step}
        )
        if row_step < step * columns or row_step * (rows - 1) + step * columns > len(content):
            raise ValueError('row_step')
        view = np.ndarray((rows, columns), record, content, strides=(row_step, step))
    except (ValueError, TypeError) as error:
        raise FrameError(
            f'point cloud of {columns}x{rows} points, point_step {step}, row_step '
            f'{message.row_step} does not fit its {len(content)} bytes; it is truncated'
        ) from error
    return np.asarray(view.reshape(-1))


def _offsets_ns(times: NDArray[Any], stamp_ns: int) -> NDArray[np.int64] | None:
    """Return nanoseconds after the stamp; None where the numbers cannot be times of a sweep."""
    if not len(times) or not np.isfinite(times).all():
        return None
    if times.dtype.kind in 'ui':
        return _relative(times.astype(np.int64), stamp_ns)
    largest = float(np.abs(times).max())
    units = (unit for unit in _NANOSECONDS_OF_UNITS if largest * unit < LATEST_NS)
    # Whole seconds since 1970 leave a double a quarter of a microsecond.
    counted = (np.rint(times.astype(np.float64) * unit).astype(np.int64) for unit in units)
    offsets = (_relative(item, stamp_ns) for item in counted)
    return next((item for item in offsets if item is not None), None)


def _relative(times_ns: NDArray[np.int64], stamp_ns: int) -> NDArray[np.int64] | None:
    longest_ns = int(LONGEST_SWEEP_S * NANOSECONDS)
    if np.abs(times_ns).max() > longest_ns:
        times_ns = times_ns - stamp_ns
    return times_ns if np.abs(times_ns).max() <= longest_ns else None
