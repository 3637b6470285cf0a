"""The whole benchmark: its arithmetic on given times, its keys, and that each part runs."""

from __future__ import annotations

from dataclasses import replace
import importlib.util
import json

import pytest

from steps_ros.bench import small_parts, starting, suite
from steps_ros.bench.large_parts import cameras_part, node_part, predictor_part, rate_part
from steps_ros.bench.machine import Machine
from steps_ros.bench.node_speed import NodeTimes, Rates
from steps_ros.bench.predictor_speed import Difference, PredictorSpeed, Variant
from steps_ros.bench.results import Part, Results, Row, row_of, TIMES_AS_FAST
from steps_ros.bench.small_parts import measure_bags, measure_cameras
from steps_ros.bench.starting import measure_starting, memory_part, part_of, Started
from steps_ros.bench.suite import Effort, PARTS, QUICK, run_suite
from steps_ros.bench.targets import TARGETS, verdicts
from steps_ros.errors import SettingsError

MACHINE = Machine('a machine', 2, '2.1', 0.5)
FLOAT32, BFLOAT16 = Variant('torch', 'float32'), Variant('torch', 'bfloat16')


def test_a_ratio_is_the_median_of_the_rounds_ratios():
    own, other = (0.002, 0.004, 0.003), (0.001, 0.001, 0.003)
    assert row_of('p', 'n', own, 'b', other) == Row(
        'p', 'n', 'ms', 3.0, 'b', 1.0, 2.0, 'times as long'
    )
    faster = row_of('p', 'n', other, 'b', own, TIMES_AS_FAST)
    assert (faster.ratio, faster.means) == (2.0, 'times as fast')


def _speed(network, variant, predictor_s, difference=None):
    seconds = {'reference': (1.2, 1.0), 'network': (0.1, 0.1), 'predictor': (predictor_s,) * 2}
    return PredictorSpeed(MACHINE, network, variant, (64, 96), (1.0, 1.0), seconds, difference)


@pytest.mark.parametrize(('p99', 'best', 'times'), [(0.01, BFLOAT16, 11.0), (0.05, FLOAT32, 5.5)])
def test_the_predictor_is_the_fastest_variant_whose_depth_is_right(p99, best, times):
    part = predictor_part(
        [
            [
                _speed('ResNet-18', FLOAT32, 0.2, Difference(0.0, 0.0, 0.0)),
                _speed('ResNet-18', BFLOAT16, 0.1, Difference(0.001, p99, 0.1)),
            ],
            [
                _speed('default', FLOAT32, 0.05),
                _speed('default', Variant('openvino', 'float32'), 0.04),
                _speed('default', BFLOAT16, 0.025),
            ],
        ]
    )
    values = part.values
    assert values['predictor_variant'] == best.name
    assert values['predictor_vs_reference'] == pytest.approx(times)
    assert values['float32_vs_reference'] == pytest.approx(5.5)
    assert values['reference_ms'] == pytest.approx(1100)
    assert values['default_vs_reference'] == pytest.approx(44)
    assert values['default_float32_vs_reference'] == pytest.approx(27.5)
    assert values['default_float32_vs_network'] == pytest.approx(0.4)
    assert values['predictor_size'] == '64x96'
    assert [row.beside for row in part.rows] == ['reference', 'bare network'] * 5


def test_a_variant_that_was_refused_has_a_row_and_is_never_the_best():
    right = Difference(0.0, 0.0, 0.0)
    refused = replace(_speed('ResNet-18', BFLOAT16, 0.1, right), substitute=FLOAT32)
    part = predictor_part([[_speed('ResNet-18', FLOAT32, 0.2, right), refused]])
    assert part.values['predictor_variant'] == FLOAT32.name
    assert part.rows[2].name == 'ResNet-18, torch bfloat16 (refused, torch float32 instead)'


