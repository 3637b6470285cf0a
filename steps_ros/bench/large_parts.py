"""
Parts of the benchmark that scripts read most: the predictor, and the node over DDS.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from statistics import median
from typing import Any

from steps_ros.bench.node_speed import COMPRESSED, measure_node, NodeTimes, RAW
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
    depth is still that of the reference, of all and of those in float32.
    """
    released, *others = [
        [speed for speed in network if speed.substitute is None] for network in networks
    ]
    fit = [item for item in released if item.difference is None or item.difference.is_tolerable]
    best, float32 = _fastest(fit or released), _fastest(_in_float32(fit or released))
    values: dict[str, Any] = {
        f'{name}_ms': best.milliseconds(name) for name in (REFERENCE, NETWORK, PREDICTOR)
    }
    values |= {
        'predictor_variant': best.variant.name,
        'predictor_vs_reference': best.times(REFERENCE, PREDICTOR),
        'predictor_vs_network': best.times(PREDICTOR, NETWORK),
        'float32_vs_reference': float32.times(REFERENCE, PREDICTOR),
    }
    for network in others:
        for name, speeds in (('', network), ('_float32', _in_float32(network))):
            fastest = _fastest(speeds)
            key = f'{fastest.network}{name}_vs_reference'
            values[key] = fastest.times(REFERENCE, PREDICTOR)
    return Part(tuple(chain.from_iterable(map(_rows, chain.from_iterable(networks)))), values)


def _in_float32(speeds: Sequence[PredictorSpeed]) -> list[PredictorSpeed]:
    return [speed for speed in speeds if speed.variant.precision == 'float32']


def _fastest(speeds: Sequence[PredictorSpeed]) -> PredictorSpeed:
    return min(speeds, key=lambda speed: speed.milliseconds(PREDICTOR))


def _rows(speed: PredictorSpeed) -> tuple[Row, Row]:
    name, own = f'{speed.network}, {speed.name}', speed.seconds[PREDICTOR]
    return (
        row_of('predictor', name, own, REFERENCE, speed.seconds[REFERENCE], TIMES_AS_FAST),
        row_of('predictor', name, own, 'bare network', speed.seconds[NETWORK]),
    )


def measure_nodes(sizes: Sequence[tuple[int, int]], rounds: int) -> Part:
    """Send images of all sizes, (width, height), to the node, raw and as JPEG."""
    return node_part(
        [measure_node(*size, transport, rounds) for transport in TRANSPORTS for size in sizes]
    )


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
