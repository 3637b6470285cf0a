"""A step of training: golden h in the released mode, and what the default mode mends."""

from copy import deepcopy
from dataclasses import replace

import pytest
from reference_names import enhancer_name, golden, named, pose_net_name
from reference_training import golden_networks, night_and_day
from small_training import networks_of, random_batch
import torch
from torch import nn, Tensor

from steps_ros.core.depth_net import DepthNet, TINY, TINY_RAYS
from steps_ros.core.illumination import enhance, SelfCalibratedEnhancer
from steps_ros.core.images import grey_levels
from steps_ros.core.importers import depth_net_key
from steps_ros.core.losses import lsgan_loss
from steps_ros.core.masks import LightBounds
from steps_ros.core.pose_net import Motion
from steps_ros.errors import SettingsError
from steps_ros.train import objective
from steps_ros.train.networks import needed_networks, Networks
from steps_ros.train.objective import discriminator_loss, step_losses
from steps_ros.train.objective_settings import ObjectiveSettings
from steps_ros.train.objective_state import ObjectiveState
from steps_ros.train.presets import PRESETS, RELEASED_STEPS_NUSCENES, RELEASED_STEPS_ROBOTCAR
from steps_ros.train.reconstruction import source_transforms
from steps_ros.train.step_result import StepResult

STEPS = PRESETS['steps']
CASES = {
    'ns': RELEASED_STEPS_NUSCENES,
    'ns_dayeval': replace(RELEASED_STEPS_NUSCENES, held=('teacher',)),
    'ns_noise': RELEASED_STEPS_NUSCENES,
    'ns_noequ': replace(RELEASED_STEPS_NUSCENES, network_sees='enhanced', loss_sees='raw'),
    'rc': RELEASED_STEPS_ROBOTCAR,
}


def test_networks_that_see_rays_get_those_of_their_batch():
    settings = replace(STEPS, static_quantile=None)
    night = random_batch()
    narrow = night._replace(intrinsics=night.intrinsics * torch.tensor([2.0, 2, 1])[:, None])
    networks = needed_networks(settings, TINY_RAYS, DepthNet(TINY_RAYS)).eval()
    found = [
        step_losses(networks, night, day, settings, ObjectiveState(settings))
        for day in (night, narrow)
    ]
    assert torch.equal(found[0].night_disparity, found[1].night_disparity)
    assert not torch.allclose(found[0].day_disparity, found[1].day_disparity, rtol=1e-4)
    other = step_losses(networks, narrow, night, settings, ObjectiveState(settings))
    assert not torch.allclose(found[0].night_disparity, other.night_disparity, rtol=1e-4)


class Released:
    """The networks of golden h with the optimisers of the released code."""

    def __init__(self, networks: Networks, settings: ObjectiveSettings) -> None:
        self.networks, self.settings = networks, settings
        self.state = ObjectiveState(settings)
        generator = [*networks.depth.parameters(), *networks.pose.parameters()]
        enhancer = {'params': networks.enhancer.parameters(), 'weight_decay': 3e-4}
        self.optimiser = torch.optim.Adam([{'params': generator}, enhancer], 1e-4)
        self.critic = torch.optim.Adam(networks.discriminator.parameters(), 1e-4)

    def step(self, batches, noise=None) -> tuple[StepResult, Tensor, Tensor]:
        """Take one step; return its result, the objective and the discriminator's loss."""
        result = step_losses(self.networks, *batches, self.settings, self.state, noise)
        total = result.losses.total(self.settings)
        critic = discriminator_loss(self.networks, result, self.settings, self.state)
        for optimiser, loss in ((self.optimiser, total), (self.critic, critic)):
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return result, total.detach(), critic.detach()


@pytest.fixture(scope='module')
def batches(shared_reference):
    return night_and_day(shared_reference)


@pytest.fixture(scope='module')
def seeded(shared_reference):
    """Make the seeded weights once."""
    return golden_networks(shared_reference, held=())


def released(seeded: Networks, settings: ObjectiveSettings) -> Released:
    networks = deepcopy(seeded)
    networks.held = settings.held
    return Released(networks.train(), settings)


