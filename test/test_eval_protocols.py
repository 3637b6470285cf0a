"""What counts: ranges, crops, the middle of a picture, and bad options."""

import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.errors import FrameError, SettingsError
from steps_ros.eval.protocols import GARG, make_protocol, PROTOCOLS
from steps_ros.eval.samples import Reference, Sample


def sample(height=10, width=20, depth=5.0, prediction=None):
    rows, columns = (grid.ravel().astype(np.float32) for grid in np.mgrid[:height, :width])
    reference = Reference(columns, rows, np.full(rows.size, depth, np.float32), (height, width))
    camera = Camera(width, height, 10.0, 10.0, width / 2, height / 2)
    image = np.zeros((height, width, 3), np.uint8)
    return Sample('drive', 'camera', '0', 0, image, camera, reference, prediction)


def test_only_depths_inside_the_range_count():
    near = sample()
    depth = np.linspace(0, 100, near.reference.depth.size, dtype=np.float32)
    mixed = near._replace(reference=near.reference._replace(depth=depth))
    counted = PROTOCOLS['nuscenes-night'].counted(mixed).reference.depth
    assert counted.min() > 1e-5
    assert counted.max() < 60


def test_the_garg_crop_is_its_rows_and_columns():
    counted = make_protocol('kitti', None, None).counted(sample(375, 1242)).reference
    assert (counted.rows.min(), counted.rows.max()) == (153, 370)
    assert (counted.columns.min(), counted.columns.max()) == (44, 1196)
    assert make_protocol('kitti', None, None).crop == GARG


def test_the_middle_takes_picture_reference_and_recorded_depth_along():
    prediction = np.arange(960 * 1280, dtype=np.float32).reshape(960, 1280)
    whole = sample(960, 1280, prediction=prediction)
    cut = PROTOCOLS['robotcar-night'].counted(whole)
    assert cut.image.shape == (640, 1152, 3)
    assert cut.reference.size == (640, 1152)
    assert len(cut.reference.depth) == 640 * 1152
    assert (cut.intrinsics.cx, cut.intrinsics.cy) == (640 - 64, 480 - 160)
    assert cut.prediction[0, 0] == prediction[160, 64]


def test_nothing_that_counts_is_an_error_that_says_the_range():
    with pytest.raises(FrameError, match='60 m'):
        PROTOCOLS['nuscenes-night'].counted(sample(depth=70.0))
    with pytest.raises(FrameError, match='smaller than the crop of 1152x640'):
        PROTOCOLS['robotcar-night'].counted(sample())


def test_another_cap_and_crop_can_be_given():
    protocol = make_protocol(None, 40.0, '0.5,1,0,1')
    assert (protocol.cap, protocol.crop) == (40, (0.5, 1, 0, 1))
    assert make_protocol('kitti', None, 'none').crop is None


@pytest.mark.parametrize(
    ('arguments', 'told'),
    [
        (('kiti', None, None), 'kitti'),
        ((None, 0.0, None), 'cap 0.0'),
        ((None, None, 'half'), "crop 'half'"),
        ((None, None, '1,0,0,1'), "crop '1,0,0,1'"),
        ((None, None, '0,1,0'), "crop '0,1,0'"),
    ],
)
def test_bad_options_name_the_value(arguments, told):
    with pytest.raises(SettingsError, match=told):
        make_protocol(*arguments)
