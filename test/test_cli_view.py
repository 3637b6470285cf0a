"""``steps-ros view``: what it says where something is missing."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys

import pytest

from steps_ros.cli import view
from steps_ros.errors import StepsError
from steps_ros.view.health import silence


def _parsed(*options: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    view.add_arguments(parser)
    return parser.parse_args(options)


def test_it_listens_on_this_machine_alone_unless_told():
    defaults = _parsed()
    assert (defaults.node, defaults.host, defaults.port) == ('/night_depth', '127.0.0.1', 8080)
    assert _parsed('--remap', 'a:=b', '--remap', 'c:=d').remap == ['a:=b', 'c:=d']


def test_without_ros_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, 'steps_ros.ros.view', None)
    with pytest.raises(StepsError, match=r'the view needs ROS 2: .*; source a ROS'):
        view.run(_parsed())


def test_it_says_where_to_look_and_who_else_can(caplog):
    caplog.set_level('INFO')
    view._say('127.0.0.1', 8080)
    assert 'open http://127.0.0.1:8080' in caplog.text
    assert 'ssh -L 8080:localhost:8080' in caplog.text
    caplog.clear()
    view._say('0.0.0.0', 8080)
    assert 'no password' in caplog.text
    assert 'ssh' not in caplog.text


def test_every_option_and_complaint_is_in_the_docs():
    page = (Path(__file__).parent.parent / 'docs' / 'view.md').read_text(encoding='utf8')
    parser = argparse.ArgumentParser(add_help=False)
    view.add_arguments(parser)
    for action in parser._actions:
        assert f'`{action.option_strings[0]}`' in page
    said = silence(3, 0, True) + silence(3, 1, True)
    assert all(text in page and text in said for text in ('nobody publishes', 'is silent'))
