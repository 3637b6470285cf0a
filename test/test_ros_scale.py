"""The scale in the node: every source, what is published while it is known and while it is not."""

from __future__ import annotations

from dataclasses import replace
import threading
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import Quaternion, Transform, TransformStamped, Vector3
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from ros_harness import bench, FakeModel, image_message, IMAGE_TOPIC, info_message, INFO_TOPIC
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField
from std_msgs.msg import Header
from test_inference_scale_odometry import CAMERA as STREET
from test_inference_scale_odometry import (
    texture,  # noqa: F401
    view,
)
from test_inference_scale_odometry import UNIT as STREET_UNIT

from steps_ros.core.camera import Camera
from steps_ros.data.transforms import message_stamp_ns
from steps_ros.inference.prediction import Prediction
from steps_ros.inference.rays import camera_rays
from steps_ros.inference.scale.odometry import DistanceScale
from steps_ros.inference.scale.robust import Refusal
from steps_ros.inference.scale.seen import Seen
from steps_ros.ros.messages import camera_info_message, rgb_message, set_data, time_message
from steps_ros.ros.qos import latched_profile
from steps_ros.ros.scale_lidar import LidarScale, middle_offset_ns
from steps_ros.ros.scale_sources import _Turns

DEPTH, SCALE = '/night_depth/output/depth', '/night_depth/output/scale'
HEIGHT, UNIT = 1.6, 4.0
CAMERA = Camera.assumed(64, 48)
TEXTURED = np.random.default_rng(0).integers(0, 120, (48, 64, 3), np.uint8)
pytestmark = pytest.mark.timeout(60)


class RoadModel(FakeModel):
    """Depth of an empty road, in units of 4 m."""

    def predict(self, image, outputs, size, camera=None, enhancement=1.0):
        made = super().predict(image, outputs, size, camera, enhancement)
        down = camera_rays(CAMERA)[1]
        depth = HEIGHT / np.maximum(down, HEIGHT / 60.0) / UNIT
        return Prediction(made.enhanced, depth.astype(np.float32), made.confidence, None)


def connected(made, info=None):
    """Activate and listen; return the publisher of images and the messages of the scale."""
    assert made.node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert made.node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    images, infos = made.publisher(Image, IMAGE_TOPIC), made.publisher(CameraInfo, INFO_TOPIC)
    made.listen(Image, DEPTH)
    scales = made.listen(DiagnosticStatus, SCALE, latched=True)
    made.wait(lambda: images.get_subscription_count() and infos.get_subscription_count())
    made.wait(lambda: made.node._running.cameras[0].topics.wanted())
    infos.publish(info or info_message())
    made.spin(0.1)
    return images, scales


def stamped(number):
    """Return the image of a drive at 10 Hz."""
    message = rgb_message(image_message().header, TEXTURED)
    message.header.stamp.sec = 100 + number // 10
    message.header.stamp.nanosec = number % 10 * 10**8
    return message


def finished(made):
    now = made.node.statistics[''].snapshot()
    return now.published + sum(now.dropped.values())


def send(made, images, numbers, before=lambda number: None):
    """Send images one after the other, each when the node is done with the one before."""
    for number in numbers:
        before(number)
        images.publish(stamped(number))
        made.wait(lambda n=number: finished(made) > n)
    made.spin(0.2)


def last_depth(made):
    return np.frombuffer(made.received[DEPTH][-1].data, np.float32).reshape(48, 64)


def values(status):
    return {item.key: item.value for item in status.values}


def test_without_a_source_depth_is_relative_and_says_so():
    with bench(RoadModel().load) as made:
        images, scales = connected(made)
        send(made, images, range(3))
        assert last_depth(made)[47, 32] == pytest.approx(HEIGHT / (23 / 38.4) / UNIT, rel=1e-3)
        assert {values(item)['scale'] for item in scales} == {'relative'}
        assert scales[-1].level == DiagnosticStatus.OK


def test_a_fixed_scale_holds_from_the_first_frame_and_may_be_changed():
    with bench(RoadModel().load, scale__source='fixed', scale__fixed=4) as made:
        images, scales = connected(made)
        send(made, images, range(1))
        assert last_depth(made)[47, 32] == pytest.approx(HEIGHT / (23 / 38.4), rel=1e-3)
        made.wait(lambda: scales and values(scales[-1])['value'] == '4')
        assert made.node.set_parameters([Parameter('scale.fixed', value=8)])[0].successful
        send(made, images, range(1, 2))
        assert last_depth(made)[47, 32] == pytest.approx(2 * HEIGHT / (23 / 38.4), rel=1e-3)


