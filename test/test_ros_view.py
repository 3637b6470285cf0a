"""The live view beside the real node, with a page that remembers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
import re
import signal
import subprocess
import sys
from types import SimpleNamespace
from typing import Any
from urllib.request import urlopen

import cv2
import numpy as np
import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.lifecycle import TransitionCallbackReturn
from ros_harness import bench, FakeModel, image_message, IMAGE_TOPIC, info_message, INFO_TOPIC
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from std_msgs.msg import Header

from steps_ros.errors import FrameError, SettingsError
from steps_ros.ros import messages
from steps_ros.ros.qos import latched_profile
from steps_ros.ros.view import ViewNode, ViewSettings
from steps_ros.ros.view_feeds import Reports
from steps_ros.view.live_page import LivePage
from steps_ros.view.page import CLOUD, DEPTH, ENHANCED, INPUT

pytestmark = pytest.mark.timeout(90)
LIMIT_S = 30.0


class FakePage:
    """A page without a browser."""

    def __init__(self) -> None:
        self.viewers, self.camera = 0, ''
        self.pictures: dict[str, np.ndarray] = {}
        self.captions: dict[str, str] = {}
        self.cameras: list[str] = []
        self.cloud: Any = None
        self.headline = self.statuses = self.legend = ''

    def offer_cameras(self, names: list[str]) -> None:
        self.cameras = names
        self.camera = self.camera or (names[0] if names else '')

    def wants_fit(self) -> bool:
        return False

    def show_picture(self, panel: str, image: np.ndarray) -> None:
        self.pictures[panel] = image

    def say(self, panel: str, caption: str) -> None:
        self.captions[panel] = caption

    def show_legend(self, legend: str) -> None:
        self.legend = legend

    def show_health(self, headline: str, statuses: str) -> None:
        self.headline, self.statuses = headline, statuses

    def show_cloud(self, points: Any, camera: Any) -> None:
        self.cloud = points, camera

    def clear_cloud(self) -> None:
        self.cloud = None

    def clear(self) -> None:
        self.pictures.clear()
        self.clear_cloud()


@contextmanager
def _viewed(
    settings: ViewSettings, remaps: tuple[str, ...] = (), **parameters: Any
) -> Iterator[tuple[Any, FakePage, FakeModel]]:
    """Run node, view and a peer on one executor; the node is active."""
    arguments = [part for remap in remaps for part in ('-r', remap)]
    model, page = FakeModel(), FakePage()
    with bench(model.load, **{'diagnostics__period_s': 0.2, **parameters}) as made:
        live = LivePage(page, settings.width, settings.max_points)
        view = ViewNode(
            live,
            settings,
            context=made.node.context,
            use_global_arguments=False,
            cli_args=['--ros-args', *arguments],
        )
        made._executor.add_node(view)
        assert made.node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        assert made.node.trigger_activate() == TransitionCallbackReturn.SUCCESS
        yield made, page, model
        view.destroy_node()


def test_everything_is_shown_while_somebody_looks_and_nothing_is_computed_otherwise():
    with _viewed(ViewSettings(max_rate_hz=20.0, width=32)) as (made, page, model):
        images = made.publisher(Image, IMAGE_TOPIC, best_effort=True)
        infos = made.publisher(CameraInfo, INFO_TOPIC)
        made.wait(lambda: images.get_subscription_count() and infos.get_subscription_count())
        infos.publish(info_message())
        images.publish(image_message())
        made.spin(0.5)
        assert model.asked == []
        page.viewers = 1

        def seen() -> bool:
            images.publish(image_message())
            made.spin(0.1)
            return len(page.pictures) == 3 and page.cloud is not None and page.cloud[1] is not None

        made.wait(seen, LIMIT_S)
        assert page.pictures[INPUT].shape == page.pictures[ENHANCED].shape == (24, 32, 3)
        assert (page.pictures[INPUT] == 7).all()
        points, camera = page.cloud
        assert len(points.positions) > 0
        assert camera.width == 64
        assert '64x48' in page.captions[DEPTH]
        assert 'points' in page.captions[CLOUD]
        assert 'relative' in page.legend
        made.wait(lambda: 'calibrated' in page.statuses, LIMIT_S)
        page.viewers = 0
        made.wait(lambda: not made.node._running.cameras[0].topics.wanted(), LIMIT_S)
        assert page.pictures == {}


def test_silence_is_said_with_its_topic(monkeypatch):
    monkeypatch.setattr('steps_ros.ros.view_feeds.SILENT_S', 0.5)
    with _viewed(ViewSettings()) as (made, page, _):
        page.viewers = 1
        made.wait(lambda: 'nobody publishes this topic' in page.captions.get(INPUT, ''), LIMIT_S)
        assert IMAGE_TOPIC in page.captions[INPUT]
        made.wait(lambda: 'its publisher is silent' in page.captions[DEPTH], LIMIT_S)


def test_another_name_is_said_with_the_nodes_that_are_there(monkeypatch):
    monkeypatch.setattr('steps_ros.ros.view_feeds.SILENT_S', 1.0)
    with _viewed(ViewSettings(node='front/night_depth')) as (made, page, _):
        page.viewers = 1
        made.wait(lambda: 'there is /night_depth: does it run' in page.headline, LIMIT_S)
        assert '/front/night_depth has said nothing on /diagnostics' in page.headline
        assert made.node._running.cameras[0].topics.wanted() == frozenset()


def test_outputs_that_were_remapped_are_found():
    remaps = ('/night_depth/output/depth:=/elsewhere',)
    with _viewed(ViewSettings(max_rate_hz=20.0), remaps) as (made, page, _):
        images = made.publisher(Image, '/elsewhere')
        page.viewers = 1
        made.wait(images.get_subscription_count, LIMIT_S)
        depth = np.full((48, 64), 5.0, np.float32)

        def seen() -> bool:
            images.publish(messages.float_message(Header(), depth))
            made.spin(0.1)
            return DEPTH in page.pictures

        made.wait(seen, LIMIT_S)


def test_the_unit_is_that_of_the_scale_at_once_and_not_of_the_last_diagnostics():
    remaps = ('/night_depth/output/scale:=/elsewhere',)
    with _viewed(ViewSettings(max_rate_hz=20.0), remaps) as (made, page, _):
        images = made.publisher(Image, IMAGE_TOPIC, best_effort=True)
        scales = made.peer.create_publisher(DiagnosticStatus, '/elsewhere', latched_profile())
        page.viewers = 1
        for kind, unit in (('metric', '<b>m</b>'), ('stale', 'relative'), ('metric', '<b>m</b>')):
            scales.publish(DiagnosticStatus(values=[KeyValue(key='scale', value=kind)]))

            def seen(unit: str = unit) -> bool:
                images.publish(image_message())
                made.spin(0.1)
                return unit in page.legend

            made.wait(seen, LIMIT_S)
        assert 'relative' in page.statuses


def test_compressed_pictures_of_the_chosen_camera_are_shown():
    settings = ViewSettings(max_rate_hz=20.0)
    cameras = ['front', 'rear']
    with _viewed(settings, cameras=cameras, image_transport='compressed') as (made, page, _):
        jpeg = cv2.imencode('.jpg', np.full((48, 64, 3), 90, np.uint8))[1].tobytes()
        topic = '/night_depth/rear/input/image/compressed'
        images = made.publisher(CompressedImage, topic)
        page.viewers, page.camera = 1, 'rear'

        def seen() -> bool:
            images.publish(CompressedImage(format='jpeg', data=jpeg))
            made.spin(0.1)
            return {INPUT, DEPTH} <= set(page.pictures)

        made.wait(seen, LIMIT_S)
        assert page.cameras == cameras
        assert topic in page.captions[INPUT]
        assert '/night_depth/rear/output/depth' in page.captions[DEPTH]
        assert made.node._running.cameras[0].topics.wanted() == frozenset()


def test_clouds_of_others_are_refused_in_one_line():
    cloud = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    message = messages.cloud_message(Header(), cloud)
    assert np.array_equal(messages.cloud_values(message), cloud)
    message.width = 4
    with pytest.raises(FrameError, match='cloud of 4x2 does not fit its 96 bytes'):
        messages.cloud_values(message)
    with pytest.raises(FrameError, match='fields none is none of this package'):
        messages.cloud_values(PointCloud2())


@pytest.mark.parametrize(
    'bad', [{'port': 70000}, {'max_rate_hz': 0.0}, {'width': 0}, {'max_points': 0}, {'node': '/'}]
)
def test_a_setting_out_of_range_is_refused(bad):
    with pytest.raises(SettingsError, match=next(iter(bad))):
        ViewSettings(**bad)


@pytest.mark.live
@pytest.mark.timeout(180)
def test_the_command_serves_says_where_and_ends_by_ctrl_c():
    pytest.importorskip('viser', reason='viser is not installed')
    command = [sys.executable, '-m', 'steps_ros.cli.main', 'view', '--port']
    with subprocess.Popen([*command, '0'], stderr=subprocess.PIPE, text=True) as serving:
        url = re.search(r'http://127\.0\.0\.1:(\d+)', serving.stderr.readline())
        with urlopen(url[0], timeout=30) as page:
            assert b'<html' in page.read(2000)
        ended = subprocess.run(
            [*command, url[1]], capture_output=True, text=True, timeout=120, check=False
        )
        assert ended.returncode == 1
        assert ended.stderr.startswith(f'error: cannot listen on port {url[1]}')
        assert ended.stderr.count('\n') == 1
        os.kill(serving.pid, signal.SIGINT)
        said = serving.stderr.read()
        assert serving.wait(60) == 130
    assert 'Traceback' not in said
    assert said.endswith('interrupted\n')


def test_other_nodes_are_told_of_up_to_a_limit():
    node = SimpleNamespace(create_subscription=lambda *given: None)
    reports = Reports(node, 'night_depth')
    for number in range(300):
        status = DiagnosticStatus(name=f'node{number:03d}: state', level=b'\0')
        reports._on_message(DiagnosticArray(status=[status]))
    assert len(reports._others) == 100
