"""Streets drawn once and exposed many times: the same pictures, other turns, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from steps_ros.errors import SourceError
from steps_ros.sim.exposure import exposure_gain
from steps_ros.sim.negatives import draw_negatives, exposures, kept_negatives, read_negatives
from steps_ros.sim.sensor import develop, draw_sensor
from steps_ros.sim.settings import ClipSettings, Stream
from steps_ros.sim.shards import ShardSettings, write_shards

CLIP = ClipSettings(seed=4, frames=2, height=24, width=40, rate_hz=0.5, has_distortion=True)


@pytest.fixture(scope='module')
def street():
    return draw_negatives(CLIP)


def test_exposures_are_what_develop_makes_of_the_frame(street):
    generator = CLIP.generator(Stream.SENSOR, 1, 2)
    scene = street.frame(1)
    sensor = draw_sensor(generator, 'night', scene.wetness)
    picture = develop(scene, exposure_gain(scene.radiance, sensor), sensor, generator)
    np.testing.assert_array_equal(exposures(CLIP, street, 3)[1, 2], picture)


def test_a_street_from_its_file_gives_the_same_pictures(street, tmp_path):
    path = tmp_path / 'street.npz'
    kept_negatives(CLIP, path)
    again, text = read_negatives(path)
    assert text == repr(CLIP)
    assert len(again) == 2
    assert again.distortion.shape == (5,)
    np.testing.assert_array_equal(exposures(CLIP, again, 1), exposures(CLIP, street, 1))


def test_turns_go_on_where_the_former_ended(street):
    both = exposures(CLIP, street, 2)
    for turn in (0, 1):
        np.testing.assert_array_equal(exposures(CLIP, street, 1, turn)[:, 0], both[:, turn])
    assert not np.array_equal(both[:, 0], both[:, 1])


def test_nights_of_one_street_range_from_dark_to_lit(street):
    levels = exposures(CLIP, street, 12).mean((2, 3, 4))
    assert levels.max() > 1.5 * levels.min()
    assert levels.min() < 25


def test_shards_from_kept_streets_are_those_drawn_afresh(tmp_path):
    kept = ShardSettings(CLIP, 1, 2, negatives=tmp_path / 'negatives')
    (fresh,) = write_shards(replace(kept, negatives=None), tmp_path / 'a')
    for place in ('b', 'c'):
        (path,) = write_shards(kept, tmp_path / place)
        assert path.read_bytes() == fresh.read_bytes()
    (other,) = write_shards(replace(kept, turn=1), tmp_path / 'd')
    assert other.read_bytes() != fresh.read_bytes()


def test_a_file_of_another_street_or_a_damaged_one_is_refused(tmp_path):
    path = tmp_path / 'street.npz'
    kept_negatives(CLIP, path)
    with pytest.raises(SourceError, match='other settings'):
        kept_negatives(replace(CLIP, seed=5), path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(SourceError, match='cannot be read'):
        kept_negatives(CLIP, path)
