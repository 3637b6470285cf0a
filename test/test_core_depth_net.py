"""Depth, pose and discriminator networks against steps_spec 9 and goldens c and d."""

from copy import deepcopy
import json

import numpy as np
import pytest
from reference_names import (
    fill,
    golden,
    image,
    load_named,
    pose_net_name,
    recipe,
)
import torch
from torch import nn, Tensor

from steps_ros.core.depth_net import DepthNet, RESNET18, RESNET50, TINY, TINY_RAYS
from steps_ros.core.discriminator import Discriminator, discriminator_input
from steps_ros.core.geometry import disparity_to_depth, transform_from_motion
from steps_ros.core.illumination import enhance
from steps_ros.core.importers import depth_net_key, import_weights
from steps_ros.core.losses import lsgan_loss
from steps_ros.core.pose_net import PoseNet
from steps_ros.inference.prediction import Outputs
from steps_ros.inference.predictor import Predictor


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_parameter_counts():
    assert parameters(DepthNet(RESNET50)) == pytest.approx(32.84e6, abs=1e4)
    assert parameters(DepthNet(RESNET18)) == pytest.approx(19.47e6, abs=1e4)
    assert parameters(PoseNet()) == pytest.approx(12.50e6, abs=1e4)
    assert parameters(Discriminator()) == 2_765_633
    assert parameters(DepthNet(TINY)) < 4e6


@pytest.mark.parametrize('config', [TINY, RESNET18, RESNET50])
@pytest.mark.parametrize('size', [(64, 96), (128, 64)])
def test_disparities_halve_from_scale_to_scale(config, size):
    network = DepthNet(config).eval()
    with torch.no_grad():
        disparities = network(torch.rand(2, 3, *size))
        finest = network.disparity(torch.rand(2, 3, *size))
    height, width = size
    assert [d.shape for d in disparities] == [(2, 1, height >> i, width >> i) for i in range(5)]
    assert finest.shape == (2, 1, height, width)
    assert all(float(d.min()) > 0 and float(d.max()) < 1 for d in disparities)


def test_finest_disparity_is_that_of_all_scales():
    network = DepthNet(TINY).eval()
    pixels = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(network(pixels)[0], network.disparity(pixels))


def test_vector_of_resnet50():
    depth_net, pose_net = DepthNet(RESNET50), PoseNet()
    fill([(depth_net, depth_net_key), (pose_net, pose_net_name)], 0)
    frames = {f: torch.cat((image(64, 96, f), image(64, 96, f + 5))) for f in (-1, 0, 1)}
    with torch.no_grad():
        disparities = depth_net(frames[0])
        before, after = pose_net(frames[-1], frames[0]), pose_net(frames[0], frames[1])
    expected = [
        (0.5276128, 0.0643799),
        (0.3391848, 0.0888163),
        (0.4923626, 0.0861032),
        (0.2047556, 0.0814986),
        (0.7984587, 0.0859011),
    ]
    for disparity, (mean, spread) in zip(disparities, expected, strict=True):
        assert float(disparity.mean()) == pytest.approx(mean, abs=5e-5)
        assert float(disparity.std()) == pytest.approx(spread, abs=5e-5)
    assert float(disparities[0][0, 0, 1, 2]) == pytest.approx(0.4710231, abs=5e-5)
    assert float(disparities[0][1, 0, 3, 4]) == pytest.approx(0.5913409, abs=5e-5)
    past = transform_from_motion(*before, invert=True)[0, :3, 3]
    future = transform_from_motion(*after, invert=False)[0, :3, 3]
    assert past.tolist() == pytest.approx([0.0138508, 0.0015549, -0.0066073], abs=2e-6)
    assert future.tolist() == pytest.approx([-0.0095865, -0.0028907, 0.0049812], abs=2e-6)


def test_vector_of_discriminator():
    network = Discriminator()
    fill([(network, str)], 1)
    with torch.no_grad():
        scores = network(image(64, 96, 0))
    assert scores.shape == (1, 1, 6, 10)
    assert float(scores.mean()) == pytest.approx(0.1178391, abs=1e-5)
    assert float(scores.std()) == pytest.approx(0.7094977, abs=1e-5)
    assert float(scores[0, 0, 1, 2]) == pytest.approx(0.1608779, abs=1e-5)
    assert float(lsgan_loss(scores, real=True).mean()) == pytest.approx(1.2732049, rel=1e-5)
    assert float(lsgan_loss(scores, real=False).mean()) == pytest.approx(0.5088832, rel=1e-5)


