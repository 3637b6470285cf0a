"""Damaged files and messages give a value in order or one clear line; `make fuzz` tries many."""

from __future__ import annotations

import json
import logging
import random

from hypothesis import given, HealthCheck, Phase, settings
import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from fuzzing import campaign, contract
from fuzzing.__main__ import main
from fuzzing.contract import attempt, Target
from fuzzing.damage import damaged, damaged_inputs
from fuzzing.findings import Findings
from fuzzing.targets import BY_NAME, TARGETS
from fuzzing.turns import take_turns

from steps_ros.errors import FrameError, StepsError

FEW = settings(
    max_examples=12,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def silence():
    """Keep the warnings about damaged recordings to themselves."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('name', BY_NAME)
def test_damaged_input_gives_a_value_in_order_or_one_line(name):
    FEW(given(damaged_inputs(BY_NAME[name]))(lambda content: attempt(BY_NAME[name], content)))()


@pytest.mark.parametrize('target', TARGETS, ids=lambda target: target.name)
def test_the_first_seed_is_valid(target):
    target.check(target.seeds()[0])


def broken(check) -> Target:
    return Target('broken', lambda: [b'1'], check)


def refuses(message: str):
    def check(content: bytes) -> None:
        raise FrameError(message)

    return check


def fails(content: bytes) -> None:
    raise ValueError('not caught')


def test_an_attempt_holds_errors_to_one_line():
    attempt(broken(refuses('a line')), b'')
    with pytest.raises(ValueError, match='not caught'):
        attempt(broken(fails), b'')
    with pytest.raises(AssertionError, match='without a word'):
        attempt(broken(refuses('')), b'')


def test_errors_are_one_printable_line_whatever_is_in_them():
    said = str(StepsError('topic \x1b[2J/a\nb\x85\ud800 é'))
    assert said == 'topic \\x1b[2J/a\\nb\\x85\\ud800 é'
    assert len(str(StepsError('x' * 5000))) == 1005


def test_a_crash_is_repeated_from_its_file(tmp_path, capsys):
    crash = tmp_path / 'crash'
    crash.write_bytes(b'drive.mcap@20-30')
    assert main(['repeat', 'part', str(crash)]) == 0
    assert capsys.readouterr().out == 'part: in order\n'


def test_what_breaks_is_kept_once_of_each_kind_the_shortest(tmp_path):
    findings = Findings(broken(fails), tmp_path, 'examples')
    for content in (b'long', b'l', b'longer'):
        findings(content)
    findings.count()
    (crash,) = (tmp_path / 'crashes' / 'broken').glob('ValueError-*.crash')
    assert crash.read_bytes() == b'l'
    assert 'ValueError: not caught' in crash.with_suffix('.txt').read_text()
    assert json.loads((tmp_path / 'broken.examples.json').read_text()) == {'tried': 3}


def test_damage_is_repeatable_and_changes_something():
    seeds = BY_NAME['depth'].seeds()
    first, second = (damaged(seeds[0], seeds, (), random.Random(1).randrange) for _ in range(2))
    assert first == second != seeds[0]


def test_a_campaign_says_whether_something_broke(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(campaign, '_run', lambda *given: True)
    (tmp_path / 'part.examples.json').write_text('{"tried": 1234}')
    assert campaign.run_campaign(['part'], tmp_path, 1)
    assert '1,234 inputs, 0 crashes' in capsys.readouterr().out
    crash = tmp_path / 'crashes' / 'part' / 'a.crash'
    crash.parent.mkdir(parents=True)
    crash.write_bytes(b'')
    assert not campaign.run_campaign(['part'], tmp_path, 1)
    assert f'-m fuzzing repeat part {crash}' in capsys.readouterr().out


def test_a_turn_that_ends_badly_is_told(tmp_path, capfd):
    def exits(name: str) -> None:
        raise SystemExit(name == 'bad')

    assert take_turns(['good'], 'examples', tmp_path, 1, exits)
    assert not take_turns(['good', 'bad'], 'examples', tmp_path, 1, exits)
    assert f'0  ended with 1, see {tmp_path / "bad.examples.log"}' in capfd.readouterr().out


@pytest.mark.skipif(not contract.CLEAR.exists(), reason='the peak cannot be reset here')
def test_a_large_input_does_not_hide_the_next(monkeypatch):
    monkeypatch.setattr(contract, 'MOST_GROWTH_KIB', 40 << 10)
    for megabytes in (90, 60):
        target = Target('greedy', list, lambda _, size=megabytes: bytearray(size << 20))
        with pytest.raises(AssertionError, match='MiB'):
            attempt(target, b'')
