"""
What makes a vehicle's skin more than paint: seams of doors and flaps, creases, dirt, writing.

Places are in body coordinates: x towards the nose, y left, z up, in metres.
"""

from __future__ import annotations

import numpy as np

from steps_ros.sim.lettering import lettering
from steps_ros.sim.mesh import Floats, Integers
from steps_ros.sim.pattern import hashed, line, noise_at

_MUD = np.array((0.11, 0.095, 0.075), np.float32)
_DOOR_M, _SEAM_M, _CREASE_M = (0.95, 1.25), 0.008, 0.72
_SALOON_LAMP_M, _SEATS_M, _HEADS_M = 2.35, 1.75, 1.9


def painted(
    place: Floats, axis: Integers, number: Integers, footprint: Floats, colour: Floats
) -> Floats:
    """
    Return the albedo (N, 3) of the body's paint.

    :param axis: (N,) along which each face looks, 0 to 2.
    :param number: (N,) of the vehicle.
    :param footprint: (N,) metres that a pixel covers.
    :param colour: (N, 3) of the clean paint.
    """
    x, y, z = place.T
    style = _dice(number, 21)
    is_side, is_end = axis == 1, axis == 0
    door = _DOOR_M[0] + (_DOOR_M[1] - _DOOR_M[0]) * style
    beside = np.where(is_side, np.mod(x + 0.3 * style, door) - door / 2, np.abs(y) - 0.62)
    above = np.where(is_side, z - 0.28, z - 0.58 - 0.15 * style)
    seam = np.maximum(line(beside, _SEAM_M, footprint), line(above, _SEAM_M, footprint))
    factor = 1 - 0.75 * seam * (is_side | is_end) * (z > 0.27)
    # Below a crease the side turns down, and shows less sky.
    factor *= 1 - 0.2 * is_side * np.clip(0.5 + (_CREASE_M + 0.1 * style - z) / 0.03, 0, 1)
    spots = noise_at(x / 0.21 + y, z / 0.13 + y) + noise_at(x / 0.05 + y, z / 0.05)
    dirt = np.clip(1.25 - z / 0.55 + 0.3 * spots, 0, 1) + 0.12 * np.clip(spots, 0, 1)
    dirt = (dirt * _dice(number, 22) ** 2)[:, None]
    albedo = colour * factor[:, None]
    return np.asarray(albedo + dirt * (_MUD - albedo), np.float32)


def written_on(
    place: Floats, axis: Integers, number: Integers, footprint: Floats, colour: Floats
) -> Floats:
    """Return the paint (N, 3) of a van's, lorry's or bus's flat sides, as :func:`painted`."""
    x, y, z = place.T
    size = np.asarray(0.22 + 0.3 * _dice(number, 31), np.float32)
    along = np.asarray(np.where(axis == 1, x, y) / size, np.float32)
    foot = 1.3 + 0.5 * _dice(number, 32)
    up = np.asarray((z - foot) / size, np.float32)
    text = lettering(along, up, number, footprint / size)
    text *= (_dice(number, 33) < 0.65) & (axis < 2)
    band = line(z - 0.95 - 0.25 * _dice(number, 34), 0.09, footprint)
    band *= (_dice(number, 35) < 0.5) & (axis < 2)
    is_light = colour.mean(1, keepdims=True) > 0.3
    ink = np.stack([_dice(number, 36 + channel) for channel in range(3)], 1) ** 2
    ink = np.where(is_light, 0.35 * ink, 0.45 + 0.4 * ink)
    cover = np.maximum(text, band)[:, None]
    return np.asarray(colour + cover * (ink - colour), np.float32)


def lit_saloon(place: Floats, number: Integers) -> Floats:
    """Return a factor (N,) on the glow of a bus's inside: its lamps, seats and passengers."""
    x, y, z = place.T
    seat = np.floor(x / 0.8).astype(np.int32)
    within = np.mod(x, 0.8) - 0.4
    someone = hashed(number, seat) < 0.45
    head = (within / 0.14) ** 2 + ((z - _HEADS_M) / 0.17) ** 2 < 1
    is_dark = ((z < _SEATS_M) & (np.abs(within) < 0.27)) | (someone & head)
    pole = np.abs(np.mod(x, 1.6) - 0.1) < 0.025
    glow = 0.55 + 0.25 * noise_at(x / 0.5 + y, z / 0.4) + 1.6 * (z > _SALOON_LAMP_M) + 0.5 * pole
    return np.asarray(np.where(is_dark, 0.12, glow), np.float32)


def lit_sign(place: Floats, axis: Integers, number: Integers, footprint: Floats) -> Floats:
    """
    Return a factor (N,) on the glow of a sign: bright writing, or dark on bright.

    :param place: (N, 3) in heights of the sign, upwards from its foot.
    """
    along = np.where(axis == 0, place[:, 1], place[:, 0])
    up = np.asarray((place[:, 2] - 0.22) / 0.55, np.float32)
    text = lettering(np.asarray(along / 0.55, np.float32), up, number, footprint)
    return np.asarray(np.where(_dice(number, 41) < 0.5, 0.06 + 1.6 * text, 1.3 - 1.2 * text))


def _dice(number: Integers, what: int) -> Floats:
    return hashed(number, np.full_like(number, what))