def test_float32_is_compared_where_its_depth_is_that_of_the_reference_to_1e_4():
    fast = _speed('ResNet-18', Variant('openvino', 'float32'), 0.1, Difference(0.0, 1e-4, 2e-4))
    right = _speed('ResNet-18', FLOAT32, 0.2, Difference(0.0, 0.0, 9e-5))
    values = predictor_part([[fast, right]]).values
    assert values['predictor_vs_reference'] == pytest.approx(11.0)
    assert values['float32_vs_reference'] == pytest.approx(5.5)


def test_cameras_and_frames_of_a_node_are_rows_and_values():
    cameras = cameras_part({1: (0.1, 0.2), 2: (0.2, 0.4), 4: (0.5, 0.8)})
    assert cameras.values['cameras_cost'] == {'2': 2.0, '4': 4.5}
    assert [row.name for row in cameras.rows] == [
        '2 cameras of a node, 640x480',
        '4 cameras of a node, 640x480',
    ]
    rate = rate_part({'float32': Rates(30.0, 90.0), 'bfloat16': Rates(45.0, 90.0)})
    assert rate.values == {'node_frames_per_s': {'float32': 30.0, 'bfloat16': 45.0}}
    assert [row.ratio for row in rate.rows] == [3.0, 2.0]
    memory = memory_part([100.0, 101.0], 0.5, 300)
    assert memory.values == {'memory_growth_percent': 0.5, 'memory_frames': 300}


VALUES = {
    'predictor_size': '320x576',
    'predictor_vs_reference': 9.0,
    'float32_vs_reference': 1.6,
    'node_overhead_ms': {'640x480': 8.0},
    'memory_growth_percent': 0.1,
    'memory_frames': 100,
}
CEILING = {'float32': 100.0, 'bfloat16': 600.0}


def test_targets_are_met_missed_or_not_measured():
    found = {verdict.what: verdict.verdict for verdict in verdicts(VALUES, CEILING)}
    assert len(found) == len(TARGETS)
    words = [
        ('ResNet-18, predictor against the literal reference, bfloat16', 'met'),
        ('ResNet-18, the same in float32, depth within 1e-4', 'missed'),
        ('node at 640x480, callback entry to last publish, less networks', 'met'),
        ('node at 1600x900, callback entry to last publish, less networks', 'not measured'),
        ('memory of the node over 5000 frames grows', 'not measured'),
        ('first depth after process start, warm cache', 'not measured'),
    ]
    for what, word in words:
        assert found[what] == word


@pytest.mark.parametrize(
    ('values', 'ceiling'),
    [(VALUES | {'predictor_size': '64x96'}, CEILING), (VALUES, {'float32': 100.0}), (VALUES, {})],
    ids=['another size', 'no units for bfloat16', 'no rates'],
)
def test_a_target_of_another_size_or_machine_is_not_measured(values, ceiling):
    assert verdicts(values, ceiling)[0].verdict == 'not measured'


def test_the_node_is_told_apart_by_size_and_transport():
    raw = NodeTimes(640, 480, 'raw', (30.0, 40.0), (10.0, 8.0), 7.0, 21.0, 24.0, 400.0, 80.0)
    jpeg = NodeTimes(
        640, 480, 'compressed', (50.0, 50.0), (5.0, 5.0), 9.0, 20.0, 25.0, 410.0, 82.0
    )
    part = node_part([raw, jpeg])
    assert part.values == {
        'node_overhead_ms': {'640x480': 7.0},
        'node_model_ms': {'640x480': 21.0},
        'node_predict_ms': {'640x480': 24.0},
        'transport_ms': {'640x480': 9.0},
        'rss_mb': 410.0,
    }
    trips = [row for row in part.rows if row.beside == 'transport alone']
    assert [(row.name.split(':')[0], row.ratio) for row in trips] == [
        ('640x480, raw', 4.0),
        ('640x480, JPEG', 10.0),
    ]
    own = {row.name: row[3:7] for row in part.rows if 'raw: beyond' in row.name}
    assert own == {
        '640x480, raw: beyond the networks': (7.0, 'networks', 21.0, 7 / 21),
        '640x480, raw: beyond prediction': (4.0, 'prediction', 24.0, 4 / 24),
    }


