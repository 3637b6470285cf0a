"""
What of a depth picture or a cloud is a reference, and where.
"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.errors import SettingsError, SourceError
from steps_ros.eval.dropped import DroppedError, NOTHING_VALID
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.references import reference_from_depth, reference_from_points, Visible

CAMERA = Camera(8, 6, 4.0, 4.0, 4.0, 3.0)


def whole(height=6, width=8):
    return reference_from_depth(np.ones((height, width), np.float32), (6, 8))


def test_only_finite_depth_above_0_counts():
    depth = np.array([[1, np.nan, np.inf], [0, -2, 3]], np.float32)
    columns, rows, values, size = reference_from_depth(depth, (2, 3))
    np.testing.assert_array_equal(columns, [0, 2])
    np.testing.assert_array_equal(rows, [0, 1])
    np.testing.assert_array_equal(values, [1, 3])
    assert size == (2, 3)


def test_depth_of_another_size_is_scaled_as_cameras_are():
    reference = whole(12, 16)
    np.testing.assert_array_equal(np.unique(reference.columns), np.arange(16) / 2)
    np.testing.assert_array_equal(np.unique(reference.rows), np.arange(12) / 2)
    # A point seen at u' by the large camera is seen at u' / 2 by the small one.
    large = CAMERA.resized(16, 12)
    assert (large.fx * 0.5 + large.cx) / 2 == CAMERA.fx * 0.5 + CAMERA.cx


def test_no_value_at_all():
    with pytest.raises(DroppedError) as caught:
        reference_from_depth(np.zeros((6, 8), np.float32), (6, 8))
    assert caught.value.reason == NOTHING_VALID


def test_points_outside_the_picture():
    with pytest.raises(DroppedError, match='none of 1 LiDAR points'):
        reference_from_points(np.array([[0, 0, -3]], np.float32), CAMERA, InputSettings())


def test_occlusion_filter_can_be_left_off():
    near = [[x, y, 4.0] for x in (-0.2, -0.1, 0.1, 0.2) for y in (-0.2, -0.1, 0, 0.1, 0.2)]
    points = np.array([*near, [0.0, 0.0, 40.0]], np.float32)
    sharp = Camera(800, 600, 400.0, 400.0, 400.0, 300.0)
    assert len(reference_from_points(points, sharp, InputSettings()).depth) == 20
    unfiltered = InputSettings(is_occlusion_filtered=False)
    assert len(reference_from_points(points, sharp, unfiltered).depth) == 21


def test_bonnet_leaves_out_the_lowest_rows():
    kept = Visible(InputSettings(bonnet=0.5)).kept(whole())
    np.testing.assert_array_equal(np.unique(kept.rows), [0, 1, 2])


@pytest.mark.parametrize('scale', [1, 2])
def test_black_pixels_of_a_mask_are_left_out(tmp_path, scale):
    mask = np.full((6, 8), 255, np.uint8)
    mask[2:, :4] = 0
    mask = mask.repeat(scale, 0).repeat(scale, 1)
    cv2.imwrite(str(tmp_path / 'mask.png'), mask)
    kept = Visible(InputSettings(mask=tmp_path / 'mask.png')).kept(whole())
    assert len(kept.depth) == 48 - 16
    assert not ((kept.rows >= 2) & (kept.columns < 4)).any()


def test_masks_that_are_none(tmp_path):
    with pytest.raises(SourceError, match=r'is no mask.*No such file'):
        Visible(InputSettings(mask=tmp_path / 'none.png'))
    cv2.imwrite(str(tmp_path / 'black.png'), np.zeros((6, 8), np.uint8))
    with pytest.raises(SourceError, match='black all over'):
        Visible(InputSettings(mask=tmp_path / 'black.png'))


def test_all_masked():
    with pytest.raises(DroppedError, match='masked or hidden'):
        Visible(InputSettings(bonnet=0.99)).kept(whole())


@pytest.mark.parametrize('options', [{'bonnet': 1.0}, {'bonnet': -0.1}, {'tolerance_ms': -1.0}])
def test_settings_out_of_range(options):
    with pytest.raises(SettingsError):
        InputSettings(**options)