@pytest.mark.parametrize(('size', 'shape'), [((384, 768), (46, 94)), ((320, 576), (38, 70))])
def test_discriminator_output_size(size, shape):
    with torch.device('meta'):
        assert Discriminator()(torch.empty(1, 3, *size)).shape[2:] == shape


def named(arrays: dict[str, np.ndarray], key: str) -> Tensor:
    return torch.from_numpy(np.asarray(arrays[key]))


@pytest.fixture(scope='session', params=['r18', 'r50'])
def steps(request, shared_reference, tmp_path_factory):
    """Write a whole STEPS checkpoint of seeded weights, and import it."""
    name = request.param
    keys = json.loads((shared_reference / 'goldens' / f'c_keys_steps_{name}.json').read_text())
    seeded = recipe(shared_reference).weights
    # The larger checkpoint goes without the parts that are ignored; they cost seconds.
    ignored = ('gan_loss',) if name == 'r18' else ('gan_loss', 'D.', 'day_dispnet.')
    state = {
        key: torch.from_numpy(np.asarray(seeded(key, tuple(shape), 0)))
        for key, (shape, _) in keys.items()
        if not key.startswith(ignored)
    }
    path = tmp_path_factory.mktemp('steps') / f'steps_{name}.ckpt'
    torch.save({'epoch': 1, 'global_step': 9, 'state_dict': state}, path)
    pose_net = PoseNet()
    load_named(pose_net, lambda key, _: state[f'G.{key}'], pose_net_name)
    imported = import_weights(path)
    path.unlink()
    arrays = golden(shared_reference, f'c_dispnet_{name}.npz')
    return imported, pose_net, arrays


def rgb(arrays: dict[str, np.ndarray], frame: int) -> Tensor:
    """Return frame 0, 1 (previous) or 2 (next) of the golden as (2, 3, H, W) RGB in [0, 1]."""
    return named(arrays, 'frames_bgr_u8')[:, frame].flip(-1).permute(0, 3, 1, 2).float() / 255


def test_golden_c_depth_in_eval_mode(steps):
    imported, _, arrays = steps
    network = imported.checkpoint.depth_net
    with torch.no_grad():
        features = network.encoder(rgb(arrays, 0))
        disparities = network.decoder(features)
        alone = network.disparity(rgb(arrays, 0)[1:])
    for i in range(5):
        expected = named(arrays, f'eval/enc{i}_ch0to3')
        torch.testing.assert_close(features[i][:, :4], expected, atol=5e-6, rtol=1e-5)
        moments = [features[i].mean().item(), features[i].std().item()]
        assert moments == pytest.approx(arrays[f'eval/enc{i}_mean_std'].tolist(), rel=1e-4)
        expected = named(arrays, f'eval/disp{i}')
        torch.testing.assert_close(disparities[i], expected, atol=5e-6, rtol=0)
    torch.testing.assert_close(alone, named(arrays, 'eval_b1/disp0'), atol=5e-6, rtol=0)
    depth = disparity_to_depth(disparities[0])
    torch.testing.assert_close(depth, named(arrays, 'eval/depth0'), atol=0, rtol=1e-4)
    scaled = named(arrays, 'eval/scaled_disp0')
    torch.testing.assert_close(1 / depth, scaled, atol=5e-5, rtol=0)


def test_golden_c_enhanced_then_depth(steps):
    imported, _, arrays = steps
    grey = named(arrays, 'gray_u8')[:1, :1].float() / 255
    with torch.no_grad():
        illumination = imported.checkpoint.enhancer(grey).clamped
        enhanced = enhance(rgb(arrays, 0)[:1], illumination)
        disparities = imported.checkpoint.depth_net(enhanced)
    expected = named(arrays, 'testfwd/color_aug').flip(1)
    torch.testing.assert_close(enhanced, expected, atol=5e-6, rtol=0)
    for i in range(5):
        expected = named(arrays, f'testfwd/disp{i}')
        torch.testing.assert_close(disparities[i], expected, atol=5e-6, rtol=0)


def test_golden_c_through_the_predictor(steps):
    """The whole way from 8-bit pixels, at the image's own size, which is not resampled."""
    imported, _, arrays = steps
    picture = np.ascontiguousarray(arrays['frames_bgr_u8'][0, 0, ..., ::-1])
    predictor = Predictor(imported.checkpoint, device='cpu', precision='float32')
    prediction = predictor.predict(picture, Outputs(raw=True))
    enhanced = arrays['testfwd/color_aug'][0, ::-1].transpose(1, 2, 0)
    assert np.abs(prediction.raw.enhanced - enhanced).max() < 5e-6
    assert np.abs(prediction.raw.disparity - arrays['testfwd/disp0'][0, 0]).max() < 5e-6


