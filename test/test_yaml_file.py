"""YAML of strangers is data: no objects, not wide, not deep, not long."""

import math

import pytest

from steps_ros.data.cameras import read_camera
from steps_ros.errors import SettingsError, SourceError
from steps_ros.inference.onnx_settings import OnnxSettings
from steps_ros.settings import load
from steps_ros.yaml_file import read_yaml

LAUGHS = 'a0: &a0 [x]\n' + ''.join(
    f'a{n}: &a{n} [{", ".join([f"*a{n - 1}"] * 9)}]\n' for n in range(1, 12)
)
# Each line stands for three times the last one; ten times, and a few lines more, fill a machine.
MERGES = 'a0: &a0 {k: 1}\n' + ''.join(
    f'a{n}: &a{n} {{<<: [{", ".join([f"*a{n - 1}"] * 3)}]}}\n' for n in range(1, 6)
)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (LAUGHS, 'aliases make more than 100000 values'),
        ('[' * 100_000, 'nested more than 64 deep'),
        ('!!python/object/apply:os.system [ls]', 'could not determine a constructor'),
        (MERGES, r'merge keys \(<<\) are not read; write out'),
        ('!!int ' + '1:0' * 4, 'invalid literal for int'),
        ('!!float 1:0.5', 'could not convert'),
        ('a: {', 'flow node'),
        (b'\xff', 'utf-8'),
    ],
)
def test_bad_yaml_is_one_line_wherever_it_is_read(tmp_path, text, message):
    path = tmp_path / 'camera.yaml'
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=message):
        read_yaml(path)
    with pytest.raises(SourceError, match=message) as caught:
        read_camera(path)
    assert '\n' not in str(caught.value)
    with pytest.raises(SettingsError, match=message):
        load(OnnxSettings, path)


def test_long_yaml_is_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / 'long.yaml'
    path.write_text('a: 1\n' * 3)
    monkeypatch.setenv('STEPS_ROS_MAX_TEXT_BYTES', '14')
    with pytest.raises(ValueError, match=r'has 15 bytes.*STEPS_ROS_MAX_TEXT_BYTES'):
        read_yaml(path)


@pytest.mark.parametrize(
    ('word', 'value'),
    [
        ('1e-5', 1e-5), ('-2E+3', -2000.0), ('.5e1', 5.0), ('1.e2', 100.0), ('1.0e-4', 1e-4),
        ('12', 12), ('e5', 'e5'), ('1e', '1e'), ('1e5m', '1e5m'), ('"1e-5"', '1e-5'),
        ('0x1F', 31), ('0o17', 15), ('017', 17), ('-3', -3), ('1:30', '1:30'), ('1:0.5', '1:0.5'),
        ('2.5', 2.5), ('-.inf', -math.inf), ('.INF', math.inf), ('1_000', '1_000'), ('0b1', '0b1'),
    ],
)  # fmt: skip
def test_numbers_are_those_that_people_write(tmp_path, word, value):
    path = tmp_path / 'numbers.yaml'
    path.write_text(f'a: {word}\n')
    read = read_yaml(path)['a']
    assert (read, type(read)) == (value, type(value))
