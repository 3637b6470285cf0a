"""The parts of direct alignment, each against numbers that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.inference.scale import alignment
from steps_ros.inference.scale.alignment import (
    _agreement,
    _alike,
    _by_turns,
    _cells,
    _chosen,
    _correlation,
    _gradients,
    _Level,
    _levels,
    _Pose,
    _refined,
    _Shown,
    _shown,
    _step,
    align,
)

CAMERA = Camera(64, 48, 50.0, 60.0, 30.0, 20.0)
STILL = _Pose(np.eye(3), np.zeros(3))


def ramp(across, down, width=64, height=48):
    """Return a picture that grows by so much a column and a row."""
    rows, columns = np.mgrid[:height, :width]
    return (across * columns + down * rows).astype(np.float32)


def noise(width=64, height=48, seed=0):
    return np.random.default_rng(seed).standard_normal((height, width)).astype(np.float32)


def level_of(first, second, rows, columns, z=2.0):
    """Return pixels at one depth."""
    rows, columns = np.asarray(rows), np.asarray(columns)
    x, y = (columns - CAMERA.cx) / CAMERA.fx * z, (rows - CAMERA.cy) / CAMERA.fy * z
    points = np.stack([x, y, np.full(len(rows), z)], 1)
    return _Level(first, second, _gradients(second), rows, columns, points, CAMERA)


def grid(rows, columns):
    """Return the pixels of a rectangle."""
    found = np.meshgrid(rows, columns, indexing='ij')
    return [part.reshape(-1) for part in found]


def shown_as(values, inside=True):
    """Return points of whose places nothing but their values in the second picture is known."""
    values = np.asarray(values, np.float32)
    return _Shown(None, None, np.broadcast_to(inside, values.shape), values)


def test_cells_are_squares_of_a_sixteenth_of_the_width():
    rows, columns = np.array([0, 9, 10, 25]), np.array([9, 10, 0, 31])
    assert _cells(rows, columns, 160).tolist() == [0, 1, 16, 35]
    assert _cells(rows, columns, 161).tolist() == [0, 0, 0, 34]


def test_the_strongest_of_each_cell_come_first():
    strength, cells = np.float32([3, 1, 5, 2, 4]), np.array([7, 7, 9, 9, 9])
    assert _by_turns(strength, cells).tolist() == [2, 0, 4, 1, 3]


def test_gradients_are_of_one_pixel():
    across, down = (part[1:-1, 1:-1] for part in _gradients(ramp(0.1, -0.3)))
    np.testing.assert_allclose(across, 0.1, rtol=1e-4)
    np.testing.assert_allclose(down, -0.3, rtol=1e-4)


def chosen(depth=1.0, slope=0.05, moved=1.0, most=10_000):
    """Return which pixels are chosen of a ramp that moved by a part of its gradient."""
    first = ramp(slope * 0.6, slope * 0.8)
    found = _chosen(first, first + np.float32(moved * slope), first * 0 + depth, most)
    taken = np.zeros(first.shape, bool)
    taken[found] = True
    return taken


def test_all_but_the_border_is_chosen_up_to_a_number():
    taken = chosen()
    assert taken[1:-1, 1:-1].all()
    assert taken.sum() == 62 * 46
    assert chosen(most=50).sum() == 50


@pytest.mark.parametrize(
    ('given', 'count'),
    [
        ({'slope': 0.0205}, 62 * 46), ({'slope': 0.0195}, 0),
        ({'moved': 0.51}, 62 * 46), ({'moved': -0.51}, 62 * 46), ({'moved': 0.49}, 0),
        ({'depth': 0.0}, 0), ({'depth': -1.0}, 0), ({'depth': np.float32(np.inf)}, 0),
    ],
)  # fmt: skip
def test_weak_unmoved_and_unknown_pixels_are_not_chosen(given, count):
    assert chosen(**given).sum() == count


@pytest.mark.parametrize(('farther', 'missing'), [(1.29, 0), (1.31, 9), (np.inf, 9), (0, 9)])
def test_the_surroundings_of_an_edge_are_not_chosen(farther, missing):
    depth = np.ones((48, 64), np.float32)
    depth[20, 30] = farther
    taken = chosen(depth)
    assert 62 * 46 - taken.sum() == missing
    assert taken[19:22, 29:32].all() == (not missing)


def test_levels_halve_the_picture_and_its_depth():
    depth = 3 + ramp(0.01, 0.02)
    levels = _levels(noise(), noise(seed=1), depth, CAMERA)
    sizes = [(48, 64), (24, 32), (12, 16)]
    assert [level.first.shape for level in levels] == sizes
    assert [level.second.shape for level in levels] == sizes
    for number, level in enumerate(levels):
        camera, (x, y, z) = level.camera, level.points.T
        assert (camera.height, camera.width) == sizes[number]
        np.testing.assert_allclose(z, depth[:: 2**number, :: 2**number][level.rows, level.columns])
        np.testing.assert_allclose(camera.fx * x / z + camera.cx, level.columns, atol=1e-9)
        np.testing.assert_allclose(camera.fy * y / z + camera.cy, level.rows, atol=1e-9)


def test_points_are_seen_where_they_project_to():
    second = ramp(1.0, 100.0)
    level = level_of(second, second, [0, 10, 20, 47, 30], [5, 0, 30, 9, 63])
    still = _shown(level, STILL)
    np.testing.assert_allclose(still.places, [(5, 0), (0, 10), (30, 20), (9, 47), (63, 30)])
    assert still.inside.tolist() == [False, False, True, False, False]
    turned = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    moved = _shown(level, _Pose(turned, np.array([0.4, 2.2, 3.0])))
    x, y, z = level.points[0]
    np.testing.assert_allclose(moved.moved[0], (x + 0.4, 2.2 - z, 3.0 + y))
    place = (50 * (x + 0.4) / (3 + y) + 30, 60 * (2.2 - z) / (3 + y) + 20)
    np.testing.assert_allclose(moved.places[0], place, rtol=1e-5)
    near = _shown(level, _Pose(np.eye(3), np.array([0.02, -0.02, -1.0])))
    np.testing.assert_allclose(near.places[2], (31, 18.8), rtol=1e-5)
    assert near.value[2] == pytest.approx(31 + 1880, abs=3)


def test_points_beside_the_border_are_inside():
    level = level_of(noise(), noise(), [0.5, 0.5, 46.5, 46.5], [0.5, 62.5, 0.5, 62.5])
    assert _shown(level, STILL).inside.all()


def test_what_lies_behind_is_far_outside():
    level = level_of(noise(), noise(), [20, 21, 5], [31, 30, 5])
    shown = _shown(level, _Pose(np.eye(3), np.array([0.0, 0.0, -5.0])))
    np.testing.assert_allclose(shown.moved[:, 2], 0.002)
    np.testing.assert_allclose(shown.places, [(1030, 20), (30, 1020), (-1e4, -1e4)], rtol=1e-5)
    assert not shown.inside[2]


def expected_step(level, moved, error, inside):
    """Weigh the differences of a ramp as Cauchy does, and solve for the motion in 64 bits."""
    across, down = 0.03, 0.05
    sigma = max(1.4826 * np.median(np.abs(error[inside])), 0.02)
    unit = np.median(moved[:, 2])
    rows, weights = [], []
    for (x, y, z), difference, counts in zip(moved, error, inside, strict=True):
        shift = np.array(
            [across * 50 / z, down * 60 / z, -(across * 50 * x + down * 60 * y) / z**2]
        )
        rows.append([*np.cross((x, y, z), shift), *unit * shift])
        weights.append(counts / (1 + (difference / (1.5 * sigma)) ** 2))
    jacobian, weight = np.array(rows), np.array(weights)
    matrix = (jacobian.T * weight) @ jacobian
    matrix += (1e-3 * np.trace(matrix) / 6 + 1e-12) * np.eye(6)
    return -np.linalg.solve(matrix, (jacobian.T * weight) @ error), unit


@pytest.mark.parametrize('spread', [0.3, 0.001])
def test_a_step_is_that_of_gauss_and_newton(spread):
    random = np.random.default_rng(0)
    rows, columns = grid(np.arange(4, 44, 4), np.arange(4, 60, 4))
    second = ramp(0.03, 0.05)
    level = level_of(second, second, rows, columns)
    moved = level.points * random.uniform(0.5, 2, (len(rows), 1))
    first = second.copy()
    first[rows, columns] -= random.normal(0.1 * spread, spread, len(rows)).astype(np.float32)
    inside = random.random(len(rows)) < 0.8
    shown = _shown(level._replace(first=first, points=moved), STILL)._replace(inside=inside)
    error = (shown.value - first[rows, columns]).astype(np.float64)
    turn, shift = _step(level._replace(first=first), shown)
    (*turned, along, aside, ahead), unit = expected_step(level, moved, error, inside)
    wanted = unit * np.array([along, aside, ahead])
    np.testing.assert_allclose(shift, wanted, atol=2e-3 * np.abs(wanted).max())
    angle = np.linalg.norm(turned)
    np.testing.assert_allclose(np.trace(turn), 1 + 2 * np.cos(angle), rtol=1e-6)
    skew = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
    wanted = np.array(turned) * np.sin(angle) / angle
    np.testing.assert_allclose(skew / 2, wanted, atol=2e-3 * np.abs(wanted).max())


def test_as_many_steps_are_taken_as_are_asked_for(monkeypatch):
    turn, shift = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]), np.array([0.1, 0.2, 0.3])
    monkeypatch.setattr(alignment, '_step', lambda level, shown: (turn, shift))
    rows, columns = grid(np.arange(1, 47), np.arange(1, 63))
    level = level_of(noise(), noise(), rows, columns, z=100.0)
    assert _refined(level, STILL, 0) is STILL
    pose = _refined(level, STILL, 2)
    np.testing.assert_allclose(pose.rotation, turn @ turn)
    np.testing.assert_allclose(pose.translation, turn @ shift + shift)


@pytest.mark.parametrize(('count', 'moves'), [(99, False), (100, True)])
def test_too_few_pixels_move_nothing(monkeypatch, count, moves):
    monkeypatch.setattr(alignment, '_step', lambda level, shown: (np.eye(3), np.ones(3)))
    rows, columns = (part[:count] for part in grid(np.arange(1, 47), np.arange(1, 63)))
    pose = _refined(level_of(noise(), noise(), rows, columns), STILL, 1)
    assert pose.translation.any() == moves


def test_likeness_is_the_correlation_of_what_is_not_too_bright():
    rows, columns = [1, 1, 2, 2, 3], [1, 2, 1, 2, 3]
    first = np.zeros((48, 64), np.float32)
    first[rows, columns] = [0.5, -1, 1.5, 9, 7]
    values = [0.3, -0.7, 1.9, -5, 7]
    which = np.arange(4)
    found = _alike(level_of(first, first, rows, columns), shown_as(values), which)
    wanted = np.corrcoef([0.5, -1, 1.5, 2], [0.3, -0.7, 1.9, -2])[0, 1]
    assert found == pytest.approx(wanted, rel=1e-5)
    assert _alike(level_of(first, first, rows, columns), shown_as([1] * 5), which) == -1


def pixels_of_cells(counts, signs):
    """Return a level and what is shown of it: cells with so many pixels, alike or opposite."""
    first = noise().clip(-1, 1)
    rows, columns, values = [], [], []
    for cell, (count, sign) in enumerate(zip(counts, signs, strict=True)):
        down, across = (part[:count] for part in grid(range(4), range(4 * cell, 4 * cell + 4)))
        rows.extend(down)
        columns.extend(across)
        values.extend(sign * first[down, across])
    return level_of(first, first, rows, columns), values


def test_agreement_is_the_median_of_the_cells_that_have_eight_pixels():
    level, values = pixels_of_cells((16, 16, 8, 7, 7, 7), (1, 1, -1, -1, -1, -1))
    assert _agreement(level, shown_as(values)) == pytest.approx(1)
    level, values = pixels_of_cells((16, 8, 8, 7), (1, -1, -1, 1))
    assert _agreement(level, shown_as(values)) == pytest.approx(-1)
    assert _agreement(*few(level, values, 7)) == -1
    level, values = pixels_of_cells((7, 7), (1, 1))
    assert _agreement(level, shown_as(values)) == -1


def few(level, values, count):
    """Leave some pixels inside."""
    return level, shown_as(values, np.arange(len(values)) < count)


def test_agreement_asks_for_a_quarter_of_the_pixels():
    level, values = pixels_of_cells((16, 16, 16, 16), (1, 1, 1, 1))
    assert _agreement(*few(level, values, 16)) == pytest.approx(1)
    assert _agreement(*few(level, values, 15)) == -1


@pytest.mark.parametrize(
    ('inside', 'outside', 'found'), [(100, 300, 1), (100, 301, -1), (99, 10, -1)]
)
def test_correlation_asks_for_a_quarter_and_a_hundred_pixels(inside, outside, found):
    picture = noise()
    rows, columns = (part[:inside] for part in grid(np.arange(1, 47), np.arange(1, 63)))
    rows, columns = (np.concatenate([part, np.zeros(outside, int)]) for part in (rows, columns))
    level = level_of(picture, picture, rows, columns)
    assert _correlation(level, STILL) == pytest.approx(found, abs=1e-6)


def test_the_best_start_is_refined_from_coarse_to_fine(monkeypatch):
    calls = []

    def refined(level, pose, steps):
        calls.append((level.first.shape, pose.translation.tolist(), steps))
        return _Pose(np.eye(3), pose.translation - (0, 0, 1))

    monkeypatch.setattr(alignment, '_refined', refined)

    def alike(level, pose):
        assert level.first.shape == (12, 16)
        return -abs(pose.translation[2] + 3)

    monkeypatch.setattr(alignment, '_correlation', alike)
    first, second = noise(), noise(seed=1)
    motion = align(first, second, np.full_like(first, 2), CAMERA, [1.0, 2.0, 4.0])
    sizes = [(12, 16), (24, 32), (48, 64)]
    assert calls == [
        (sizes[0], [0, 0, -1], 6), (sizes[0], [0, 0, -2], 6), (sizes[0], [0, 0, -4], 6),
        (sizes[1], [0, 0, -3], 5), (sizes[2], [0, 0, -4], 4),
    ]  # fmt: skip
    assert motion.translation.tolist() == [0, 0, -5]
    assert motion.places.shape == (len(motion.rows), 2)
    assert len(motion.rows) == len(motion.columns) == 2000


def test_fewer_are_looked_for_on_coarse_levels(monkeypatch):
    asked = []
    nothing = np.zeros(0, int), np.zeros(0, int)
    monkeypatch.setattr(alignment, '_chosen', lambda *given: asked.append(given[-1]) or nothing)
    _levels(noise(), noise(), noise(), CAMERA)
    assert asked == [2000, 1200, 700]


@pytest.mark.parametrize(('count', 'is_found'), [(99, False), (100, True)])
def test_a_hundred_pixels_are_enough(monkeypatch, count, is_found):
    rows, columns = (part[:count] for part in grid(np.arange(1, 47), np.arange(1, 63)))
    levels = [level_of(noise(), noise(), rows, columns)] * 3
    monkeypatch.setattr(alignment, '_levels', lambda *given: levels)
    monkeypatch.setattr(alignment, '_refined', lambda level, pose, steps: pose)
    found = align(noise(), noise(), noise(), CAMERA, [0.0])
    assert (found is not None) == is_found


def test_too_little_to_compare_on_any_level_is_no_motion():
    first, second = noise(), noise(seed=1)
    depth = np.full_like(first, 2)
    assert align(first, second, depth, CAMERA, [1.0]) is not None
    depth[:, 28:] = np.nan
    assert align(first, second, depth, CAMERA, [1.0]) is None
