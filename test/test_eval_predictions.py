"""Where depth comes from: the network at the right size, and recordings by stamp."""

from make_bags import stamp_ns, write_mcap
import numpy as np
import pytest

from steps_ros.core.checkpoint import load_checkpoint
from steps_ros.data import messages
from steps_ros.errors import FrameError, SourceError
from steps_ros.eval.predictions import (
    network_depth,
    NODE_DEPTH_TOPIC,
    recorded_beside,
    RecordedDepth,
)
from steps_ros.eval.protocols import PROTOCOLS
from steps_ros.eval.samples import Reference, Sample
from steps_ros.inference.predictor import Predictor
from steps_ros.shipped_weights import DEFAULT_WEIGHTS


def sample(index=0, image=None, prediction=None):
    nothing = np.zeros(0, np.float32)
    reference = Reference(nothing, nothing, nothing, (24, 32))
    return Sample('drive', 'front', '0', stamp_ns(index), image, None, reference, prediction)


@pytest.fixture(scope='module')
def predictor():
    return Predictor(load_checkpoint(DEFAULT_WEIGHTS), (64, 96), 'cpu')


def test_the_node_s_depth_image_or_the_network_s_own_pixels(predictor):
    image = np.random.default_rng(0).integers(0, 255, (50, 70, 3), np.uint8)
    as_node = network_depth(predictor, PROTOCOLS['default'], 1.0, sample(image=image))
    own = network_depth(predictor, PROTOCOLS['nuscenes-night'], 1.0, sample(image=image))
    assert (as_node.shape, own.shape) == ((50, 70), (64, 96))
    np.testing.assert_array_equal(as_node, predictor.predict(image).depth)
    scaled = network_depth(predictor, PROTOCOLS['default'], 2.5, sample(image=image))
    np.testing.assert_allclose(scaled, 2.5 * as_node, rtol=1e-6)


def test_without_a_picture_nothing_is_predicted(predictor):
    with pytest.raises(FrameError, match='no picture'):
        network_depth(predictor, PROTOCOLS['default'], 1.0, sample())


def test_depth_recorded_beside_the_reference_is_taken_as_it_is():
    depth = np.ones((2, 3), np.float32)
    assert recorded_beside(sample(prediction=depth)) is depth
    with pytest.raises(FrameError, match='no recorded depth'):
        recorded_beside(sample())


def test_recordings_are_read_by_stamp_and_gaps_are_said(tmp_path):
    items = [
        (
            NODE_DEPTH_TOPIC,
            messages.depth_message(np.full((2, 3), index, np.float32), stamp_ns(index), 'camera'),
            stamp_ns(index) + 5_000_000,
        )
        for index in (1, 2, 4)
    ]
    with RecordedDepth(write_mcap(tmp_path / 'run.mcap', items)) as recording:
        with pytest.raises(FrameError, match='published no depth'):
            recording.depth(sample(0))
        assert recording.depth(sample(2))[0, 0] == 2
        with pytest.raises(FrameError, match='published no depth'):
            recording.depth(sample(3))
        assert recording.depth(sample(4))[0, 0] == 4
        with pytest.raises(FrameError, match='published no depth'):
            recording.depth(sample(5))


def test_a_recording_without_the_topic_says_what_it_has(tmp_path):
    item = ('/other', messages.depth_message(np.ones((2, 3), np.float32), 1, 'camera'), 1)
    with pytest.raises(SourceError, match=r'no depth on .*/other'):
        RecordedDepth(write_mcap(tmp_path / 'run.mcap', [item]))
