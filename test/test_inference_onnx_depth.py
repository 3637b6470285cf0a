"""Depth of another model: exact values of each kind, its own sizes and types, clear refusals."""

from __future__ import annotations

import json
import sys

from make_onnx import describe_onnx, FREE, save_graph, write_onnx
import numpy as np
import onnx
from onnx import helper, TensorProto
import pytest

from steps_ros.core.checkpoint import load_checkpoint
from steps_ros.errors import CheckpointError, SettingsError, StepsError
from steps_ros.inference.file_hash import file_sha256
from steps_ros.inference.loading import load_predictor
from steps_ros.inference.prediction import Outputs, Request
from steps_ros.inference.predictor import Predictor
from steps_ros.shipped_weights import DEFAULT_WEIGHTS

RAW = Outputs(enhanced=False, confidence=False, raw=True)
SIZE = (12, 20)


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'model.onnx'


@pytest.fixture(scope='module')
def picture():
    """Return a picture in which no colour is 0, so that every depth is known."""
    return np.random.default_rng(0).integers(1, 256, (*SIZE, 3), np.uint8)


def load(model, wanted=None, precision='auto', **settings):
    return load_predictor(describe_onnx(model, **settings), wanted, 'cpu', precision)


def predicted(model, picture, **settings):
    return load(model, size='12x20', **settings).predictor.predict(picture, RAW)


def test_each_kind_of_output_gives_its_depth(path, picture):
    write_onnx(path, weights=(1, 0, 0))
    red = picture[..., 0].astype(np.float32) / 255
    raw = predicted(path, picture).raw.disparity
    np.testing.assert_array_equal(raw, red)
    np.testing.assert_array_equal(predicted(path, picture).depth, red)
    np.testing.assert_array_equal(predicted(path, picture, output='inverse').depth, 1 / red)
    disparity = predicted(path, picture, output='disparity').depth
    np.testing.assert_allclose(disparity, 1 / (0.01 + (10 - 0.01) * red), rtol=1e-6)


def test_mean_and_std_are_taken_channel_by_channel(path, picture):
    write_onnx(path, weights=(1, 10, 100))
    mean, std = np.float32([0.1, 0.2, 0.3]), np.float32([0.5, 0.25, 0.125])
    settings = {'mean': [0.1, 0.2, 0.3], 'std': [0.5, 0.25, 0.125]}
    expected = ((picture / np.float32(255) - mean) / std) @ np.float32([1, 10, 100])
    raw = predicted(path, picture, **settings).raw.disparity
    np.testing.assert_allclose(raw, expected, rtol=1e-4, atol=1e-4)


def test_the_size_of_a_model_is_held_against_the_limit(path, picture, monkeypatch):
    write_onnx(path, weights=(1, 0, 0))
    monkeypatch.setenv('STEPS_ROS_MAX_IMAGE_PIXELS', '239')
    with pytest.raises(StepsError, match=r'has 240 pixels.*STEPS_ROS_MAX_IMAGE_PIXELS'):
        predicted(path, picture)


def test_what_is_not_finite_and_positive_is_unknown(path):
    write_onnx(path, weights=(1, -1, 0))
    picture = np.zeros((*SIZE, 3), np.uint8)
    picture[:4, :, 0], picture[8:, :, 1] = 51, 51
    for kind, value in (('depth', 0.2), ('inverse', 5.0)):
        depth = predicted(path, picture, output=kind).depth
        np.testing.assert_allclose(depth[:4], value, rtol=1e-6)
        assert np.isnan(depth[4:]).all()


def test_unknown_does_not_spread_when_depth_grows(path):
    write_onnx(path, weights=(1, 0, 0))
    picture = np.full((*SIZE, 3), 102, np.uint8)
    picture[:, :10] = 0
    predictor = load(path, size='12x20').predictor
    depth = predictor.predict(picture, RAW, output_size=(48, 80)).depth
    assert np.isnan(depth[:, :40]).all()
    np.testing.assert_allclose(depth[:, 40:], 0.4, rtol=1e-6)


