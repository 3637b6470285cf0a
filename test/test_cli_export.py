"""``steps-ros export``: an ONNX file that is the network, or nothing; engines built ahead."""

from __future__ import annotations

from dataclasses import replace
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from steps_ros.cli.main import main
from steps_ros.core.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from steps_ros.core.depth_net import DepthNet, TINY, TINY_RAYS
from steps_ros.core.illumination import IlluminationNet
from steps_ros.eval.predictions import DEPTH_ALONE
from steps_ros.inference import export
from steps_ros.inference.engines.cache import cache_folder
from steps_ros.inference.engines.job import Engine
from steps_ros.inference.engines.self_check import Agreement
from steps_ros.inference.engines.table import ENGINES
from steps_ros.inference.file_hash import file_sha256
from steps_ros.inference.loading import load_predictor
from steps_ros.inference.network_size import USUAL_PICTURE
from steps_ros.shipped_weights import DEFAULT_WEIGHTS

onnx = pytest.importorskip('onnx', reason='onnx is not installed')
onnxruntime = pytest.importorskip('onnxruntime', reason='onnxruntime is not installed')
SIZE = (64, 96)


def run(*arguments: object) -> int:
    return main(['export', *map(str, arguments)])


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))


@pytest.fixture
def weights(tmp_path) -> Path:
    torch.manual_seed(0)
    made = Checkpoint(DepthNet(TINY).eval(), IlluminationNet().eval(), input_size=SIZE)
    save_checkpoint(made, tmp_path / 'own.safetensors')
    return tmp_path / 'own.safetensors'


def test_the_file_holds_the_network_for_any_batch_and_says_what_it_is(tmp_path, weights, capsys):
    out = tmp_path / 'new' / 'own.onnx'
    assert run(weights, '--to', 'onnx', '--out', out) == 0
    printed = capsys.readouterr().out
    assert 'own.safetensors at 64x96, opset 17' in printed
    assert 'in the median' in printed
    assert 'the enhancer of this checkpoint is not in the file' in printed
    assert sorted(path.name for path in out.parent.iterdir()) == ['own.onnx', 'own.yaml']
    session = onnxruntime.InferenceSession(str(out), providers=['CPUExecutionProvider'])
    pictures = torch.rand(2, 3, *SIZE)
    disparity, depth = session.run(['disparity', 'depth'], {'image': pictures.numpy()})
    with torch.inference_mode():
        exact = load_checkpoint(weights).depth_net.disparity(pictures)
    np.testing.assert_allclose(disparity, exact, rtol=1e-4)
    np.testing.assert_allclose(depth, 1 / (0.01 + 9.99 * exact), rtol=1e-4)
    model = onnx.load(out)
    facts = {item.key: item.value for item in model.metadata_props}
    assert facts['checkpoint_sha256'] == file_sha256(weights)
    assert (facts['size'], facts['opset'], facts['checkpoint']) == ('64x96', '17', weights.name)
    assert json.loads(facts['config'])['padding'] == 'zeros'
    assert [item.version for item in model.opset_import if not item.domain] == [17]


def test_the_description_beside_it_gives_the_depth_again(tmp_path, capsys):
    weights, default = tmp_path / 'own.safetensors', load_checkpoint(DEFAULT_WEIGHTS)
    torch.manual_seed(0)
    save_checkpoint(replace(default, depth_net=DepthNet(TINY).eval()), weights)
    # A name may hold what means something in YAML.
    out = tmp_path / 'my: "bäst" #1.onnx'
    assert run(weights, '--out', out, '--size', '64x96', '--json') == 0
    report = json.loads(capsys.readouterr().out)
    assert report['difference']['largest'] < 1e-4
    assert report['description'] == str(out.with_suffix('.yaml'))
    image = np.random.default_rng(0).integers(0, 120, (*SIZE, 3), np.uint8)
    own = load_predictor(weights, SIZE, 'cpu').predictor.predict(image)
    other = load_predictor(out.with_suffix('.yaml'), device='cpu')
    assert other.described['engine'] == 'onnxruntime'
    np.testing.assert_allclose(other.predictor.predict(image).depth, own.depth, rtol=1e-4)


