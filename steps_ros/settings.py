"""
YAML and ROS parameters to frozen dataclasses, strictly.

A settings class is a frozen dataclass whose fields come from :func:`setting`, or are settings
classes themselves. It calls :func:`check` in ``__post_init__``, so that no instance with a value
out of range exists. Names are dotted paths (``cloud.stride``), as ROS parameters are named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
import math
from pathlib import Path
from typing import Any, cast, get_type_hints, TypeVar

from steps_ros.errors import nearest, SettingsError
from steps_ros.yaml_file import read_yaml

Settings = TypeVar('Settings')

KINDS = {int: 'a whole number', float: 'a number', bool: 'true or false', str: 'a text'}
TEXTS = tuple[str, ...]
NUMBERS = tuple[float, ...]


@dataclass(frozen=True)
class Setting:
    """What is known of one setting: its dotted name, type, default, meaning and limits."""

    name: str
    type: type
    default: Any
    doc: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] = ()
    read_only: bool = False


def setting(
    default: Any,
    doc: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[Any, ...] = (),
    read_only: bool = False,
) -> Any:
    """
    Declare a field of a settings class.

    :param doc: one sentence with the unit, shown by ``ros2 param describe``.
    :param minimum: smallest allowed number, itself included; ``maximum`` likewise.
    :param choices: the only allowed values, when not empty.
    :param read_only: the value holds from the start of a program to its end.
    """
    limits = {'minimum': minimum, 'maximum': maximum, 'choices': choices}
    return field(default=default, metadata={'doc': doc, 'read_only': read_only, **limits})


def describe(settings: type[Any], prefix: str = '') -> Iterator[Setting]:
    """Yield every setting of the class, nested classes included, in the order of the fields."""
    hints = get_type_hints(settings)
    for item in fields(settings):
        kind, name = hints[item.name], prefix + item.name
        if is_dataclass(kind):
            yield from describe(cast('type[Any]', kind), f'{name}.')
        else:
            yield Setting(name, kind, item.default, **item.metadata)


def build(settings: type[Settings], values: Mapping[str, Any]) -> Settings:
    """
    Make the settings from values by dotted name; what is missing keeps its default.

    Whole numbers are accepted where a float is wanted.

    :raises SettingsError: an unknown name, a wrong type, or a value out of range.
    """
    known = {item.name: item for item in describe(settings)}
    for name in values:
        if name not in known:
            raise SettingsError(unknown_message(name, known))
    return _build(settings, {name: convert(known[name], value) for name, value in values.items()})


def load(settings: type[Settings], path: Path) -> Settings:
    """
    Read the settings from a YAML file, nested or with dotted names.

    :raises SettingsError: the file is missing, is no YAML mapping, or holds a bad value.
    """
    try:
        content = read_yaml(path)
    except ValueError as error:
        raise SettingsError(f'{path}: settings cannot be read: {error}') from error
    if not isinstance(content, dict | None):
        raise SettingsError(f'{path}: settings must be `name: value` lines, not {content!r}')
    try:
        return build(settings, dict(flatten(content or {})))
    except SettingsError as error:
        raise SettingsError(f'{path}: {error}') from error


def check(settings: Any) -> None:
    """
    Hold every number against its limits and every choice against the list.

    :raises SettingsError: names the first value out of range.
    """
    for item in fields(settings):
        if item.metadata:
            described = Setting(item.name, type(item.default), item.default, **item.metadata)
            _check_value(described, getattr(settings, item.name))


def convert(described: Setting, value: Any) -> Any:
    """
    Return the value in the type of the setting; an int becomes a float where one is wanted.

    One text is a list of it. An empty one is an empty list, and so is None, which is what ROS
    makes of ``[]``.

    :raises SettingsError: the value is of another type.
    """
    if described.type == TEXTS:
        return _texts(described, value)
    if described.type == NUMBERS:
        return _numbers(described, value)
    if described.type is float and type(value) is int:
        return _real(described, value)
    if type(value) is not described.type:
        wanted = KINDS.get(described.type, described.type.__name__)
        raise SettingsError(f'{described.name}: {value!r} is not {wanted}; give one')
    return value


def _texts(described: Setting, value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list | tuple) else [value]
    for item in listed:
        if not isinstance(item, str | None):
            raise SettingsError(f'{described.name}: {item!r} is not a text; give texts alone')
    return tuple(item for item in listed if item)


def _numbers(described: Setting, value: Any) -> tuple[float, ...]:
    listed = value if isinstance(value, list | tuple) else ()
    numbers = tuple(_real(described, item) for item in listed if isinstance(item, int | float))
    if not listed or len(numbers) != len(listed):
        raise SettingsError(f'{described.name}: {value!r} is not a list of numbers; give one')
    return numbers


def _real(described: Setting, value: float) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise SettingsError(f'{described.name}: {value} is too large; give less') from error


def flatten(values: Mapping[str, Any], prefix: str = '') -> Iterator[tuple[str, Any]]:
    """Yield dotted names and values of nested mappings."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f'{prefix}{name}.')
        else:
            yield f'{prefix}{name}', value


def unknown_message(name: str, known: Mapping[str, Any]) -> str:
    """Say that a name is unknown and which known one is nearest."""
    near = nearest(name, known)
    remedy = f'did you mean {near!r}?' if near else f'known are: {", ".join(known)}'
    return f'unknown setting {name!r}; {remedy}'


def _build(settings: type[Settings], values: Mapping[str, Any], prefix: str = '') -> Settings:
    hints = get_type_hints(settings)
    arguments = {}
    for item in fields(settings):  # type: ignore[arg-type]
        name = prefix + item.name
        if is_dataclass(hints[item.name]):
            arguments[item.name] = _build(hints[item.name], values, f'{name}.')
        elif name in values:
            arguments[item.name] = values[name]
    return settings(**arguments)


def _check_value(described: Setting, value: Any) -> None:
    low, high = described.minimum, described.maximum
    is_number = isinstance(value, int | float)
    if described.choices and value not in described.choices:
        wanted = 'one of ' + ', '.join(str(choice) for choice in described.choices)
    elif isinstance(value, float) and math.isnan(value):
        wanted = 'a number'
    elif is_number and low is not None and value < low:
        wanted = f'at least {low}'
    elif is_number and high is not None and value > high:
        wanted = f'at most {high}'
    else:
        return
    raise SettingsError(f'{described.name}: {value!r} is not allowed; give {wanted}')
