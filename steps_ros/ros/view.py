"""
The live view: a node that listens while a browser looks, and shows the newest of everything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import sys
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from steps_ros.data.cameras import make_camera
from steps_ros.data.depth_images import decode_depth
from steps_ros.errors import FrameError, SettingsError
from steps_ros.ros import messages
from steps_ros.ros.names import CAMERA_INFO, DEPTH, ENHANCED, NODE, POINTS, SCALE
from steps_ros.ros.spin import guarded, spin, started
from steps_ros.ros.view_feeds import Feed, health_of, IMAGE, Reports, wanted
from steps_ros.settings import check, setting
from steps_ros.view import page as panels
from steps_ros.view.live_page import LivePage
from steps_ros.view.page import Page
from steps_ros.view.server import start_server, stop_server

NAME = 'steps_ros_view'
WATCH_PERIOD_S = 0.5
PANELS = {
    IMAGE: panels.INPUT,
    ENHANCED: panels.ENHANCED,
    DEPTH: panels.DEPTH,
    POINTS: panels.CLOUD,
}


@dataclass(frozen=True)
class ViewSettings:
    """What is shown, where, and how much of it."""

    node: str = setting(f'/{NODE}', 'Full name of the node to look at.')
    host: str = setting('127.0.0.1', 'Address to listen on; 0.0.0.0 for all networks.')
    port: int = setting(8080, 'Port to listen on; 0 takes a free one.', minimum=0, maximum=65535)
    max_rate_hz: float = setting(
        5.0, 'Most pictures and clouds per second.', minimum=0.1, maximum=60.0
    )
    width: int = setting(640, 'Most pixels of a row of a picture.', minimum=16, maximum=4096)
    max_points: int = setting(20000, 'Most points of a cloud.', minimum=100, maximum=1_000_000)

    reliable: bool = setting(False, 'Lose no message where publishers lose none.')

    def __post_init__(self) -> None:
        """Check the limits."""
        check(self)
        if not self.node.strip('/'):
            raise SettingsError(f'node {self.node!r} is no name; give it as ros2 node list does')


class ViewNode(Node):
    """Subscribes while somebody looks; without a browser it costs the watched node nothing."""

    def __init__(self, live: LivePage, settings: ViewSettings, **node_arguments: Any) -> None:
        """Look after browsers and topics from now on."""
        super().__init__(NAME, **node_arguments)
        self._live = live
        self._is_reliable = settings.reliable
        self._label = settings.node.strip('/')
        self._reports: Reports | None = None
        self._feeds: dict[str, Feed] = {}
        self._camera = ''
        self._show: dict[str, Callable[[Any], None]] = {
            IMAGE: self._show_image,
            SCALE: lambda m: live.scale(health_of(m)),
            ENHANCED: lambda m: live.picture(panels.ENHANCED, messages.image_to_rgb(m)),
            DEPTH: lambda m: live.depth(decode_depth(m)),
            POINTS: lambda m: live.cloud(messages.cloud_values(m)),
            CAMERA_INFO: self._take_camera,
        }
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(WATCH_PERIOD_S, guarded(self, self._watch), clock=steady)
        self.create_timer(1 / settings.max_rate_hz, guarded(self, self._draw), clock=steady)

    def _watch(self) -> None:
        """Subscribe to what is to be seen, and say what is missing."""
        page = self._live.page
        if not page.viewers:
            self._rest()
            return
        if self._reports is None:
            self._reports = Reports(self, self._label)
        health = self._reports.health
        page.offer_cameras(sorted(health.cameras))
        if page.camera != self._camera:
            self._camera = page.camera
            self._live.clear()
        self._live.health(health, self._camera, self._reports.trouble())
        self._subscribe()
        for name, panel in PANELS.items():
            if name in self._feeds:
                feed = self._feeds[name]
                self._live.expect(panel, feed.source.topic, feed.trouble())

    def _subscribe(self) -> None:
        """Have the feeds that are wanted now, and no others."""
        assert self._reports is not None
        sources = wanted(self, self._reports.health, self._camera, self._is_reliable)
        for name, feed in list(self._feeds.items()):
            if feed.source != sources.get(name):
                self._feeds.pop(name).destroy()
        for name, source in sources.items():
            if name not in self._feeds:
                self._feeds[name] = Feed(self, source)

    def _rest(self) -> None:
        """Listen to nothing."""
        if self._reports is None:
            return
        self._reports.destroy()
        self._reports = None
        for feed in self._feeds.values():
            feed.destroy()
        self._feeds.clear()
        self._live.clear()

    def _draw(self) -> None:
        """Show what is new."""
        for name, feed in self._feeds.items():
            message = feed.take()
            if message is None:
                continue
            try:
                self._show[name](message)
                feed.problem = ''
            except FrameError as error:
                feed.problem = str(error)

    def _show_image(self, message: Any) -> None:
        is_raw = hasattr(message, 'encoding')
        decode = messages.image_to_rgb if is_raw else messages.compressed_to_rgb
        self._live.picture(panels.INPUT, decode(message))

    def _take_camera(self, message: Any) -> None:
        size = message.width, message.height
        self._live.camera(make_camera(size, message.k, message.distortion_model, message.d))


def run_view(
    settings: ViewSettings, remaps: tuple[str, ...], listening: Callable[[int], None]
) -> bool:
    """
    Show the node until Ctrl-C or SIGTERM.

    :param remaps: ``FROM:=TO``, as they were given to the watched node.
    :param listening: called with the port as soon as browsers may come.
    :returns: whether it was Ctrl-C.
    :raises StepsError: viser is missing, the port is in use, or ROS cannot start.
    """
    arguments = [part for remap in remaps for part in ('-r', remap)]
    was_interrupted = False
    server = start_server(settings.host, settings.port)
    try:
        live = LivePage(Page(server), settings.width, settings.max_points)
        with started([sys.argv[0], '--ros-args', *arguments]) as keep:
            node = keep(ViewNode(live, settings))
            listening(server.get_port())
            try:
                spin(node)
            except KeyboardInterrupt:
                was_interrupted = True
    finally:
        stop_server(server)
    return was_interrupted
