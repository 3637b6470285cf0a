"""
The page in the browser: pictures on the left, the cloud in the middle, diagnostics on the right.

On a narrow screen the pictures lie over the cloud, with the diagnostics folded below them.
"""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Any, NamedTuple

import numpy as np

from steps_ros.core.camera import Camera
from steps_ros.view.pictures import Image
from steps_ros.view.points import Points
from steps_ros.view.server import stop_server

INPUT, ENHANCED, DEPTH, CLOUD = 'Input', 'Enhanced', 'Depth', 'Cloud'
PICTURES_PX, DIAGNOSTICS_PX = 356, 348
FIT_COLOURS = 'Fit colours to this picture'
NO_CAMERA = '-'
_BLANK = np.zeros((9, 16, 3), np.uint8)
_ORANGE = (255, 165, 0)


class _Panel(NamedTuple):
    """A picture and what stands above it."""

    caption: Any
    image: Any


class Page:
    """
    What all browsers show that look at one server; every browser has the same.

    :param server: as made by :func:`steps_ros.view.server.start_server`.
    """

    def __init__(self, server: Any) -> None:
        self._server = server
        self._wants_fit = False
        self._cloud: Any = None
        self._frustum: Any = None
        self._drawn: tuple[Camera, float] | None = None
        self._size = 0.0
        server.gui.configure_theme(dark_mode=True, show_logo=False, show_share_button=False)
        server.scene.set_up_direction('-y')
        self._headline = server.gui.add_html('')
        self._cameras = server.gui.add_dropdown('Camera', (NO_CAMERA,), visible=False)
        self._panels = {name: self._add_panel() for name in (INPUT, ENHANCED)}
        depth_caption, self._legend = server.gui.add_html(''), server.gui.add_html('')
        self._panels[DEPTH] = _Panel(depth_caption, self._add_image())
        self._fit = server.gui.add_button(FIT_COLOURS, visible=False)
        self._fit.on_click(self._on_fit)
        self._cloud_caption = server.gui.add_html('')
        server.gui.main_panel.dock_left()
        server.gui.main_panel.set_width(PICTURES_PX)
        panel = server.gui.add_panel()
        with panel.add_tab('Diagnostics'):
            self._health = server.gui.add_html('')
        panel.dock_right()
        panel.set_width(DIAGNOSTICS_PX)

    @property
    def viewers(self) -> int:
        """Return how many browsers are connected."""
        return len(self._server.get_clients())

    @property
    def camera(self) -> str:
        """Return the chosen camera, empty for the only one or none."""
        chosen = str(self._cameras.value)
        return '' if chosen == NO_CAMERA else chosen

    def offer_cameras(self, names: Sequence[str]) -> None:
        """Let people choose, where there is something to choose."""
        options = tuple(name or NO_CAMERA for name in names) or (NO_CAMERA,)
        if options != tuple(self._cameras.options):
            self._cameras.options = options
            self._cameras.visible = len(options) > 1

    def wants_fit(self) -> bool:
        """Say whether the button for new colours was pressed since the last call."""
        wanted, self._wants_fit = self._wants_fit, False
        return wanted

    def show_picture(self, panel: str, image: Image) -> None:
        """Show (H, W, 3) uint8 RGB in ``INPUT``, ``ENHANCED`` or ``DEPTH``."""
        shown = self._panels[panel].image
        shown.image = image
        if not shown.visible:
            shown.visible = True

    def say(self, panel: str, caption: str) -> None:
        """Write HTML above a picture, or about the cloud."""
        _write(self._cloud_caption if panel == CLOUD else self._panels[panel].caption, caption)

    def show_legend(self, legend: str) -> None:
        """Write what the colours of depth mean, HTML, and offer to fit them."""
        _write(self._legend, legend)
        self._fit.visible = bool(legend)

    def show_health(self, headline: str, statuses: str) -> None:
        """Write how the node is: HTML of one line, and of all that is known."""
        _write(self._headline, headline)
        _write(self._health, statuses)

    def show_cloud(self, points: Points, camera: Camera | None) -> None:
        """Draw points and what the camera sees; the first points decide where one looks from."""
        size = self._size or points.median_depth
        with self._server.atomic():
            self._cloud = self._server.scene.add_point_cloud(
                '/cloud',
                points.positions,
                points.colours,
                point_size=0.005 * size,
                point_shape='square',
                point_shading='flat',
            )
            if camera is not None and (camera, size) != self._drawn:
                self._drawn = camera, size
                self._frustum = self._draw_camera(camera, size)
        if not self._size and len(points.positions):
            self._size = size
            self._look(size)

    def clear(self) -> None:
        """Show nothing that is no longer true."""
        for panel in self._panels.values():
            panel.image.visible = False
            _write(panel.caption, '')
        self.show_legend('')
        self.show_health('', '')
        _write(self._cloud_caption, '')
        self.clear_cloud()

    def clear_cloud(self) -> None:
        """Take the cloud away; the next one may be of another size."""
        for node in (self._cloud, self._frustum):
            if node is not None:
                node.remove()
        self._cloud = self._frustum = self._drawn = None
        self._size = 0.0

    def close(self) -> None:
        """Let all browsers go and free the port."""
        stop_server(self._server)

    def _add_panel(self) -> _Panel:
        return _Panel(self._server.gui.add_html(''), self._add_image())

    def _add_image(self) -> Any:
        return self._server.gui.add_image(_BLANK, format='jpeg', visible=False)

    def _draw_camera(self, camera: Camera, size: float) -> Any:
        return self._server.scene.add_camera_frustum(
            '/camera',
            fov=2 * math.atan(camera.height / 2 / camera.fy),
            aspect=camera.width * camera.fy / (camera.height * camera.fx),
            scale=0.12 * size,
            thickness=0.001 * size,
            color=_ORANGE,
        )

    def _on_fit(self, _: Any) -> None:
        self._wants_fit = True

    def _look(self, size: float) -> None:
        """Look from behind and above the camera, in browsers that are there and that come."""
        clients = self._server.get_clients().values()
        for camera in (self._server.initial_camera, *(client.camera for client in clients)):
            camera.position = (0.0, -0.3 * size, -0.5 * size)
            camera.look_at = (0.0, 0.0, size)


def _write(place: Any, html: str) -> None:
    """Send only what is new."""
    if place.content != html:
        place.content = html
