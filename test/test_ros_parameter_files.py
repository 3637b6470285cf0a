"""Parameter files for other nodes than the one that they are given to."""

import pytest

pytest.importorskip('yaml')

from steps_ros.ros.parameter_files import overlooked

NODE = '/robot/night_depth'
HERE = '{}:\n  ros__parameters:\n    max_range: 3.0\n'


@pytest.mark.parametrize(
    'key', ['/**', '/robot/night_depth', '/*/night_depth', '/robot/*', '/**/night_depth', '"**"']
)
def test_a_file_for_the_node_is_fine(tmp_path, key):
    file = tmp_path / 'mine.yaml'
    file.write_text(HERE.format(key))
    assert overlooked(['night_depth', '--ros-args', '--params-file', str(file)], NODE) == []


def test_namespaces_may_be_nested(tmp_path):
    file = tmp_path / 'mine.yaml'
    file.write_text(f'{HERE.format("other")}robot:\n  night_depth:\n    ros__parameters: {{}}\n')
    assert overlooked(['--params-file', str(file)], NODE) == []


@pytest.mark.parametrize('key', ['night_depth', '/robot/night_dept', '/night_depth', '/*'])
def test_a_file_for_others_is_named(tmp_path, key):
    file = tmp_path / 'mine.yaml'
    file.write_text(HERE.format(key))
    full = '/' + key.strip('/')
    assert overlooked(['x', '--ros-args', '--params-file', str(file), '-p', 'a:=1'], NODE) == [
        f'{file} has parameters for {full}, and none for {NODE}, so that it has no effect; write '
        f'{NODE} or /** there'
    ]


@pytest.mark.parametrize('content', ['', '[1', '3', 'a: 1', '\x00'])
def test_what_rclpy_refuses_itself_is_passed_over(tmp_path, content):
    file = tmp_path / 'mine.yaml'
    file.write_text(content)
    assert overlooked(['--params-file', str(file), '--params-file'], NODE) == []
    assert overlooked(['--params-file', str(tmp_path / 'none')], NODE) == []
