"""Paint, writing, lit buses and signs: what is drawn where, and what stays as it was."""

from __future__ import annotations

import numpy as np

from steps_ros.sim.coachwork import lit_saloon, lit_sign, painted, written_on
from steps_ros.sim.lettering import lettering
from steps_ros.sim.mesh import Kind
from steps_ros.sim.shapes import lit_board

COUNT = 4000


def side_of(height, length=6.0):
    """Return places, axis and footprint of a row of points on a side at one height."""
    place = np.zeros((COUNT, 3), np.float32)
    place[:, 0], place[:, 2] = np.linspace(-length / 2, length / 2, COUNT), height
    return place, np.ones(COUNT, np.int32), np.full(COUNT, 0.005, np.float32)


def number(value):
    return np.full(COUNT, value, np.int32)


def test_writing_covers_a_part_of_its_line_and_nothing_beside_it():
    across = np.linspace(0, 40, COUNT, dtype=np.float32)
    fine, coarse = np.full(COUNT, 0.01, np.float32), np.full(COUNT, 2.0, np.float32)
    shares = []
    for up, least, most in ((0.5, 0.2, 0.7), (-0.1, 0, 0), (1.1, 0, 0)):
        level = np.full(COUNT, up, np.float32)
        ink = lettering(across, level, number(3), fine)
        assert set(np.unique(ink)) <= {0.0, 1.0}
        assert least <= ink.mean() <= most
        shares.append(lettering(across, level, number(3), coarse))
    assert set(np.unique(shares[0])) <= {0.0, np.float32(0.4)}
    assert not shares[1].any()


def test_doors_have_seams_and_sills_have_dirt():
    colour = np.full((COUNT, 3), 0.6, np.float32)
    place, axis, footprint = side_of(0.95)
    clean, dirty = (painted(place, axis, number(n), footprint, colour) for n in _clean_and_dirty())
    dark = clean[:, 1] < 0.4
    assert 4 <= (np.diff(dark.astype(int)) == 1).sum() <= 7
    low, _, _ = side_of(0.2)
    soiled = painted(low, axis, number(_clean_and_dirty()[1]), footprint, colour)
    assert soiled.mean() < 0.6 * np.median(dirty)


def _clean_and_dirty():
    """Return numbers of a clean vehicle and of a dirty one."""
    colour = np.full((COUNT, 3), 0.6, np.float32)
    place, axis, footprint = side_of(0.3)
    found = {n: painted(place, axis, number(n), footprint, colour).mean() for n in range(30)}
    return max(found, key=found.get), min(found, key=found.get)


def test_only_upright_sides_of_vans_are_written_on():
    colour = np.full((COUNT, 3), 0.6, np.float32)
    changed = []
    for vehicle in range(20):
        place, axis, footprint = side_of(1.9)
        top = written_on(place, 2 * axis, number(vehicle), footprint, colour)
        np.testing.assert_array_equal(top, colour)
        changed += [
            not np.array_equal(
                written_on(side_of(z)[0], axis, number(vehicle), footprint, colour), colour
            )
            for z in (1.65, 1.75)
        ]
    assert 0.2 < np.mean(changed) < 0.9


def test_a_lit_bus_has_lamps_above_and_seats_below():
    high, low = (lit_saloon(side_of(z)[0], number(2)) for z in (2.5, 1.5))
    assert high.min() > 1.5
    assert low.min() == np.float32(0.12)
    assert 0.3 < (low > 0.12).mean() < 0.5


def test_a_lit_sign_is_bright_or_dark_writing_in_its_own_measure():
    board = lit_board((10.0, 2.0, 3.0), (14.0, 2.2, 3.5), (9.0, 8.0, 7.0))
    assert (board.kind == Kind.LIT_SIGN).all()
    np.testing.assert_allclose(board.texture.max(0), [8.0, 0.4, 1.0], rtol=1e-5)
    place, axis, footprint = side_of(0.5, 8.0)
    means = {n: lit_sign(place, axis, number(n), footprint) for n in range(12)}
    brightest = sorted({round(float(found.max()), 3) for found in means.values()})
    assert brightest == [1.3, 1.66]
    assert all(found.min() < 0.11 for found in means.values())