def test_the_height_of_the_camera_makes_depth_metric_once_it_is_sure():
    heights = {'scale__source': 'camera_height', 'scale__camera_height': HEIGHT}
    with bench(RoadModel().load, **heights) as made:
        images, scales = connected(made)
        send(made, images, range(4))
        assert last_depth(made)[47, 32] == pytest.approx(HEIGHT / (23 / 38.4) / UNIT, rel=1e-3)
        made.wait(lambda: scales and '4 measurements' in scales[-1].message)
        assert scales[-1].level == DiagnosticStatus.WARN
        send(made, images, range(4, 7))
        assert last_depth(made)[47, 32] == pytest.approx(HEIGHT / (23 / 38.4), rel=0.01)
        made.wait(lambda: values(scales[-1])['scale'] == 'metric')
        assert values(scales[-1])['source'] == 'camera_height'
        assert float(values(scales[-1])['value']) == pytest.approx(UNIT, rel=0.01)


def test_a_covered_lens_measures_nothing():
    heights = {'scale__source': 'camera_height', 'scale__camera_height': HEIGHT}
    with bench(RoadModel().load, scale__hold_s=1.0, **heights) as made:
        images, scales = connected(made)
        send(made, images, range(6))
        made.wait(lambda: scales and values(scales[-1])['scale'] == 'metric')
        for number in range(6, 10):
            images.publish(image_message(100 + number))
            made.wait(lambda n=number: finished(made) > n)
        made.wait(lambda: values(scales[-1])['scale'] == 'stale')
        assert values(scales[-1])['reason'].endswith('the picture shows nothing')


def test_another_height_of_the_camera_makes_what_was_measured_void():
    heights = {'scale__source': 'camera_height', 'scale__camera_height': 2.5 * HEIGHT}
    with bench(RoadModel().load, **heights) as made:
        images, scales = connected(made)
        send(made, images, range(6))
        made.wait(lambda: scales and values(scales[-1])['scale'] == 'metric')
        corrected = Parameter('scale.camera_height', value=HEIGHT)
        assert made.node.set_parameters([corrected])[0].successful
        send(made, images, range(6, 7))
        made.wait(lambda: values(scales[-1])['scale'] == 'relative')
        send(made, images, range(7, 12))
        made.wait(lambda: values(scales[-1])['scale'] == 'metric')
        assert float(values(scales[-1])['value']) == pytest.approx(UNIT, rel=0.01)


class SeesRays(RoadModel):
    """A model whose depth depends on the camera."""

    def load(self, settings):
        return super().load(settings)._replace(sees_rays=True)


def info_of(focal_per_width):
    camera = replace(CAMERA, fx=64 * focal_per_width, fy=64 * focal_per_width)
    return camera_info_message(Header(), camera)


@pytest.mark.parametrize('source', ['camera_height', 'fixed'])
def test_depth_that_depends_on_a_camera_is_not_metric_without_it(source):
    chosen = {'scale__source': source, 'scale__camera_height': HEIGHT, 'scale__fixed': UNIT}
    with bench(SeesRays().load, **chosen) as made:
        images, scales = connected(made)
        infos = made.publisher(CameraInfo, INFO_TOPIC)
        made.wait(infos.get_subscription_count)
        send(made, images, range(6))
        made.wait(lambda: scales and values(scales[-1])['scale'] == 'metric')
        infos.publish(CameraInfo(width=64, height=48))
        made.spin(0.1)
        send(made, images, range(6, 7))
        made.wait(lambda: values(scales[-1])['scale'] == 'relative')
        assert 'the camera is not known any more' in scales[-1].message
        # The same camera has the scale that it had.
        infos.publish(info_message())
        made.spin(0.1)
        send(made, images, range(7, 8))
        made.wait(lambda: values(scales[-1])['scale'] == 'metric')