def test_weights_that_see_pictures_as_they_are_say_so(tmp_path, weights, capsys):
    raw = tmp_path / 'raw.safetensors'
    save_checkpoint(replace(load_checkpoint(weights), sees_enhanced=False), raw)
    assert run(raw, '--out', tmp_path / 'raw.onnx') == 0
    assert 'enhancer' not in capsys.readouterr().out
    assert 'enhance: false' in (tmp_path / 'raw.yaml').read_text()
    facts = {item.key: item.value for item in onnx.load(tmp_path / 'raw.onnx').metadata_props}
    assert 'as it was taken' in facts['inputs']


def test_a_network_that_sees_rays_has_them_as_input_and_no_description(tmp_path, capsys):
    weights, out = tmp_path / 'rays.safetensors', tmp_path / 'rays.onnx'
    save_checkpoint(Checkpoint(DepthNet(TINY_RAYS).eval(), input_size=SIZE), weights)
    assert run(weights, '--out', out) == 0
    assert 'checkpoint' not in capsys.readouterr().out
    session = onnxruntime.InferenceSession(str(out), providers=['CPUExecutionProvider'])
    assert [item.name for item in session.get_inputs()] == ['image', 'rays']
    assert not out.with_suffix('.yaml').exists()


def test_a_depth_that_differs_leaves_nothing(tmp_path, weights, capsys, monkeypatch):
    wrong = Agreement(1e-3, 2e-3, 3e-3)
    monkeypatch.setattr(export, '_difference', lambda content, job: wrong)
    out = tmp_path / 'new' / 'own.onnx'
    assert run(weights, '--out', out) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert 'differs from that of torch by 0.003' in line
    assert not out.parent.exists()


def test_what_cannot_be_is_one_line(tmp_path, weights, capsys, monkeypatch):
    unsized = tmp_path / 'unsized.safetensors'
    save_checkpoint(Checkpoint(DepthNet(TINY).eval()), unsized)
    light = tmp_path / 'light.safetensors'
    save_checkpoint(Checkpoint(enhancer=IlluminationNet().eval()), light)
    taken = tmp_path / 'taken.onnx'
    taken.write_text('precious')
    for arguments, message in [
        ((weights, '--out', tmp_path / 'own.pt'), 'does not end in .onnx'),
        ((weights, '--out', taken), 'exists; choose another name or give --overwrite'),
        ((unsized, '--out', tmp_path / 'x.onnx'), 'give --size HxW'),
        ((weights, '--out', tmp_path / 'x.onnx', '--size', '65x96'), 'multiples of 32'),
        ((light, '--out', tmp_path / 'x.onnx'), 'has no depth network'),
        ((weights, '--out', tmp_path / os.fsdecode(b'\xff.onnx')), 'is not in UTF-8'),
        ((tmp_path / 'none.safetensors', '--out', tmp_path / 'x.onnx'), 'no such file'),
    ]:
        assert run(*arguments) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line
    assert taken.read_text() == 'precious'
    assert not (tmp_path / 'x.onnx').exists()
    monkeypatch.setattr(export, 'absent', lambda *names: 'onnx')
    assert run(weights, '--out', tmp_path / 'x.onnx') == 1
    assert 'onnx not installed; pip install onnx' in capsys.readouterr().err


@pytest.mark.parametrize(
    'options', [(), ('--out', 'x.onnx', '--build-only'), ('--build-only', '--picture', '64')]
)
def test_wrong_usage_is_two(options):
    with pytest.raises(SystemExit) as caught:
        run(*options)
    assert caught.value.code == 2


def test_engines_are_built_ahead_and_used_then(weights, capsys, monkeypatch):
    assert run(weights, '--build-only', '--engine', 'onnxruntime', '--device', 'cpu') == 0
    assert 'onnxruntime on cpu, float32, 64x96: kept in' in capsys.readouterr().out
    assert len(list(cache_folder().glob('engine-*'))) == 1
    monkeypatch.setattr('steps_ros.inference.engines.onnx_runtime.build', None)
    loaded = load_predictor(weights, device='cpu', engine='onnxruntime')
    assert loaded.described['engine'] == 'onnxruntime'


