"""
Parameter files that hold nothing for the node that they are given to, which rclpy passes over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
import re
from typing import Any

from steps_ros.errors import nearest
from steps_ros.yaml_file import read_yaml

OPTION, PARAMETERS = '--params-file', 'ros__parameters'
ANY_NAMES, ANY_NAME = '**', '*'


def overlooked(arguments: Sequence[str], node: str) -> list[str]:
    """
    Return a line for each parameter file of a command line that no one here reads.

    :param arguments: the command line.
    :param node: the node's full name, such as ``/robot/night_depth``.
    """
    lines = []
    for option, file in pairwise(arguments):
        names = list(_nodes_of(file)) if option == OPTION else []
        if names and not any(_is_of(name, node) for name in names):
            near = nearest(node, names) or names[0]
            lines.append(
                f'{file} has parameters for {near}, and none for {node}, so that it has no '
                f'effect; write {node} or /** there'
            )
    return lines


def _nodes_of(file: str) -> Iterator[str]:
    """Yield the names of nodes in a file; rclpy itself refuses one that cannot be read."""
    try:
        content = read_yaml(Path(file))
    except (OSError, ValueError):
        return
    yield from _names(content, '')


def _names(content: Any, above: str) -> Iterator[str]:
    if not isinstance(content, Mapping):
        return
    for name, inner in content.items():
        if name == PARAMETERS:
            yield above
        else:
            yield from _names(inner, f'{above}/{str(name).strip("/")}')


def _is_of(pattern: str, node: str) -> bool:
    """Say whether a name with wildcards, as ROS has them, is of the node."""
    wildcards = {ANY_NAMES: '(/[^/]+)*', ANY_NAME: '/[^/]+'}
    parts = (wildcards.get(part, f'/{re.escape(part)}') for part in pattern.strip('/').split('/'))
    return re.fullmatch(''.join(parts), node) is not None
