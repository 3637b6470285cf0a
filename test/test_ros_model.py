"""The model as the node loads it, another one too, and what it says of it."""

from __future__ import annotations

from make_onnx import describe_onnx, write_onnx
import numpy as np
import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.lifecycle import TransitionCallbackReturn
from ros_harness import bench, image_message, IMAGE_TOPIC
from sensor_msgs.msg import Image

from steps_ros.inference.file_hash import file_sha256
from steps_ros.inference.loading import load_predictor
from steps_ros.ros.model import load_model
from steps_ros.ros.parameters import NightDepthSettings

DEPTH_TOPIC = '/night_depth/output/depth'
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def model(tmp_path):
    """Return the description of a model whose depth is the sum of the colours."""
    return describe_onnx(write_onnx(tmp_path / 'sum.onnx', ('n', 3, 48, 64)), size='48x64')


def active_report(arrays):
    """Return the statuses of the last report of an active node by name, nothing before one."""
    said = {status.name: status for array in arrays[-1:] for status in array.status}
    return said if 'night_depth: scale' in said else {}


def test_another_model_is_loaded_and_named(model):
    loaded = load_model(NightDepthSettings(checkpoint=str(model), device='cpu'))
    assert (loaded.engine, loaded.device, loaded.precision) == ('onnxruntime', 'cpu', 'float32')
    assert (loaded.network_size, loaded.checkpoint) == ('48x64', str(model))
    assert loaded.has_depth
    assert loaded.described['depth_model_sha256'] == file_sha256(model.with_suffix('.onnx'))


@pytest.mark.parametrize(
    ('cameras', 'counts'), [((), [1]), (('front',), [1]), (('front', 'left', 'right'), [1, 2, 3])]
)
def test_as_many_pictures_as_cameras_are_seen_before_the_first_frame(
    cameras, counts, model, monkeypatch
):
    seen = []

    def loaded(*args, **kwargs):
        found = load_predictor(*args, **kwargs)
        output = found.predictor.depth_model.output
        found.predictor.depth_model.output = lambda pictures, cameras: (
            seen.append(len(pictures)) or output(pictures, cameras)
        )
        return found

    monkeypatch.setattr('steps_ros.inference.loading.load_predictor', loaded)
    load_model(NightDepthSettings(checkpoint=str(model), device='cpu', cameras=cameras))
    assert seen == counts


def test_the_node_publishes_its_depth_as_relative(model):
    parameters = {'checkpoint': str(model), 'device': 'cpu', 'diagnostics__period_s': 0.1}
    with bench(load_model, **parameters) as made:
        assert made.node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        assert made.node.trigger_activate() == TransitionCallbackReturn.SUCCESS
        images = made.publisher(Image, IMAGE_TOPIC)
        made.listen(Image, DEPTH_TOPIC)
        made.listen(DiagnosticArray, '/diagnostics')
        made.wait(images.get_subscription_count)
        made.wait(lambda: made.node._running.cameras[0].topics.wanted())
        sent = image_message(stamp_s=7)
        images.publish(sent)
        got = made.wait(lambda: made.received[DEPTH_TOPIC])[0]
        assert got.header == sent.header
        depth = np.frombuffer(got.data, np.float32).reshape(48, 64)
        pixels = np.frombuffer(sent.data, np.uint8).reshape(48, 64, 3)
        np.testing.assert_allclose(depth, pixels.sum(axis=-1) / 255, rtol=1e-5)
        said = made.wait(lambda: active_report(made.received['/diagnostics']))
        values = {item.key: item.value for item in said['night_depth: model'].values}
        assert (values['engine'], values['depth_output']) == ('onnxruntime', 'depth')
        assert values['depth_model'] == str(model.with_suffix('.onnx'))
        assert len(values['depth_model_sha256']) == 64
        assert said['night_depth: scale'].message.startswith('relative')


@pytest.mark.parametrize(
    'parameters',
    [{'scale__source': 'fixed'}, {'cameras': ['front'], 'front__scale__source': 'camera_height'}],
)
def test_no_source_makes_metres_of_an_unknown_shift(model, parameters):
    describe_onnx(model.with_suffix('.onnx'), size='48x64', output='inverse')
    with bench(load_model, checkpoint=str(model), device='cpu', **parameters) as made:
        assert made.node.trigger_configure() == TransitionCallbackReturn.FAILURE
        assert 'unknown shift' in made.node._problem
        assert 'scale.source' in made.node._problem
