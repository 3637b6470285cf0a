"""
How large pictures travel between processes of one machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
import shutil
from xml.etree import ElementTree

from steps_ros.doctor.finding import fail, Finding, note, ok
from steps_ros.ros.processes import (
    OLD_DISTROS,
    PROFILE,
    PROFILE_VARIABLES,
    SHARED_MEMORY,
    SHARED_MEMORY_BYTES,
    shipped_file,
)

FAST_DDS = 'fastrtps'
# Two pictures of a large camera with what is around them.
SEGMENT_BYTES = 64 << 20
DEFAULT_SEGMENT_BYTES = 512 << 10
MIB = 1 << 20


def profile(rmw: str, environment: Mapping[str, str]) -> list[Finding]:
    """
    Check that Fast DDS has room for large pictures in shared memory.

    :param rmw: name of the middleware in use; others than Fast DDS have no such profile.
    """
    if FAST_DDS not in rmw:
        says = f'{rmw} is not the middleware that this package was tried with'
        return [
            note('transport', says, 'see its documents on large messages if pictures are lost')
        ]
    known, *others = PROFILE_VARIABLES
    if environment.get('ROS_DISTRO') in OLD_DISTROS:
        known, others = others[0], [known]
    set_to = environment.get(known, '')
    if set_to:
        return [_of_file(known, Path(set_to))]
    shipped = shipped_file(PROFILE)
    remedy = f'export {known}={shipped or PROFILE} where the camera is started'
    if any(environment.get(name) for name in others) and environment.get('ROS_DISTRO'):
        return [note('transport', f'{others[0]} is set, but this ROS reads {known}', remedy)]
    says = (
        f'{known} is not set, and Fast DDS keeps {DEFAULT_SEGMENT_BYTES >> 10} KiB for pictures; '
        'launch files of this package set it for their own nodes alone'
    )
    return [note('transport', says, remedy)]


def shared_memory(folder: Path = SHARED_MEMORY, pattern: str = 'fastdds_*') -> list[Finding]:
    """Check the room for shared memory."""
    try:
        free = shutil.disk_usage(folder).free
        kept = [path.stat().st_size for path in folder.glob(pattern)]
    except OSError as error:
        says = f'{folder} cannot be used ({error.strerror}): pictures travel over the network'
        return [note('shared memory', says, 'mount a tmpfs there')]
    says = f'{free / MIB:.0f} MiB free in {folder}; Fast DDS holds {sum(kept) / MIB:.0f} MiB of it'
    if free < SHARED_MEMORY_BYTES:
        remedy = (
            f'{SHARED_MEMORY_BYTES / MIB:.0f} MiB are needed: docker run --shm-size=1g, or '
            '`fastdds shm clean` after crashes'
        )
        return [note('shared memory', says, remedy)]
    return [ok('shared memory', says)]


def _of_file(variable: str, path: Path) -> Finding:
    try:
        largest = _largest_segment(path)
    except (OSError, ElementTree.ParseError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        return fail(
            'transport',
            f'{variable} is {path}, which cannot be read: {reason}',
            f'set it to {shipped_file(PROFILE) or PROFILE}',
        )
    says = f'{variable} is {path} with segments of {largest / MIB:g} MiB'
    if largest < SEGMENT_BYTES:
        wanted = f'{SEGMENT_BYTES / MIB:.0f} MiB hold pictures of large cameras'
        return note('transport', says, f'{wanted}: take {shipped_file(PROFILE) or PROFILE}')
    return ok('transport', says)


def _largest_segment(path: Path) -> int:
    """Return the bytes of the largest segment in a profile, those of Fast DDS where none is."""
    elements = ElementTree.parse(path).iter()
    given = ((item.text or '').strip() for item in elements if item.tag.endswith('segment_size'))
    return max((int(text) for text in given if text.isdecimal()), default=DEFAULT_SEGMENT_BYTES)
