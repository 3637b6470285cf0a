"""
Cameras from numbers and from files.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from steps_ros.core.camera import Camera
from steps_ros.errors import FrameError, SourceError

CAMERA_FILES = ('camera.yaml', 'camera_info.yaml')
# Focal lengths in widths of the picture that lenses of vehicles have, with much room.
SHORTEST_FOCAL, LONGEST_FOCAL = 0.1, 20.0


def make_camera(
    size: tuple[int, int],
    matrix: Sequence[float],
    distortion_model: str = 'plumb_bob',
    distortion: Sequence[float] = (),
) -> Camera:
    """
    Build a camera from the rows of K; six of its numbers are enough.

    :raises FrameError: numbers that no camera has.
    """
    fx, _, cx, _, fy, cy = (float(number) for number in matrix[:6])
    width, height = (int(number) for number in size)
    coefficients = tuple(float(number) for number in distortion)
    return Camera(width, height, fx, fy, cx, cy, distortion_model or 'plumb_bob', coefficients)


def check_plausible(camera: Camera, name: str) -> None:
    """
    Look whether intrinsics are of pictures of this size.

    :param name: of the matrix.
    :raises FrameError: they are of others, or of none.
    """
    inside = 0 <= camera.cx <= camera.width and 0 <= camera.cy <= camera.height
    shortest, longest = sorted((camera.fx, camera.fy))
    if inside and SHORTEST_FOCAL * camera.width <= shortest <= longest <= (
        LONGEST_FOCAL * camera.width
    ):
        return
    raise FrameError(
        f'{name} with fx {camera.fx:g} fy {camera.fy:g} cx {camera.cx:g} cy {camera.cy:g} does '
        f'not fit pictures of {camera.width}x{camera.height}; calibrate the camera'
    )


def fitted(camera: Camera | None, width: int, height: int) -> Camera | None:
    """Return the camera at this image size; None where there is none or its shape is another."""
    if camera is None or not camera.fits(width, height):
        return None
    if (camera.width, camera.height) == (width, height):
        return camera
    return camera.resized(width, height)


def find_camera_file(folder: Path) -> Path | None:
    """Return camera.yaml or camera_info.yaml in the folder, else in its parent, else None."""
    places = (folder, folder.absolute().parent)
    candidates = (place / name for place in places for name in CAMERA_FILES)
    return next((path for path in candidates if path.is_file()), None)


def read_camera(path: Path) -> Camera:
    """
    Read a calibration file.

    Two forms are taken: that of ``camera_calibration`` (image_width, image_height,
    camera_matrix.data, distortion_model, distortion_coefficients.data) and the keys
    width height fx fy cx cy.

    :raises SourceError: not YAML, a missing key, or numbers that no camera has.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
        if 'camera_matrix' in content:
            return _from_calibration(content)
        size = (content['width'], content['height'])
        matrix = (content['fx'], 0, content['cx'], 0, content['fy'], content['cy'], 0, 0, 1)
        return make_camera(size, matrix)
    except KeyError as error:
        raise SourceError(f'{path} has no key {error}; write width height fx fy cx cy') from error
    except (OSError, ValueError, TypeError, IndexError, yaml.YAMLError, FrameError) as error:
        reason = ' '.join(str(error).split())
        raise SourceError(f'{path} is no camera file: {reason}; correct or remove it') from error


def _from_calibration(content: dict[str, Any]) -> Camera:
    return make_camera(
        (content['image_width'], content['image_height']),
        content['camera_matrix']['data'],
        content.get('distortion_model', 'plumb_bob'),
        content.get('distortion_coefficients', {}).get('data', ()),
    )
