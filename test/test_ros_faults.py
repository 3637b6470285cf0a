"""What goes wrong while a node runs: it says so, stays up, and works again when it is over."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
import numpy as np
import rclpy
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from ros_harness import (
    bench,
    FakeModel,
    image_message,
    IMAGE_TOPIC,
    info_message,
    INFO_TOPIC,
    write_tiny_checkpoint,
)
from sensor_msgs.msg import CameraInfo, Image
import torch

from steps_ros.errors import OutputError
from steps_ros.inference.light_state import LightSettings
from steps_ros.ros.light import LightWatch
from steps_ros.ros.model import load_model
from steps_ros.ros.names import IMAGE_TOPIC as RECORDED_TOPIC
from steps_ros.ros.night_depth import namesakes
from steps_ros.ros.recorder import Recorder
from steps_ros.ros.vitals import vitals

DEPTH = '/night_depth/output/depth'
REAL = {'device': 'cpu', 'engine': 'torch'}
SUCCESS = TransitionCallbackReturn.SUCCESS

pytestmark = pytest.mark.timeout(300)


def up(made) -> None:
    assert made.node.trigger_configure() == SUCCESS
    assert made.node.trigger_activate() == SUCCESS


def down(made) -> None:
    assert made.node.trigger_deactivate() == SUCCESS
    assert made.node.trigger_cleanup() == SUCCESS


def connected(made):
    """Activate and listen to depth; return the publisher of images."""
    up(made)
    images, infos = made.publisher(Image, IMAGE_TOPIC), made.publisher(CameraInfo, INFO_TOPIC)
    made.listen(Image, DEPTH)
    made.wait(lambda: images.get_subscription_count() and infos.get_subscription_count())
    made.wait(lambda: made.node._running.cameras[0].topics.wanted())
    infos.publish(info_message())
    return images


def counts(made):
    return made.node.statistics[''].snapshot()


def said(arrays, part: str) -> DiagnosticStatus:
    """Return what was said last of a part of the node."""
    return next(item for item in arrays[-1].status if item.name.endswith(f': {part}'))


def test_fifty_times_up_and_down_give_everything_back():
    model, turns = FakeModel(), iter(range(50))

    def load(settings):
        # Five times the default weights.
        return (load_model if next(turns) % 10 == 0 else model.load)(settings)

    # The node collects garbage each time; what is here before is not to be looked through.
    gc.freeze()
    with bench(load, **REAL) as made:
        held = []
        for cycle in range(50):
            up(made)
            down(made)
            if cycle % 10 == 9:
                gc.collect()
                held.append(vitals(os.getpid()))
        before, after = held[0], held[-1]
        assert after.descriptors == before.descriptors
        # Pools of libraries may still grow by one; a leak would be four here, or forty.
        assert after.threads - before.threads < 2, [now.threads for now in held]
        assert after.rss_mb - before.rss_mb < 20
    gc.unfreeze()


def test_a_full_gpu_costs_the_frames_of_that_moment_alone():
    model = FakeModel()
    full = [torch.OutOfMemoryError('CUDA out of memory.\nTried to allocate 2.00 GiB')]

    def predict(requests):
        if full:
            raise full.pop()
        return model.predict_batch(requests)

    def load(settings):
        return model.load(settings)._replace(predict=predict)

    with bench(load, diagnostics__period_s=0.1) as made:
        images, arrays = connected(made), made.listen(DiagnosticArray, '/diagnostics')
        images.publish(image_message(1))
        words = (
            '1 frames dropped: OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB'
        )
        made.wait(lambda: any(i.message == words for a in arrays for i in a.status))
        images.publish(image_message(2))
        made.wait(lambda: made.received[DEPTH])
        assert made.received[DEPTH][0].header.stamp.sec == 2
        assert counts(made).dropped == {'failed': 1}
        made.wait(lambda: said(arrays, 'output').level == DiagnosticStatus.OK)


def test_two_nodes_of_one_name_are_told_apart_from_one():
    with bench(FakeModel().load, diagnostics__period_s=0.1) as made:
        arrays = made.listen(DiagnosticArray, '/diagnostics')
        other = Node('night_depth', context=made.node.context, use_global_arguments=False)

        def words():
            # The graph may still know nodes of earlier tests, and forget them now.
            return (
                f'{namesakes(made.node) + 1} nodes are named /night_depth and publish on the same '
                'topics; stop one, or give it another name with -r __node:=NAME; one that was '
                'killed counts for some 20 s more'
            )

        made.wait(lambda: namesakes(made.node) > 0)
        made.wait(lambda: arrays and said(arrays, 'state').message == words(), 40.0)
        assert said(arrays, 'state').level == DiagnosticStatus.WARN
        known = namesakes(made.node)
        other.destroy_node()
        made.wait(lambda: namesakes(made.node) < known, 40.0)


def test_weights_that_are_damaged_are_said_and_good_ones_work_after(tmp_path):
    path = write_tiny_checkpoint(tmp_path / 'weights.safetensors')
    good = path.read_bytes()
    flipped = bytearray(good)
    flipped[-1000] ^= 1
    with bench(load_model, checkpoint=str(path), **REAL) as made:
        for content in (good[: len(good) // 2], bytes(flipped), b''):
            path.write_bytes(content)
            assert made.node.trigger_configure() == TransitionCallbackReturn.FAILURE
            assert str(path) in made.node._problem
            assert len(made.node._problem.splitlines()) == 1
        path.write_bytes(good)
        images = connected(made)
        # The weights are in memory: what becomes of their file is of no account.
        path.write_bytes(b'')
        images.publish(image_message(3))
        made.wait(lambda: made.received[DEPTH])
        assert counts(made).dropped == {}


def test_a_publisher_that_floods_is_dropped_and_counted_and_the_node_still_speaks():
    with bench(FakeModel().load, diagnostics__period_s=0.1) as made:
        images, arrays = connected(made), made.listen(DiagnosticArray, '/diagnostics')
        message, before = image_message(5), vitals(os.getpid()).rss_mb
        for _ in range(20):
            for _ in range(100):
                images.publish(message)
            made.spin(0.05)
        images.publish(image_message(6))
        made.wait(lambda: made.received[DEPTH][-1].header.stamp.sec == 6)
        now = counts(made)
        assert now.received == now.published + sum(now.dropped.values()) >= 20
        assert set(now.dropped) <= {'superseded'}
        made.wait(lambda: len(arrays) >= 5)
        assert vitals(os.getpid()).rss_mb - before < 50


def test_stamps_that_go_back_hold_no_frame_up():
    with bench(FakeModel().load, cloud__max_rate_hz=1.0) as made:
        images = connected(made)
        for count, second in enumerate((500, 501, 502, 3, 4, 501, 2), 1):
            images.publish(image_message(second))
            made.wait(lambda n=count: len(made.received[DEPTH]) == n)
        assert counts(made).dropped == {}
        assert counts(made).latency_ms.p50 >= 0


def test_after_an_hour_of_black_frames_the_light_is_as_it_was():
    published: list[DiagnosticStatus] = []
    watch, settings = LightWatch('night_depth', published.append), LightSettings()
    street = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    black = np.zeros_like(street)
    assert watch.follow(street, 0.0, settings, '') == 0.0
    enhancements = {watch.follow(black, float(now), settings, '') for now in range(4, 3601, 4)}
    status = watch.status(settings, '')
    assert (enhancements, len(published)) == ({0.0}, 1)
    assert status.level == DiagnosticStatus.WARN
    assert status.message == 'the picture is black and shows nothing; is the lens covered?'
    for now in (3601.0, 3602.0):
        assert watch.follow(street, now, settings, '') == 0.0
    assert watch.status(settings, '').message.startswith('day')


@pytest.fixture
def recorder(tmp_path):
    """Return a recorder whose disk is full as soon as its file is open."""
    rclpy.init()
    options = {'outputs': (), 'compressed': False, 'until_drained': False}
    paths = {'out': tmp_path / 'run.mcap', 'status': tmp_path / 'status.json'}
    node = Recorder(SimpleNamespace(**options, **paths))
    full = os.open('/dev/full', os.O_WRONLY)
    os.dup2(full, node._writer._file.fileno())
    os.close(full)
    yield node
    node.destroy_node()
    rclpy.try_shutdown()


def test_a_recorder_whose_disk_is_full_says_so_and_ends(recorder, tmp_path):
    content = bytes([0, 1, 0, 0]) + bytes(3_000_000)
    recorder.record(RECORDED_TOPIC, 'sensor_msgs/msg/Image', content)
    assert not recorder.context.ok()
    with pytest.raises(OutputError, match='No space left on device; choose another place'):
        recorder.close()
    assert not (tmp_path / 'run.mcap').exists()


def test_a_disk_that_is_full_at_the_very_end_is_said_too(recorder, tmp_path):
    with pytest.raises(OutputError, match='No space left on device'):
        recorder.close()
    assert not Path(tmp_path / 'run.mcap').exists()
