"""
Where the depth that is evaluated comes from: a network, or what a node has recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from steps_ros.data.bags import open_bag, RawMessage
from steps_ros.data.closing import Closing
from steps_ros.data.depth_images import decode_depth
from steps_ros.data.messages import IMAGE
from steps_ros.data.transforms import message_stamp_ns
from steps_ros.errors import FrameError, SourceError
from steps_ros.eval.protocols import Protocol
from steps_ros.eval.samples import Floats, Sample
from steps_ros.inference.light_state import enhancement_alone
from steps_ros.inference.prediction import Outputs
from steps_ros.inference.predictor import Predictor

NODE_DEPTH_TOPIC = '/night_depth/output/depth'
DEPTH_ALONE = Outputs(enhanced=False, depth=True, confidence=False)


def network_depth(
    predictor: Predictor, protocol: Protocol, scale: float, sample: Sample, *, light: str = 'night'
) -> Floats:
    """
    Return what the network predicts for a sample's picture, as the node would publish it.

    A protocol that takes the nearest pixel gets the network's own pixels.

    :param predictor: with a depth network.
    :param scale: metres of one unit.
    :param light: one of :data:`steps_ros.inference.light_state.LIGHTS`; by day and at dusk the
        picture is enhanced less.
    :returns: (h, w), at the picture's size or the network's.
    :raises FrameError: the sample has no picture.
    """
    if sample.image is None:
        raise FrameError('no picture to predict from')
    size = None
    if protocol.resize == 'nearest':
        size = predictor.network_size(sample.image.shape[0], sample.image.shape[1])
    enhancement = enhancement_alone(sample.image, light)
    depth = predictor.predict(
        sample.image, DEPTH_ALONE, size, sample.intrinsics, enhancement
    ).depth
    assert depth is not None
    return np.asarray(depth * np.float32(scale))


def recorded_beside(sample: Sample) -> Floats:
    """
    Return the depth that was recorded beside the reference.

    :raises FrameError: none was.
    """
    if sample.prediction is None:
        raise FrameError('no recorded depth beside this picture')
    return sample.prediction


class RecordedDepth(Closing):
    """
    Depth images of a recording, found by the stamp of the picture they were predicted from.

    Samples must come in the order of their stamps; one depth image is held in memory. Use it as
    a context manager.
    """

    def __init__(self, path: Path, topic: str = NODE_DEPTH_TOPIC) -> None:
        """
        Open the recording.

        :raises SourceError: it cannot be read or has no depth on this topic.
        """
        with ExitStack() as opened:
            self._bag = opened.enter_context(open_bag(path))
            there = [item.name for item in self._bag.topics if item.message_type == IMAGE]
            if topic not in there:
                raise SourceError(
                    f'{path} has no depth on {topic}; its image topics: '
                    f"{', '.join(there) or 'none'}; record the node's output/depth"
                )
            self._messages: Iterator[RawMessage] = iter(self._bag.messages([topic]))
            self._next = self._read()
            self._resources = opened.pop_all()

    def depth(self, sample: Sample) -> Floats:
        """
        Return the depth (h, w) with the sample's stamp.

        :raises FrameError: the recording has none, or it is damaged.
        """
        while self._next is not None and self._next[0] < sample.stamp_ns:
            self._next = self._read()
        if self._next is None or self._next[0] != sample.stamp_ns:
            raise FrameError('the node published no depth for this picture')
        return decode_depth(self._next[1])

    def close(self) -> None:
        """Close the recording."""
        self._resources.close()

    def _read(self) -> tuple[int, object] | None:
        raw = next(self._messages, None)
        if raw is None:
            return None
        message = self._bag.decode(raw)
        return message_stamp_ns(message) or raw.receive_ns, message
