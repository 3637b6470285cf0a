"""
Folders of pictures with measured depth: what their layouts have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.data.frames import Image
from steps_ros.data.set_files import depth_array, picture_of, read_bytes
from steps_ros.errors import FrameError, SourceError
from steps_ros.eval.dropped import BAD_REFERENCE, DroppedError, dropping, NO_PICTURE, Tally
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.references import Visible
from steps_ros.eval.samples import Sample, SampleSource

Floats = NDArray[np.float32]


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
        return picture_of(path)


def read_depth_array(path: Path) -> Floats:
    """
    Read depth in metres from an .npy of two dimensions; objects in it are refused.

    :raises DroppedError: missing, damaged, or of another shape.
    """
    with dropping(BAD_REFERENCE):
        return depth_array(path)


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
