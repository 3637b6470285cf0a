"""What a training begins with and what it leaves."""

from unittest.mock import patch

import pytest
from small_training import random_batch
import torch

from steps_ros.core.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from steps_ros.core.depth_net import DepthNet, DepthNetConfig
from steps_ros.core.geometry import disparity_to_depth
from steps_ros.core.illumination import IlluminationNet
from steps_ros.core.resnet import EncoderConfig, ResNetEncoder
from steps_ros.errors import CheckpointError
from steps_ros.inference.predictor import Predictor
from steps_ros.train.batch import TARGET
from steps_ros.train.presets import MONODEPTH2, PRESETS, STEPS
from steps_ros.train.relight import light_scene
from steps_ros.train.snapshot import named, Snapshot, write_snapshot
from steps_ros.train.start import finished_checkpoint, lend_pose, starting_networks

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


def test_a_new_decoder_begins_at_the_depth_of_a_street_where_its_gradient_is():
    encoder = ResNetEncoder(SMALL)
    start = Checkpoint(encoder=encoder.state_dict(), encoder_config=SMALL)
    depth = starting_networks(start, MONODEPTH2, None, 0).depth.eval()
    with torch.no_grad():
        disparity = depth.disparity(torch.zeros(1, 3, 64, 64))
    metres = disparity_to_depth(disparity, depth.config.min_depth, depth.config.max_depth)
    assert 5 < metres.median() < 20


def test_motion_learned_elsewhere_is_lent(tmp_path):
    start = Checkpoint(DepthNet(DEPTH), IlluminationNet(1))
    lender, borrower = (starting_networks(start, MONODEPTH2, None, seed) for seed in (0, 1))
    path = tmp_path / 'last.npz'
    write_snapshot(Snapshot(1, named('networks', lender.state_dict())), path)
    lend_pose(borrower, path)
    assert equal(borrower.pose, lender.pose)
    write_snapshot(Snapshot(1, named('networks', start.depth_net.state_dict())), path)
    with pytest.raises(CheckpointError, match=r'last\.npz holds no pose network'):
        lend_pose(borrower, path)


def test_the_end_is_a_checkpoint_for_the_node(tmp_path):
    start = Checkpoint(DepthNet(DEPTH), IlluminationNet(1))
    networks = starting_networks(start, STEPS, DepthNet(DEPTH), 0)
    done = finished_checkpoint(
        networks, start, STEPS, (96, 160), 'trained on drive.mcap', 7, seed=0
    )
    save_checkpoint(done, tmp_path / 'final.safetensors')
    found = load_checkpoint(tmp_path / 'final.safetensors')
    assert equal(found.depth_net, networks.depth)
    assert equal(found.enhancer, networks.enhancer.illumination)
    assert (found.input_size, found.provenance.step) == ((96, 160), 7)
    assert found.provenance.notes == {'seed': 0}


@pytest.mark.parametrize('name', PRESETS)
def test_depth_sees_in_use_what_it_saw_in_training(tmp_path, name):
    start = Checkpoint(DepthNet(DEPTH), IlluminationNet(1))
    objective = PRESETS[name]
    teacher = DepthNet(DEPTH) if objective.adversarial_weight else None
    networks = starting_networks(start, objective, teacher, 0)
    done = finished_checkpoint(networks, start, objective, (64, 96), 'drive.mcap', 1)
    save_checkpoint(done, tmp_path / 'final.safetensors')
    batch = random_batch(64, 96, count=1)
    picture = batch.frames[0, TARGET].permute(1, 2, 0).numpy()
    predictor = Predictor(load_checkpoint(tmp_path / 'final.safetensors'), device='cpu')
    with patch.object(predictor.depth_model, 'output', wraps=predictor.depth_model.output) as look:
        predictor.predict(picture)
    trained = light_scene(batch, networks.eval().enhancer, objective).seen
    torch.testing.assert_close(look.call_args.args[0], trained.full[:, TARGET], rtol=0, atol=1e-6)


def test_an_enhancer_that_did_not_learn_is_kept_for_the_eye():
    start = Checkpoint(DepthNet(DEPTH), IlluminationNet(1))
    networks = starting_networks(start, MONODEPTH2, None, 0)
    kept = finished_checkpoint(networks, start, MONODEPTH2, (96, 160), 'day', 1)
    assert equal(kept.enhancer, start.enhancer)
    assert not kept.sees_enhanced


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