def test_first_depth_counts_from_the_start_of_the_process():
    own = Started({'imported': 1.0, 'depth': 3.0}, {'imported': 200.0, 'depth': 300.0})
    torch_alone = Started({'imported': 0.5}, {'imported': 150.0})
    part = part_of([(own, torch_alone)])
    assert part.values == {'import_s': 1.0, 'first_depth_s': 3.0}
    assert [row.ratio for row in part.rows] == [2.0, 6.0, 2.0]


def test_all_is_in_the_json_and_every_row_in_the_table():
    row = row_of('bag', 'frame', (0.002,), 'message', (0.001,))
    parts = [Part((row,), {'first_depth_s': 3.0}), Part((), {'rss_mb': 400.0})]
    ceiling = {'float32': 150.0, 'bfloat16': 900.0}
    results = Results(MACHINE, ceiling, parts, {'node': 'no rclpy'})
    plain = json.loads(json.dumps(results.plain(), allow_nan=False))
    assert (plain['first_depth_s'], plain['rss_mb']) == (3.0, 400.0)
    assert plain['ceiling_gflops'] == ceiling
    assert plain['rows'][0]['ratio'] == 2.0
    assert [item['verdict'] for item in plain['targets'] if item['measured'] == 3.0] == ['met']
    assert plain['rows'][0]['value'] == 2 * plain['rows'][0]['beside_value'] == 2.0
    text = results.text()
    for word in (
        'a machine, 2 threads',
        'bfloat16 900',
        'frame',
        '2.00 times as long',
        'no rclpy',
        'first depth after process start',
        'at most 4 s',
    ):
        assert word in text


def test_parts_are_measured_by_name_and_a_machine_without_ros_does_without_the_node(monkeypatch):
    asked: list[tuple[str, Effort]] = []

    def measured(name):
        return lambda effort: asked.append((name, effort)) or Part((), {name: 1.0})

    monkeypatch.setattr(suite, 'PARTS', {name: measured(name) for name in PARTS})
    monkeypatch.setattr(suite, 'gemm_rate', lambda device, dtype: 5.0)
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    results = run_suite(QUICK, ('bag', 'memory', 'node', 'predictor'))
    assert asked == [('predictor', QUICK), ('bag', QUICK)]
    assert list(results.skipped) == ['node', 'memory']
    assert results.ceiling_gflops == {'float32': 5.0, 'bfloat16': 5.0}
    assert results.plain()['bag'] == 1.0


def test_a_part_that_fails_does_not_lose_the_others(monkeypatch):
    def failing(effort):
        raise SettingsError('no such engine; take another')

    parts = {'predictor': failing, 'bag': lambda effort: Part((), {'bag': 1.0})}
    monkeypatch.setattr(suite, 'PARTS', parts)
    monkeypatch.setattr(suite, 'gemm_rate', lambda device, dtype: 5.0)
    results = run_suite(QUICK, ('predictor', 'bag'))
    assert results.plain()['bag'] == 1.0
    assert results.skipped == {'predictor': 'no such engine; take another'}
    with pytest.raises(SettingsError, match='no such engine'):
        run_suite(QUICK, ('predictor',))


def test_the_smallest_of_cameras_bags_and_starts_run(monkeypatch):
    monkeypatch.setattr(small_parts, 'BAG_FRAMES', 3)
    monkeypatch.setattr(starting, 'WARM_UP', 0)
    cameras = measure_cameras((64, 96), 1)
    assert list(cameras.values['cameras_cost']) == ['2', '4']
    bags = measure_bags(1)
    assert list(bags.values['bag_frame_ms']) == ['raw', 'JPEG']
    start = measure_starting(1)
    assert 0 < start.values['import_s'] < start.values['first_depth_s']
    assert all(
        row.value > 0 and row.ratio > 0 for part in (cameras, bags, start) for row in part.rows
    )