def test_another_camera_makes_what_was_measured_void_and_a_focused_one_does_not():
    heights = {'scale__source': 'camera_height', 'scale__camera_height': HEIGHT}
    with bench(RoadModel().load, **heights) as made:
        images, scales = connected(made)
        infos = made.publisher(CameraInfo, INFO_TOPIC)
        made.wait(infos.get_subscription_count)
        send(made, images, range(6))
        made.wait(lambda: scales and values(scales[-1])['scale'] == 'metric')
        for focal, kind in ((0.61, 'metric'), (0.9, 'relative')):
            infos.publish(info_of(focal))
            made.spin(0.1)
            number = finished(made)
            send(made, images, range(number, number + 1))
            made.wait(lambda kind=kind: values(scales[-1])['scale'] == kind)


def test_without_camera_info_nothing_is_measured_and_the_reason_is_given():
    with bench(RoadModel().load, scale__source='camera_height') as made:
        assert made.node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        assert made.node.trigger_activate() == TransitionCallbackReturn.SUCCESS
        images = made.publisher(Image, IMAGE_TOPIC)
        made.listen(Image, DEPTH)
        scales = made.listen(DiagnosticStatus, SCALE, latched=True)
        made.wait(
            lambda: (
                images.get_subscription_count() and made.node._running.cameras[0].topics.wanted()
            )
        )
        send(made, images, range(1))
        made.wait(lambda: scales and 'not calibrated' in scales[-1].message)


@pytest.mark.parametrize('wish', ['nan', 'silent'])
def test_depth_that_is_not_metric_is_nan_or_silent_where_the_user_wants_it_so(wish):
    heights = {'scale__source': 'camera_height', 'scale__camera_height': HEIGHT}
    with bench(RoadModel().load, scale__when_unhealthy=wish, **heights) as made:
        images, _ = connected(made)
        send(made, images, range(4))
        if wish == 'silent':
            assert made.received[DEPTH] == []
            assert made.node.statistics[''].snapshot().dropped == {'no_scale': 4}
        else:
            assert np.isnan(last_depth(made)).all()
        send(made, images, range(4, 6))
        assert last_depth(made)[47, 32] == pytest.approx(HEIGHT / (23 / 38.4), rel=0.01)


def test_a_stale_scale_is_not_applied():
    heights = {'scale__source': 'camera_height', 'scale__camera_height': HEIGHT}
    with bench(RoadModel().load, scale__hold_s=0.3, **heights) as made:
        images, scales = connected(made)
        send(made, images, range(6))
        made.wait(lambda: values(scales[-1])['scale'] == 'metric')
        made.wait(lambda: values(scales[-1])['scale'] == 'stale')
        assert 'nothing confirmed' in scales[-1].message
        assert float(values(scales[-1])['age_s']) > 0.3


def test_odometry_tells_how_far_the_vehicle_went():
    nav = pytest.importorskip('nav_msgs.msg', reason='nav_msgs is not installed')
    with bench(RoadModel().load, scale__source='odometry') as made:
        images, scales = connected(made)
        poses = made.publisher(nav.Odometry, '/night_depth/input/odometry')
        made.wait(poses.get_subscription_count)

        def drive(number):
            message = nav.Odometry(header=stamped(number).header)
            message.pose.pose.position.x = 0.05 * number
            message.pose.pose.orientation.w = 1.0
            poses.publish(message)
            made.spin(0.05)

        send(made, images, range(1))
        made.wait(lambda: scales)
        send(made, images, range(1, 4), drive)
        made.wait(lambda: 'slower than scale.min_speed, 0.5 m/s' in scales[-1].message)


class StreetModel(FakeModel):
    """Depth of a street canyon, in units of 3.7 m."""

    def __init__(self, street):
        super().__init__()
        self.street = street

    def predict(self, image, outputs, size, camera=None, enhancement=1.0):
        made = super().predict(image, outputs, size, camera, enhancement)
        return Prediction(made.enhanced, self.street.copy(), made.confidence, None)