@pytest.mark.parametrize('given', [('n', 1, 'h', 'w'), ('n', 'h', 'w')])
@pytest.mark.parametrize('taken', [FREE, (1, 3, *SIZE)])
def test_several_pictures_come_back_in_their_order(path, picture, taken, given):
    given = tuple(dict(zip(FREE, taken, strict=True)).get(length, length) for length in given)
    predictor = load(write_onnx(path, taken, given), (12, 20)).predictor
    pictures = [picture, picture[::-1].copy(), picture // 2 + 1]
    together = predictor.predict_batch([Request(image, RAW) for image in pictures])
    for image, prediction in zip(pictures, together, strict=True):
        alone = predictor.predict(image, RAW)
        np.testing.assert_array_equal(prediction.depth, alone.depth)
        expected = image.sum(axis=-1) / 255
        np.testing.assert_allclose(prediction.depth, expected, rtol=1e-6)


def test_half_precision_is_the_models_own(path, picture):
    loaded = load(write_onnx(path, half=True), (12, 20))
    assert loaded.described['precision'] == 'float16'
    depth = loaded.predictor.predict(picture, RAW).depth
    assert depth.dtype == np.float32
    np.testing.assert_allclose(depth, picture.sum(axis=-1) / 255, rtol=3e-3)
    with pytest.raises(SettingsError, match=r"'float32': .* takes float16 and nothing else"):
        load(path, (12, 20), 'float32')


def test_the_size_is_the_users_then_the_yamls_then_the_files(path):
    free = write_onnx(path)
    assert load(free, (16, 24), size='12x20').predictor.network_size(480, 640) == (16, 24)
    assert load(free, size='12x20').predictor.described_size == '12x20'
    fixed = write_onnx(path, (1, 3, *SIZE), (1, 1, *SIZE))
    assert load(fixed).predictor.network_size(480, 640) == SIZE
    image = np.full((48, 64, 3), 85, np.uint8)
    depth = load(fixed).predictor.predict(image, RAW).depth
    assert depth.shape == (48, 64)
    np.testing.assert_allclose(depth, 1, rtol=1e-6)


def test_the_enhancer_of_the_default_weights_stands_beside_or_in_front(path, picture):
    write_onnx(path, weights=(1, 0, 0))
    dark = picture // 8
    own = Predictor(load_checkpoint(DEFAULT_WEIGHTS), (64, 96), 'cpu')
    for is_enhanced in (False, True):
        loaded = load(path, (64, 96), enhance=is_enhanced)
        prediction = loaded.predictor.predict(dark, Outputs(raw=True))
        expected = own.predict(dark, Outputs(raw=True))
        np.testing.assert_array_equal(prediction.enhanced, expected.enhanced)
        np.testing.assert_array_equal(prediction.confidence, expected.confidence)
        seen = prediction.raw.enhanced[..., 0]
        assert np.array_equal(prediction.raw.disparity, seen) == is_enhanced
        assert loaded.described['depth_sees'].startswith('enhanced') == is_enhanced


def test_reports_name_the_model(path):
    loaded = load(write_onnx(path), (12, 20), output='inverse')
    assert loaded.described == {
        'checkpoint_sha256': file_sha256(path.with_suffix('.yaml')),
        'engine': 'onnxruntime',
        'device': 'cpu',
        'precision': 'float32',
        'depth_model': str(path),
        'depth_model_sha256': file_sha256(path),
        'depth_output': 'inverse',
        'depth_sees': 'pictures as they are',
    }
    json.dumps(loaded.described)


def test_metres_are_made_of_what_has_no_unknown_shift(path):
    write_onnx(path)
    for kind in ('depth', 'disparity'):
        load(path, (12, 20), output=kind).require_scalable('--metric-scale 2')
    with pytest.raises(SettingsError, match=r'--metric-scale 2: .*unknown shift.*output is depth'):
        load(path, (12, 20), output='inverse').require_scalable('--metric-scale 2')


def test_one_of_several_outputs_is_named(path, picture):
    image = helper.make_tensor_value_info('image', TensorProto.FLOAT, FREE)
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ('n', 1, 'h', 'w'))
        for name in ('mean', 'most')
    ]
    nodes = [
        helper.make_node('ReduceMean', ['image'], ['mean'], axes=[1]),
        helper.make_node('ReduceMax', ['image'], ['most'], axes=[1]),
    ]
    save_graph(path, nodes, [image], outputs)
    depth = predicted(path, picture, output_name='most').depth
    np.testing.assert_array_equal(depth, picture.max(axis=-1) / np.float32(255))
    with pytest.raises(CheckpointError, match='several outputs; set output_name to one of mean'):
        load(path, (12, 20))
    with pytest.raises(CheckpointError, match=r"no output 'median'.*one of mean, most"):
        load(path, (12, 20), output_name='median')


@pytest.mark.parametrize(
    ('shapes', 'size', 'message'),
    [
        (((1, 3, 12, 20), (1, 1, 12, 20)), (16, 24), 'size 16x24: .* takes 12x20'),
        ((FREE, ('n', 1, 'h', 'w')), None, 'takes anyxany; set size to HxW'),
        ((('n', 1, 'h', 'w'), ('n', 1, 'h', 'w')), (12, 20), r"\['n', 1, 'h', 'w'\].*channels"),
        (((2, 3, 12, 20), (2, 1, 12, 20)), (12, 20), 'takes 2 pictures at a time'),
        (((1, 3, 8), (1, 1, 8)), (12, 20), r'\[1, 3, 8\] where \(B, 3, H, W\)'),
    ],
)
def test_inputs_that_do_not_fit_are_refused(path, shapes, size, message):
    weights = (1.0,) * shapes[0][1]
    if len(shapes[0]) == 4:
        write_onnx(path, *shapes, weights=weights)
    else:
        write_identity(path, *shapes)
    with pytest.raises(StepsError, match=message) as caught:
        load(path, size)
    assert '\n' not in str(caught.value)


