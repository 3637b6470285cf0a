"""
Arrays and statuses of one node and camera as they come, onto the page.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.view import markup
from steps_ros.view.health import Health, NodeHealth, unit_of
from steps_ros.view.page import CLOUD, DEPTH, Page
from steps_ros.view.pictures import DepthPainter, fit_width, Image
from steps_ros.view.points import thin_points


class _Caption(NamedTuple):
    """What is known of a picture: its topic, its size, what is wrong with it."""

    topic: str = ''
    detail: str = ''
    problem: str = ''


class LivePage:
    """
    Decides what the page says.

    :param width: most pixels of a picture's row.
    :param max_points: most points of a cloud.
    """

    def __init__(self, page: Page, width: int, max_points: int) -> None:
        self.page = page
        self._width, self._max_points = width, max_points
        self._painter = DepthPainter()
        self._captions: dict[str, _Caption] = {}
        self._unit = ''
        self._camera: Camera | None = None

    def clear(self) -> None:
        """Forget everything, as when another camera is looked at."""
        self._captions.clear()
        self._painter.forget()
        self._camera, self._unit = None, ''
        self.page.clear()

    def expect(self, panel: str, topic: str, problem: str) -> None:
        """Say where a picture or the cloud comes from, and what is wrong with that."""
        known = self._captions.get(panel, _Caption())
        self._caption(panel, known._replace(topic=topic, problem=problem))

    def picture(self, panel: str, image: Image) -> None:
        """Show (H, W, 3) uint8 RGB."""
        self.page.show_picture(panel, fit_width(image, self._width))
        self._received(panel, f'{image.shape[1]}x{image.shape[0]}')

    def depth(self, depth: NDArray[np.float32]) -> None:
        """Show (H, W); NaN unknown, infinity beyond the range."""
        if self.page.wants_fit():
            self._painter.forget()
        painted, colours = self._painter.paint(depth, self._unit, self._width)
        self.page.show_picture(DEPTH, painted)
        self.page.show_legend(markup.legend(colours))
        self._received(DEPTH, f'{depth.shape[1]}x{depth.shape[0]}')

    def cloud(self, cloud: NDArray[np.float32]) -> None:
        """Show an organised cloud (H, W, 4), as :func:`thin_points` takes it."""
        points = thin_points(cloud, self._max_points)
        self.page.show_cloud(points, self._camera)
        self._received(CLOUD, f'{len(points.positions)} of {points.total} points')

    def camera(self, camera: Camera) -> None:
        """Take the intrinsics of the outputs; what they see is drawn with the next cloud."""
        self._camera = camera

    def scale(self, status: Health) -> None:
        """Take the unit of depth and cloud from now on."""
        unit = unit_of(status)
        if unit != self._unit:
            self._unit = unit
            self.page.clear_cloud()

    def health(self, node: NodeHealth, camera: str, problem: str) -> None:
        """Show what the node said of itself, or ``problem`` where it said nothing."""
        shown = node.shown(camera)
        self.page.show_health(
            markup.headline(node.label, shown, problem), markup.health_list(shown)
        )

    def _received(self, panel: str, detail: str) -> None:
        known = self._captions.get(panel, _Caption())
        self._caption(panel, known._replace(detail=detail, problem=''))

    def _caption(self, panel: str, caption: _Caption) -> None:
        self._captions[panel] = caption
        self.page.say(panel, markup.caption(panel, *caption))
