"""Reading a prediction between its pixels: exact on planes, never between two surfaces."""

import numpy as np

from steps_ros.eval.samples import Reference
from steps_ros.eval.sampling import nearest_depth, surface_depth


def places(columns, rows, size):
    columns, rows = np.float32(columns), np.float32(rows)
    return Reference(columns, rows, np.ones_like(rows), size)


def test_between_the_pixels_of_a_plane_it_is_exact():
    rows, columns = np.mgrid[:20, :30].astype(np.float32)
    plane = 1 / (0.02 + 0.01 * rows + 0.001 * columns)
    found = surface_depth(plane, places([3.25, 17.5, 28.9], [4.75, 11.5, 18.1], (20, 30)))
    expected = 1 / (
        0.02 + 0.01 * np.array([4.75, 11.5, 18.1]) + 0.001 * np.array([3.25, 17.5, 28.9])
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_at_an_edge_the_nearest_pixel_counts():
    depth = np.full((4, 4), 5.0, np.float32)
    depth[:, 2:] = 20.0
    assert surface_depth(depth, places([1.4, 1.6], [1.0, 1.0], (4, 4))).tolist() == [5, 20]


def test_unknown_neighbours_do_not_spread():
    depth = np.full((4, 4), 5.0, np.float32)
    depth[0, 0], depth[3, 3] = np.nan, np.inf
    found = surface_depth(depth, places([0.0, 0.6, 3.0], [0.0, 0.6, 3.0], (4, 4)))
    np.testing.assert_array_equal(found, [np.nan, 5, np.inf])


def test_integer_places_of_a_map_of_one_size_are_its_pixels():
    depth = np.random.default_rng(0).uniform(1, 9, (5, 7)).astype(np.float32)
    rows, columns = np.mgrid[:5, :7]
    reference = places(columns.ravel(), rows.ravel(), (5, 7))
    np.testing.assert_array_equal(surface_depth(depth, reference), depth.ravel())
    np.testing.assert_array_equal(nearest_depth(depth, reference), depth.ravel())


def test_another_size_is_scaled():
    depth = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    reference = places([0, 1, 2, 3], [0, 1, 2, 3], (4, 4))
    assert nearest_depth(depth, reference).tolist() == [1, 1, 4, 4]


def test_places_outside_take_the_border():
    depth = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    assert surface_depth(depth, places([-0.4, 1.4], [-0.4, 1.4], (2, 2))).tolist() == [1, 4]