def test_odometry_makes_depth_metric_on_a_drive_with_something_to_see(texture):  # noqa: F811
    nav = pytest.importorskip('nav_msgs.msg', reason='nav_msgs is not installed')
    model = StreetModel(view(texture, 0.0)[1])
    info = camera_info_message(Image().header, STREET)
    # What a measurement counts for must not depend on how fast this machine is.
    with bench(model.load, scale__source='odometry', scale__window_s=120.0) as made:
        images, scales = connected(made, info)
        poses = made.publisher(nav.Odometry, '/night_depth/input/odometry')
        made.wait(poses.get_subscription_count)
        for number in range(22):
            header = stamped(number).header
            message = nav.Odometry(header=header)
            message.pose.pose.position.x = 1.0 * number
            message.pose.pose.orientation.w = 1.0
            poses.publish(message)
            made.spin(0.05)
            images.publish(rgb_message(header, view(texture, 1.0 * number)[0]))
            made.wait(lambda n=number: finished(made) > n)
        made.wait(lambda: scales and values(scales[-1])['scale'] == 'metric')
        assert float(values(scales[-1])['value']) == pytest.approx(STREET_UNIT, rel=0.05)
        assert values(scales[-1])['source'] == 'odometry'


@pytest.mark.parametrize(
    ('source', 'topic', 'kind'),
    [
        ('odometry', '/night_depth/input/odometry', 'nav_msgs/msg/Odometry'),
        ('lidar', '/night_depth/input/points', 'sensor_msgs/msg/PointCloud2'),
    ],
)
def test_a_source_that_nobody_publishes_is_named_with_its_topic(source, topic, kind):
    if source == 'odometry':
        pytest.importorskip('nav_msgs.msg', reason='nav_msgs is not installed')
    extrinsics = {'lidar__extrinsics': '0 -0.5 0 0.5 -0.5 0.5 0.5'}
    with bench(RoadModel().load, scale__source=source, **extrinsics) as made:
        _, scales = connected(made)
        made.wait(lambda: scales)
        wanted = f'; nothing publishes {kind} on {topic}: remap ~/'
        assert wanted in values(scales[-1])['reason']
        assert wanted in scales[-1].message
        assert (values(scales[-1])['topic'], values(scales[-1])['publishers']) == (topic, '0')


def points_message(header, points):
    message = PointCloud2(header=header, height=1, width=len(points), point_step=12)
    message.row_step, message.is_dense = 12 * len(points), True
    message.fields = [
        PointField(name=name, offset=4 * place, datatype=PointField.FLOAT32, count=1)
        for place, name in enumerate('xyz')
    ]
    set_data(message, points.astype(np.float32))
    return message


def measured_by_a_lidar(made, place):
    """Play turns of a LiDAR that looks along the camera, half a metre above it, and check."""
    random = np.random.default_rng(0)
    ahead, left = random.uniform(4, 20, 3000), random.uniform(-2, 2, 3000)
    road = np.stack([ahead, left, np.full(3000, -HEIGHT - 0.5)], 1)
    images, scales = connected(made)
    clouds = made.publisher(PointCloud2, '/night_depth/input/points', best_effort=True)
    made.wait(clouds.get_subscription_count)

    def turn(number):
        header = stamped(number).header
        place(header.stamp)
        header.frame_id = 'lidar'
        clouds.publish(points_message(header, road))
        made.spin(0.05)

    send(made, images, range(14), turn)
    made.wait(lambda: values(scales[-1])['scale'] == 'metric')
    assert float(values(scales[-1])['value']) == pytest.approx(UNIT, rel=0.05)
    assert values(scales[-1])['publishers'] == '1'


def test_a_lidar_measures_through_its_extrinsics():
    extrinsics = {'lidar__extrinsics': '0 -0.5 0 0.5 -0.5 0.5 0.5'}
    with bench(RoadModel().load, scale__source='lidar', **extrinsics) as made:
        measured_by_a_lidar(made, lambda stamp: None)


def test_a_lidar_measures_through_tf():
    """The camera is fixed to a mast that goes up and down, the LiDAR to the vehicle."""
    tf2_msgs = pytest.importorskip('tf2_msgs.msg', reason='tf2_msgs is not installed')
    with bench(RoadModel().load, scale__source='lidar') as made:
        latched = made.peer.create_publisher(tf2_msgs.TFMessage, '/tf_static', latched_profile())
        moving = made.publisher(tf2_msgs.TFMessage, '/tf')
        optical = Transform(rotation=Quaternion(x=-0.5, y=0.5, z=-0.5, w=0.5))
        above = Transform(translation=Vector3(z=2.5))
        links = link('mast', 'camera_optical_frame', optical), link('base', 'lidar', above)
        latched.publish(tf2_msgs.TFMessage(transforms=links))

        def place(stamp):
            raised = Transform(translation=Vector3(z=2.0))
            moving.publish(tf2_msgs.TFMessage(transforms=[link('base', 'mast', raised, stamp)]))

        measured_by_a_lidar(made, place)


