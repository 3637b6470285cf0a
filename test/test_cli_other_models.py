"""Another model behind ``steps-ros run``, ``evaluate`` and the node: same files, honest words."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
from make_onnx import describe_onnx, write_onnx
import numpy as np
import pytest

from steps_ros.cli.main import main
from steps_ros.inference.file_hash import file_sha256

SIZE = (24, 32)


@pytest.fixture
def night(tmp_path) -> Path:
    """Return a folder of two pictures of the model's size."""
    folder = tmp_path / 'night'
    folder.mkdir()
    random = np.random.default_rng(0)
    for index in range(2):
        cv2.imwrite(str(folder / f'{index}.png'), random.integers(1, 200, (*SIZE, 3), np.uint8))
    return folder


@pytest.fixture
def model(tmp_path) -> Path:
    """Return the description of a model whose depth is the sum of the colours."""
    written = write_onnx(tmp_path / 'sum.onnx', (1, 3, *SIZE), (1, 1, *SIZE))
    return describe_onnx(written)


def run(command, *arguments) -> int:
    return main([command, *map(str, arguments), '--device', 'cpu'])


def test_run_writes_its_depth_and_names_it(tmp_path, night, model):
    out = tmp_path / 'out'
    assert run('run', night, '--out', out, '--checkpoint', model, '--raw') == 0
    assert {path.name for path in out.iterdir()} == {
        'coloured', 'confidence', 'depth', 'enhanced', 'raw', 'run.json'
    }  # fmt: skip
    expected = cv2.imread(str(night / '1.png')).sum(axis=-1) / 255
    np.testing.assert_allclose(np.load(out / 'depth' / '1.npy'), expected, rtol=1e-5)
    np.testing.assert_allclose(np.load(out / 'raw' / '1.npz')['disparity'], expected, rtol=1e-5)
    report = json.loads((out / 'run.json').read_text())
    assert (report['engine'], report['size']) == ('onnxruntime', '24x32')
    assert report['checkpoint'] == str(model)
    assert report['checkpoint_sha256'] == file_sha256(model)
    assert report['depth_model_sha256'] == file_sha256(model.with_suffix('.onnx'))
    # What claims metres is not believed.
    assert (report['depth_output'], report['scale']) == ('depth', 'relative')


def test_run_makes_metres_only_where_a_factor_can(tmp_path, night, model, capsys):
    metric = ('--checkpoint', model, '--metric-scale', 2)
    assert run('run', night, '--out', tmp_path / 'metric', *metric) == 0
    expected = 2 / 255 * cv2.imread(str(night / '0.png')).sum(axis=-1)
    np.testing.assert_allclose(
        np.load(tmp_path / 'metric' / 'depth' / '0.npy'), expected, rtol=1e-5
    )
    describe_onnx(model.with_suffix('.onnx'), output='inverse')
    capsys.readouterr()
    for command in ('run', 'evaluate'):
        assert run(command, night, '--out', tmp_path / command, *metric) == 1
    lines = capsys.readouterr().err.splitlines()
    assert '--metric-scale 2.0' in lines[0]
    assert 'unknown shift' in lines[0]


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        (('--size', '32x32'), 'takes 24x32'),
        (('--precision', 'float16'), "precision 'float16'"),
        (('--engine', 'openvino'), "engine 'openvino'"),
        (('--checkpoint', 'none.yaml'), 'none.yaml'),
        (('--checkpoint', 'sum.onnx'), 'describe it in a .yaml'),
    ],
)
def test_what_cannot_be_is_one_line_and_leaves_nothing(
    tmp_path, night, model, options, words, capfd
):
    out = tmp_path / 'out'
    assert run('run', night, '--out', out, '--checkpoint', model, *options) == 1
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1
    assert words in lines[0]
    assert not out.exists()


def test_a_model_of_relative_inverse_depth_is_judged_by_scale_and_shift(tmp_path, model):
    """Where it says the truth but for factor and shift, one alignment finds no error left."""
    write_onnx(model.with_suffix('.onnx'), (1, 3, *SIZE), (1, 1, *SIZE), weights=(1, 0, 0))
    describe_onnx(model.with_suffix('.onnx'), output='inverse')
    out = tmp_path / 'report'
    assert run('evaluate', red_drive(tmp_path / 'red'), '--out', out, '--checkpoint', model) == 0
    report = json.loads((out / 'report.json').read_text())
    assert report['overall']['scale_shift']['abs_rel'] < 1e-4
    assert report['overall']['median']['abs_rel'] > 0.1
    assert report['unpredicted'] == 0
    settings = report['settings']
    assert (settings['engine'], settings['depth_output']) == ('onnxruntime', 'inverse')
    assert settings['depth_model_sha256'] == file_sha256(model.with_suffix('.onnx'))
    assert settings['scale'] == 'relative'


def red_drive(folder: Path) -> Path:
    """Write a folder in which a pixel's red is a factor times inverse depth plus a shift."""
    for name in ('images', 'depth'):
        (folder / name).mkdir(parents=True)
    height, width = SIZE
    for index in range(2):
        red = np.linspace(30, 250 - index, height * width).reshape(SIZE).round().astype(np.uint8)
        picture = np.stack([red * 0 + 90, red * 0 + 90, red], axis=-1)
        cv2.imwrite(str(folder / 'images' / f'{index:06d}.png'), picture)
        depth = (1 / (0.002 * red - 0.04)).astype(np.float32)
        np.save(folder / 'depth' / f'{index:06d}.npy', depth)
    camera = {'width': width, 'height': height, 'fx': 20, 'fy': 20, 'cx': 16, 'cy': 12}
    (folder / 'camera.yaml').write_text(json.dumps(camera))
    (folder / 'stamps.txt').write_text('100000000\n200000000\n')
    (folder / 'poses.txt').write_text('1 0 0 0 0 1 0 0 0 0 1 0\n' * 2)
    return folder
