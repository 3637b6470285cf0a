"""What a training begins with and what it leaves."""

import pytest
import torch

from steps_ros.core.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from steps_ros.core.depth_net import DepthNet, DepthNetConfig
from steps_ros.core.illumination import IlluminationNet
from steps_ros.core.resnet import EncoderConfig, ResNetEncoder
from steps_ros.errors import CheckpointError
from steps_ros.train.presets import MONODEPTH2, STEPS
from steps_ros.train.start import finished_checkpoint, starting_networks

SMALL = EncoderConfig(stem=8, widths=(8, 8, 16, 16), depths=(1, 1, 1, 1))
DEPTH = DepthNetConfig(SMALL, decoder=(4, 4, 8, 8, 16), padding='zeros')


def equal(one, other):
    pairs = zip(one.state_dict().items(), other.state_dict().items(), strict=True)
    return all(torch.equal(a, b) for (_, a), (_, b) in pairs)


def test_weights_that_are_there_are_taken_and_the_rest_is_drawn_from_the_seed():
    start = Checkpoint(DepthNet(DEPTH), IlluminationNet(1))
    teacher = DepthNet(DEPTH)
    one, again, other = (starting_networks(start, STEPS, teacher, seed) for seed in (0, 0, 1))
    assert equal(one.depth, start.depth_net)
    assert equal(one.enhancer.illumination, start.enhancer)
    assert equal(one.pose, again.pose)
    assert not equal(one.pose, other.pose)
    assert one.training
    assert not one.teacher.training


def test_an_encoder_alone_starts_a_depth_network():
    encoder = ResNetEncoder(SMALL)
    start = Checkpoint(encoder=encoder.state_dict(), encoder_config=SMALL)
    networks = starting_networks(start, MONODEPTH2, None, 0)
    assert equal(networks.depth.encoder, encoder)
    assert networks.enhancer is None


def test_the_end_is_a_checkpoint_for_the_node(tmp_path):
    start = Checkpoint(DepthNet(DEPTH), IlluminationNet(1))
    networks = starting_networks(start, STEPS, DepthNet(DEPTH), 0)
    done = finished_checkpoint(networks, start, (96, 160), 'trained on drive.mcap', 7, seed=0)
    save_checkpoint(done, tmp_path / 'final.safetensors')
    found = load_checkpoint(tmp_path / 'final.safetensors')
    assert equal(found.depth_net, networks.depth)
    assert equal(found.enhancer, networks.enhancer.illumination)
    assert (found.input_size, found.provenance.step) == ((96, 160), 7)
    assert found.provenance.notes == {'seed': 0}
    kept = finished_checkpoint(
        starting_networks(start, MONODEPTH2, None, 0), start, (96, 160), 'day', 1
    )
    assert equal(kept.enhancer, start.enhancer)


@pytest.mark.parametrize(
    ('start', 'told'),
    [
        (Checkpoint(enhancer=IlluminationNet(1)), 'no depth network'),
        (Checkpoint(DepthNet(DEPTH), IlluminationNet(3)), '3 channels'),
        (Checkpoint(encoder={'odd': torch.zeros(1)}, encoder_config=SMALL), 'key odd'),
    ],
)
def test_what_does_not_fit_is_refused(start, told):
    with pytest.raises(CheckpointError, match=told):
        starting_networks(start, STEPS, DepthNet(DEPTH), 0)