def test_golden_c_pose_in_eval_mode(steps):
    _, pose_net, arrays = steps
    pose_net.eval()
    # The pose net of the golden reads BGR; ours is trained on RGB, so nothing permutes it here.
    frames = [rgb(arrays, i).flip(1) for i in range(3)]
    with torch.no_grad():
        motions = {'-1': pose_net(frames[1], frames[0]), '+1': pose_net(frames[0], frames[2])}
    for frame, motion in motions.items():
        expected = named(arrays, f'eval/axisangle_{frame}').view(2, 3)
        torch.testing.assert_close(motion.axis_angle, expected, atol=5e-6, rtol=0)
        expected = named(arrays, f'eval/translation_{frame}').view(2, 3)
        torch.testing.assert_close(motion.translation, expected, atol=5e-6, rtol=0)
        transform = transform_from_motion(*motion, invert=frame == '-1')
        torch.testing.assert_close(transform, named(arrays, f'eval/T_{frame}'), atol=5e-6, rtol=0)


def gradient_norm(module: nn.Module) -> float:
    return float(
        torch.stack([p.grad.norm() for p in module.parameters() if p.grad is not None]).norm()
    )


def test_golden_c_in_train_mode(steps):
    """
    Batch statistics of two samples amplify rounding, so this runs in float64.

    The ResNet-50 golden, made in float32, lies 2.4e-4 from the float64 result.
    """
    imported, pose_net, arrays = steps
    network = deepcopy(imported.checkpoint.depth_net).double().train()
    pose_net = deepcopy(pose_net).double().train()
    bottleneck = network.config.encoder.block == 'bottleneck'
    frames = [rgb(arrays, i).double() for i in range(3)]
    disparities = network(frames[0])
    reversed_frames = [frame.flip(1) for frame in frames]
    past = transform_from_motion(*pose_net(reversed_frames[1], reversed_frames[0]), invert=True)
    future = transform_from_motion(*pose_net(reversed_frames[0], reversed_frames[2]), invert=False)
    for i in range(5):
        expected = named(arrays, f'train/disp{i}')
        tolerance = 3e-4 if bottleneck else 5e-5
        ours = disparities[i].detach().float()
        torch.testing.assert_close(ours, expected, atol=tolerance, rtol=0)
    torch.testing.assert_close(
        past.detach().float(), named(arrays, 'train/T_-1'), atol=5e-5, rtol=0
    )
    torch.testing.assert_close(
        future.detach().float(), named(arrays, 'train/T_+1'), atol=5e-5, rtol=0
    )
    scalar = sum(d.mean() for d in disparities)
    scalar = scalar + past[:, :3].square().sum() + future[:, :3].square().sum()
    assert scalar.item() == pytest.approx(float(arrays['train/scalar']), rel=1e-5)
    scalar.backward()
    pose_decoder = [m for name, m in pose_net.named_children() if name != 'encoder']
    for name, module in (
        ('DepthEncoder', network.encoder),
        ('DepthDecoder', network.decoder),
        ('PoseEncoder', pose_net.encoder),
        ('PoseDecoder', nn.ModuleList(pose_decoder)),
    ):
        expected = float(arrays[f'train/gradnorm_{name}'])
        assert gradient_norm(module) == pytest.approx(expected, rel=2e-3)
    statistics = network.encoder.stem[1]
    for name, ours in (
        ('bn1_running_mean_after', statistics.running_mean),
        ('bn1_running_var_after', statistics.running_var),
        ('pose_bn1_running_mean_after', pose_net.encoder.stem[1].running_mean),
    ):
        assert np.allclose(ours.numpy(), arrays[f'train/{name}'], atol=5e-5)


def test_golden_c_axis_angle(shared_reference):
    arrays = golden(shared_reference, 'c_axisangle.npz')
    axis_angle = named(arrays, 'axisangle').float().requires_grad_()
    translation = named(arrays, 'translation').float()
    transform = transform_from_motion(axis_angle, translation, invert=False)
    torch.testing.assert_close(transform.detach(), named(arrays, 'M'), atol=1e-6, rtol=0)
    inverse = transform_from_motion(axis_angle.detach(), translation, invert=True)
    torch.testing.assert_close(inverse, named(arrays, 'M_invert'), atol=1e-6, rtol=0)
    transform.sum().backward()
    expected = named(arrays, 'grad_axisangle_of_sum_M').view(-1, 3).float()
    torch.testing.assert_close(axis_angle.grad, expected, atol=1e-5, rtol=1e-3)


