"""The whole way of the live view: node, DDS, ``steps-ros view`` as it is started, a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
import re
import signal
import subprocess
import sys
from threading import Event, Thread

from browsers import chromium, Opened, SOFTWARE_3D
import numpy as np
import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')
pytest.importorskip('viser', reason='viser is not installed')

from rclpy.lifecycle import TransitionCallbackReturn
from ros_harness import bench, FakeModel, IMAGE_TOPIC, info_message, INFO_TOPIC
from sensor_msgs.msg import CameraInfo, Image

from steps_ros.inference.colour import colour_depth
from steps_ros.inference.prediction import Prediction
from steps_ros.ros import messages

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

SIZE = HEIGHT, WIDTH = 96, 160
RED, MAGENTA = (200, 30, 30), (250, 0, 250)
NEAR, FAR = colour_depth(np.array([[8, 20]], np.float32), 8.0, 20.0)[0].astype(int)


class WallModel(FakeModel):
    """A wall of 10 units with a near half, magenta when it is enhanced."""

    def predict(self, image, outputs, size, camera, enhancement):
        made = super().predict(image, outputs, size, camera, enhancement)
        depth = np.full(size, 10.0, np.float32)
        depth[:, : size[1] // 2] = 4.0
        enhanced = np.full((*size, 3), MAGENTA, np.uint8)
        return Prediction(enhanced, depth, made.confidence, None)


@contextmanager
def driving() -> Iterator[Event]:
    """Have a camera of red pictures until the event, and the node behind it, 2 m a unit."""
    parameters = {'scale__source': 'fixed', 'scale__fixed': 2.0, 'diagnostics__period_s': 0.2}
    is_dark, is_over = Event(), Event()
    picture = messages.rgb_message(Image().header, np.full((*SIZE, 3), RED, np.uint8))
    with bench(WallModel().load, **parameters) as made:
        assert made.node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        assert made.node.trigger_activate() == TransitionCallbackReturn.SUCCESS
        images = made.publisher(Image, IMAGE_TOPIC)
        infos = made.publisher(CameraInfo, INFO_TOPIC)

        def drive() -> None:
            while not is_over.is_set():
                if not is_dark.is_set():
                    infos.publish(info_message(SIZE))
                    images.publish(picture)
                made.spin(0.5)

        driver = Thread(target=drive)
        driver.start()
        try:
            yield is_dark
        finally:
            is_over.set()
            driver.join()


@contextmanager
def viewing() -> Iterator[int]:
    """Run the command, and return its port."""
    command = [sys.executable, '-m', 'steps_ros.cli.main', 'view', '--port', '0']
    options = ['--width', str(Opened.WIDTH), '--max-rate', '2']
    with subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True) as serving:
        try:
            url = re.search(r'http://127\.0\.0\.1:(\d+)', serving.stderr.readline())
            yield int(url[1])
        finally:
            os.kill(serving.pid, signal.SIGINT)
            said = serving.stderr.read()
    assert serving.returncode == 130
    assert 'Traceback' not in said


def halves(picture: np.ndarray) -> np.ndarray:
    """Return the colours on the left and on the right."""
    third = picture.shape[1] // 3
    return np.array(
        [np.median(part, (0, 1)) for part in (picture[:, :third], picture[:, -third:])]
    )


def test_what_the_node_makes_is_what_the_browser_shows() -> None:
    with chromium(SOFTWARE_3D) as browser, driving() as is_dark, viewing() as port:
        opened = Opened(browser, port, 1280)
        for words in (
            f'Input {IMAGE_TOPIC} {WIDTH}x{HEIGHT}',
            'Cloud /night_depth/output/points 3840 of 3840 points',
            'near to far, m',
            'OK scale metric: 2 m a unit from fixed',
            'OK calibration calibrated',
            'WARN light the picture is even and shows nothing',
        ):
            opened.wait_for(words)
        # Nothing new is drawn while pixels are looked at.
        is_dark.set()
        for index, colours in enumerate(((RED, RED), (MAGENTA, MAGENTA), (NEAR, FAR))):
            assert np.abs(halves(opened.picture(index)) - colours).max() < 12
        assert opened.shows(MAGENTA, 5000)
        opened.wait_for('ERROR input no image for')
        assert opened.errors == []
