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
from steps_ros.regular_file import require_regular

# Parsers take time with the square of the depth, and Python's stack ends at a few hundred.
DEEPEST = 64
# With what stands behind an alias counted as often as it is named.
MOST_VALUES = 100_000
_BRACKETS = re.compile(r'[\[\]{}]')
_MERGE, _INTEGER, _FLOAT = (f'tag:yaml.org,2002:{name}' for name in ('merge', 'int', 'float'))
_BASES = {'0o': 8, '0x': 16}
# A name of each kind of number in YAML 1.2, how it looks, and how it may begin.
_NUMBERS = (
    (_INTEGER, r'([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$', '-+0123456789'),
    (_FLOAT, r'[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$', '-+.0123456789'),
    (_FLOAT, r'[-+]?[0-9]+[eE][-+]?[0-9]+$', '-+0123456789'),
    (_FLOAT, r'([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$', '-+.'),
)


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """
    Without merge keys, which multiply with each line, and with the numbers of YAML 1.2.

    Those of YAML 1.1 lack ``1e-5``, and to base 60 (``1:0:0``) take time with the square of their
    length.
    """

    def flatten_mapping(self, node: Any) -> None:
        """Refuse what PyYAML would copy here for every mapping that names it."""
        if any(key.tag == _MERGE for key, _ in node.value):
            raise ValueError('merge keys (<<) are not read; write out what they stand for')
        super().flatten_mapping(node)

    def integer(self, node: Any) -> int:
        """Return a whole number: decimal, or after 0x or 0o."""
        text = self.construct_scalar(node)
        return int(text, _BASES.get(text[:2], 10))

    def number(self, node: Any) -> float:
        """Return a number with a point or an exponent."""
        return float(re.sub(r'\.(?=[in])', '', self.construct_scalar(node).lower()))


_Loader.add_constructor(_INTEGER, _Loader.integer)
_Loader.add_constructor(_FLOAT, _Loader.number)
_Loader.yaml_implicit_resolvers = {
    first: [item for item in items if item[0] not in (_INTEGER, _FLOAT)]
    for first, items in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _look, _starts in _NUMBERS:
    _Loader.add_implicit_resolver(_tag, re.compile(_look), [*_starts])


def read_yaml(path: Path) -> Any:
    """
    Return the values in a YAML file.

    :raises ValueError: missing, above ``text_bytes``, not UTF-8, no YAML; one line says why.
    """
    try:
        require_regular(path, 'it', ValueError)
        require_within('text_bytes', path.stat().st_size, 'the text', ValueError)
        text = path.read_text(encoding='utf-8')
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error
    return parse_yaml(text)


def parse_yaml(text: str) -> Any:
    """
    Return the values in a YAML text.

    :raises ValueError: no YAML, too deep, too many values; one line says why.
    """
    try:
        check_depth(text)
        values = yaml.load(text, _Loader)
        if _count(values, {}) > MOST_VALUES:
            raise ValueError(f'aliases make more than {MOST_VALUES} values of it')
        return values
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
