"""
One step of joint training, as the paper tells it (STEPS, ICRA 2023, section III).

(1) The enhancer lights the frames. (2) Depth of the target and the motion to its neighbours come
from the lit frames. (3) The target is rebuilt from its neighbours. (4) Depth is smooth where the
picture is. (5) Night depth shall look like day depth to a discriminator.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional

from steps_ros.core.depth_net import DepthNet
from steps_ros.core.discriminator import Discriminator, discriminator_input
from steps_ros.core.losses import lsgan_loss
from steps_ros.core.rays import ray_directions
from steps_ros.core.smoothness import multiscale_smoothness
from steps_ros.errors import SettingsError
from steps_ros.train.batch import TARGET, TripletBatch
from steps_ros.train.networks import Networks
from steps_ros.train.objective_settings import ObjectiveSettings
from steps_ros.train.objective_state import ObjectiveState
from steps_ros.train.reconstruction import (
    as_far_as,
    compare,
    Noise,
    reconstruct,
    Reconstruction,
    source_transforms,
    steady_transforms,
    View,
)
from steps_ros.train.relight import light_scene, Scene
from steps_ros.train.step_result import Losses, Panels, ScaleLosses, StepResult
from steps_ros.train.supervision import supervised_loss


def step_losses(
    networks: Networks,
    night: TripletBatch,
    day: TripletBatch | None,
    settings: ObjectiveSettings,
    state: ObjectiveState,
    noise: Noise = None,
) -> StepResult:
    """
    Compute everything that one step minimises.

    Depth, pose, teacher and discriminator run under the caller's autocast; the enhancer, geometry
    and losses in the precision of the intrinsics.

    :param night: H and W multiples of 32.
    :param day: for the teacher; None where the objective is not adversarial.
    :param noise: breaks ties between unmoved frames: where to draw it from, or standard normal
        values (scales or 1, B, 2, H, W). None: no noise.
    :raises SettingsError: a network or batch that the settings need is not there.
    """
    _require_parts(networks, night, day, settings)
    in_full_precision = torch.autocast(night.frames.device.type, enabled=False)
    # (1) Light the frames.
    with in_full_precision:
        scene = light_scene(night, networks.enhancer if settings.enhances else None, settings)
    # (2) Depth of the target, and motion to its neighbours.
    disparities = _disparities(networks, scene, night, settings)
    view, dark_motion, odometry = _view(networks, scene, night, settings)
    with in_full_precision:
        # (3) The target rebuilt from its neighbours, where light can be trusted.
        rebuilt = _rebuilt(scene, disparities, view, state, noise)
        # (4) Depth is smooth where the picture is; the coarser, the less it counts.
        smoothness = multiscale_smoothness(disparities, scene.judged.target_levels)
        supervision = _supervision(networks, night, disparities, settings)
    # (5) Night depth shall look like day depth.
    adversarial, *compared = _likeness(networks, disparities[0], day, settings)
    losses = Losses(
        scene.losses.mean(),
        rebuilt.losses.mean(),
        smoothness.mean(),
        adversarial,
        supervision,
        dark_motion,
        odometry,
    )
    scales = ScaleLosses(scene.losses, rebuilt.losses, smoothness)
    panels = _panels(scene, disparities[0], rebuilt)
    return StepResult(losses, scales, panels, *compared)


def discriminator_loss(
    networks: Networks, result: StepResult, settings: ObjectiveSettings, state: ObjectiveState
) -> Tensor:
    """
    Return what the discriminator minimises: day is real, night (of now or before) is fake.

    :param result: of :func:`step_losses`, of the same step.
    :returns: scalar, weighted as in the released code, a sum and not a mean of the two terms.
    """
    discriminator, night, day = (
        networks.discriminator,
        result.night_disparity,
        result.day_disparity,
    )
    assert discriminator is not None
    assert night is not None
    assert day is not None
    shown = (discriminator_input(day), state.pool.exchange(discriminator_input(night)))
    scores = discriminator(torch.cat(shown)).to(night.dtype)
    real, fake = scores.split([len(day), len(night)])
    return settings.adversarial_weight * (
        lsgan_loss(real, real=True).mean() + lsgan_loss(fake, real=False).mean()
    )


@torch.no_grad()
def day_disparity(teacher: DepthNet, day: TripletBatch) -> Tensor:
    """Return what the teacher says of the targets of day triplets, (B, 1, H, W) in (0, 1)."""
    target = day.frames[:, TARGET].to(day.intrinsics.dtype) / 255
    return teacher.disparity(target, _rays(teacher, day))


def _disparities(
    networks: Networks, scene: Scene, night: TripletBatch, settings: ObjectiveSettings
) -> list[Tensor]:
    target = scene.seen.full[:, TARGET]
    found = networks.depth(target, _rays(networks.depth, night))
    return [item.to(target.dtype) for item in found[: settings.scales]]


def _rays(depth_net: DepthNet, batch: TripletBatch) -> Tensor | None:
    """Return the directions of the pixels' rays where the network sees them."""
    if not depth_net.config.sees_rays:
        return None
    height, width = batch.frames.shape[-2:]
    return ray_directions(batch.intrinsics, height, width)


