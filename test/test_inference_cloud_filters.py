"""Flying pixels, bonnet and region: exact pixels, and what is kept."""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.errors import SettingsError
from steps_ros.inference.cloud import CloudLimits, organised_cloud
from steps_ros.inference.cloud_filters import (
    corners,
    edge_reach,
    flying_pixels,
    flying_room,
    usable_pixels,
)


def row(*depths: float) -> np.ndarray:
    return np.tile(np.array(depths, np.float32), (4, 1))


@pytest.mark.parametrize(
    ('depths', 'flying'),
    [
        ((5, 5, 5, 20, 20, 20), ''),
        ((5, 5, 9, 20, 20, 20), '2'),
        ((5, 5, 8, 13, 20, 20), '23'),
        ((20, 20, 9, 5, 5, 5), '2'),
        # A post before a wall and a gap between two walls are surfaces.
        ((20, 20, 5, 20, 20, 20), ''),
        ((5, 5, 20, 5, 5, 5), ''),
        ((5, 5, 9, np.inf, np.inf, np.inf), '2'),
        ((5, 5, 9, np.nan, np.nan, np.nan), ''),
        ((5, 5.2, 5.5, 5.8, 6.1, 6.4), ''),
    ],
)
def test_only_what_hangs_between_two_surfaces_flies(depths, flying):
    depth = row(*depths)
    found = flying_pixels(depth, ratio=0.2, reach=2, room=flying_room(depth.shape))
    assert ''.join(map(str, np.flatnonzero(found[0]))) == flying
    assert (found == found[0]).all()


def test_a_road_is_kept_up_to_where_rows_are_far_apart():
    # 1.5 m below a camera of 500 pixels: 30 m and nearer.
    rows = np.arange(25, 240, dtype=np.float32)
    road = np.repeat((1.5 * 500 / rows)[:, None], 8, axis=1)
    assert not flying_pixels(road, ratio=0.2, reach=3, room=flying_room(road.shape)).any()


def test_the_reach_follows_the_width():
    assert [edge_reach(*of) for of in ((320, 1), (640, 2), (1920, 2), (64, 8))] == [3, 3, 10, 0]


def test_a_bonnet_takes_its_pixels_at_every_size_and_stride():
    triangle = corners('bonnet', '0,1 0.5,0.5 1,1')
    full = usable_pixels((100, 200), 1, triangle, ())
    assert 1 - full.mean() == pytest.approx(0.25, abs=0.01)
    assert not full[99, 1:199].any()
    assert full[:50].all()
    np.testing.assert_array_equal(usable_pixels((100, 200), 3, triangle, ()), full[::3, ::3])


def test_a_region_keeps_its_pixels_alone():
    kept = usable_pixels((10, 20), 1, (), corners('region', '0.25,0.5 0.75,0.8'))
    assert kept.sum() == 10 * 3
    assert kept[5:8, 5:15].all()


def test_the_cloud_has_holes_on_the_bonnet_and_at_edges():
    camera = Camera(200, 40, 100.0, 100.0, 99.5, 19.5)
    depth = np.full((40, 200), 5.0, np.float32)
    depth[:, 100:] = 20.0
    depth[:, 99] = 10.0
    limits = CloudLimits(stride=1, bonnet='0,1 0,0.75 1,0.75 1,1', region='0,0.25 1,1')
    kept = np.isfinite(organised_cloud(depth, camera, limits=limits)[..., 2])
    assert not kept[:10].any()
    assert not kept[30:].any()
    assert not kept[:, 99].any()
    assert kept[10:30].sum() == 20 * 199
    everything = CloudLimits(stride=1, edge_ratio=0.0)
    assert np.isfinite(organised_cloud(depth, camera, limits=everything)[..., 2]).all()


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ({'bonnet': '0,0 1'}, "cloud.bonnet: '0,0 1' is no list of corners"),
        ({'bonnet': '0,0 1,2 3,3'}, 'from 0 to 1'),
        ({'bonnet': 'a,b c,d e,f'}, 'no list of corners'),
        ({'bonnet': '0,0 1,nan 1,1'}, 'no list of corners'),
        ({'bonnet': '0,0 1,1'}, 'under 3 corners'),
        ({'region': '0,0 1,1 0,1'}, 'is no rectangle'),
        ({'region': '0.5,0 0.5,1'}, 'is no rectangle'),
        ({'edge_ratio': -1.0}, 'edge_ratio'),
        ({'max_rate_hz': -1.0}, 'max_rate_hz'),
    ],
)
def test_bad_settings_are_one_line(settings, message):
    with pytest.raises(SettingsError, match=message) as caught:
        CloudLimits(**settings)
    assert '\n' not in str(caught.value)
