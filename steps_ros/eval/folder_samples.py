"""
Folders of pictures with measured depth: what their layouts have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.data.encodings import decode_compressed
from steps_ros.data.frames import Image
from steps_ros.errors import FrameError, SourceError
from steps_ros.eval.dropped import BAD_REFERENCE, DroppedError, dropping, NO_PICTURE, Tally
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.references import Visible
from steps_ros.eval.samples import Sample, SampleSource

Floats = NDArray[np.float32]

PICTURE_SUFFIXES = ('.png', '.jpg', '.jpeg')


class Listing(NamedTuple):
    """What a layout found: words for the report, and a function for each sample to come."""

    inputs: dict[str, str]
    makers: Sequence[Callable[[], Sample]]


class Layout(NamedTuple):
    """
    A way to lay out a folder.

    ``needs`` says in words what the folder must hold; ``root`` returns the folder that has it
    (the given one or one below), else None; ``listing`` names the samples of that root and raises
    :class:`SourceError` where a listing or calibration is damaged.
    """

    needs: str
    root: Callable[[Path], Path | None]
    listing: Callable[[Path, InputSettings], Listing]


class FolderSamples(SampleSource):
    """The samples of a folder, read one by one."""

    def __init__(self, path: Path, name: str, layout: Layout, settings: InputSettings) -> None:
        """
        List the samples.

        :param name: of the layout, for the report.
        :raises SourceError: the folder is not laid out so, a list is damaged, the mask is none.
        """
        root = layout.root(path)
        if root is None:
            raise SourceError(f'{path} has no layout {name}: {layout.needs} are needed; check it')
        listing = layout.listing(root, settings)
        inputs = {'layout': name, **listing.inputs, **settings.described('lidar' in name)}
        super().__init__(str(path), inputs, len(listing.makers))
        self._makers = listing.makers
        self._visible = Visible(settings)

    def __iter__(self) -> Iterator[Sample]:
        """
        Yield the samples in order, from the first.

        :raises SourceError: there is not a single one.
        """
        tally = Tally(self.name, self.dropped)
        made = 0
        for make in self._makers:
            try:
                sample = make()
                sample = sample._replace(reference=self._visible.kept(sample.reference))
            except DroppedError as error:
                tally.drop(error)
                continue
            made += 1
            yield sample
        if not made:
            raise SourceError(tally.nothing())


def read_picture(path: Path) -> Image:
    """
    Read an image file as (H, W, 3) uint8 RGB.

    :raises DroppedError: missing or damaged.
    """
    with dropping(NO_PICTURE):
        try:
            return decode_compressed(read_bytes(path))
        except FrameError as error:
            raise FrameError(f'{path}: {error}') from error


def read_bytes(path: Path) -> bytes:
    """
    Read a file.

    :raises FrameError: it cannot be opened.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise FrameError(f'{path} cannot be opened: {error.strerror}; check the folder') from error


def read_depth_array(path: Path) -> Floats:
    """
    Read depth in metres from an .npy of two dimensions; objects in it are refused.

    :raises DroppedError: missing, damaged, or of another shape.
    """
    with dropping(BAD_REFERENCE):
        depth = load_array(path)
        if depth.ndim != 2 or not depth.size or depth.dtype.kind not in 'fui':
            raise FrameError(
                f'{path} is {depth.dtype} of shape {depth.shape}, no depth map; give (H, W) metres'
            )
        return depth.astype(np.float32, copy=False)


def load_array(path: Path) -> NDArray[np.float64]:
    """
    Read an .npy without objects in it.

    :raises FrameError: missing or damaged.
    """
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        reason = ' '.join(str(error).split())
        raise FrameError(f'{path} cannot be read: {reason}; write it again') from error


def read_points(path: Path, columns: int) -> Floats:
    """
    Read the points (N, 3) of a binary file of float32 records of ``columns`` numbers.

    :raises DroppedError: missing, or no whole number of records.
    """
    with dropping(BAD_REFERENCE):
        content = read_bytes(path)
        if not content or len(content) % (4 * columns):
            raise FrameError(
                f'{path} of {len(content)} bytes holds no records of {columns} float32; it is '
                'truncated, copy it again'
            )
        points = np.frombuffer(content, '<f4').reshape(-1, columns)[:, :3]
        return np.asarray(points[np.isfinite(points).all(1)], np.float32)


def camera_of(matrix: NDArray[np.float64], image: Image) -> Camera:
    """
    Return the camera of an image from its K (3, 3) or (4, 4).

    :raises FrameError: K is none.
    """
    height, width = image.shape[:2]
    if matrix.ndim != 2 or min(matrix.shape) < 3:
        raise FrameError(f'intrinsics of shape {matrix.shape} are no K; give 3x3')
    (fx, _, cx), (_, fy, cy) = matrix[:2, :3].tolist()
    return Camera(width, height, fx, fy, cx, cy)


def find_picture(folder: Path, stem: str) -> Path:
    """Return the image of this stem, .png where there is none of a known suffix."""
    candidates = [folder / f'{stem}{suffix}' for suffix in PICTURE_SUFFIXES]
    return next((path for path in candidates if path.is_file()), candidates[0])


def read_lines(path: Path) -> list[str]:
    """
    Return the first word of each line of a split file; ``#`` and ``---`` begin no sample.

    :raises SourceError: it cannot be read or names nothing.
    """
    try:
        lines = path.read_text(encoding='utf-8').splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f'{path} cannot be read: {error}; check it') from error
    words = [line.split()[0] for line in lines if line.strip()]
    names = [word for word in words if not word.startswith(('#', '---'))]
    if not names:
        raise SourceError(f'{path} names no sample; write one a line')
    return names
