"""The own bonnet: in view, near, rigid with the camera, the same for every seed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.sim.bonnet import draw_bonnet
from steps_ros.sim.clip import simulate_clip
from steps_ros.sim.instances import EGO
from steps_ros.sim.settings import ClipSettings
from steps_ros.sim.trajectory import Mounting
from steps_ros.sim.world import make_world

CAMERA = Camera(40, 30, 20.0, 20.0, 20.0, 15.0)
LOW = Mounting(CAMERA, 1.4, 0.0, 0.0, 0.0, 0.0, (0.0, 0.0, 0.0))
SMALL = ClipSettings(frames=3, height=24, width=36)


def bonnets(mounting):
    return [draw_bonnet(mounting, np.random.default_rng(seed)) for seed in range(40)]


def test_some_low_cameras_look_over_one_and_high_ones_over_none():
    seen = [mesh is not None for mesh in bonnets(LOW)]
    assert 4 < sum(seen) < 24
    assert not any(bonnets(replace(LOW, height=2.0)))


def test_it_lies_below_and_before_the_camera():
    for mesh in filter(None, bonnets(LOW)):
        assert mesh.vertices[:, 0].min() >= 0.24
        assert mesh.vertices[:, 0].max() < 1.7
        assert 0.4 < mesh.vertices[:, 2].min() < mesh.vertices[:, 2].max() < 1.1
        assert set(mesh.instance) == {EGO}


@pytest.fixture(scope='module')
def frames():
    """Return the frames of the first street in which a bonnet fills a part of the picture."""
    for seed in range(40):
        settings = replace(SMALL, seed=seed)
        if make_world(settings).bonnet is not None:
            found = list(simulate_clip(settings))
            if (found[0].instance == EGO).sum() > 20:
                return found
    raise AssertionError('no bonnet in 40 streets')


def test_it_stays_where_it_is_in_the_picture(frames):
    for former, latter in pairwise(frames):
        own = former.instance == EGO
        np.testing.assert_array_equal(own, latter.instance == EGO)
        np.testing.assert_allclose(former.depth[own], latter.depth[own], rtol=1e-3)
        np.testing.assert_allclose(former.flow[own], 0, atol=1e-4)


def test_it_is_near_and_at_the_bottom(frames):
    rows, _ = np.nonzero(frames[0].instance == EGO)
    assert rows.max() == SMALL.height - 1
    assert rows.min() > SMALL.height / 3
    assert frames[0].depth[frames[0].instance == EGO].max() < 2.5
