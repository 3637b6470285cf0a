"""
How much one input may make the package allocate, and how a user allows more.

A small file can claim a picture of gigapixels or unpack to gigabytes. What it claims is held
against these limits before memory is taken. Each has an environment variable, so that commands and
nodes are told in the same way: ``STEPS_ROS_MAX_IMAGE_PIXELS=400000000 steps-ros run ...``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
import os

from steps_ros.errors import nearest, SettingsError

PREFIX = 'STEPS_ROS_MAX_'


@dataclass(frozen=True)
class Limits:
    """
    The limits; the last part of each name is its unit.

    ``image_pixels``: of a picture, a frame of a video, a depth map. ``unpacked_bytes``: of one
    message or picture file, and of what a chunk of a bag, an archive of arrays or a file of
    weights unpacks to. ``bag_bytes``: of the compressed files of a bag, unpacked on the disk.
    ``bag_topics``: of one bag. ``text_bytes``: of a YAML file and of a .safetensors header.
    """

    image_pixels: int = 100_000_000
    unpacked_bytes: int = 1_073_741_824
    bag_bytes: int = 274_877_906_944
    bag_topics: int = 10_000
    text_bytes: int = 4_194_304


def variable(name: str) -> str:
    """Return the environment variable of a limit."""
    return PREFIX + name.upper()


def limits() -> Limits:
    """
    Return the limits that the environment sets, the defaults where it sets none.

    :raises SettingsError: a variable is no whole number above 0, or is none of a limit.
    """
    given = ((name, text) for name, text in os.environ.items() if name.startswith(PREFIX))
    return _parsed(tuple(sorted(given)))


def require_within(name: str, value: int, what: str, error: type[Exception]) -> None:
    """
    Refuse what is above a limit.

    :param name: of the limit, a field of :class:`Limits`.
    :param what: what is looked at, for the message.
    :param error: the class to raise.
    """
    allowed: int = getattr(limits(), name)
    if value > allowed:
        unit = name.rpartition('_')[2]
        raise error(
            f'{what} has {value} {unit}, more than the limit of {allowed}; make it smaller, or '
            f'set {variable(name)} higher'
        )


@lru_cache(maxsize=8)
def _parsed(given: tuple[tuple[str, str], ...]) -> Limits:
    known = {variable(item.name): item.name for item in fields(Limits)}
    for name, text in given:
        if name not in known:
            near = nearest(name, known) or ' or '.join(known)
            raise SettingsError(f'{name} is not the variable of a limit; {near} is')
        # int() takes signs, blanks and other scripts, which are more likely slips than meant.
        if not (text.isascii() and text.isdigit() and len(text) < 19 and int(text)):
            raise SettingsError(f'{name}={text!r} is not a whole number above 0; give one')
    return Limits(**{known[name]: int(text) for name, text in given})
