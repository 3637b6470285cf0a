"""
The target rebuilt from its neighbours in time, and how far it is off (paper, section III-C).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from steps_ros.core.geometry import disparity_to_depth, transform_from_motion
from steps_ros.core.masks import frame_difference
from steps_ros.core.photometric import minimum_reprojection, photometric_loss, Windows, windows
from steps_ros.core.pose_net import Motion, PoseNet
from steps_ros.core.warp import pixel_grid, sampling_grid, source_positions, warp
from steps_ros.train.batch import NEXT, PREVIOUS, TARGET
from steps_ros.train.objective_settings import ObjectiveSettings
from steps_ros.train.objective_state import ObjectiveState

SOURCES = 2
# Ten metres ahead a turn by 0.1 rad moves what is seen as far as a metre sideways does.
TURN = 10.0
LEAST_WAY = 0.05
Noise = torch.Generator | Tensor | None


class View(NamedTuple):
    """Camera and motion: K (B, 3, 3); source_from_target (B, 2, 4, 4); range of depth, metres."""

    intrinsics: Tensor
    source_from_target: Tensor
    min_depth: float
    max_depth: float


class Comparison(NamedTuple):
    """
    Target and sources of one look, ready to be compared.

    Sources are stacked in the batch, (2B, ...), the two of a triplet side by side; the target is
    repeated for them. ``identity`` (B, 2, H, W) are the losses of the sources as they are,
    ``difference`` their mean absolute differences.
    """

    target: Windows
    sources: Tensor
    identity: Tensor
    difference: Tensor


class Reconstruction(NamedTuple):
    """
    Photometric losses, (scales,), and of the finest scale what a person wants to see.

    ``warped`` (B, 3, H, W) is the previous frame seen from the target's place, ``residual``
    (B, 1, H, W) the least loss of each pixel, weighted.
    """

    losses: Tensor
    warped: Tensor | None
    residual: Tensor | None


def source_transforms(pose: PoseNet, frames: Tensor, *, apart: bool) -> Tensor:
    """
    Return source_from_target of the previous and next frame, (B, 2, 4, 4).

    The pose network gets frames in their order of time; the motion from the previous frame to
    the target is therefore inverted. It runs under the caller's autocast, the geometry in the
    precision of the frames.

    :param frames: (B, 3, 3, H, W), in [0, 1].
    :param apart: the pairs pass the network one after the other, not in one batch.
    """
    before, target, after = frames[:, PREVIOUS], frames[:, TARGET], frames[:, NEXT]
    if apart:
        past, future = pose(before, target), pose(target, after)
    else:
        both = pose(torch.cat((before, target)), torch.cat((target, after)))
        past, future = (Motion(*pair) for pair in zip(*(v.chunk(2) for v in both), strict=True))
    with torch.autocast(frames.device.type, enabled=False):
        transforms = [
            transform_from_motion(*(part.to(frames.dtype) for part in motion), invert=invert)
            for motion, invert in ((past, True), (future, False))
        ]
    return torch.stack(transforms, dim=1)


def steady_transforms(
    pose: PoseNet, frames: Tensor, darkened: Tensor, *, apart: bool
) -> tuple[Tensor, Tensor]:
    """
    Return source_from_target, and how far that of the same frames in little light is off.

    Both pass the pose network in one batch, which then has statistics for either light. The second
    value, in metres and TURN for each radian, teaches the motion in little light alone.

    :param frames: (B, 3, 3, H, W), in [0, 1]; ``darkened`` likewise.
    :param apart: as for :func:`source_transforms`.
    """
    both = source_transforms(pose, torch.cat((frames, darkened)), apart=apart)
    transforms, dark = both.chunk(2)
    difference = (dark - transforms.detach()).abs()
    return transforms, difference[..., :3, 3].mean() + TURN * difference[..., :3, :3].mean()


def as_far_as(transforms: Tensor, ways: Tensor) -> tuple[Tensor, Tensor]:
    """
    Return the transforms with the lengths that are known, and how far theirs were off, metres.

    The second value is a mean over all, 0 where nobody knows: so parts of a batch, in several
    processes, have the mean of the whole.

    What a pose network says of the length is then learned from the second value alone (as by the
    velocity loss of Guizilini et al., CVPR 2020), of direction and turn as ever.

    :param transforms: source_from_target (B, 2, 4, 4).
    :param ways: (B, 2) metres, NaN where nobody knows.
    """
    translation = transforms[..., :3, 3]
    length = translation.norm(dim=-1)
    is_known = ways.isfinite()
    known = torch.where(is_known, ways, length.detach())
    # A network that says next to nothing has no direction either.
    factor = torch.where(is_known, known / length.clamp(min=LEAST_WAY), 1.0)
    rotation, below = transforms[..., :3, :3], transforms[..., 3:, :]
    upper = torch.cat((rotation, (translation * factor[..., None])[..., None]), dim=-1)
    return torch.cat((upper, below), dim=-2), (length - known).abs().mean()


def compare(frames: Tensor) -> Comparison:
    """
    Prepare the comparison of warped sources with their target.

    :param frames: (B, 3, 3, H, W), in the look that the loss sees.
    """
    target = windows(frames[:, TARGET])
    target = Windows(*(part.repeat_interleave(SOURCES, dim=0) for part in target))
    sources = frames[:, (PREVIOUS, NEXT)].flatten(0, 1)
    identity = _by_source(photometric_loss(windows(sources), target))
    return Comparison(
        target, sources, identity, _by_source(frame_difference(sources, target.image))
    )


def reconstruct(
    comparison: Comparison,
    disparities: list[Tensor],
    view: View,
    light: Tensor,
    state: ObjectiveState,
    noise: Noise = None,
) -> Reconstruction:
    """
    Rebuild the target from its neighbours at every scale, and keep the best explanation.

    :param disparities: (B, 1, h, w) each, finest first; all are enlarged to full size.
    :param light: (B, 1, H, W), M_uc or ones.
    :param noise: breaks ties between unmoved frames: where to draw it from, or standard normal
        values (scales or 1, B, 2, H, W). None: no noise.
    """
    settings = state.settings
    normal = _normal(noise, comparison.identity)
    moving = None
    losses, first = [], None
    for scale, disparity in enumerate(disparities):
        if settings.static_quantile is not None and (moving is None or settings.static_each_use):
            moving = state.moving(comparison.difference)
        identity = comparison.identity + settings.identity_noise * normal[scale % len(normal)]
        if moving is not None:
            identity = identity * moving
        warped = _warped(comparison.sources, disparity, view, settings)
        reprojected = _by_source(photometric_loss(windows(warped), comparison.target))
        if not settings.light_weighs_identity:
            reprojected = reprojected * light
        residual = (
            minimum_reprojection(identity, reprojected).loss
            if settings.auto_mask
            else reprojected.amin(dim=1, keepdim=True)
        )
        if settings.light_weighs_identity:
            residual = residual * light
        losses.append(residual.mean())
        first = first or (warped[::SOURCES], residual)
    assert first is not None
    return Reconstruction(torch.stack(losses), *first)


def _warped(sources: Tensor, disparity: Tensor, view: View, settings: ObjectiveSettings) -> Tensor:
    """Return the sources seen from the target's place, (2B, 3, H, W)."""
    height, width = sources.shape[-2:]
    disparity = functional.interpolate(
        disparity, (height, width), mode='bilinear', align_corners=False
    )
    depth = disparity_to_depth(disparity, view.min_depth, view.max_depth)
    positions = source_positions(
        depth.repeat_interleave(SOURCES, dim=0),
        view.intrinsics.repeat_interleave(SOURCES, dim=0),
        view.source_from_target.flatten(0, 1),
        pixel_grid(height, width, depth),
    )
    return warp(sources, sampling_grid(positions), align_corners=settings.align_corners)


def _by_source(values: Tensor) -> Tensor:
    """Return (2B, 1, H, W) as (B, 2, H, W)."""
    return values.view(-1, SOURCES, *values.shape[-2:])


def _normal(noise: Noise, like: Tensor) -> Tensor:
    if isinstance(noise, torch.Generator):
        drawn = torch.randn((1, *like.shape), generator=noise, device=noise.device)
        return drawn.to(like.device, like.dtype, non_blocking=True)
    return like.new_zeros((1, 1, 1, 1, 1)) if noise is None else noise.to(like.dtype)