def link(parent, child, transform, stamp=None):
    """Return the place of a frame in another; without a stamp for ever."""
    header = Header(frame_id=parent)
    header.stamp = stamp or header.stamp
    return TransformStamped(header=header, child_frame_id=child, transform=transform)


@pytest.mark.parametrize(
    'measure', [DistanceScale(lambda a, b: 1.0, lambda: 1.0), LidarScale(lambda stamp, frame: [])]
)
def test_images_without_a_stamp_are_named_as_the_reason(measure):
    image, depth = np.zeros((48, 64, 3), np.uint8), np.ones((48, 64), np.float32)
    found = [measure(Seen(image, depth, CAMERA, 0)) for _ in range(3)]
    assert found == [None, *[Refusal('the images have no stamp')] * 2]


@pytest.mark.parametrize('rate_hz', [10, 20])
def test_turns_wait_for_a_slow_model_and_fill_no_memory(rate_hz):
    turns = _Turns(threading.Lock(), np.eye(4))

    def add(seconds):
        stamp = time_message(round((100 + seconds) * 1e9))
        header = Header(frame_id='lidar', stamp=stamp)
        turns.add(points_message(header, np.ones((1, 3))))

    for number in range(4 * rate_hz):
        add(number / rate_hz)
    seen_ns = round((104 - 1.52) * 1e9)
    stamps = [turn.stamp_ns for turn in turns.near(seen_ns, 'camera')]
    assert min(stamps) <= seen_ns <= max(stamps)
    assert len(turns._messages) <= 2 * rate_hz + 1
    for _ in range(100):
        add(4.0)
    assert len(turns._messages) == 50


def test_moving_transforms_live_on_after_a_loop():
    """A recording that begins anew, or one stamp in the future before the right ones."""
    turns = _Turns(threading.Lock(), None)

    def move(number, x):
        moved = link(
            'base', 'lidar', Transform(translation=Vector3(x=x)), stamped(number).header.stamp
        )
        turns.add_moving(SimpleNamespace(transforms=[moved]))

    for first, shift in ((1000, 0.0), (10, 5.0)):
        for number in (first, first + 1):
            move(number, shift)
        header = Header(stamp=stamped(first).header.stamp, frame_id='lidar')
        turns.add(points_message(header, np.ones((1, 3))))
        (turn,) = turns.near(message_stamp_ns(SimpleNamespace(header=header)), 'base')
        np.testing.assert_allclose(turn.points, [[1 + shift, 1, 1]])


def test_the_time_of_a_turn_is_that_of_what_lies_before_the_camera():
    # Ahead, behind, and far to the side of the camera, at three times.
    points = np.array([[0, 0, 9], [1, 0, 10], [0, 0, -5], [7, 0, 1]], np.float32)
    offsets = np.array([40_000_000, 60_000_000, 90_000_000, 0])
    assert middle_offset_ns(points, offsets) == 50_000_000
    assert middle_offset_ns(points[2:], offsets[2:]) == 0
    turns = _Turns(threading.Lock(), np.eye(4))
    header = Header(stamp=stamped(0).header.stamp, frame_id='lidar')
    message = points_message(header, points)
    message.fields.append(PointField(name='t', offset=12, datatype=PointField.UINT32, count=1))
    content = np.zeros(4, [('xyz', '<f4', 3), ('t', '<u4')])
    content['xyz'], content['t'] = points, offsets
    message.point_step, message.row_step = 16, 64
    set_data(message, content.view(np.uint8))
    turns.add(message)
    stamp_ns = message_stamp_ns(message)
    (turn,) = turns.near(stamp_ns + 160_000_000, 'camera')
    assert turn.stamp_ns == stamp_ns + 50_000_000


def test_a_lidar_without_a_place_is_refused_where_there_is_no_tf():
    try:
        import tf2_msgs.msg  # noqa: F401
    except ImportError:
        with bench(RoadModel().load, scale__source='lidar') as made:
            assert made.node.trigger_configure() == TransitionCallbackReturn.SUCCESS
            assert made.node.trigger_activate() == TransitionCallbackReturn.FAILURE
            assert 'set lidar.extrinsics' in made.node._problem