def test_the_shape_of_the_camera_counts_for_networks_that_keep_it(tmp_path, capsys):
    weights = tmp_path / 'rays.safetensors'
    save_checkpoint(Checkpoint(DepthNet(TINY_RAYS).eval(), input_size=SIZE), weights)
    building = (weights, '--build-only', '--engine', 'torch', '--device', 'cpu', '--json')
    assert run(*building, '--picture', '64x96') == 0
    assert json.loads(capsys.readouterr().out)['size'] == '96x64'


def test_the_size_that_the_node_warms_up_with_is_built_ahead_too(tmp_path, capsys, monkeypatch):
    weights = tmp_path / 'rays.safetensors'
    save_checkpoint(Checkpoint(DepthNet(TINY_RAYS).eval(), input_size=SIZE), weights)
    building = (weights, '--build-only', '--engine', 'onnxruntime', '--device', 'cpu')
    assert run(*building, '--picture', '96x96') == 0
    assert 'onnxruntime on cpu, float32, 96x96: kept in' in capsys.readouterr().out
    monkeypatch.setattr('steps_ros.inference.engines.onnx_runtime.build', None)
    predictor = load_predictor(weights, device='cpu', engine='onnxruntime').predictor
    for size in (USUAL_PICTURE, (96, 96)):
        predictor.predict(np.zeros((*size, 3), np.uint8), DEPTH_ALONE)
    assert predictor.engine == 'onnxruntime'


def test_of_torch_nothing_is_kept(weights, capsys):
    building = (weights, '--build-only', '--engine', 'torch', '--device', 'cpu')
    assert run(*building) == 0
    assert capsys.readouterr().out == 'torch on cpu, float32, 64x96: nothing to keep\n'
    assert run(*building, '--json') == 0
    assert json.loads(capsys.readouterr().out)['folder'] is None


@pytest.mark.parametrize(
    ('build', 'reason'),
    [
        (lambda job, folder: 1 / 0, 'it cannot be built: ZeroDivisionError'),
        (lambda job, folder: lambda *inputs: 1 / 0, 'it fails: ZeroDivisionError'),
        (lambda job, folder: lambda pictures, rays: pictures[:, :1], 'refused by its self-check'),
    ],
)
def test_an_engine_that_is_of_no_use_says_what_to_do(build, reason, weights, capsys, monkeypatch):
    monkeypatch.setitem(ENGINES, 'openvino', Engine(lambda job: '', lambda: '1', build, build))
    assert run(weights, '--build-only', '--engine', 'openvino', '--device', 'cpu') == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert f"engine 'openvino': {reason}" in line
    assert line.endswith('; take another --engine or --precision')


def test_a_former_file_stays_where_its_description_cannot_be_written(tmp_path, weights, capsys):
    out = tmp_path / 'own.onnx'
    out.write_text('former')
    out.with_suffix('.yaml').mkdir()
    assert run(weights, '--out', out, '--overwrite') == 1
    assert 'own.yaml cannot be written' in capsys.readouterr().err.splitlines()[-1]
    assert out.read_text() == 'former'
    assert sorted(path.name for path in tmp_path.glob('*own*.*')) == [
        'own.onnx', 'own.safetensors', 'own.yaml',
    ]  # fmt: skip


def test_the_description_of_a_former_network_goes(tmp_path):
    weights, out = tmp_path / 'rays.safetensors', tmp_path / 'rays.onnx'
    save_checkpoint(Checkpoint(DepthNet(TINY_RAYS).eval(), input_size=SIZE), weights)
    for path in (out, out.with_suffix('.yaml')):
        path.write_text('former')
    assert run(weights, '--out', out, '--overwrite') == 0
    assert not out.with_suffix('.yaml').exists()
    assert out.read_bytes() != b'former'


def test_a_cache_that_cannot_be_written_is_an_error_here(tmp_path, weights, capsys, monkeypatch):
    (tmp_path / 'file').write_text('')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'file'))
    assert run(weights, '--build-only', '--engine', 'onnxruntime', '--device', 'cpu') == 1
    assert 'nothing can be kept there' in capsys.readouterr().err.splitlines()[-1]
