"""The benchmark of the training step: its numbers, and a smallest run of it."""

import json

import pytest

from steps_ros.bench import training_step
from steps_ros.bench.machine import Machine
from steps_ros.bench.subjects import PARTS
from steps_ros.bench.timing import Speed, StepTimes
from steps_ros.core.depth_net import TINY, TINY_RAYS

MACHINE = Machine('a machine', 2, '2.1', 0.5)
SPEED = Speed(
    MACHINE,
    (64, 96),
    2,
    (90.0, 110.0, 100.0),
    (
        StepTimes('literal', (4.0, 8.0, 6.0), 30.0, {'depth': 1.0, 'rest': 5.0}),
        StepTimes('ours', (2.0, 2.0, 2.0), 20.0, {'depth': 0.5, 'rest': 1.5}),
    ),
)


def test_ratios_are_those_of_rounds():
    (ratio,) = SPEED.ratios()
    assert (ratio.name, ratio.median, ratio.low, ratio.high) == ('ours', 3, 2, 4)


def test_a_single_round_has_a_ratio():
    first, second = (
        StepTimes(name, (seconds,), 1, {}) for name, seconds in (('a', 6.0), ('b', 4.0))
    )
    (ratio,) = Speed(MACHINE, (64, 96), 2, (100.0,), (first, second)).ratios()
    assert (ratio.median, ratio.low, ratio.high) == (1.5, 1.5, 1.5)


def test_numbers_for_json():
    plain = json.loads(json.dumps(SPEED.plain()))
    assert plain['machine'] == {'name': 'a machine', 'threads': 2, 'torch': '2.1', 'load': 0.5}
    assert plain['times_as_fast'] == {'ours': {'median': 3.0, 'half_within': [2.0, 4.0]}}
    literal = plain['steps']['literal']
    assert (literal['median_s'], literal['samples_per_s']) == (6.0, pytest.approx(1 / 3))
    assert literal['share_of_gemm'] == pytest.approx(30 / 6 / 100)


def test_text_for_people():
    rows = {line[:22].strip(): line[22:].split() for line in SPEED.text().splitlines()}
    assert rows['literal'] == ['6.000', '0.33', '30', '5%']
    assert rows['ours'] == ['2.000', '1.00', '20', '10%', '3.00']
    assert rows['depth'] == ['1000.0', '500.0']


@pytest.mark.parametrize(
    ('size', 'words'), [('100x100', 'multiples of 32'), ('64x64', 'threes'), ('0x32', 'multiples')]
)
def test_a_size_that_cannot_be_is_one_line(capsys, size, words):
    assert training_step.main(['--size', size, '--batch', '1']) == 1
    error = capsys.readouterr().err
    assert words in error
    assert error.count('\n') == 1


def test_the_smallest_run(tmp_path, capsys, monkeypatch):
    """Few steps, and small networks where they may be others than the released ones."""
    monkeypatch.setattr(training_step, 'PROFILED', 1)
    monkeypatch.setattr(training_step, 'RESNET18', TINY)
    monkeypatch.setattr(training_step, 'RESNET18_RAYS', TINY_RAYS)
    path = tmp_path / 'speed.json'
    arguments = ['--size', '64x96', '--batch', '1', '--rounds', '1', '--threads', '1']
    assert training_step.main([*arguments, '--json', str(path)]) == 0
    plain = json.loads(path.read_text())
    kinds = ['literal', 'released', 'first epoch', 'steps', 'steps, bfloat16', 'own network']
    assert [*plain['steps']] == kinds
    for step in plain['steps'].values():
        assert list(step['parts_s']) == [*PARTS, 'rest']
        assert all(step['parts_s'][part] > 0 for part in PARTS)
        assert step['share_of_gemm'] > 0
    counts = {name: step['gigaflop'] for name, step in plain['steps'].items()}
    assert 0 < counts['steps'] < counts['released'] < counts['literal']
    assert counts['steps'] < counts['first epoch']
    assert 'of GEMM' in capsys.readouterr().out
