"""
Parts of the benchmark that scripts read most: the predictor, and the node over DDS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from statistics import median
from typing import Any

from steps_ros.bench.node_speed import (
    COMPRESSED,
    measure_cameras,
    measure_node,
    measure_rates,
    NodeTimes,
    Rates,
    RAW,
)
from steps_ros.bench.predictor_speed import (
    compared_networks,
    measure,
    NETWORK,
    PREDICTOR,
    PredictorSpeed,
    REFERENCE,
    VARIANTS,
)
from steps_ros.bench.results import (
    MS,
    Part,
    Row,
    row_of,
    TIMES_AS_FAST,
    TIMES_AS_LONG,
    TIMES_AS_MUCH,
)

NODE_SIZES = ((640, 480), (1280, 720), (1600, 900))
# Frames of a busy node are many times as many as round trips: they come faster.
RATE_ROUNDS = 20
# Relative difference of depth anywhere in the picture.
EXACT = 1e-4
CAMERA_SIZE, STREAM_SIZE, STREAM_NETWORK = (640, 480), (640, 480), '192x320'
STREAM_PRECISIONS = ('float32', 'bfloat16')
TRANSPORTS = {RAW: 'raw', COMPRESSED: 'JPEG'}


def measure_predictor(size: tuple[int, int], rounds: int) -> Part:
    """Time released and default network in every variant, at (height, width)."""
    return predictor_part(
        [measure(network, size, rounds, VARIANTS) for network in compared_networks()]
    )


def predictor_part(networks: Sequence[Sequence[PredictorSpeed]]) -> Part:
    """
    Return the rows of all networks and variants.

    The values are those of the first network, the released one, in the fastest variant whose
    depth is still that of the reference, of all, and of those in float32 to 1e-4.
    """
    released, *others = [
        [speed for speed in network if speed.substitute is None] for network in networks
    ]
    fit = [item for item in released if item.difference is None or item.difference.is_tolerable]
    best = _fastest(fit or released)
    exact = [item for item in _in_float32(released) if _is_exact(item)]
    float32 = _fastest(exact or _in_float32(released))
    values: dict[str, Any] = {
        f'{name}_ms': best.milliseconds(name) for name in (REFERENCE, NETWORK, PREDICTOR)
    }
    values |= {
        'predictor_variant': best.variant.name,
        'predictor_size': '{}x{}'.format(*best.size),
        'predictor_vs_reference': best.times(REFERENCE, PREDICTOR),
        'predictor_vs_network': best.times(PREDICTOR, NETWORK),
        'float32_vs_reference': float32.times(REFERENCE, PREDICTOR),
    }
    for network in others:
        for name, speeds in (('', network), ('_float32', _in_float32(network))):
            fastest = _fastest(speeds)
            key = f'{fastest.network}{name}_vs_reference'
            values[key] = fastest.times(REFERENCE, PREDICTOR)
            values[f'{fastest.network}{name}_vs_network'] = fastest.times(PREDICTOR, NETWORK)
    return Part(tuple(chain.from_iterable(map(_rows, chain.from_iterable(networks)))), values)


def _in_float32(speeds: Sequence[PredictorSpeed]) -> list[PredictorSpeed]:
    return [speed for speed in speeds if speed.variant.precision == 'float32']


def _is_exact(speed: PredictorSpeed) -> bool:
    return speed.difference is not None and speed.difference.most <= EXACT


def _fastest(speeds: Sequence[PredictorSpeed]) -> PredictorSpeed:
    return min(speeds, key=lambda speed: speed.milliseconds(PREDICTOR))


def _rows(speed: PredictorSpeed) -> tuple[Row, Row]:
    name, own = f'{speed.network}, {speed.name}', speed.seconds[PREDICTOR]
    return (
        row_of('predictor', name, own, REFERENCE, speed.seconds[REFERENCE], TIMES_AS_FAST),
        row_of('predictor', name, own, 'bare network', speed.seconds[NETWORK]),
    )


def measure_nodes(sizes: Sequence[tuple[int, int]], rounds: int) -> Part:
    """
    Send images of all sizes, (width, height), to the node, raw and as JPEG.

    Beside that, as many as it can take of one size, with the networks at 192x320.
    """
    trips = [measure_node(*size, transport, rounds) for transport in TRANSPORTS for size in sizes]
    network = f'network_size:={STREAM_NETWORK}'
    rates = {
        precision: measure_rates(
            *STREAM_SIZE, RATE_ROUNDS * rounds, (network, f'precision:={precision}')
        )
        for precision in STREAM_PRECISIONS
    }
    return node_part(trips).with_part(rate_part(rates))


def rate_part(rates: Mapping[str, Rates]) -> Part:
    """Return the rows and values of frames per second by precision."""
    size = '{}x{}, raw, networks at {}'.format(*STREAM_SIZE, STREAM_NETWORK)
    rows = tuple(
        Row(
            'node', f'{size}, {precision}: frames', 'per s', rate.node,
            'transport alone', rate.transport, rate.transport / rate.node, TIMES_AS_LONG,
        )
        for precision, rate in rates.items()
    )  # fmt: skip
    values = {precision: rate.node for precision, rate in rates.items()}
    return Part(rows, {'node_frames_per_s': values})


def measure_cameras_of_node(counts: Sequence[int], rounds: int) -> Part:
    """Let 1, 2 or more cameras of one node send at once, over DDS."""
    return cameras_part(measure_cameras(*CAMERA_SIZE, counts, rounds))


def cameras_part(seconds: Mapping[int, Sequence[float]]) -> Part:
    """Return the rows and values of seconds by number of cameras, the first of them one."""
    one, *others = seconds
    size = '{}x{}'.format(*CAMERA_SIZE)
    rows = tuple(
        row_of(
            'cameras',
            f'{count} cameras of a node, {size}',
            seconds[count],
            '1 camera',
            seconds[one],
        )
        for count in others
    )
    costs = {str(count): row.ratio for count, row in zip(others, rows, strict=True)}
    return Part(rows, {'cameras_cost': costs, 'node_cameras_cost': costs})


def node_part(measured: Sequence[NodeTimes]) -> Part:
    """Return the rows and values of the node's times."""
    raw = [times for times in measured if times.transport_name == RAW]
    values = {
        'node_overhead_ms': {times.size: times.overhead for times in raw},
        'node_model_ms': {times.size: times.model for times in raw},
        'node_predict_ms': {times.size: times.predict for times in raw},
        'transport_ms': {times.size: median(times.transport) for times in raw},
        'rss_mb': max(times.rss_mb for times in measured),
    }
    return Part(tuple(chain.from_iterable(map(_node_rows, measured))), values)


def _node_rows(times: NodeTimes) -> tuple[Row, ...]:
    name = f'{times.size}, {TRANSPORTS[times.transport_name]}'
    seconds, bare = ([1e-3 * ms for ms in column] for column in (times.node, times.transport))
    beyond = times.overhead + times.model - times.predict
    own = [
        Row('node', f'{name}: {what}', MS, value, beside, other, value / other, TIMES_AS_LONG)
        for what, value, beside, other in (
            ('beyond the networks', times.overhead, 'networks', times.model),
            ('beyond prediction', beyond, 'prediction', times.predict),
        )
    ]
    end_to_end = row_of('node', f'{name}: image to last output', seconds, 'transport alone', bare)
    memory = Row(
        'memory', f'node, {name}', 'MB', times.rss_mb, 'bare node', times.bare_rss_mb,
        times.rss_mb / times.bare_rss_mb, TIMES_AS_MUCH,
    )  # fmt: skip
    return end_to_end, *own, memory
