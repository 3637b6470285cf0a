"""
Settings of a node as ROS parameters: declared, checked and changed at run time in one place.

A parameter is declared with dynamic typing, since a statically typed double refuses ``3``; the
settings class itself holds types and ranges.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, Generic, Protocol, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import ParameterException
from rclpy.node import Node
from rclpy.parameter import Parameter

from steps_ros.errors import nearest, SettingsError
from steps_ros.settings import build, convert, describe, Setting

Settings = TypeVar('Settings')
Current = TypeVar('Current', covariant=True)

# A range must have two ends in a descriptor; these stand for "no limit".
LARGEST_FLOAT = 1e12
LARGEST_INT = 2**31 - 1
# So alike to a known name that it is meant, as a share of the letters.
MISSPELT = 0.8
QOS_OVERRIDES = 'qos_overrides.'


# From the settings of the node to the names that its parts may set for themselves.
PartsOf = Callable[[Any], Mapping[str, Collection[str]]]


def no_parts(_: Any) -> Mapping[str, Collection[str]]:
    """Return that no part has settings of its own."""
    return {}


class Live(Protocol[Current]):
    """Settings that may change: ``value`` is replaced as a whole."""

    @property
    def value(self) -> Current:
        """The settings now."""


class NodeSettings(Generic[Settings]):
    """
    The settings of a node, kept equal to its parameters.

    ``value`` is replaced as a whole when a parameter changes, so a thread that took it sees one
    consistent state for the frame it works on. A part of the node, such as a camera, may have
    settings of its own: where ``front.cloud.stride`` is given, it holds in place of
    ``cloud.stride`` for the part ``front``. ``ignored`` are the names that were given and that
    nobody here knows.
    """

    def __init__(self, node: Node, settings: type[Settings], parts_of: PartsOf = no_parts) -> None:
        """
        Declare one parameter per setting and take the values that the user gave.

        :param parts_of: returns the names that each part may set for itself, by part.
        :raises SettingsError: a value of the wrong type or out of range, or a misspelt name.
        """
        self._type = settings
        self._has = node.has_parameter
        self._known = {item.name: item for item in describe(settings)}
        self._values = {name: _declare(node, item) for name, item in self._known.items()}
        self._parts = parts_of(build(settings, self._values))
        own = _own_settings(node, self._known.values(), self._parts)
        self._known |= own
        possible = {f'{part}.{name}' for part, names in self._parts.items() for name in names}
        self.ignored = check_names(node, {*self._known, *possible})
        self._values |= {name: _declare(node, item) for name, item in own.items()}
        self._built = self._build(self._values)
        node.add_on_set_parameters_callback(self._on_set)

    @property
    def value(self) -> Settings:
        """The settings of the node now."""
        return self._built['']

    def of(self, part: str) -> Live[Settings]:
        """Return the settings of a part, which has those of the node where it has none."""
        return _PartSettings(lambda: self._built.get(part, self._built['']))

    def refusal(self, parameters: Iterable[Parameter]) -> SetParametersResult | None:
        """Refuse the first that is no parameter of the node, by name; None: all of them are."""
        for name in (item.name for item in parameters if not self._has(item.name)):
            near = nearest(name, self._known)
            remedy = f'did you mean {near!r}?' if near else 'ros2 param list names the known ones'
            reason = f'unknown parameter {name!r}; {remedy}'
            return SetParametersResult(successful=False, reason=reason)
        return None

    def _build(self, values: Mapping[str, Any]) -> dict[str, Settings]:
        """Return the settings of the node, under an empty name, and of its parts."""
        common = {item.name: values[item.name] for item in describe(self._type)}
        built = {'': build(self._type, common)}
        for part in self._parts:
            start = f'{part}.'
            own = {n.removeprefix(start): v for n, v in values.items() if n.startswith(start)}
            try:
                built[part] = build(self._type, {**common, **own})
            except SettingsError as error:
                raise SettingsError(f'{part}: {error}') from error
        return built

    def _on_set(self, parameters: Sequence[Parameter]) -> SetParametersResult:
        # rclpy has refused read-only parameters before this is called.
        changed = {item.name: item.value for item in parameters if item.name in self._known}
        if not changed:
            return SetParametersResult(successful=True)
        values = {**self._values, **changed}
        try:
            self._built = self._build(values)
        except SettingsError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self._values = values
        return SetParametersResult(successful=True)


class _PartSettings(Generic[Settings]):
    """The settings of a part, whatever they are when they are asked for."""

    def __init__(self, get: Callable[[], Settings]) -> None:
        self._get = get

    @property
    def value(self) -> Settings:
        return self._get()


def check_names(node: Node, known: Collection[str]) -> tuple[str, ...]:
    """
    Refuse parameters that look like misspelt ones; return other unknown ones after a warning.

    A parameter file for /** may hold names that other nodes declare, so not every unknown name
    is a mistake.

    :raises SettingsError: a name that is nearly a known one.
    """
    ignored = tuple(
        name
        for name in given(node)
        if not (name in known or node.has_parameter(name) or name.startswith(QOS_OVERRIDES))
    )
    for name in ignored:
        misspelt = get_close_matches(name, known, n=1, cutoff=MISSPELT)
        if misspelt:
            raise SettingsError(f'unknown parameter {name!r}; did you mean {misspelt[0]!r}?')
        near = nearest(name, known)
        question = f'; did you mean {near!r}?' if near else ''
        node.get_logger().warning(
            f'parameter {name!r} is none of this node and has no effect{question}'
        )
    return ignored


def given(node: Node) -> Mapping[str, Any]:
    """Return the parameters that the user gave, by name, declared or not."""
    # Private, but the only way to see what was given and never declared; same since Humble.
    overrides: Mapping[str, Any] = getattr(node, '_parameter_overrides', {})
    return overrides


def _own_settings(
    node: Node, settings: Iterable[Setting], parts: Mapping[str, Collection[str]]
) -> dict[str, Setting]:
    """Return the settings that the user gave to a part alone, under their full names."""
    asked, own = given(node), {}
    for part, names in parts.items():
        for item in settings:
            name = f'{part}.{item.name}'
            if name in asked and item.name not in names:
                raise SettingsError(
                    f'parameter {name}: {item.name} is one for the whole node; set {item.name}'
                )
            if name in asked:
                own[name] = replace(item, name=name)
    return own


def _declare(node: Node, item: Setting) -> Any:
    # ROS has no type for an empty list; one text stands for a list of it.
    default = '' if item.default == () else item.default
    try:
        value = node.declare_parameter(item.name, default, _descriptor(item)).value
    except ParameterException as error:
        raise SettingsError(f'parameter {item.name}: {error}') from error
    return convert(item, value)


def _descriptor(item: Setting) -> ParameterDescriptor:
    descriptor = ParameterDescriptor(
        name=item.name, description=item.doc, read_only=item.read_only, dynamic_typing=True
    )
    if item.choices:
        descriptor.additional_constraints = 'one of ' + ', '.join(map(str, item.choices))
    if item.minimum is None and item.maximum is None:
        return descriptor
    if item.type is float:
        low, high = item.minimum, item.maximum
        descriptor.floating_point_range = [
            FloatingPointRange(
                from_value=-LARGEST_FLOAT if low is None else low,
                to_value=LARGEST_FLOAT if high is None else high,
            )
        ]
    else:
        descriptor.integer_range = [
            IntegerRange(
                from_value=-LARGEST_INT if item.minimum is None else int(item.minimum),
                to_value=LARGEST_INT if item.maximum is None else int(item.maximum),
            )
        ]
    return descriptor
