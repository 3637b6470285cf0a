"""The page of the live view in a browser, with a scene that is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from browsers import chromium, LIMIT_MS, Opened, SOFTWARE_3D
import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.inference.cloud import CloudLimits, organised_cloud
from steps_ros.inference.colour import colour_depth
from steps_ros.view.health import Health, NodeHealth, OK, WARN
from steps_ros.view.live_page import LivePage
from steps_ros.view.page import ENHANCED, INPUT, Page
from steps_ros.view.server import start_server, stop_server

pytest.importorskip('viser', reason='viser is not installed')
pytestmark = pytest.mark.timeout(240)

SIZE = HEIGHT, WIDTH = 90, 160
RED, GREEN, MAGENTA = (200, 30, 30), (30, 200, 30), (250, 0, 250)
# Of the depth that is shown.
NEAR, FAR = colour_depth(np.array([[4, 10]], np.float32), 4.0, 10.0)[0].astype(int)
ORANGE = (255, 165, 0)
LABEL = 'night_depth'
STATUSES = (
    Health(f'{LABEL}: state', OK, 'active'),
    Health(f'{LABEL}/front: input', OK, '9.8 Hz', (('topic', '/front'), ('rate_hz', '9.80'))),
    Health(f'{LABEL}/front: scale', OK, 'metric by lidar', (('scale', 'metric'),)),
    Health(f'{LABEL}/rear: input', WARN, 'the lens <b>is</b> covered', (('topic', '/rear'),)),
)


def _plain(colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((*SIZE, 3), colour, np.uint8)


def _fill(live: LivePage) -> None:
    """Show a wall at 10 m with a near half, red in and green out, magenta in 3D."""
    depth = np.full(SIZE, 10.0, np.float32)
    depth[:, : WIDTH // 2] = 4.0
    camera = Camera.assumed(WIDTH, HEIGHT)
    live.page.offer_cameras(['front', 'rear'])
    live.health(NodeHealth(LABEL, STATUSES), 'front', '')
    live.scale(STATUSES[2])
    live.picture(INPUT, _plain(RED))
    live.picture(ENHANCED, _plain(GREEN))
    live.depth(depth)
    live.camera(camera)
    limits = CloudLimits(stride=1, edge_ratio=0.0)
    live.cloud(organised_cloud(depth, camera, _plain(MAGENTA), limits=limits))
    live.expect(ENHANCED, '/night_depth/front/output/image_enhanced', 'nothing came for 4 s')


@pytest.fixture(scope='module')
def live() -> Iterator[LivePage]:
    server = start_server('127.0.0.1', 0)
    made = LivePage(Page(server), width=Opened.WIDTH, max_points=5000)
    _fill(made)
    yield made
    stop_server(server)


@pytest.fixture(scope='module')
def browser() -> Iterator[Any]:
    with chromium(SOFTWARE_3D) as running:
        yield running


@pytest.fixture(scope='module', params=(1280, 400), ids=lambda width: f'{width} px')
def opened(request: Any, browser: Any, live: LivePage) -> Iterator[Opened]:
    page = Opened(browser, live.page._server.get_port(), request.param)
    yield page
    page.page.close()


def test_everything_is_there_and_asked_of_this_machine_alone(opened: Opened) -> None:
    for index, colour in enumerate((RED, GREEN)):
        assert np.abs(np.median(opened.picture(index), axis=(0, 1)) - colour).max() < 12
    depth = opened.picture(2)
    third = depth.shape[1] // 3
    assert np.abs(np.median(depth[:, :third], axis=(0, 1)) - NEAR).max() < 12
    assert np.abs(np.median(depth[:, -third:], axis=(0, 1)) - FAR).max() < 12
    text = opened.page.inner_text('body')
    for words in (
        'WARN rear: input the lens <b>is</b> covered',
        'nothing came for 4 s',
        'near to far, m',
        '3600 of 14400 points',
    ):
        assert words in text
    wide = opened.page.evaluate('document.documentElement.scrollWidth')
    assert wide <= opened.page.viewport_size['width']
    assert opened.errors == []
    own = tuple(f'{kind}://127.0.0.1:{opened.port}/' for kind in ('http', 'ws', 'blob:http'))
    assert [url for url in opened.asked if not url.startswith((*own, 'data:'))] == []


def test_the_cloud_and_the_camera_are_drawn_in_3d(opened: Opened) -> None:
    assert opened.shows(MAGENTA, 500)
    assert opened.shows(ORANGE, 30)


def test_all_statuses_are_readable_worst_first(opened: Opened) -> None:
    folded = opened.page.get_by_text('Diagnostics', exact=True).first
    if not opened.page.locator('.status').first.is_visible():
        folded.click(timeout=LIMIT_MS)
    shown = opened.page.locator('.status')
    shown.first.wait_for(state='visible', timeout=LIMIT_MS)
    assert [text.split()[0] for text in shown.all_inner_texts()] == ['WARN', 'OK', 'OK', 'OK']
    assert 'rate_hz 9.80' in opened.page.inner_text('body')


def test_the_camera_is_chosen_and_colours_are_fitted_on_request(
    browser: Any, live: LivePage
) -> None:
    opened = Opened(browser, live.page._server.get_port(), 1280)
    assert live.page.viewers > 0
    assert live.page.camera == 'front'
    opened.page.get_by_text('Fit colours').click(timeout=LIMIT_MS)
    opened.page.locator('input[value="front"]').first.click(timeout=LIMIT_MS)
    opened.page.get_by_role('option', name='rear').click(timeout=LIMIT_MS)
    for _ in range(50):
        if live.page.camera == 'rear':
            break
        opened.page.wait_for_timeout(100)
    assert live.page.camera == 'rear'
    assert live.page.wants_fit()
    assert not live.page.wants_fit()
    live.clear()
    opened.page.wait_for_function(
        '[...document.images].every((image) => !image.checkVisibility())', timeout=LIMIT_MS
    )
    opened.page.close()