def test_pose_matrix_vector():
    axis_angle = torch.tensor([[0.01, -0.02, 0.03]])
    translation = torch.tensor([[0.1, 0.2, -0.3]])
    motion = transform_from_motion(axis_angle, translation, invert=False)[0]
    inverse = transform_from_motion(axis_angle, translation, invert=True)[0]
    expected = [0.9993501, -0.0300929, -0.0198453, 0.1]
    assert motion[0].tolist() == pytest.approx(expected, abs=1e-6)
    expected = [0.9993501, 0.0298929, 0.0201453, -0.0998700]
    assert inverse[0].tolist() == pytest.approx(expected, abs=1e-6)
    assert inverse[:3, 3].tolist() == pytest.approx([-0.0998700, -0.1939814, 0.3039691], abs=1e-6)
    torch.testing.assert_close(motion @ inverse, torch.eye(4), atol=1e-6, rtol=0)


def test_depth_runs_from_nearest_to_farthest():
    depth = disparity_to_depth(torch.tensor([1.0, 0.0]), 0.1, 100.0)
    assert depth.tolist() == pytest.approx([0.1, 100.0])


def test_golden_d(shared_reference):
    arrays = golden(shared_reference, 'd_discriminator.npz')
    seeded = recipe(shared_reference).weights
    network = Discriminator()
    load_named(network, lambda key, shape: torch.from_numpy(seeded(f'D.{key}', shape, 0)), str)
    night = discriminator_input(named(arrays, 'night_disp_raw'))
    day = discriminator_input(named(arrays, 'day_disp_raw'))
    torch.testing.assert_close(night[:1, :1], named(arrays, 'height_map'), atol=1e-6, rtol=0)
    torch.testing.assert_close(night[:1, 1:2], named(arrays, 'width_map'), atol=1e-6, rtol=0)
    torch.testing.assert_close(night[:, 2:], named(arrays, 'night_norm'), atol=1e-5, rtol=0)
    night.requires_grad_()
    real, fake = network(day), network(night)
    torch.testing.assert_close(real.detach(), named(arrays, 'D_day'), atol=1e-5, rtol=0)
    torch.testing.assert_close(fake.detach(), named(arrays, 'D_night'), atol=1e-5, rtol=0)
    losses = {
        'G_loss': lsgan_loss(fake, real=True).mean(),
        'D_loss_real': lsgan_loss(real, real=True).mean(),
        'D_loss_fake': lsgan_loss(fake, real=False).mean(),
    }
    for name, loss in losses.items():
        assert loss.item() == pytest.approx(float(arrays[name]), rel=1e-5)
    (gradient,) = torch.autograd.grad(losses['G_loss'], night, retain_graph=True)
    expected = named(arrays, 'grad_G_wrt_night_norm')
    torch.testing.assert_close(gradient[:, 2:], expected, atol=1e-3 * expected.abs().max(), rtol=0)
    (losses['D_loss_real'] + losses['D_loss_fake']).backward()
    total = torch.stack([p.grad.norm() for p in network.parameters()]).norm()
    assert total.item() == pytest.approx(float(arrays['gradnorm_D']), rel=1e-3)
    for key, parameter in network.named_parameters():
        expected = float(arrays[f'gradnorm_D/{key}'])
        # An instance norm cancels the bias gradients of its input up to rounding.
        assert float(parameter.grad.norm()) == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_golden_d_one_channel(shared_reference):
    arrays = golden(shared_reference, 'd_discriminator.npz')
    seeded = recipe(shared_reference).weights
    network = Discriminator(channels=1)
    load_named(network, lambda key, shape: torch.from_numpy(seeded(f'D.{key}', shape, 5)), str)
    with torch.no_grad():
        scores = network(named(arrays, 'day_norm'))
    torch.testing.assert_close(scores, named(arrays, 'D1_day_seed5'), atol=1e-5, rtol=0)


def test_a_network_that_sees_rays_differs_in_its_first_layer_alone():
    torch.manual_seed(0)
    plain, seeing = DepthNet(TINY).eval(), DepthNet(TINY_RAYS).eval()
    state = dict(plain.state_dict())
    stem = 'encoder.stem.0.weight'
    assert seeing.state_dict()[stem].shape[1] == 5
    state[stem] = torch.cat((state[stem], torch.zeros_like(state[stem][:, :2])), dim=1)
    seeing.load_state_dict(state)
    image, rays = torch.rand(2, 3, 64, 96), torch.rand(2, 2, 64, 96)
    torch.testing.assert_close(seeing(image, rays)[0], plain(image)[0])
    torch.testing.assert_close(seeing.disparity(image), plain.disparity(image))
