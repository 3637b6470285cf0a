"""
A street made ready for rays, and what moves in it at one moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from steps_ros.sim.bonnet import draw_bonnet
from steps_ros.sim.glow import Glow, glow_of
from steps_ros.sim.lamps import join_lamps, Lamps
from steps_ros.sim.mesh import join, Mesh
from steps_ros.sim.raycast import RayScene
from steps_ros.sim.render import Part, View
from steps_ros.sim.road import Doubles
from steps_ros.sim.settings import ClipSettings, Stream
from steps_ros.sim.sky import draw_sky, Sky
from steps_ros.sim.street import draw_street, draw_way, Street
from steps_ros.sim.texture import draw_look, Look
from steps_ros.sim.traffic import Placed
from steps_ros.sim.trajectory import draw_mounting, ego_body, ego_lamps, Mounting


@dataclass(frozen=True)
class Moment:
    """
    The world at one time.

    ``seconds`` since the street's first frame; ``body`` world_from_body of the ego vehicle, x
    along its nose, on the road under the camera; ``placed`` the moving vehicles, in the order of
    their faces in ``moving``; ``lamps`` all that is lit.
    """

    seconds: float
    body: Doubles
    placed: tuple[Placed, ...]
    moving: Part | None
    lamps: Lamps

    def parts(self, static: Part) -> tuple[Part, ...]:
        """Return all that rays can meet."""
        return (static,) if self.moving is None else (static, self.moving)


@dataclass(frozen=True)
class World:
    """One street with its camera, its light and all that stands, ready for rays."""

    settings: ClipSettings
    street: Street
    mounting: Mounting
    look: Look
    sky: Sky
    glow: Glow | None
    static: Part
    bonnet: Mesh | None

    def body(self, seconds: float) -> Doubles:
        """Return world_from_body of the ego vehicle."""
        traffic = self.street.traffic
        along = traffic.ego_speed * seconds
        return ego_body(self.street.road, self.mounting, along, traffic.ego_left)

    def placed(self, seconds: float) -> tuple[Placed, ...]:
        """Return where the moving vehicles are."""
        traffic = self.street.traffic
        return traffic.placed(self.street.road, traffic.ego_speed * seconds, seconds)

    def moment(self, seconds: float, placed: tuple[Placed, ...] | None = None) -> Moment:
        """
        Return what is where ``seconds`` after the first frame.

        :param placed: the vehicles' places at that time, where they are known already.
        """
        traffic = self.street.traffic
        body = self.body(seconds)
        placed = self.placed(seconds) if placed is None else placed
        bonnet = None if self.bonnet is None else self.bonnet.moved(body)
        meshes = [mesh for mesh in (traffic.mesh(placed), bonnet) if mesh is not None]
        moving = _part(join(meshes), body) if meshes else None
        lamps = join_lamps([])
        if self.settings.time == 'night':
            along = traffic.ego_speed * seconds
            of_traffic = [traffic.headlamps(placed, along), traffic.tail_lamps(placed, along)]
            own = ego_lamps(self.mounting, body)
            lamps = join_lamps([self.street.lamps, *of_traffic, own])
        return Moment(seconds, body, placed, moving, lamps)

    def view(self, moment: Moment) -> View:
        """Return what a camera could see at that moment."""
        parts = moment.parts(self.static)
        return View(parts, moment.lamps, self.sky, self.look, self.street.road, glow=self.glow)


def _part(mesh: Mesh, near: Doubles) -> Part:
    """Return a mesh ready for rays round a place."""
    return Part(mesh, RayScene(mesh, near[:3, 3]))


# Streets follow one another; the parts of a drive that one process draws come from few of them.
@lru_cache(maxsize=2)
def make_world(settings: ClipSettings) -> World:
    """Draw a scene; the last ones are kept, since a street takes longer than a frame."""
    street = draw_street(settings)
    mounting = draw_mounting(settings)
    generator = settings.generator(Stream.LIGHT)
    look = draw_look(generator)
    sky = draw_sky(generator, settings.time)
    glow = glow_of(street.lamps) if settings.time == 'night' else None
    start = ego_body(street.road, mounting, 0.0, street.traffic.ego_left)
    static = _part(street.static, start)
    bonnet = draw_bonnet(mounting, settings.generator(Stream.CAMERA, 2))
    return World(settings, street, mounting, look, sky, glow, static, bonnet)


def ego_path(settings: ClipSettings, seconds: Sequence[float]) -> list[Doubles]:
    """Return world_from_body of the ego vehicle at some times, without drawing the street."""
    place, traffic = draw_way(settings)
    mounting = draw_mounting(settings)
    return [
        ego_body(place.road, mounting, traffic.ego_speed * time, traffic.ego_left)
        for time in seconds
    ]
