"""
Frames in the look that networks and losses want: raw, enhanced, equalised (steps_spec 5.2).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from steps_ros.core.equalise import equalise, equalising_tables
from steps_ros.core.illumination import enhance, Illumination, SelfCalibratedEnhancer, Stages
from steps_ros.core.images import grey_levels, shrink
from steps_ros.core.losses import sie_loss
from steps_ros.core.masks import uncertainty_mask
from steps_ros.train.batch import NEXT, PREVIOUS, TARGET, TripletBatch
from steps_ros.train.objective_settings import Look, ObjectiveSettings


class Frames(NamedTuple):
    """
    Triplets of one look.

    ``full`` (B, 3, 3, H, W), in [0, 1]; ``target_levels``: the target at 1 / 2**i of its size.
    """

    full: Tensor
    target_levels: tuple[Tensor, ...]


class Relit(NamedTuple):
    """
    What the enhancer made of the frames.

    ``losses`` are the enhancer's own, one for each scale it ran on. ``light`` (B, 1, H, W) is the
    target's illumination before clamping, at the stage that M_uc reads.
    """

    frames: Frames
    losses: Tensor
    light: Tensor


class Scene(NamedTuple):
    """
    A batch in the looks that a step needs.

    ``seen`` is what the networks get and ``judged`` what the reconstruction compares; ``enhanced``
    is ``raw`` where there is no enhancer. ``mask`` (B, 1, H, W) is M_uc or ones. ``losses`` are
    the enhancer's own, (n,).
    """

    raw: Frames
    enhanced: Frames
    seen: Frames
    judged: Frames
    mask: Tensor
    losses: Tensor


def light_scene(
    batch: TripletBatch, enhancer: SelfCalibratedEnhancer | None, settings: ObjectiveSettings
) -> Scene:
    """
    Light a batch, in the precision of its intrinsics.

    :param enhancer: None where the settings have none.
    """
    raw = _frames(batch.frames.to(batch.intrinsics.dtype) / 255, settings)
    enhanced, mask = raw, torch.ones_like(raw.full[:, 0, :1])
    losses = raw.full.new_zeros(1)
    if enhancer is not None:
        enhanced, losses, light = relight(batch, raw, enhancer, settings)
        enhanced = enhanced if settings.joint else _detached(enhanced)
        mask = mask if settings.light is None else uncertainty_mask(light, settings.light)
    looks = {
        look: _look(look, raw, enhanced, settings)
        for look in (settings.network_sees, settings.loss_sees)
    }
    seen, judged = looks[settings.network_sees], looks[settings.loss_sees]
    return Scene(raw, enhanced, seen, judged, mask, losses)


def relight(
    batch: TripletBatch, raw: Frames, enhancer: SelfCalibratedEnhancer, settings: ObjectiveSettings
) -> Relit:
    """
    Divide the frames by their illumination, and say how good that is (paper, section III-B).

    Where the settings are joint nothing is detached: what the enhanced frames are used for teaches
    the enhancer too.
    """
    grey = grey_levels(batch.frames).to(raw.full.dtype) / 255
    if settings.frames_apart:
        return _relight_apart(grey, raw, enhancer, settings)
    return _relight_together(grey, raw, enhancer, settings)


def _relight_together(
    grey: Tensor, raw: Frames, enhancer: SelfCalibratedEnhancer, settings: ObjectiveSettings
) -> Relit:
    """Stage 1 on all frames at once, the later stages on the target alone."""
    target = grey[:, TARGET]
    lit = grey[:, TARGET : TARGET + 1] if settings.one_illumination else grey
    clamped, light = (m.view(lit.shape) for m in enhancer.illumination(lit.flatten(0, 1)))
    place = 0 if settings.one_illumination else TARGET
    first = Illumination(clamped[:, place], light[:, place])
    stages = enhancer(target, first, calibrates_last=False)
    frames = _frames(enhance(raw.full, clamped), settings)
    return Relit(frames, sie_loss(stages)[None], _light(stages, settings))


def _relight_apart(
    grey: Tensor, raw: Frames, enhancer: SelfCalibratedEnhancer, settings: ObjectiveSettings
) -> Relit:
    """All stages on every frame and scale by itself, as the released code does."""
    levels, losses, light = [], [], raw.full.new_empty(0)
    full = [raw.full[:, frame] for frame in range(3)]
    for scale in range(settings.scales):
        for frame in (TARGET, PREVIOUS, NEXT):
            stages = enhancer(shrink(grey[:, frame], scale))
            colour = shrink(raw.full[:, frame], scale)
            enhanced = enhance(colour, stages.illuminations[0].clamped)
            if scale == 0:
                full[frame] = enhanced
            if frame == TARGET:
                levels.append(enhanced)
                losses.append(sie_loss(stages))
                light = _light(stages, settings) if scale == 0 else light
    frames = Frames(torch.stack(full, dim=1), tuple(levels))
    return Relit(frames, torch.stack(losses), light)


def _light(stages: Stages, settings: ObjectiveSettings) -> Tensor:
    return stages.illuminations[settings.light_stage - 1].raw


def equalised_frames(frames: Frames, settings: ObjectiveSettings) -> Frames:
    """Return frames equalised by the tables of their targets; no gradient passes."""
    tables = equalising_tables(frames.full[:, TARGET], settings.equalise_limit)
    tables = tables[:, None].expand(-1, 3, -1, -1).flatten(0, 1)
    full = equalise(frames.full.flatten(0, 1), tables)
    again = equalise(full, tables) if settings.equalises_twice else full
    full, again = full.view(frames.full.shape), again.view(frames.full.shape)
    levels = _frames(again, settings).target_levels
    return Frames(full, (full[:, TARGET], *levels[1:]))


def _look(look: Look, raw: Frames, enhanced: Frames, settings: ObjectiveSettings) -> Frames:
    if look == 'raw':
        return raw
    return equalised_frames(enhanced, settings) if look == 'equalised' else enhanced


def _detached(frames: Frames) -> Frames:
    return Frames(frames.full.detach(), tuple(level.detach() for level in frames.target_levels))


def _frames(full: Tensor, settings: ObjectiveSettings) -> Frames:
    target = full[:, TARGET]
    return Frames(full, tuple(shrink(target, scale) for scale in range(settings.scales)))