def write_identity(path, taken, given, kind=TensorProto.FLOAT, node='Identity', **attributes):
    image = helper.make_tensor_value_info('image', kind, taken)
    depth = helper.make_tensor_value_info('depth', attributes.get('to', kind), given)
    made = helper.make_node(node, ['image'], ['depth'], **attributes)
    return save_graph(path, [made], [image], [depth])


def test_outputs_that_are_no_map_are_refused(path):
    write_identity(path, FREE, FREE)
    with pytest.raises(CheckpointError, match=r"'depth' has shape \(1, 3, 12, 20\) for 1"):
        load(path, (12, 20))
    write_identity(path, FREE, FREE, node='Cast', to=TensorProto.INT64)
    with pytest.raises(CheckpointError, match=r'is a tensor\(int64\)'):
        load(path, (12, 20))
    write_identity(path, FREE, FREE, TensorProto.UINT8)
    with pytest.raises(CheckpointError, match=r'is a tensor\(uint8\); export tensor\(float\)'):
        load(path, (12, 20))


def test_a_size_that_the_graph_cannot_take_is_said_at_once(path):
    image = helper.make_tensor_value_info('image', TensorProto.FLOAT, FREE)
    depth = helper.make_tensor_value_info('depth', TensorProto.FLOAT, FREE)
    shape = onnx.numpy_helper.from_array(np.array([1, 1, 100, 100]), 'shape')
    node = helper.make_node('Reshape', ['image', 'shape'], ['depth'])
    save_graph(path, [node], [image], [depth], [shape])
    with pytest.raises(CheckpointError, match=r'fails on a picture of 12x20 \(.*') as caught:
        load(path, (12, 20))
    assert '\n' not in str(caught.value)


def spoiled(path, how):
    if how == 'missing':
        return
    if how == 'no model':
        path.write_bytes(b'this is no model')
    elif how == 'foreign code':
        write_identity(path, FREE, FREE, node='Run', domain='other')
    else:
        model = onnx.load(write_onnx(path))
        onnx.save(model, path, save_as_external_data=True, location='w', size_threshold=0)
        (path.parent / 'w').unlink()


@pytest.mark.parametrize(
    ('how', 'message'),
    [
        ('missing', 'no such file'),
        ('no model', 'cannot load it .*[Pp]rotobuf'),
        ('foreign code', 'cannot load it .*Run.* not a registered'),
        ('no weights', 'cannot load it .*put files of weights that belong to it beside it'),
    ],
)
def test_files_that_cannot_be_loaded_are_one_line(path, how, message, capfd):
    spoiled(path, how)
    with pytest.raises(CheckpointError, match=message) as caught:
        load(path, (12, 20))
    assert str(path) in str(caught.value)
    assert '\n' not in str(caught.value)
    assert capfd.readouterr().err == ''


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ({'sizes': '12x20'}, r"unknown setting 'sizes'; did you mean 'size'"),
        ({'output': 'metres'}, r"output: 'metres' .* one of disparity, inverse, depth"),
        ({'model': ''}, 'model: none is named'),
        ({'size': '12 x 20'}, r"size: '12 x 20' is no size; give HxW"),
        ({'mean': [123.7, 116.3, 103.5]}, r'mean: \[123.7.*divide it by 255'),
        ({'std': [0.2, 0.2]}, 'std: 2 numbers'),
        ({'std': [0, 1, 1]}, r'std: .* divides by 0'),
        ({'mean': 0.5}, 'mean: 0.5 is not a list of numbers'),
        ({'enhance': 'yes'}, "enhance: 'yes' is not true or false"),
    ],
)
def test_descriptions_that_cannot_be_are_one_line(path, settings, message):
    described = describe_onnx(path, **settings)
    with pytest.raises(SettingsError, match=message) as caught:
        load_predictor(described, device='cpu')
    assert str(described) in str(caught.value)


def test_an_onnx_file_alone_is_refused(path):
    with pytest.raises(CheckpointError, match=r'describe it in a \.yaml file'):
        load_predictor(write_onnx(path))
    with pytest.raises(SettingsError, match=r'none\.yaml.* cannot be read'):
        load_predictor(path.with_name('none.yaml'))


def test_without_onnx_runtime_the_message_says_what_to_install(path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    with pytest.raises(SettingsError, match='pip install onnxruntime'):
        load(path, (12, 20))


def test_a_gpu_needs_a_runtime_that_can_use_it(path, monkeypatch, caplog):
    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    monkeypatch.setattr('torch.cuda.device_count', lambda: 1)
    monkeypatch.setattr('onnxruntime.get_available_providers', lambda: ['CPUExecutionProvider'])
    described = describe_onnx(write_onnx(path), size='12x20')
    with pytest.raises(SettingsError, match=r"device 'cuda'.*onnxruntime-gpu.*or use cpu"):
        load_predictor(described, device='cuda')
    assert load_predictor(described).described['device'] == 'cpu'
    assert 'onnxruntime-gpu' in caplog.text
