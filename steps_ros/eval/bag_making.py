"""
A sample out of a picture's message and its reference's.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from steps_ros.core.camera import Camera
from steps_ros.data.camera_info import View
from steps_ros.data.cameras import fitted
from steps_ros.data.clouds import decode_cloud
from steps_ros.data.depth_images import decode_compressed_depth, decode_depth
from steps_ros.data.encodings import decode_compressed, decode_image_message
from steps_ros.data.frames import Image
from steps_ros.data.pairing import Message
from steps_ros.data.poses import Doubles
from steps_ros.data.transforms import frame_name
from steps_ros.errors import FrameError
from steps_ros.eval.bag_topics import Topics
from steps_ros.eval.dropped import (
    BAD_REFERENCE,
    DroppedError,
    dropping,
    NO_CAMERA,
    NO_PICTURE,
    NO_POSE,
    NO_PREDICTION,
)
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.motion import Motion
from steps_ros.eval.references import (
    Floats,
    reference_from_depth,
    reference_from_points,
    Visible,
)
from steps_ros.eval.samples import Reference, Sample


class Made(NamedTuple):
    """What is evaluated: pixels or a recorded depth, its size (height, width), its frame."""

    image: Image | None
    prediction: Floats | None
    size: tuple[int, int]
    frame: str


class Maker:
    """
    Decodes, projects and masks; knows the settings and reads ``motion``, which others fill.

    ``view`` is that of the latest camera_info, None before any; ``frame`` the camera's frame
    where its messages name none.
    """

    def __init__(
        self, topics: Topics, settings: InputSettings, motion: Motion, frame: str
    ) -> None:
        """
        Read the mask.

        :raises SourceError: it is no picture.
        """
        self.motion = motion
        self.view: View | None = None
        self._topics = topics
        self._settings = settings
        self._frame = frame
        self._visible = Visible(settings)

    def sample(
        self, picture: Message, reference: Message, image: Message | None, names: tuple[str, str]
    ) -> Sample:
        """
        Make the sample.

        :param image: the picture that a recorded depth was predicted from, None without one.
        :param names: drive and stem.
        :raises DroppedError: something of it cannot be used.
        """
        made = self._made(picture, image)
        known = None if self.view is None else self.view.camera
        camera = fitted(known, made.size[1], made.size[0])
        if camera is None and self._settings.intrinsics is not None:
            raise DroppedError(NO_CAMERA, self._no_camera(made.size))
        measured = self._reference(made, camera, picture.stamp_ns, reference)
        return Sample(
            drive=names[0],
            camera=self._topics.pictures,
            stem=names[1],
            stamp_ns=picture.stamp_ns,
            image=made.image,
            intrinsics=camera,
            reference=self._visible.kept(measured),
            prediction=made.prediction,
            world_from_camera=self._pose(made.frame, picture.stamp_ns),
            mounting=self.motion.mounting(made.frame, picture.stamp_ns),
            gap_ns=reference.stamp_ns - picture.stamp_ns,
        )

    def _made(self, picture: Message, image: Message | None) -> Made:
        frame = frame_name(picture.content.header.frame_id) or self._frame
        if self._topics.prediction is None:
            with dropping(NO_PICTURE):
                pixels = _decode_picture(picture.content)
            return Made(pixels, None, (pixels.shape[0], pixels.shape[1]), frame)
        with dropping(NO_PREDICTION):
            prediction = _decode_depth(picture.content)
        height, width = prediction.shape
        with dropping(NO_PICTURE):
            beside = None if image is None else _decode_picture(image.content)
        return Made(beside, prediction, (height, width), frame)

    def _reference(
        self, made: Made, camera: Camera | None, stamp_ns: int, reference: Message
    ) -> Reference:
        if not self._topics.is_lidar:
            with dropping(BAD_REFERENCE):
                depth = _decode_depth(reference.content)
            return reference_from_depth(depth, made.size)
        if camera is None or self.view is None:
            raise DroppedError(NO_CAMERA, self._no_camera(made.size))
        with dropping(BAD_REFERENCE):
            cloud = decode_cloud(reference.content)
        source = frame_name(reference.content.header.frame_id)
        with dropping(NO_POSE):
            points = self.motion.points_at(
                cloud, (source, reference.stamp_ns), (made.frame, stamp_ns)
            )
        points = points @ self.view.rotation.T.astype(np.float32)
        with dropping(NO_CAMERA):
            return reference_from_points(points, camera, self._settings)

    def _no_camera(self, size: tuple[int, int]) -> str:
        if self.view is None:
            return f'no camera_info has come on {self._topics.info}; record it from the start'
        camera, given = self.view.camera, self._settings.intrinsics
        remedy = 'choose by --camera-info-topic' if given is None else 'give those of this camera'
        return (
            f'{given or self._topics.info} is for {camera.width}x{camera.height}, the picture has '
            f'{size[1]}x{size[0]}, another shape; {remedy}'
        )

    def _pose(self, frame: str, stamp_ns: int) -> Doubles | None:
        try:
            return self.motion.world_from(frame, stamp_ns)
        except FrameError:
            return None


def _decode_picture(message: Any) -> Image:
    """Decode an Image or a CompressedImage, which alone has a format."""
    if hasattr(message, 'format'):
        return decode_compressed(message.data)
    return decode_image_message(message)


def _decode_depth(message: Any) -> Floats:
    if hasattr(message, 'format'):
        return decode_compressed_depth(message)
    return decode_depth(message)