def check_losses(arrays, settings, result, total, critic):
    weights = {
        'sci': ('illumination', 1),
        'min_reconstruct': ('reconstruction', 1),
        'smooth': ('smoothness', settings.smoothness_weight),
    }
    for name, (term, weight) in weights.items():
        ours = weight * getattr(result.scales, term) / 5
        expected = [float(arrays[f'loss/{name}_loss_{scale}']) for scale in range(5)]
        assert ours.tolist() == pytest.approx(expected, rel=1e-5), name
    assert result.losses.adversarial.item() == pytest.approx(float(arrays['loss/G_adv']), rel=1e-5)
    critic = critic.item() / settings.adversarial_weight
    assert critic == pytest.approx(float(arrays['loss/D']), rel=1e-5)
    assert total.item() == pytest.approx(float(arrays['loss/G_step_objective']), rel=1e-5)


def gradient_norm(*modules: nn.Module) -> float:
    gradients = [item.grad for module in modules for item in module.parameters()]
    return torch.stack([item.double().norm() for item in gradients if item is not None]).norm()


def check_gradients(arrays, networks: Networks):
    depth, pose = networks.depth, networks.pose
    heads = nn.ModuleList((pose.reduce, pose.conv1, pose.conv2, pose.axis_angle, pose.translation))
    for name, tolerance, modules in (
        ('G_step/gradnorm_G', 2e-3, (depth, pose)),
        ('G_step/gradnorm_S', 2e-3, (networks.enhancer,)),
        ('G_step/gradnorm_G.DepthEncoder', 3e-3, (depth.encoder,)),
        ('G_step/gradnorm_G.DepthDecoder', 3e-3, (depth.decoder,)),
        ('G_step/gradnorm_G.PoseEncoder', 3e-3, (pose.encoder,)),
        ('G_step/gradnorm_G.PoseDecoder', 3e-3, (heads,)),
        ('D_step/gradnorm_D', 2e-3, (networks.discriminator,)),
    ):
        ours = gradient_norm(*modules)
        assert ours == pytest.approx(float(arrays[name]), rel=tolerance), name


def check_each_gradient(arrays, networks: Networks):
    """
    Compare norms parameter by parameter.

    A bias in front of a normalisation has no gradient but rounding, which is allowed for.
    """
    checked = 0
    for step, prefix, module, name in (
        ('G_step', 'G', networks.depth, depth_net_key),
        ('G_step', 'G', networks.pose, pose_net_name),
        ('G_step', 'S', networks.enhancer, enhancer_name),
        ('D_step', 'D', networks.discriminator, str),
    ):
        rounding = 1e-5 * gradient_norm(module).item()
        for key, parameter in module.named_parameters():
            golden_key = f'{step}/pg/{prefix}.{name(key)}'
            if golden_key in arrays and parameter.grad is not None:
                expected = float(arrays[golden_key])
                ours = parameter.grad.norm().item()
                assert ours == pytest.approx(expected, rel=2e-2, abs=rounding), golden_key
                checked += 1
    assert checked == sum('/pg/' in key for key in arrays)


