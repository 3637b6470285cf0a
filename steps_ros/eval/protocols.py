"""
What counts in a comparison: ranges, crops, and how a prediction meets its reference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from steps_ros.errors import FrameError, SettingsError
from steps_ros.eval.metrics import MIN_DEPTH, NIGHT_CAP
from steps_ros.eval.samples import Reference, Sample

Resize = Literal['surface', 'nearest']
DAY_CAP = 80.0


class Crop(NamedTuple):
    """The part of the picture that counts, as shares of its height and width."""

    top: float
    bottom: float
    left: float
    right: float


# Garg et al. 2016, the crop that monocular depth is compared in on KITTI.
GARG = Crop(0.40810811, 0.99189189, 0.03594771, 0.96405229)
EIGEN = Crop(0.3324324, 0.91351351, 0.0359477, 0.96405229)
CROPS = {'none': None, 'garg': GARG, 'eigen': EIGEN}


@dataclass(frozen=True)
class Protocol:
    """
    How a frame is compared.

    :param cap: reference depth in (min_depth, cap) metres counts; predictions are clipped to it.
    :param crop: part of the picture that counts, None for all.
    :param centre: (height, width) of the middle that is cut out of picture and reference first.
    :param network_size: (height, width) the network is meant to see; None for its own.
    :param resize: how a prediction meets a reference: ``surface`` as the node's depth image is
        read between pixels, ``nearest`` as the published evaluation code does.
    :raises SettingsError: a cap that is not above ``min_depth``.
    """

    name: str = 'default'
    cap: float = DAY_CAP
    min_depth: float = MIN_DEPTH
    crop: Crop | None = None
    centre: tuple[int, int] | None = None
    network_size: tuple[int, int] | None = None
    resize: Resize = 'surface'

    def __post_init__(self) -> None:
        """Check the range."""
        if not self.cap > self.min_depth:
            raise SettingsError(f'cap {self.cap} m: it must be above {self.min_depth:g} m')

    def counted(self, sample: Sample) -> Sample:
        """
        Return the sample with the picture and the reference points that count.

        :raises FrameError: nothing counts, or the picture is smaller than ``centre``.
        """
        if self.centre is not None:
            sample = _cut_out(sample, *self.centre)
        reference = sample.reference
        inside = (reference.depth > self.min_depth) & (reference.depth < self.cap)
        if self.crop is not None:
            inside &= _within(reference, self.crop)
        if not inside.any():
            raise FrameError(
                f'no reference between {self.min_depth:g} and {self.cap:g} m inside the crop'
            )
        return sample._replace(reference=_chosen(reference, inside))


PROTOCOLS = {
    'default': Protocol(),
    'nuscenes-night': Protocol(
        'nuscenes-night', NIGHT_CAP, network_size=(384, 768), resize='nearest'
    ),
    'robotcar-night': Protocol(
        'robotcar-night', NIGHT_CAP, centre=(640, 1152), network_size=(320, 576), resize='nearest'
    ),
    'robotcar-night-40': Protocol(
        'robotcar-night-40', 40.0, centre=(640, 1152), network_size=(320, 576), resize='nearest'
    ),
    'kitti': Protocol('kitti', DAY_CAP, min_depth=1e-3, crop=GARG),
}


def make_protocol(name: str | None, cap: float | None, crop: str | None) -> Protocol:
    """
    Return a protocol by name, with another cap or crop where one is given.

    :param crop: none, garg, eigen, or TOP,BOTTOM,LEFT,RIGHT as shares of the picture.
    :raises SettingsError: an unknown name or crop, or a cap that cannot be.
    """
    try:
        protocol = PROTOCOLS[name or 'default']
    except KeyError:
        raise SettingsError(
            f"protocol '{name}' is unknown; known are {', '.join(PROTOCOLS)}"
        ) from None
    if cap is not None:
        protocol = replace(protocol, cap=cap)
    if crop is not None:
        protocol = replace(protocol, crop=_read_crop(crop))
    return protocol


def _read_crop(text: str) -> Crop | None:
    if text in CROPS:
        return CROPS[text]
    try:
        crop = Crop(*(float(part) for part in text.split(',')))
    except (TypeError, ValueError):
        crop = Crop(1, 0, 1, 0)
    if not (0 <= crop.top < crop.bottom <= 1 and 0 <= crop.left < crop.right <= 1):
        raise SettingsError(
            f"crop '{text}' cannot be; write {', '.join(CROPS)} or TOP,BOTTOM,LEFT,RIGHT as "
            'shares of the picture, such as 0.4,1,0,1'
        )
    return crop


def _within(reference: Reference, crop: Crop) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    height, width = reference.size
    rows, columns = reference.rows, reference.columns
    return np.asarray(
        (rows >= int(crop.top * height)) & (rows < int(crop.bottom * height))
        & (columns >= int(crop.left * width)) & (columns < int(crop.right * width))
    )  # fmt: skip


def _cut_out(sample: Sample, height: int, width: int) -> Sample:
    """Return the middle of picture and reference."""
    reference = sample.reference
    top, left = (reference.size[0] - height) // 2, (reference.size[1] - width) // 2
    if top < 0 or left < 0:
        raise FrameError(
            f'a picture of {reference.size[1]}x{reference.size[0]} is smaller than the crop of '
            f'{width}x{height}; use the original pictures'
        )
    rows, columns = reference.rows - top, reference.columns - left
    inside = (rows > -0.5) & (rows < height - 0.5) & (columns > -0.5) & (columns < width - 0.5)
    moved = Reference(columns, rows, reference.depth, (height, width))
    camera, image, prediction = sample.intrinsics, sample.image, sample.prediction
    window = slice(top, top + height), slice(left, left + width)
    if prediction is not None and prediction.shape != reference.size:
        raise FrameError(
            f'a recorded depth of {prediction.shape[1]}x{prediction.shape[0]} cannot be cut like '
            f'a reference of {reference.size[1]}x{reference.size[0]}; choose another protocol'
        )
    return sample._replace(
        reference=_chosen(moved, inside),
        image=None if image is None else image[window],
        intrinsics=None if camera is None else camera.cropped(left, top, width, height),
        prediction=None if prediction is None else prediction[window],
    )


def _chosen(reference: Reference, inside: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Reference:
    return Reference(
        reference.columns[inside], reference.rows[inside], reference.depth[inside], reference.size
    )
