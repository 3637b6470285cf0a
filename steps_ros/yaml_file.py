"""
YAML that people and programs write, read so that nothing but a reason comes of what is damaged.
"""

from __future__ import annotations

from itertools import chain
import math
from pathlib import Path
import re
from typing import Any

import yaml

from steps_ros.limits import require_within

# Parsers take time with the square of the depth, and Python's stack ends at a few hundred.
DEEPEST = 64
# With what stands behind an alias counted as often as it is named.
MOST_VALUES = 100_000
_BRACKETS = re.compile(r'[\[\]{}]')
_FLOAT = re.compile(r'[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$')


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """With the numbers of YAML 1.2: ``1e-5``, which for YAML 1.1 and Python's loader is text."""


_Loader.add_implicit_resolver('tag:yaml.org,2002:float', _FLOAT, [*'-+.0123456789'])


def read_yaml(path: Path) -> Any:
    """
    Return the values in a YAML file.

    :raises ValueError: missing, above ``text_bytes``, not UTF-8, no YAML; one line says why.
    """
    try:
        require_within('text_bytes', path.stat().st_size, 'the text', ValueError)
        text = path.read_text(encoding='utf-8')
        check_depth(text)
        values = yaml.load(text, _Loader)
        if _count(values, {}) > MOST_VALUES:
            raise ValueError(f'aliases make more than {MOST_VALUES} values of it')
        return values
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error
    # Words that look like a date, a number or a tag raise whatever their own parsers do.
    except Exception as error:
        raise ValueError(' '.join(str(error).split()) or type(error).__name__) from error


def check_depth(text: str) -> None:
    """
    Look at the brackets of a YAML text before it is parsed.

    :raises ValueError: they are nested deeper than anything that is meant.
    """
    depth = 0
    for bracket in _BRACKETS.finditer(text):
        depth += 1 if bracket[0] in '[{' else -1
        if depth > DEEPEST:
            raise ValueError(f'brackets are nested more than {DEEPEST} deep')


def _count(value: Any, known: dict[int, float]) -> float:
    """Return how many values there are in one, infinitely many where it holds itself."""
    if not isinstance(value, dict | list | tuple | set):
        return 1
    if id(value) not in known:
        known[id(value)] = math.inf
        items = chain(value, value.values()) if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_count(item, known) for item in items)
    return known[id(value)]
