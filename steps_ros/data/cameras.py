"""
Cameras from numbers and from files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import logging
from pathlib import Path
from typing import Any

from steps_ros.core.camera import Camera
from steps_ros.errors import FrameError, nearest, SourceError
from steps_ros.yaml_file import read_yaml

CAMERA_FILES = ('camera.yaml', 'camera_info.yaml')
# Focal lengths in widths of the picture that lenses of vehicles have, with much room.
SHORTEST_FOCAL, LONGEST_FOCAL = 0.1, 20.0
KEYS = ('width', 'height', 'fx', 'fy', 'cx', 'cy')
CALIBRATION_KEYS = (
    'image_width',
    'image_height',
    'camera_name',
    'camera_matrix',
    'distortion_model',
    'distortion_coefficients',
    'rectification_matrix',
    'projection_matrix',
)
# As alike as this, as a share of the letters, and it is misspelt, and none of another tool.
MISSPELT = 0.85

logger = logging.getLogger(__name__)


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

    Further keys of the first form, which other tools write, are named in a warning.

    :raises SourceError: not YAML, a missing or misspelt key, or numbers that no camera has.
    """
    try:
        content = read_yaml(path)
        is_calibration = any(key in content for key in CALIBRATION_KEYS)
        _check_keys(path, content, CALIBRATION_KEYS if is_calibration else KEYS)
        if is_calibration:
            return _from_calibration(content)
        size = (content['width'], content['height'])
        matrix = (content['fx'], 0, content['cx'], 0, content['fy'], content['cy'], 0, 0, 1)
        return make_camera(size, matrix)
    except KeyError as error:
        raise SourceError(
            f'{path} has no key {error}; write {" ".join(KEYS)}, or all that camera_calibration '
            'writes'
        ) from error
    # A key of another kind than is meant: a list where a mapping is, infinity for a size.
    except (
        ValueError,
        TypeError,
        IndexError,
        ArithmeticError,
        AttributeError,
        FrameError,
    ) as error:
        reason = ' '.join(str(error).split())
        raise SourceError(f'{path} is no camera file: {reason}; correct or remove it') from error


def _check_keys(path: Path, content: Iterable[Any], known: Sequence[str]) -> None:
    """Refuse keys that look like misspelt ones, and in the short form all others, too."""
    for key in content:
        if key in known:
            continue
        near = nearest(str(key), known, MISSPELT)
        if near:
            raise SourceError(f'{path}: unknown key {key!r}; did you mean {near!r}?')
        if known is KEYS:
            raise SourceError(
                f'{path}: unknown key {key!r}; known are {" ".join(KEYS)}, and for a lens that '
                'bends those that camera_calibration writes'
            )
        logger.warning('%s: key %r is not used', path, key)


def _from_calibration(content: dict[str, Any]) -> Camera:
    model = content.get('distortion_model', 'plumb_bob')
    if not isinstance(model, str):
        raise ValueError(f'distortion_model {model!r} is no name')
    return make_camera(
        (content['image_width'], content['image_height']),
        content['camera_matrix']['data'],
        model,
        content.get('distortion_coefficients', {}).get('data', ()),
    )