def check_after(arrays, networks: Networks):
    """Compare what the released step leaves behind in the running statistics."""
    norm = networks.enhancer.illumination.bn
    assert norm.num_batches_tracked == int(arrays['after/S_enh_bn_nbt'])
    count = networks.enhancer.calibration.block[1].num_batches_tracked
    assert count == int(arrays['after/S_cal_bn_nbt'])
    for ours, name in (
        (norm.running_mean, 'S_enh_bn_running_mean'),
        (norm.running_var, 'S_enh_bn_running_var'),
        (networks.teacher.encoder.stem[1].running_mean, 'day_bn1_running_mean'),
    ):
        torch.testing.assert_close(ours, named(arrays, f'after/{name}'), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize('case', CASES)
def test_golden_h(shared_reference, seeded, batches, case):
    arrays = golden(shared_reference, f'h_train_{case}.npz')
    settings = CASES[case]
    noise = named(arrays, 'noise')[:, :, :, 0].transpose(1, 2) if case == 'ns_noise' else None
    training = released(seeded, settings)
    result, total, critic = training.step(batches, noise)
    check_losses(arrays, settings, result, total, critic)
    check_gradients(arrays, training.networks)
    check_each_gradient(arrays, training.networks)
    check_after(arrays, training.networks)
    if 'mid/disp0' in arrays:
        ours = result.panels.disparity
        torch.testing.assert_close(ours, named(arrays, 'mid/disp0')[0], atol=5e-5, rtol=0)
    if 'mid/ego_running_val' in arrays:
        bound = training.state.static_bound.item()
        assert bound == pytest.approx(float(arrays['mid/ego_running_val']), rel=1e-6)
    if case in ('ns', 'rc'):
        arrays = golden(shared_reference, f'h_train_{case}_5steps.npz')
        check_history(arrays['history_disp_S_G_D'][1:], training, batches)


def check_history(history, training: Released, batches):
    """
    Follow the trend of the next steps: two to 5 %, the others to 20 %.

    Adam amplifies rounding, which is another one in each process: 0.05 % at the second step and
    8 % at the fourth were measured, once 13 %, where the golden's own tolerance is 10 %.
    """
    settings = training.settings
    for index, expected in enumerate(history):
        result, _, critic = training.step(batches)
        losses = result.losses
        depth = losses.reconstruction + settings.smoothness_weight * losses.smoothness
        critic = critic / settings.adversarial_weight
        ours = torch.stack((depth, losses.illumination, losses.adversarial, critic))
        assert ours.tolist() == pytest.approx(expected.tolist(), rel=0.05 if index < 2 else 0.2)


def step(settings: ObjectiveSettings, networks: Networks, batch=None) -> StepResult:
    batch = random_batch() if batch is None else batch
    return step_losses(networks, batch, batch, settings, ObjectiveState(settings))


def test_odometry_guides_motion_where_it_was_recorded():
    told = random_batch()._replace(ways=torch.tensor([[0.5, 0.7], [torch.nan, 0.4]]))
    alone, guided = (step(STEPS, networks_of(STEPS), batch).losses for batch in (None, told))
    assert alone.odometry.item() == 0
    assert guided.odometry.item() > 0
    assert guided.reconstruction.item() != alone.reconstruction.item()
    difference = guided.total(STEPS) - alone.total(STEPS)
    parts = STEPS.odometry_weight * guided.odometry + guided.reconstruction - alone.reconstruction
    torch.testing.assert_close(difference, parts, atol=1e-5, rtol=1e-4)
    untold = replace(STEPS, odometry_weight=0)
    assert step(untold, networks_of(untold), told).losses.odometry.item() == 0


def test_mended_the_depth_loss_alone_reaches_the_enhancer():
    networks = networks_of(STEPS)
    step(STEPS, networks).losses.reconstruction.backward()
    assert gradient_norm(networks.enhancer.illumination) > 1e-8
    assert all(item.grad is None for item in networks.enhancer.calibration.parameters())


def test_without_joint_training_the_enhancer_learns_from_its_own_loss_alone():
    settings = replace(STEPS, joint=False)
    networks = networks_of(settings)
    losses = step(settings, networks).losses
    (losses.reconstruction + losses.smoothness + losses.adversarial).backward()
    assert all(item.grad is None for item in networks.enhancer.parameters())
    losses.illumination.backward()
    assert gradient_norm(networks.enhancer.illumination) > 1e-8


def test_released_the_depth_loss_does_not_reach_the_enhancer():
    settings = RELEASED_STEPS_NUSCENES
    networks = networks_of(settings)
    step(settings, networks).losses.reconstruction.backward()
    assert all(item.grad is None for item in networks.enhancer.parameters())


def test_mended_training_leaves_the_teacher_and_its_statistics_as_they_were():
    networks = networks_of(STEPS)
    before = deepcopy(networks.teacher.state_dict())
    networks.eval().train()
    step(STEPS, networks)
    assert not any(module.training for module in networks.teacher.modules())
    after = networks.teacher.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_mended_the_network_sees_in_training_what_it_sees_at_run_time():
    networks = networks_of(STEPS)
    batch = random_batch()
    result = step(STEPS, networks, batch)
    target = batch.frames[:1, 1].float() / 255
    with torch.no_grad():
        illumination = deepcopy(networks.enhancer.illumination).eval()(
            grey_levels(batch.frames[:1, 1]).float() / 255
        )
    torch.testing.assert_close(result.panels.enhanced, enhance(target, illumination.clamped)[0])


def test_mended_a_constant_illumination_gives_a_finite_loss():
    networks = networks_of(STEPS)
    dark = random_batch()
    dark = dark._replace(frames=torch.zeros_like(dark.frames))
    result = step(STEPS, networks, dark)
    assert torch.equal(result.panels.mask, torch.ones(1, 64, 96))
    assert all(torch.isfinite(value) for value in result.losses)


def test_frames_together_are_frames_apart_where_statistics_are_held():
    """One batch of all frames is a matter of speed alone; the enhancer's scales are not."""
    together = replace(STEPS, scales=1)
    apart = replace(together, frames_apart=True)
    networks = networks_of(STEPS).eval()
    first, second = (step(settings, networks).losses for settings in (together, apart))
    torch.testing.assert_close(torch.stack(first), torch.stack(second))


def test_one_illumination_for_a_triplet_enhances_the_target_alike():
    networks = networks_of(STEPS)
    one = step(replace(STEPS, one_illumination=True), networks)
    each = step(STEPS, networks)
    torch.testing.assert_close(one.panels.enhanced, each.panels.enhanced)
    assert one.losses.reconstruction != each.losses.reconstruction


@pytest.mark.parametrize(
    ('missing', 'words'),
    [('pose', 'pose network'), ('teacher', 'day network'), ('enhancer', 'enhancer')],
)
def test_a_missing_network_is_named(missing, words):
    networks = networks_of(STEPS)
    setattr(networks, missing, None)
    with pytest.raises(SettingsError, match=words):
        step(STEPS, networks)


def test_missing_day_frames_or_depth_are_named():
    batch, state = random_batch(), ObjectiveState(STEPS)
    with pytest.raises(SettingsError, match='day frames'):
        step_losses(networks_of(STEPS), batch, None, STEPS, state)
    settings = PRESETS['supervised']
    with pytest.raises(SettingsError, match='known depth'):
        step(settings, networks_of(settings), batch._replace(depth=None))


def test_half_batches_have_the_mean_of_the_whole_where_statistics_are_held():
    """What processes with a part of the batch each rely on."""
    settings = replace(STEPS, pool_size=0, static_quantile=None)
    networks = networks_of(settings).eval()
    whole = random_batch(count=4)
    halves = [whole.each(lambda part, i=i: part[i : i + 2]) for i in (0, 2)]
    gradients = []
    for batches in ([whole], halves):
        networks.zero_grad()
        for batch in batches:
            total = step(settings, networks, batch).losses.total(settings) / len(batches)
            total.backward()
        gradients.append(torch.cat([item.grad.flatten() for item in learners(networks)]))
    difference = (gradients[0] - gradients[1]).norm() / gradients[0].norm()
    assert difference < 1e-4


def learners(networks: Networks) -> list[nn.Parameter]:
    return [item for item in networks.parameters() if item.grad is not None]


def test_state_goes_on_where_it_was():
    networks, batch = networks_of(STEPS), random_batch()
    settings = replace(STEPS, pool_size=3)

    def losses(state: ObjectiveState, steps: int) -> list[float]:
        networks.eval()
        values = []
        for _ in range(steps):
            result = step_losses(networks, batch, batch, settings, state)
            critic = discriminator_loss(networks, result, settings, state)
            values += [result.losses.total(settings).item(), critic.item()]
        return values

    straight, broken, fresh = (ObjectiveState(settings, seed=seed) for seed in (1, 1, 2))
    whole = losses(straight, 5)
    first = losses(broken, 3)
    fresh.load_state_dict(broken.state_dict())
    assert first + losses(fresh, 2) == whole


def test_autocast_reaches_the_networks_and_spares_the_losses():
    networks = networks_of(STEPS)
    full = step(STEPS, networks).losses
    with torch.autocast('cpu', torch.bfloat16):
        half = step(STEPS, networks).losses
    assert all(value.dtype == torch.float32 for value in half)
    assert half.illumination == full.illumination
    assert half.reconstruction != full.reconstruction
    assert half.reconstruction.item() == pytest.approx(full.reconstruction.item(), rel=0.1)


@pytest.mark.parametrize('apart', [False, True])
def test_motion_keeps_every_bit_under_autocast(apart):
    frames = torch.rand(2, 3, 3, 8, 8)
    straight = source_transforms(StubPose(), frames, apart=apart)
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(source_transforms(StubPose(), frames, apart=apart), straight)


def test_the_scores_of_the_discriminator_are_compared_in_full_precision(monkeypatch):
    settings, seen = replace(STEPS, adversarial_weight=1.0), []

    def noted(scores, *, real):
        seen.append(scores.dtype)
        return lsgan_loss(scores, real=real)

    monkeypatch.setattr(objective, 'lsgan_loss', noted)
    networks, state = networks_of(settings), ObjectiveState(settings)
    with torch.autocast('cpu', torch.bfloat16):
        result = step_losses(networks, random_batch(), random_batch(), settings, state)
        critic = discriminator_loss(networks, result, settings, state)
    assert critic.dtype == torch.float32
    assert seen == 3 * [torch.float32]


class StubDepth(nn.Module):
    """Two scales of disparity from a linear map of the picture; smooth, for gradcheck."""

    config = TINY

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([0.3, -0.2, 0.4]))

    def forward(self, image: Tensor, rays: Tensor | None = None) -> list[Tensor]:
        finest = torch.sigmoid((image * self.weight.view(1, 3, 1, 1)).sum(1, keepdim=True) - 3)
        return [finest, torch.nn.functional.avg_pool2d(finest, 2)]


