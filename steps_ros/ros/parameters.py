"""
Settings of the node as ROS parameters: declared, checked and changed at run time in one place.

A parameter is declared with dynamic typing, since a statically typed double refuses ``3``; the
settings class itself holds types and ranges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
import re
from typing import Any, Generic, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import ParameterException
from rclpy.node import Node
from rclpy.parameter import Parameter

from steps_ros.data.poses import Doubles, matrix_of
from steps_ros.errors import FrameError, SettingsError
from steps_ros.inference.cloud import CloudLimits
from steps_ros.inference.light_state import LightSettings
from steps_ros.inference.scale.settings import ScaleSettings
from steps_ros.settings import build, check, convert, describe, flatten, Setting, setting

Settings = TypeVar('Settings')

# A range must have two ends in a descriptor; these stand for "no limit".
LARGEST_FLOAT = 1e12
LARGEST_INT = 2**31 - 1
CAMERA_NAME = re.compile(r'[A-Za-z]\w*', re.ASCII)
SIZE_PATTERN = re.compile(r'(\d+)x(\d+)')


@dataclass(frozen=True)
class OutputSettings:
    """The form of the published images."""

    max_width: int = setting(
        0,
        'Widest output, pixels; wider input is scaled down, camera_info with it. 0: as the input.',
        minimum=0,
    )

    def __post_init__(self) -> None:
        """Check the limits."""
        check(self)


@dataclass(frozen=True)
class ColourSettings:
    """The colours of ~/debug/depth_colored."""

    nearest: float = setting(1.0, 'Depth painted in the first colour.', minimum=0.001)
    farthest: float = setting(80.0, 'Depth painted in the last colour.', minimum=0.002)

    def __post_init__(self) -> None:
        """Check the limits and their order."""
        check(self)
        if self.nearest >= self.farthest:
            raise SettingsError(
                f'colour.nearest {self.nearest} must be less than colour.farthest '
                f'{self.farthest}; change the other one first'
            )


@dataclass(frozen=True)
class DiagnosticsSettings:
    """How /diagnostics is published."""

    period_s: float = setting(
        1.0,
        'Time from one message on /diagnostics to the next, seconds.',
        minimum=0.05,
        maximum=60.0,
        read_only=True,
    )

    def __post_init__(self) -> None:
        """Check the limits."""
        check(self)


@dataclass(frozen=True)
class LidarPlacement:
    """Where the LiDAR is that scale is measured with."""

    extrinsics: str = setting(
        '',
        'Pose of the LiDAR in the optical frame of the camera, "x y z qx qy qz qw", metres and '
        'a quaternion. Empty: from tf.',
        read_only=True,
    )

    def __post_init__(self) -> None:
        """Check that it is a pose."""
        _ = self.camera_from_lidar

    @property
    def camera_from_lidar(self) -> Doubles | None:
        """The pose as a 4x4 matrix, None where tf tells it."""
        if not self.extrinsics.strip():
            return None
        try:
            x, y, z, *turn, w = (float(word) for word in self.extrinsics.split())
            return matrix_of((x, y, z), (w, *turn))  # type: ignore[arg-type]
        except (ValueError, TypeError, FrameError) as error:
            raise SettingsError(
                f'lidar.extrinsics: {self.extrinsics!r} is no pose; give x y z qx qy qz qw'
            ) from error


@dataclass(frozen=True)
class NightDepthSettings:
    """All parameters of the node night_depth."""

    checkpoint: str = setting(
        '', 'Weights, a .safetensors file. Empty: the weights in the package.', read_only=True
    )
    device: str = setting('auto', 'auto, cpu, cuda or cuda:N.', read_only=True)
    precision: str = setting(
        'auto',
        'Number type of the depth network. auto: float16 on a GPU, float32 on a CPU.',
        choices=('auto', 'float32', 'float16', 'bfloat16'),
        read_only=True,
    )
    engine: str = setting('torch', 'What runs the networks.', choices=('torch',), read_only=True)
    network_size: str = setting(
        '',
        'HxW that the networks see, multiples of 32. Empty: the size in the checkpoint.',
        read_only=True,
    )
    cameras: tuple[str, ...] = setting(
        (),
        'Names of the cameras; front has ~/front/input/image and ~/front/output/depth. Empty: one '
        'camera, ~/input/image.',
        read_only=True,
    )
    image_transport: str = setting(
        'raw',
        'raw takes ~/input/image, compressed takes ~/input/image/compressed.',
        choices=('raw', 'compressed'),
        read_only=True,
    )
    input_reliability: str = setting(
        'auto',
        'auto follows the publishers: best effort as soon as one of them is.',
        choices=('auto', 'reliable', 'best_effort'),
        read_only=True,
    )
    autostart: bool = setting(
        False, 'Configure and activate without a lifecycle manager.', read_only=True
    )
    image_timeout_s: float = setting(
        2.0, 'Time without an image until /diagnostics says error, seconds.', minimum=0.1
    )
    max_range: float = setting(
        80.0, 'Depth from here on is published as +Inf (REP-117).', minimum=0.001
    )
    output: OutputSettings = field(default_factory=OutputSettings)
    cloud: CloudLimits = field(default_factory=CloudLimits)
    scale: ScaleSettings = field(default_factory=ScaleSettings)
    lidar: LidarPlacement = field(default_factory=LidarPlacement)
    light: LightSettings = field(default_factory=LightSettings)
    colour: ColourSettings = field(default_factory=ColourSettings)
    diagnostics: DiagnosticsSettings = field(default_factory=DiagnosticsSettings)

    def __post_init__(self) -> None:
        """Check the limits, the names of the cameras and the form of the size."""
        check(self)
        for name in self.cameras:
            if CAMERA_NAME.fullmatch(name) is None or self.cameras.count(name) > 1:
                raise SettingsError(
                    f'cameras: {name!r} cannot name a camera; give letters, digits and '
                    'underscores, not a digit first, each name once'
                )
        if self.network_size and SIZE_PATTERN.fullmatch(self.network_size) is None:
            raise SettingsError(
                f'network_size: {self.network_size!r} is no size; give HxW, such as 192x320'
            )

    @property
    def network_height_width(self) -> tuple[int, int] | None:
        """The network size as (height, width), None for the checkpoint's own."""
        match = SIZE_PATTERN.fullmatch(self.network_size)
        return None if match is None else (int(match[1]), int(match[2]))


