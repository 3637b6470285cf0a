"""
What each camera has while the node is active, and all their frames through one model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
import time
from typing import NamedTuple

from rclpy.node import Node

from steps_ros.inference.prediction import Prediction
from steps_ros.ros.calibration import Calibration
from steps_ros.ros.diagnostics import CameraState
from steps_ros.ros.image_input import image_topic, ImageInput, Incoming
from steps_ros.ros.light import LightWatch
from steps_ros.ros.model import Model
from steps_ros.ros.node_settings import Live
from steps_ros.ros.outputs import OutputTopics
from steps_ros.ros.parameters import NightDepthSettings
from steps_ros.ros.pipeline import Pipeline, Prepared, Watches
from steps_ros.ros.scale import ScaleWatch
from steps_ros.ros.scale_sources import ScaleSource
from steps_ros.ros.spin import guarded
from steps_ros.ros.statistics import Drop, FrameStatistics


class CameraFrame(NamedTuple):
    """A frame, and the pipeline of the camera that it came from."""

    pipeline: Pipeline
    frame: Incoming


class CameraStream:
    """
    Topics, scale, light and counts of one camera; make and destroy it in the executor's thread.

    :param camera: its name, empty where the node has one camera.
    :param statistics: counts on, over deactivations.
    :param offer: takes a camera's name and frame, and returns at once.
    """

    def __init__(
        self,
        node: Node,
        camera: str,
        settings: Live[NightDepthSettings],
        statistics: FrameStatistics,
        model: Model,
        offer: Callable[[str, CameraFrame], None],
    ) -> None:
        label = node.get_fully_qualified_name().lstrip('/')
        self.name = f'{label}/{camera}' if camera else label
        self._settings, self._statistics = settings, statistics
        statistics.rearm()
        self.previous = statistics.snapshot()
        self.topics = OutputTopics(node, camera)
        self._source = ScaleSource(node, settings)
        value = settings.value
        topic = image_topic(node, camera, value.image_transport)
        self.watches = Watches(
            Calibration(topic),
            LightWatch(self.name, self.topics.publish_light),
            ScaleWatch(
                self.name, self._source, self.topics.publish_scale, value.scale, model.sees_rays
            ),
        )
        self.pipeline = Pipeline(
            node, self.topics, settings, statistics, model.has_depth, self.watches
        )

        def received(frame: Incoming) -> None:
            statistics.count_received()
            offer(camera, CameraFrame(self.pipeline, frame))

        self.input = ImageInput(
            node,
            camera,
            value.image_transport,
            value.input_reliability,
            guarded(node, received),
        )

    def publish_states(self) -> None:
        """Publish scale and light."""
        value = self._settings.value
        self.topics.publish_scale(self.watches.scale.status(value.scale))
        self.topics.publish_light(self.watches.light.status(value.light, value.cloud.bonnet))

    def report(self) -> CameraState:
        """Return what is to be said of the camera since the last report."""
        value, previous = self._settings.value, self.previous
        self.previous = self._statistics.snapshot()
        return CameraState(
            self.name,
            self.input.state,
            self.input.info_state,
            self.watches.calibration.sight,
            self.watches.light.status(value.light, value.cloud.bonnet),
            self.watches.scale.status(value.scale),
            self.previous,
            previous,
            value.image_timeout_s,
        )

    def destroy(self) -> None:
        """Take all topics away but the input, which goes before the worker stops."""
        self._source.destroy()
        self.topics.destroy()


def process(model: Model, frames: Sequence[CameraFrame]) -> None:
    """Publish what is wanted of the frames; one that cannot be used keeps no other from it."""
    ready: list[tuple[CameraFrame, Prepared]] = []
    for item in frames:
        with _counting(item):
            prepared = item.pipeline.prepare(item.frame)
            if prepared is not None:
                ready.append((item, prepared))
    if ready:
        _predict(model, ready)


def _predict(model: Model, ready: Sequence[tuple[CameraFrame, Prepared]]) -> None:
    """Predict for all at once, or one by one where that fails, and publish."""
    begun_s = time.monotonic()
    predictions: list[Prediction] = []
    try:
        predictions = model.predict([prepared.request for _, prepared in ready])
    except Exception as error:  # whatever a library raises
        if len(ready) == 1:
            failed([ready[0][0]], error)
    if not predictions and len(ready) > 1:
        # Out here the error is gone, and with it the memory that its traceback held.
        for one in ready:
            _predict(model, [one])
    predict_s = time.monotonic() - begun_s
    for (item, prepared), prediction in zip(ready, predictions, strict=False):
        with _counting(item):
            item.pipeline.publish(prepared, prediction, predict_s)


@contextmanager
def _counting(item: CameraFrame) -> Iterator[None]:
    """Count the frame as failed, whatever a foreign driver or a library raises."""
    try:
        yield
    except Exception as error:
        failed([item], error)


def superseded(item: CameraFrame) -> None:
    """Count a frame that a newer one of its camera replaced."""
    item.pipeline.drop(item.frame, Drop.SUPERSEDED)


def failed(items: Sequence[CameraFrame], error: Exception) -> None:
    """Count frames that could not be used."""
    for pipeline, frame in items:
        pipeline.failed(frame, error)