class StubPose(nn.Module):
    """A motion from the mean difference of two frames."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(-0.3, 0.4, 18).view(3, 6))

    def forward(self, earlier: Tensor, later: Tensor) -> Motion:
        mean = (later - earlier).mean(dim=(2, 3))
        # Summed and not a matrix product, which autocast would round.
        vector = (mean[:, :, None] * self.weight).sum(dim=1) + 0.02
        return Motion(vector[:, :3], vector[:, 3:])


class StubDiscriminator(nn.Module):
    """Scores from a smooth map of each window."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 3)

    def forward(self, maps: Tensor) -> Tensor:
        return torch.tanh(self.conv(maps))


@pytest.mark.parametrize('light', [None, LightBounds()])
def test_gradients_of_the_whole_objective(light):
    """In float64 as the intrinsics are; the networks are stubs, the enhancer is real."""
    torch.manual_seed(2)
    # The weight of the paper would hide the adversarial term in what gradcheck tolerates.
    settings = replace(STEPS, adversarial_weight=1, static_quantile=None, scales=2, light=light)
    batch = random_batch(6, 8, count=1)
    day = torch.rand(1, 1, 6, 8, dtype=torch.float64)
    batch = batch._replace(intrinsics=batch.intrinsics.double(), disparity=day)
    critic = StubDiscriminator()
    enhancer = SelfCalibratedEnhancer()
    networks = Networks(StubDepth(), StubPose(), enhancer, critic, StubDepth()).double().eval()
    chosen = [networks.depth.weight, networks.pose.weight]
    if light is None:
        # The mask of light is a constant to the loss, though it comes from the enhancer.
        chosen.append(networks.enhancer.illumination.conv_out.weight)
        chosen.append(networks.enhancer.calibration.conv_out.bias)
    for parameter in networks.parameters():
        parameter.requires_grad_(any(parameter is item for item in chosen))

    def total(*_: Tensor) -> Tensor:
        state = ObjectiveState(settings)
        result = step_losses(networks, batch, batch, settings, state)
        assert result.losses.adversarial > 0
        # Some of the picture counts less for want of light, and not all of it.
        assert (light is None) == bool((result.panels.mask == 1).all())
        return result.losses.total(settings)

    assert torch.autograd.gradcheck(total, chosen)
