"""Changes that tests must see: which are made, and that they take the place of the module."""

from __future__ import annotations

import importlib
import sys

from mutants import mutants_of, put_in_place

SOURCE = '''
from typing import NamedTuple

LIMIT = 3

class Pair(NamedTuple):
    first: int | None = 5

def least(values: list[int] | None, strict: bool = True) -> int:
    """Say what it does."""
    return min(values) if strict and -LIMIT < 0 else 0
'''
LEFT_OUT = 'return min(values) if strict and -LIMIT < 0 else 0'


def test_every_change_is_one_that_runs():
    changes = [(mutant.before, mutant.after) for mutant in mutants_of(SOURCE)]
    assert ('min', 'max') in changes
    assert ('True', 'False') in changes
    assert ('-LIMIT', '+LIMIT') in changes
    assert ('-LIMIT < 0', '-LIMIT <= 0') in changes
    assert [before for before, after in changes if after == 'pass'] == [LEFT_OUT]
    assert not [before for before, _ in changes if '|' in before]


def test_a_mutant_takes_the_place_of_what_was_imported(tmp_path, monkeypatch):
    (tmp_path / 'mutated_module.py').write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module('mutated_module')
    least, pair = module.least, module.Pair
    seen = set()
    for mutant in mutants_of(SOURCE):
        put_in_place(module, mutant.tree)
        seen.add((least([1, 2]), pair().first, module.LIMIT))
    del sys.modules['mutated_module']
    assert {(1, 5, 4), (1, 6, 3), (2, 5, 3), (0, 5, 3), (None, 5, 3)} <= seen
