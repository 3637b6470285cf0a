"""How a user names weights: those of the package by a word, any other by its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from steps_ros.shipped_weights import DEFAULT_WEIGHTS, METAVAR, NAMES, weights_file


@pytest.mark.parametrize('name', NAMES)
def test_a_word_names_weights_of_the_package(name):
    assert weights_file(name).parent == DEFAULT_WEIGHTS.parent
    assert weights_file(name).is_file()
    assert name in METAVAR


def test_the_default_is_one_of_them():
    assert weights_file('default') == DEFAULT_WEIGHTS


@pytest.mark.parametrize('given', ['defaults', './default', 'default.safetensors', '../default'])
def test_all_else_is_a_path(given):
    assert weights_file(given) == Path(given)


def test_the_home_folder(monkeypatch):
    monkeypatch.setenv('HOME', '/home/robot')
    assert weights_file('~/night.safetensors') == Path('/home/robot/night.safetensors')
