"""Each kind of foreign weights is told by its keys, and says what was taken and ignored."""

from pathlib import Path

import pytest
from reference_names import pose_net_name
import torch
from torch import Tensor

from steps_ros.core.depth_net import DepthNet, RESNET18
from steps_ros.core.importers import depth_net_key, import_weights
from steps_ros.core.pose_net import PoseNet
from steps_ros.core.resnet import ResNetEncoder
from steps_ros.errors import CheckpointError


def reference_state(prefix: str) -> dict[str, Tensor]:
    depth, pose = DepthNet(RESNET18).state_dict(), PoseNet().state_dict()
    named = {depth_net_key(key): value for key, value in depth.items()}
    named |= {pose_net_name(key): value for key, value in pose.items()}
    return {prefix + key: value for key, value in named.items()}


@pytest.fixture(scope='module')
def day_state() -> dict[str, Tensor]:
    return reference_state('net.')


def written(folder: Path, state: object) -> Path:
    path = folder / 'weights.ckpt'
    torch.save(state, path)
    return path


def test_day_model_is_taken_without_its_pose_net(tmp_path, day_state):
    imported = import_weights(written(tmp_path, {'state_dict': day_state, 'epoch': 4}))
    assert imported.checkpoint.enhancer is None
    assert set(imported.taken) == {'net.DepthEncoder', 'net.DepthDecoder'}
    assert set(imported.ignored) == {'net.PoseEncoder', 'net.PoseDecoder'}
    assert sum(imported.taken.values()) + sum(imported.ignored.values()) == len(day_state)


def test_first_convolution_turns_from_bgr_to_rgb_and_nothing_else(tmp_path, day_state):
    network = import_weights(written(tmp_path, day_state)).checkpoint.depth_net
    stem = day_state['net.DepthEncoder.blocks.0.0.weight']
    assert torch.equal(network.encoder.stem[0].weight, stem.flip(1))
    first = day_state['net.DepthEncoder.blocks.1.0.conv1.weight']
    assert torch.equal(network.encoder.stages[0][0].conv1.weight, first)


def test_rnw_has_no_enhancer(tmp_path, day_state):
    state = {key.replace('net.', 'G.', 1): value for key, value in day_state.items()}
    state['D.model.0.weight'] = torch.ones(1)
    imported = import_weights(written(tmp_path, {'state_dict': state}))
    assert imported.checkpoint.enhancer is None
    assert imported.ignored['D'] == 1


def test_torchvision_resnet_is_an_encoder_alone(tmp_path):
    ours = ResNetEncoder(RESNET18.encoder).state_dict()
    state = {'fc.weight': torch.ones(1), 'fc.bias': torch.ones(1)}
    for key, value in ours.items():
        name = key.replace('stem.0.', 'conv1.').replace('stem.1.', 'bn1.')
        name = name.replace('shortcut', 'downsample')
        for stage in range(4):
            name = name.replace(f'stages.{stage}.', f'layer{stage + 1}.')
        state[name] = value
    imported = import_weights(written(tmp_path, state))
    assert imported.checkpoint.depth_net is None
    assert imported.checkpoint.encoder.keys() == ours.keys()
    assert imported.checkpoint.encoder_config.depths == (2, 2, 2, 2)
    assert imported.ignored == {'fc': 2}


@pytest.mark.parametrize(
    'key', ['encoder.conv1.weight', 'decoder.0.conv.conv.weight', 'net.0.weight']
)
def test_monodepth2_is_refused_with_the_reason(tmp_path, key):
    path = written(tmp_path, {key: torch.ones(1), 'height': 192})
    with pytest.raises(CheckpointError, match=r'Niantic.*another network.*non-commercial'):
        import_weights(path)


def test_unknown_keys_are_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"none of its 1 keys is known.*'model.weight'"):
        import_weights(written(tmp_path, {'model.weight': torch.ones(1)}))


def test_missing_key_is_named(tmp_path, day_state):
    state = {k: v for k, v in day_state.items() if not k.endswith('conv0.conv.bias')}
    with pytest.raises(
        CheckpointError, match=r'ckpt: key net\.DepthDecoder\.conv0\.conv\.bias is'
    ):
        import_weights(written(tmp_path, state))


def test_wrong_shape_is_named(tmp_path, day_state):
    state = {**day_state, 'net.DepthDecoder.disp_conv0.bias': torch.ones(2)}
    with pytest.raises(
        CheckpointError, match=r'net\.DepthDecoder\.disp_conv0\.bias has shape \(2,\)'
    ):
        import_weights(written(tmp_path, state))


def test_enhancer_of_two_channels_is_refused(tmp_path):
    state = {'enhance.in_conv.0.weight': torch.ones(2, 2, 3, 3)}
    with pytest.raises(CheckpointError, match=r'enhance\.in_conv\.0\.weight has shape \(2, 2'):
        import_weights(written(tmp_path, state))


def test_other_resnets_are_refused(tmp_path, day_state):
    state = {k: v for k, v in day_state.items() if 'DepthEncoder.blocks.4.1' not in k}
    with pytest.raises(CheckpointError, match=r'basic blocks \(2, 2, 2, 1\) is not a ResNet'):
        import_weights(written(tmp_path, state))


def test_sci_weights_are_an_enhancer_alone(shared_reference):
    imported = import_weights(shared_reference / 'sci_weights' / 'easy.pt')
    assert imported.checkpoint.depth_net is None
    assert imported.checkpoint.enhancer.channels == 3
    assert 'calibrate' in imported.ignored
