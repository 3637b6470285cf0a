"""
Files that people write: settings, calibrations and the description of an ONNX model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
import json
from typing import Any

import yaml

from fuzzing.contract import Target
from fuzzing.scratch import written
from steps_ros.data.cameras import read_camera
from steps_ros.data.store_settings import StoreSettings
from steps_ros.inference.onnx_settings import load_onnx_settings, OnnxSettings
from steps_ros.ros.parameters import NightDepthSettings
from steps_ros.ros.trainer_settings import TrainerSettings
from steps_ros.settings import build, describe, flatten, load

# What YAML and JSON make something of that a reader may not expect.
WORDS = (
    b'null', b'true', b'.nan', b'.inf', b'-.inf', b'NaN', b'Infinity', b'-1', b'0', b'1e999',
    b'0.5', b'[]', b'{}', b'""', b"'", b'"', b'[1, 2]', b'{a: 1}', b'{"a": 1}', b': ', b'- ',
    b'? [a]\n: b', b'9' * 5000, b'1' + b'0' * 400, b'2001-99-99', b'2001-01-01', b'1:99:99',
    b'0x', b'!!python/object:os.system x', b'!!binary x', b'!!int x', b'!!float x', b'!!set {a}',
    b'!!timestamp x', b'&a [*a, *a]', b'&a {b: *a}', b'<<: 1',
    b'<<: [*a, *a]', b'&a {<<: [&b {c: 1}, *b]}', b'1' + b':0' * 2000, b'[' * 3000, b'{a: ' * 3000,
    b'\xff', b'\x00', b'\xc2\x85', b'1: 2', b'%YAML 9.9', b'\t', b'\n', b'---', b'1_0', b'on',
)  # fmt: skip
JSON_WORDS = (
    b'null', b'true', b'NaN', b'-Infinity', b'-1', b'0', b'1', b'2', b'3', b'5', b'0.5', b'1e999',
    b'[]', b'{}', b'"a"', b'[1, 2]', b'{"a": 1}', b'1000000', b'1' + b'0' * 30, b'[' * 3000,
    b'64', b'bottleneck', b'zeros', b'reflect', b'F16', b'I64', b'BOOL', b'\\ud800', b'9' * 5000,
)  # fmt: skip


def settings_texts(kind: type[Any], **given: Any) -> list[bytes]:
    """Return settings nested and with dotted names."""
    content = asdict(kind(**given))
    dotted = dict(flatten(content))
    return [yaml.safe_dump(_plain(values)).encode() for values in (content, dotted)]


def _plain(values: dict[str, Any]) -> Any:
    return json.loads(json.dumps(values))


def check_settings(kind: type[Any], content: bytes) -> None:
    """Settings in order, which give themselves again when they are written out."""
    settings = load(kind, written('settings.yaml', content))
    values = dict(flatten(asdict(settings)))
    for item in describe(kind):
        assert not isinstance(item.type, type) or isinstance(values[item.name], item.type)
    assert build(kind, values) == settings


def onnx_texts() -> list[bytes]:
    """Return the description of a model."""
    return settings_texts(OnnxSettings, model='m.onnx', output='depth', size='518x518')


def check_onnx(content: bytes) -> None:
    """A description in order."""
    settings = load_onnx_settings(written('model.yaml', content))
    assert len(settings.mean) == len(settings.std) == 3
    assert settings.height_width is None or min(settings.height_width) > 0


def camera_texts() -> list[bytes]:
    """Return both forms of a calibration file."""
    short = {'width': 640, 'height': 480, 'fx': 400.0, 'fy': 410.0, 'cx': 320.0, 'cy': 240.0}
    full = {
        'image_width': 640,
        'image_height': 480,
        'camera_matrix': {'rows': 3, 'cols': 3, 'data': [400.0, 0, 320, 0, 410, 240, 0, 0, 1]},
        'distortion_model': 'plumb_bob',
        'distortion_coefficients': {'rows': 1, 'cols': 5, 'data': [-0.3, 0.1, 0, 0, 0]},
    }
    return [yaml.safe_dump(content).encode() for content in (short, full)]


def check_camera(content: bytes) -> None:
    """A camera with a size and finite numbers."""
    camera = read_camera(written('camera.yaml', content))
    assert type(camera.width) is type(camera.height) is int
    assert isinstance(camera.distortion_model, str)
    assert min(camera.width, camera.height, camera.fx, camera.fy) > 0


SETTINGS: tuple[tuple[str, type[Any]], ...] = (
    ('node', NightDepthSettings), ('trainer', TrainerSettings), ('store', StoreSettings)
)  # fmt: skip


def _settings_target(name: str, kind: type[Any]) -> Target:
    seeds: Callable[[], list[bytes]] = partial(settings_texts, kind)
    return Target(f'{name}_settings', seeds, partial(check_settings, kind), WORDS)


TARGETS = (
    *(_settings_target(*item) for item in SETTINGS),
    Target('onnx_settings', onnx_texts, check_onnx, WORDS),
    Target('camera_file', camera_texts, check_camera, WORDS),
)