def _view(
    networks: Networks, scene: Scene, night: TripletBatch, settings: ObjectiveSettings
) -> tuple[View | None, Tensor, Tensor]:
    """
    Return camera and motion, and how far motion is off in little light, and from odometry.

    There is no view where nothing is rebuilt from the neighbours.
    """
    frames, unknown = scene.seen.full, scene.losses.new_zeros(())
    if networks.pose is None or settings.reconstruction_weight == 0:
        return None, unknown, unknown
    if night.darkened is None:
        transforms = source_transforms(networks.pose, frames, apart=settings.frames_apart)
        dark_motion = unknown
    else:
        darkened = night.darkened.to(frames.dtype) / 255
        transforms, dark_motion = steady_transforms(
            networks.pose, frames, darkened, apart=settings.frames_apart
        )
    missed = unknown
    if settings.odometry_weight > 0 and night.ways is not None:
        transforms, missed = as_far_as(transforms, night.ways)
    config = networks.depth.config
    view = View(night.intrinsics, transforms, config.min_depth, config.max_depth)
    return view, dark_motion, missed


def _rebuilt(
    scene: Scene,
    disparities: list[Tensor],
    view: View | None,
    state: ObjectiveState,
    noise: Noise,
) -> Reconstruction:
    if view is None:
        return Reconstruction(scene.mask.new_zeros(len(disparities)), None, None)
    return reconstruct(compare(scene.judged.full), disparities, view, scene.mask, state, noise)


def _supervision(
    networks: Networks, night: TripletBatch, disparities: list[Tensor], settings: ObjectiveSettings
) -> Tensor:
    if settings.supervision_weight == 0 or night.depth is None:
        return disparities[0].new_zeros(())
    return supervised_loss(disparities, night.depth, networks.depth.config)


def _likeness(
    networks: Networks, night: Tensor, day: TripletBatch | None, settings: ObjectiveSettings
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Return the loss of deceiving the discriminator, and the disparities it compares."""
    if networks.discriminator is None or networks.teacher is None or day is None:
        return night.new_zeros(()), None, None
    if settings.adversarial_weight == 0:
        return night.new_zeros(()), None, None
    real = day_disparity(networks.teacher, day) if day.disparity is None else day.disparity
    real = functional.interpolate(
        real.to(night.dtype), night.shape[-2:], mode='bilinear', align_corners=False
    )
    scores = _frozen_scores(networks.discriminator, discriminator_input(night))
    return lsgan_loss(scores.to(night.dtype), real=True).mean(), night.detach(), real


def _frozen_scores(discriminator: Discriminator, maps: Tensor) -> Tensor:
    """Score maps with a gradient to the maps and none to the discriminator."""
    weights = {name: value.detach() for name, value in discriminator.named_parameters()}
    scores: Tensor = functional_call(discriminator, weights, maps)
    return scores


def _panels(scene: Scene, disparity: Tensor, rebuilt: Reconstruction) -> Panels:
    pictures = (
        scene.raw.full[:, TARGET],
        scene.enhanced.full[:, TARGET],
        disparity,
        scene.mask,
        rebuilt.warped,
        rebuilt.residual,
    )
    return Panels(*(None if item is None else item[0].detach() for item in pictures))  # type: ignore[arg-type]


def _require_parts(
    networks: Networks,
    night: TripletBatch,
    day: TripletBatch | None,
    settings: ObjectiveSettings,
) -> None:
    """Refuse a step of which a part would silently be left out."""
    adversarial = settings.adversarial_weight > 0
    parts = (
        (settings.enhances, networks.enhancer, 'enhancer'),
        (settings.reconstruction_weight > 0, networks.pose, 'pose network'),
        (adversarial, networks.discriminator, 'discriminator'),
        (adversarial, networks.teacher, 'day network as teacher; give --teacher or --day'),
        (adversarial, day, 'day frames; give --day'),
        (settings.supervision_weight > 0, night.depth, 'known depth in its frames'),
        (settings.dark_motion_weight > 0, night.darkened, 'darkened copy of its frames'),
    )
    for is_needed, thing, name in parts:
        if is_needed and thing is None:
            raise SettingsError(f'this objective needs a {name}')
