"""
The parameters of the node night_depth: their defaults, ranges and meaning.
"""

from __future__ import annotations

from dataclasses import dataclass, field
import re

from steps_ros.data.poses import Doubles, matrix_of
from steps_ros.errors import FrameError, SettingsError
from steps_ros.inference.cloud import CloudLimits
from steps_ros.inference.engines.names import AUTO, ENGINE_NAMES
from steps_ros.inference.light_state import LightSettings
from steps_ros.inference.scale.settings import ScaleSettings
from steps_ros.settings import check, describe, setting

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

    nearest: float = setting(
        1.0, 'Depth painted in the first colour, in the unit of depth.', minimum=0.001
    )
    farthest: float = setting(
        80.0, 'Depth painted in the last colour, in the unit of depth.', minimum=0.002
    )

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
        '',
        'Weights: default or resnet18, which are in the package, a .safetensors file, or a .yaml '
        'file that describes an ONNX model. Empty: default.',
        read_only=True,
    )
    device: str = setting(
        'auto',
        'What the networks run on: cpu, cuda or cuda:N; auto: a GPU where there is one.',
        read_only=True,
    )
    precision: str = setting(
        'auto',
        'Number type of the depth network. auto: float16 on a GPU, float32 on a CPU, or what an '
        'ONNX model takes.',
        choices=('auto', 'float32', 'float16', 'bfloat16'),
        read_only=True,
    )
    engine: str = setting(
        AUTO,
        'What computes the depth network of a checkpoint; auto: the fastest here, measured once. '
        'An ONNX model always runs in ONNX Runtime.',
        choices=ENGINE_NAMES,
        read_only=True,
    )
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
    expect_rectified: bool = setting(
        False,
        'Images are rectified whatever their topic is named: P of camera_info is taken. False: '
        'they are rectified here, but not on topics named rect.',
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
        80.0,
        'Depth from here on is published as +Inf (REP-117), in the unit of depth.',
        minimum=0.001,
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


# What is one for all cameras; the rest a camera may have for itself, under its name.
OF_THE_NODE = frozenset(
    {
        'checkpoint',
        'device',
        'precision',
        'engine',
        'network_size',
        'cameras',
        'autostart',
        'diagnostics.period_s',
    }
)
OF_A_CAMERA = frozenset(item.name for item in describe(NightDepthSettings)) - OF_THE_NODE


def camera_parameters(settings: NightDepthSettings) -> dict[str, frozenset[str]]:
    """
    Return the names of the settings that each camera may have for itself, by the camera's name.

    :raises SettingsError: one place of the LiDAR is given for several cameras.
    """
    if len(settings.cameras) > 1 and settings.lidar.extrinsics.strip():
        first = settings.cameras[0]
        raise SettingsError(
            f'lidar.extrinsics is the place seen from one camera, and there are '
            f'{len(settings.cameras)}; give each its own, {first}.lidar.extrinsics and so on'
        )
    return dict.fromkeys(settings.cameras, OF_A_CAMERA)
