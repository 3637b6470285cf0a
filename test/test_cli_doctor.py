"""The command ``doctor``: one line for each check, whatever is missing."""

import json
from pathlib import Path
import re
import subprocess
import sys

import pytest

from steps_ros.cli.main import main
from steps_ros.doctor import examination
from steps_ros.doctor.examination import checks, examine
from steps_ros.doctor.finding import fail, note, ok, parted

PROJECT = Path(__file__).resolve().parent.parent
BARE = """
import os, sys
for name in ('torch', 'numpy', 'cv2', 'yaml', 'tqdm', 'rclpy', 'packaging', 'safetensors'):
    sys.modules[name] = None
from steps_ros.cli.main import main
sys.exit(main(['doctor', '--json']))
"""


def examined(monkeypatch, *found):
    monkeypatch.setattr(examination, 'checks', lambda _: {'all': lambda: list(found)})


def test_a_line_for_each_check_and_one_where_something_failed(monkeypatch, capsys):
    examined(monkeypatch, ok('disk', 'much'), note('sight', 'nobody', 'start one'))
    assert main(['doctor']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f'ok    {"disk":20}  much', f'note  {"sight":20}  nobody; start one']
    examined(monkeypatch, ok('disk', 'much'), fail('weights', 'gone', 'find them'))
    assert main(['doctor']) == 1
    assert capsys.readouterr().out.splitlines()[1].startswith('FAIL  weights')


def test_json_is_one_line(monkeypatch, capsys):
    examined(monkeypatch, fail('weights', 'gone', 'find them'))
    assert main(['doctor', '--json']) == 1
    said = json.loads(capsys.readouterr().out)
    finding = {'check': 'weights', 'level': 'FAIL', 'says': 'gone', 'remedy': 'find them'}
    assert (said['failed'], said['checks']) == (1, [finding])


def test_a_check_that_falls_over_does_not_take_the_others_with_it():
    def raising():
        raise ValueError('two\nlines')

    def lacking():
        raise ImportError('no torch')

    found = list(examine({'a': raising, 'b': lacking, 'c': lambda: [ok('c', 'well')]}))
    assert [item.level for item in found] == ['FAIL', 'note', 'ok']
    assert found[0].says == 'cannot be checked: ValueError: two lines'


def test_nothing_falls_over_where_all_is_missing():
    ended = subprocess.run(
        [sys.executable, '-c', BARE], capture_output=True, text=True, timeout=60, cwd=PROJECT
    )
    said = json.loads(ended.stdout)
    assert ended.stderr == ''
    assert ended.returncode == int(said['failed'] > 0)
    assert [item for item in said['checks'] if item['remedy'] == 'report this line'] == []
    levels = {item['check']: item['level'] for item in said['checks']}
    assert levels['weights'] == levels['middleware'] == levels['sight'] == 'note'
    assert [
        item for item in said['checks'] if (item['level'] == 'ok') == bool(item['remedy'])
    ] == []


def test_the_last_part_of_a_message_is_its_remedy():
    assert parted('x: gone; lost; find it') == ('x: gone; lost', 'find it')
    assert parted('all of it') == ('all of it', 'see docs/doctor.md')


def test_every_check_is_in_the_documents():
    page = (PROJECT / 'docs' / 'doctor.md').read_text(encoding='utf8')
    table = set(re.findall(r'^\| `([\w ]+)` \|', page, re.MULTILINE))
    sources = (PROJECT / 'steps_ros' / 'doctor').glob('*.py')
    code = '\n'.join(path.read_text(encoding='utf8') for path in sources)
    made = set(re.findall(r"(?:\b(?:ok|note|fail)\(\s*f?|name = f)'([A-Za-z ]+)", code))
    assert table == {name.strip() for name in made}
    assert {name.rstrip('s') for name in checks({})} <= {name.rstrip('s') for name in table}


@pytest.mark.parametrize('make', [note, fail])
def test_what_is_no_ok_has_a_remedy(make):
    with pytest.raises(AssertionError):
        make('disk', 'full', '')