class NodeSettings(Generic[Settings]):
    """
    The settings of a node, kept equal to its parameters.

    ``value`` is replaced as a whole when a parameter changes, so a thread that took it sees one
    consistent state for the frame it works on.
    """

    def __init__(self, node: Node, settings: type[Settings]) -> None:
        """
        Declare one parameter per setting and take the values that the user gave.

        :raises SettingsError: a value of the wrong type or out of range, or a misspelt name.
        """
        self._type = settings
        self._known = {item.name: item for item in describe(settings)}
        check_names(node, self._known)
        self.value = build(
            settings, {item.name: _declare(node, item) for item in describe(settings)}
        )
        node.add_on_set_parameters_callback(self._on_set)

    def _on_set(self, parameters: Sequence[Parameter]) -> SetParametersResult:
        # rclpy has refused read-only parameters before this is called.
        changed = {item.name: item.value for item in parameters if item.name in self._known}
        if not changed:
            return SetParametersResult(successful=True)
        try:
            self.value = build(self._type, {**values_of(self.value), **changed})
        except SettingsError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)


def values_of(settings: Any) -> dict[str, Any]:
    """Return the settings as values by dotted name."""
    return dict(flatten(asdict(settings)))


def check_names(node: Node, known: Any) -> None:
    """
    Refuse parameters that look like misspelt ones; name other unknown ones in a warning.

    A parameter file for /** may hold names that other nodes declare, so not every unknown name
    is a mistake.

    :raises SettingsError: a name that is nearly a known one.
    """
    # Private, but the only way to see what was given and never declared; same since Humble.
    given = getattr(node, '_parameter_overrides', {})
    for name in given:
        if name in known or node.has_parameter(name) or name.startswith('qos_overrides.'):
            continue
        near = get_close_matches(name, known, n=1, cutoff=0.8)
        if near:
            raise SettingsError(f'unknown parameter {name!r}; did you mean {near[0]!r}?')
        node.get_logger().warning(f'parameter {name!r} is none of this node and has no effect')


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
