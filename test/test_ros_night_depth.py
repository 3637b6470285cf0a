"""The node in this process, with a fake model: what comes out, when, and what bad input gets."""

from __future__ import annotations

import itertools
import threading
import time

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rcl_interfaces.srv import SetParameters
import rclpy
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from ros_harness import bench, FakeModel, image_message, IMAGE_TOPIC, info_message, INFO_TOPIC
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from std_srvs.srv import SetBool

from steps_ros.errors import CheckpointError, SettingsError
from steps_ros.inference.prediction import Outputs
from steps_ros.ros import night_depth
from steps_ros.ros.cameras import CameraFrame, process
from steps_ros.ros.image_input import Incoming
from steps_ros.ros.memory import resident_mb
from steps_ros.ros.qos import latched_profile
from steps_ros.view.health import Health
from steps_ros.view.markup import headline

OUTPUT = '/night_depth/output/'
pytestmark = pytest.mark.timeout(60)


def _activate(made):
    assert made.node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert made.node.trigger_activate() == TransitionCallbackReturn.SUCCESS


def _connected(made, *topics: str, best_effort: bool = False):
    """Activate, publish camera_info, listen to outputs; return the publisher of images."""
    _activate(made)
    images = made.publisher(Image, IMAGE_TOPIC, best_effort)
    infos = made.publisher(CameraInfo, INFO_TOPIC)
    kinds = {'points': PointCloud2, 'camera_info': CameraInfo}
    for topic in topics:
        made.listen(kinds.get(topic, Image), OUTPUT + topic)
    made.wait(lambda: images.get_subscription_count() and infos.get_subscription_count())
    made.wait(lambda: len(made.node._running.cameras[0].topics.wanted()) == len(topics))
    infos.publish(info_message())
    made.spin(0.1)
    return images


def _drops(made):
    return made.node.statistics[''].snapshot().dropped


def test_every_output_carries_the_stamp_and_frame_of_its_input():
    model, topics = FakeModel(), ['image_enhanced', 'depth', 'camera_info', 'confidence', 'points']
    with bench(model.load) as made:
        images = _connected(made, *topics)
        sent = image_message(stamp_s=12)
        images.publish(sent)
        made.wait(lambda: all(made.received[OUTPUT + topic] for topic in topics))
        for topic in topics:
            assert made.received[OUTPUT + topic][0].header == sent.header
        depth = np.frombuffer(made.received[OUTPUT + 'depth'][0].data, np.float32).reshape(48, 64)
        assert np.isposinf(depth[0]).all()
        assert np.isnan(depth[1, 0])
        assert (depth[2:] == 5.0).all()
        cloud = made.received[OUTPUT + 'points'][0]
        assert (cloud.height, cloud.width, cloud.is_dense) == (24, 32, False)
        assert model.asked == [(Outputs(True, True, True), (48, 64))]


def test_nothing_is_computed_that_nobody_listens_to():
    model = FakeModel()
    with bench(model.load) as made:
        images = _connected(made)
        images.publish(image_message())
        made.wait(lambda: _drops(made) == {'no_subscriber': 1})
        made.listen(Image, OUTPUT + 'confidence')
        made.wait(lambda: made.node._running.cameras[0].topics.wanted())
        images.publish(image_message())
        made.wait(lambda: made.received[OUTPUT + 'confidence'])
        assert model.asked == [(Outputs(enhanced=False, depth=False, confidence=True), (48, 64))]


def test_clouds_come_at_their_own_rate():
    model = FakeModel()
    with bench(model.load, cloud__max_rate_hz=0.5) as made:
        images = _connected(made, 'points')
        for second in range(1, 5):
            images.publish(image_message(second))
            made.wait(lambda n=second: len(model.asked) + _drops(made).get('rate_limit', 0) == n)
        clouds = made.received[OUTPUT + 'points']
        made.wait(lambda: len(clouds) == 2)
        assert [cloud.header.stamp.sec for cloud in clouds] == [1, 3]
        assert _drops(made) == {'rate_limit': 2}


def test_outputs_shrink_with_their_camera_and_parameters_act_on_the_next_frame():
    model = FakeModel()
    with bench(model.load, output__max_width=32) as made:
        images = _connected(made, 'depth', 'camera_info')
        images.publish(image_message())
        info = made.wait(lambda: made.received[OUTPUT + 'camera_info'])[0]
        assert (info.height, info.width) == (24, 32)
        assert info.k[0] == pytest.approx(0.6 * 32)
        changed = [Parameter('output.max_width', value=16), Parameter('max_range', value=3)]
        assert all(result.successful for result in made.node.set_parameters(changed))
        images.publish(image_message())
        depth = made.wait(lambda: len(made.received[OUTPUT + 'depth']) > 1 and made.received)[
            OUTPUT + 'depth'
        ][1]
        assert (depth.height, depth.width) == (12, 16)
        assert np.isposinf(np.frombuffer(depth.data, np.float32)[32:]).all()


@pytest.mark.parametrize(
    ('name', 'reason'),
    [
        ('cloud.strid', "unknown parameter 'cloud.strid'; did you mean 'cloud.stride'?"),
        ('gps', "unknown parameter 'gps'; ros2 param list names the known ones"),
        ('use_sim_time', ''),
    ],
)
def test_who_sets_an_unknown_parameter_hears_the_nearest(name, reason):
    with bench(FakeModel().load) as made:
        client = made.peer.create_client(SetParameters, '/night_depth/set_parameters')
        made.wait(client.service_is_ready)
        value = Parameter(name, value=False).to_parameter_msg()
        answer = client.call_async(SetParameters.Request(parameters=[value]))
        (result,) = made.wait(answer.done) and answer.result().results
        assert (result.successful, result.reason) == (not reason, reason)


def test_a_slow_model_drops_old_frames_and_every_frame_is_counted():
    model = FakeModel()
    with bench(model.load) as made:
        images = _connected(made, 'depth')
        model.leave.clear()
        for second in range(1, 5):
            images.publish(image_message(second))
            made.wait(lambda n=second: made.node.statistics[''].snapshot().received == n)
        model.leave.set()
        depths = made.received[OUTPUT + 'depth']
        made.wait(lambda: depths and depths[-1].header.stamp.sec == 4)
        now = made.node.statistics[''].snapshot()
        assert now.dropped['superseded'] >= 2
        assert now.received == now.published + sum(now.dropped.values()) == 4


def test_a_model_that_is_stuck_is_told_while_frames_go_by():
    model = FakeModel()
    with bench(model.load, diagnostics__period_s=0.1) as made:
        images = _connected(made, 'depth')
        arrays = made.listen(DiagnosticArray, '/diagnostics')
        model.leave.clear()
        for second in range(1, 5):
            images.publish(image_message(second))
            made.wait(lambda n=second: made.node.statistics[''].snapshot().received == n)

        def told():
            items = [item for array in arrays for item in array.status]
            return [item for item in items if 'the model is busy' in item.message]

        status = made.wait(told)[0]
        assert (status.name, status.level) == ('night_depth: output', DiagnosticStatus.WARN)
        model.leave.set()
        depths = made.received[OUTPUT + 'depth']
        made.wait(lambda: depths and depths[-1].header.stamp.sec == 4)
        arrays.clear()
        made.wait(lambda: arrays)
        assert told() == []


def _bad_frames():
    empty, short, unknown, narrow = (image_message() for _ in range(4))
    empty.height = 0
    short.data = bytes(10)
    unknown.encoding = 'nonsense'
    narrow.step = 5
    return [empty, short, unknown, narrow]


def test_bad_frames_are_counted_and_the_next_good_one_works():
    with bench(FakeModel().load) as made:
        images = _connected(made, 'depth')
        for number, message in enumerate(_bad_frames(), 1):
            images.publish(message)
            made.wait(lambda n=number: _drops(made) == {'bad_frame': n})
        assert 'step 5' in made.node.statistics[''].snapshot().last_problem
        images.publish(image_message(9))
        assert made.wait(lambda: made.received[OUTPUT + 'depth'])[0].header.stamp.sec == 9


def test_a_stamp_before_1970_is_no_failure():
    with bench(FakeModel().load) as made:
        images = _connected(made, 'depth')
        images.publish(image_message(-5))
        made.wait(lambda: made.received[OUTPUT + 'depth'])
        made.wait(lambda: made.node.statistics[''].snapshot().published == 1)
        assert _drops(made) == {}


def test_a_broken_camera_info_gives_depth_without_cloud_until_a_good_one_comes():
    with bench(FakeModel().load, diagnostics__period_s=0.1) as made:
        images = _connected(made, 'depth', 'points')
        infos = made.publisher(CameraInfo, INFO_TOPIC)
        made.wait(lambda: infos.get_subscription_count())
        broken = info_message()
        broken.k[0] = float('nan')
        for number, info in enumerate((broken, info_message())):
            infos.publish(info)
            made.spin(0.1)
            images.publish(image_message(number + 1))
            made.wait(lambda n=number: len(made.received[OUTPUT + 'depth']) > n)
            sight = made.node._running.cameras[0].watches.calibration.sight
            assert ('not finite' in sight.state) == (number == 0)
        made.wait(lambda: made.received[OUTPUT + 'points'])
        assert [cloud.header.stamp.sec for cloud in made.received[OUTPUT + 'points']] == [2]


def test_a_bent_lens_is_rectified_and_the_outputs_are_of_a_pinhole_camera():
    with bench(FakeModel().load, diagnostics__period_s=0.1) as made:
        images = _connected(made, 'depth', 'camera_info', 'confidence', 'image_enhanced', 'points')
        infos = made.publisher(CameraInfo, INFO_TOPIC)
        made.wait(lambda: infos.get_subscription_count())
        bent = info_message()
        bent.d = [-0.2, 0.02, 0.0, 0.0, 0.0]
        # The calibration wants more than the picture shows.
        bent.p[0] = bent.p[5] = 0.6 * bent.k[0]
        infos.publish(bent)
        made.spin(0.1)
        images.publish(image_message())
        made.wait(lambda: all(made.received.values()))
        info = made.received[OUTPUT + 'camera_info'][0]
        assert (list(info.d), list(info.r)) == ([], list(np.eye(3).reshape(-1)))
        assert info.k[0] == info.p[0] == bent.p[0]
        depth, confidence = (
            np.frombuffer(made.received[OUTPUT + name][0].data, np.float32).reshape(48, 64)
            for name in ('depth', 'confidence')
        )
        hidden = np.isnan(depth[2:])
        assert 0.05 < hidden.mean() < 0.6
        assert hidden[20, 0]
        assert not hidden[20, 32]
        assert ((confidence[2:] == 0) == hidden).all()
        enhanced = np.frombuffer(made.received[OUTPUT + 'image_enhanced'][0].data, np.uint8)
        assert ((enhanced.reshape(48, 64, 3)[2:] == 0).all(-1) == hidden).all()
        cloud = made.received[OUTPUT + 'points'][0]
        z = np.frombuffer(cloud.data, np.float32).reshape(24, 32, 4)[..., 2]
        assert np.isnan(z[1:][hidden[::2, ::2]]).all()
        assert np.isfinite(z).any()


def test_an_uncalibrated_camera_gives_depth_without_cloud():
    with bench(FakeModel().load) as made:
        images = _connected(made, 'depth', 'points')
        infos = made.publisher(CameraInfo, INFO_TOPIC)
        made.wait(lambda: infos.get_subscription_count())
        infos.publish(CameraInfo(height=48, width=64))
        made.spin(0.1)
        images.publish(image_message())
        made.wait(lambda: made.received[OUTPUT + 'depth'])
        made.spin(0.1)
        assert not made.received[OUTPUT + 'points']
        assert 'K[0] = 0' in made.node._running.cameras[0].watches.calibration.sight.state


def test_a_cloud_without_calibration_is_counted_as_such():
    model = FakeModel()
    with bench(model.load) as made:
        images = _connected(made, 'points')
        infos = made.publisher(CameraInfo, INFO_TOPIC)
        made.wait(lambda: infos.get_subscription_count())
        infos.publish(CameraInfo(height=48, width=64))
        made.spin(0.1)
        images.publish(image_message())
        made.wait(lambda: _drops(made) == {'no_calibration': 1})
        assert model.asked == []


def test_a_camera_info_that_was_sent_once_before_the_node_came_is_received():
    with bench(FakeModel().load) as made:
        once = made.peer.create_publisher(CameraInfo, INFO_TOPIC, latched_profile())
        once.publish(info_message())
        assert made.node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        assert made.node.trigger_activate() == TransitionCallbackReturn.SUCCESS
        source = made.node._running.cameras[0].input
        made.wait(lambda: source._camera_info is not None)
        assert source.info_state.hint == ''
        # A driver that sends with each picture would never be heard like that.
        infos = made.publisher(CameraInfo, INFO_TOPIC)
        made.wait(infos.get_subscription_count)
        made.wait(lambda: not source._is_latched)
        made.wait(infos.get_subscription_count)
        infos.publish(CameraInfo(height=48, width=64))
        made.wait(lambda: source._camera_info.k[0] == 0)


def test_a_best_effort_camera_is_followed():
    with bench(FakeModel().load) as made:
        images = _connected(made, 'depth', best_effort=True)
        made.wait(lambda: made.node._running.cameras[0].input.state.reliability == 'best_effort')
        made.wait(lambda: images.get_subscription_count())
        images.publish(image_message())
        made.wait(lambda: made.received[OUTPUT + 'depth'])


@pytest.mark.parametrize(
    'name', ['input_reliability', f'qos_overrides.{IMAGE_TOPIC}.subscription.reliability']
)
@pytest.mark.parametrize('more', [{}, {'input_reliability': 'reliable'}])
def test_a_reliability_that_the_user_chose_stays_and_is_named_where_it_does_not_fit(name, more):
    with bench(FakeModel().load, **{name: 'reliable', **more}) as made:
        _activate(made)
        made.publisher(Image, IMAGE_TOPIC, best_effort=True)
        made.wait(lambda: made.node._running.cameras[0].input.state.hint.count('incompatible'))
        assert made.node._running.cameras[0].input.state.hint.endswith(
            f'set {name} to auto or best_effort'
        )
        assert made.node._running.cameras[0].input.state.reliability == 'reliable'


def test_remedies_name_the_parameter_of_the_camera():
    cameras = {'cameras': ['front', 'rear'], 'front__input_reliability': 'reliable'}
    with bench(FakeModel().load, **cameras) as made:
        _activate(made)
        front, rear = (camera.input for camera in made.node._running.cameras)
        made.publisher(Image, '/night_depth/front/input/image', best_effort=True)
        made.publisher(CompressedImage, '/night_depth/rear/input/image/compressed')
        made.wait(lambda: 'set front.input_reliability to auto' in front.state.hint)
        made.wait(lambda: 'set rear.image_transport to compressed' in rear.state.hint)


def test_a_publisher_that_did_not_fit_is_forgotten_when_it_has_gone():
    with bench(FakeModel().load, input_reliability='reliable') as made:
        _activate(made)
        state = lambda: made.node._running.cameras[0].input.state  # noqa: E731
        former = made.publisher(Image, IMAGE_TOPIC, best_effort=True)
        made.wait(lambda: 'incompatible' in state().hint)
        # Time for the event of the subscription.
        made.spin(0.2)
        made.peer.destroy_publisher(former)
        made.publisher(Image, IMAGE_TOPIC)
        made.wait(lambda: not state().hint)


def test_a_reliability_that_does_not_exist_is_refused():
    name = f'qos_overrides.{IMAGE_TOPIC}.subscription.reliability'
    with bench(FakeModel().load, **{name: 'sometimes'}) as made:
        assert made.node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        assert made.node.trigger_activate() == TransitionCallbackReturn.FAILURE
        assert "'sometimes' is not allowed" in made.node._problem


def test_failed_activations_leave_nothing_behind_and_a_later_one_is_well(monkeypatch):
    def existing(made):
        names = [thread.name for thread in threading.enumerate()]
        return (
            names.count('keep_latest'),
            sorted(item.topic for item in made.node.publishers),
            sorted(item.topic_name for item in made.node.subscriptions),
        )

    with bench(FakeModel().load, cameras=['front', 'rear'], diagnostics__period_s=0.1) as made:
        arrays = made.listen(DiagnosticArray, '/diagnostics')
        assert made.node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        before = existing(made)
        subscribe = made.node.create_subscription

        def refuse(kind, topic, *arguments, **named):
            if topic == '~/rear/input/camera_info':
                raise CheckpointError('no such topic')
            return subscribe(kind, topic, *arguments, **named)

        # Nodes of tests before are known for a while.
        monkeypatch.setattr(night_depth, 'namesakes', lambda node: 0)
        with monkeypatch.context() as broken:
            broken.setattr(made.node, 'create_subscription', refuse)
            for _ in range(3):
                assert made.node.trigger_activate() == TransitionCallbackReturn.FAILURE
                assert existing(made) == before
        made.wait(lambda: arrays and arrays[-1].status[0].level == DiagnosticStatus.ERROR)
        assert 'no such topic' in arrays[-1].status[0].message
        assert made.node.trigger_activate() == TransitionCallbackReturn.SUCCESS
        assert existing(made)[0] == before[0] + 1
        made.wait(lambda: arrays[-1].status[0].message == 'active')
        assert arrays[-1].status[0].level == DiagnosticStatus.OK
        assert made.node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
        assert existing(made) == before


def test_compressed_input_and_a_corrupt_jpeg():
    import cv2

    with bench(FakeModel().load, image_transport='compressed') as made:
        _activate(made)
        images = made.publisher(CompressedImage, IMAGE_TOPIC + '/compressed')
        depths = made.listen(Image, OUTPUT + 'depth')
        made.wait(
            lambda: (
                images.get_subscription_count() and made.node._running.cameras[0].topics.wanted()
            )
        )
        content = cv2.imencode('.jpg', np.zeros((48, 64, 3), np.uint8))[1].tobytes()
        images.publish(CompressedImage(format='jpeg', data=content[: len(content) // 2]))
        made.wait(lambda: _drops(made) == {'bad_frame': 1})
        images.publish(CompressedImage(format='jpeg', data=content))
        assert made.wait(lambda: depths)[0].height == 48


def test_an_enhancer_alone_publishes_no_depth():
    with bench(FakeModel(has_depth=False).load) as made:
        images = _connected(made, 'image_enhanced', 'depth')
        images.publish(image_message())
        made.wait(lambda: made.received[OUTPUT + 'image_enhanced'])
        assert not made.received[OUTPUT + 'depth']


def test_a_checkpoint_that_cannot_be_read_leaves_the_node_unconfigured():
    def refuse(settings):
        raise CheckpointError(f'{settings.checkpoint}: no such file; give another')

    with bench(refuse, checkpoint='/nowhere.safetensors') as made:
        assert made.node.trigger_configure() == TransitionCallbackReturn.FAILURE
        arrays = made.listen(DiagnosticArray, '/diagnostics')
        state = {item.name: item for item in made.wait(lambda: arrays)[-1].status}
        assert state['night_depth: state'].level == DiagnosticStatus.ERROR
        assert state['night_depth: state'].message.startswith('/nowhere.safetensors')
        assert state['night_depth: state'].values[0].value == 'unconfigured'


def _headline(status) -> str:
    """Return the first line of the view, where this is all that the node says."""
    said = Health(status.name, status.level[0], status.message)
    return headline('night_depth', [said], '')


@pytest.mark.parametrize(
    ('state', 'step'), [('unconfigured', 'configure'), ('inactive', 'activate')]
)
def test_a_node_that_nobody_activated_says_so_and_the_remedy(monkeypatch, state, step):
    monkeypatch.setattr(night_depth, 'namesakes', lambda node: 0)
    with bench(FakeModel().load, diagnostics__period_s=0.1) as made:
        if state == 'inactive':
            assert made.node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        arrays = made.listen(DiagnosticArray, '/diagnostics')
        status = made.wait(lambda: arrays)[-1].status[0]
        said = f'{state}: nobody activated it, so it publishes nothing; set autostart:=true or '
        assert status.message == f'{said}run ros2 lifecycle set /night_depth {step}'
        assert status.level == DiagnosticStatus.WARN
        assert 'nobody activated it' in _headline(status)
        assert 'all is well' not in _headline(status)
        if state == 'inactive':
            assert made.node.trigger_activate() == TransitionCallbackReturn.SUCCESS
            made.wait(lambda: arrays[-1].status[0].level == DiagnosticStatus.OK)
            assert 'all is well' in _headline(arrays[-1].status[0])


def test_the_whole_cycle_twice():
    with bench(FakeModel().load) as made:
        for _ in range(2):
            _activate(made)
            assert made.node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
            assert made.node.trigger_cleanup() == TransitionCallbackReturn.SUCCESS
            assert made.node._model is None
        assert made.node.trigger_shutdown() == TransitionCallbackReturn.SUCCESS


def test_autostart_brings_the_node_up():
    with bench(FakeModel().load, autostart=True) as made:
        made.wait(lambda: made.node._running)


def test_enable_pauses_and_resumes():
    with bench(FakeModel().load) as made:
        images = _connected(made, 'depth')
        client = made.peer.create_client(SetBool, '/night_depth/enable')
        made.wait(client.service_is_ready)
        for is_enabled in (False, True):
            answer = client.call_async(SetBool.Request(data=is_enabled))
            made.wait(answer.done)
            images.publish(image_message(5 if is_enabled else 4))
            made.wait(lambda n=1 + is_enabled: made.node.statistics[''].snapshot().received == n)
        assert made.wait(lambda: made.received[OUTPUT + 'depth'])[0].header.stamp.sec == 5
        assert _drops(made) == {'disabled': 1}


def test_scale_is_latched_and_says_relative():
    with bench(FakeModel().load) as made:
        _activate(made)
        made.spin(0.2)
        scales = made.listen(DiagnosticStatus, OUTPUT + 'scale', latched=True)
        begun = time.monotonic()
        status = made.wait(lambda: scales)[0]
        assert time.monotonic() - begun < 1.0
        values = {item.key: item.value for item in status.values}
        assert (values['scale'], values['source']) == ('relative', 'none')


def test_light_decides_how_far_to_enhance_and_is_published_when_it_changes():
    model = FakeModel()
    with bench(model.load, light__dwell_s=2, light__fade_s=4) as made:
        images = _connected(made, 'depth')
        lights = made.listen(DiagnosticStatus, OUTPUT + 'light', latched=True)
        made.wait(lambda: lights and 'not measured' in lights[0].message)
        for second, value in enumerate((130, 130, 20, 20, 20, 20), 1):
            # Every fourth column is brighter, so that the lens does not look covered.
            message = image_message(second, value=value)
            pixels = np.array(message.data, np.uint8).reshape(48, 64, 3)
            pixels[:, ::4] = min(2 * value, 250)
            message.data = pixels.tobytes()
            images.publish(message)
            made.wait(lambda n=second: len(model.enhancements) == n)
        assert model.enhancements == [0, 0, 0, 0, 0.25, 0.5]
        made.wait(lambda: any('state' in _values(item) for item in lights))
        made.wait(lambda: _values(lights[-1]).get('state') == 'night')
        made.node.set_parameters([Parameter('light.mode', value='day')])
        images.publish(image_message(7, value=20))
        made.wait(lambda: len(model.enhancements) == 7)
        assert model.enhancements[-1] == 0.25


def _values(status) -> dict[str, str]:
    return {item.key: item.value for item in status.values}


def test_light_alone_is_measured_for_who_listens_to_it():
    model = FakeModel()
    with bench(model.load) as made:
        images = _connected(made)
        lights = made.listen(DiagnosticStatus, OUTPUT + 'light', latched=True)
        made.wait(lambda: lights)
        images.publish(image_message())
        made.wait(lambda: _values(lights[-1]).get('state') == 'night')
        assert _drops(made) == {'no_subscriber': 1}
        assert model.asked == []


@pytest.mark.parametrize(
    ('end', 'said'),
    [
        ('', 'carries sensor_msgs/msg/CompressedImage, not sensor_msgs/msg/Image: remap'),
        ('/compressed', f'but {IMAGE_TOPIC}/compressed: set image_transport to compressed'),
    ],
)
def test_diagnostics_say_what_is_published_instead(end, said):
    # A process cannot have two types of one topic in a context.
    elsewhere = rclpy.Context()
    elsewhere.init()
    with bench(FakeModel().load, image_timeout_s=0.1, diagnostics__period_s=0.1) as made:
        _activate(made)
        arrays = made.listen(DiagnosticArray, '/diagnostics')
        other = rclpy.create_node('other', context=elsewhere)
        other.create_publisher(CompressedImage, IMAGE_TOPIC + end, 1)

        def told():
            return [item for array in arrays for item in array.status if said in item.message]

        assert made.wait(told)[0].name == 'night_depth: input'
        made.wait(lambda: told()[-1].level == DiagnosticStatus.ERROR)
        other.destroy_node()
    elsewhere.try_shutdown()


def test_diagnostics_say_what_is_missing():
    with bench(FakeModel().load, image_timeout_s=0.1, diagnostics__period_s=0.1) as made:
        _activate(made)
        arrays = made.listen(DiagnosticArray, '/diagnostics')

        def silent():
            return [
                item for item in arrays[-1:] for item in item.status if 'no image' in item.message
            ]

        (status,) = made.wait(silent)
        assert status.level == DiagnosticStatus.ERROR
        assert f'nothing publishes {IMAGE_TOPIC}' in status.message
        names = {item.name.split(': ')[1] for item in arrays[-1].status}
        assert names == {
            'state',
            'memory',
            'model',
            'input',
            'output',
            'timing',
            'calibration',
            'scale',
            'light',
        }


@pytest.mark.parametrize(
    ('published', 'said'),
    [
        (None, f'nothing publishes {INFO_TOPIC}: remap ~/input/camera_info, or let the driver'),
        (CameraInfo, f'1 publishers of {INFO_TOPIC} are silent'),
        (Image, f'{INFO_TOPIC} carries sensor_msgs/msg/Image, not sensor_msgs/msg/CameraInfo: '),
    ],
    ids=['none', 'silent', 'other'],
)
def test_diagnostics_say_why_no_camera_info_comes(published, said):
    # A process cannot have two types of one topic in a context.
    elsewhere = rclpy.Context()
    elsewhere.init()
    with bench(FakeModel().load, diagnostics__period_s=0.1) as made:
        _activate(made)
        images, arrays = (
            made.publisher(Image, IMAGE_TOPIC),
            made.listen(DiagnosticArray, '/diagnostics'),
        )
        other = rclpy.create_node('other', context=elsewhere)
        if published is not None:
            other.create_publisher(published, INFO_TOPIC, 1)
        depths = made.listen(Image, OUTPUT + 'depth')
        made.wait(lambda: images.get_subscription_count())
        made.wait(lambda: made.node._running.cameras[0].topics.wanted())
        images.publish(image_message())
        made.wait(lambda: depths)

        def told():
            return [s for a in arrays for s in a.status if s.name == 'night_depth: calibration']

        prefix = f'no camera_info received: depth without cloud; {said}'
        made.wait(lambda: told() and told()[-1].message.startswith(prefix))
        assert told()[-1].level == DiagnosticStatus.WARN
        values = _values(told()[-1])
        assert values['topic'] == INFO_TOPIC
        assert values['publishers'] == str(int(published is CameraInfo))
        other.destroy_node()
    elsewhere.try_shutdown()


def test_a_bad_parameter_is_a_settings_error():
    with pytest.raises(SettingsError, match='stride'), bench(FakeModel().load, cloud__stride=0):
        pass


def test_sim_time_without_a_clock_stops_nothing():
    with bench(FakeModel().load, use_sim_time=True, diagnostics__period_s=0.1) as made:
        images = _connected(made, 'depth')
        arrays = made.listen(DiagnosticArray, '/diagnostics')
        images.publish(image_message())
        made.wait(lambda: made.received[OUTPUT + 'depth'] and arrays)


def test_two_cameras_share_one_model_and_keep_their_names():
    model = FakeModel()
    with bench(model.load, cameras=['front', 'rear'], diagnostics__period_s=0.1) as made:
        _activate(made)
        topics = {name: f'/night_depth/{name}/output/depth' for name in ('front', 'rear')}
        depths = {name: made.listen(Image, topic) for name, topic in topics.items()}
        images = {
            name: made.publisher(Image, f'/night_depth/{name}/input/image') for name in topics
        }
        diagnostics = made.listen(DiagnosticArray, '/diagnostics')
        running = made.node._running
        made.wait(lambda: all(camera.topics.wanted() for camera in running.cameras))
        made.wait(lambda: all(item.get_subscription_count() for item in images.values()))
        model.leave.clear()
        images['front'].publish(image_message(1))
        made.wait(lambda: model.batches == [1])
        for second in (2, 3):
            images['front'].publish(image_message(second))
            images['rear'].publish(image_message(10 + second))
        made.wait(lambda: made.node.statistics['rear'].snapshot().received == 2)
        made.wait(lambda: made.node.statistics['front'].snapshot().received == 3)
        model.leave.set()
        made.wait(lambda: len(depths['front']) == 2 and depths['rear'])
        assert [item.header.stamp.sec for item in depths['front']] == [1, 3]
        assert [item.header.stamp.sec for item in depths['rear']] == [13]
        assert model.batches == [1, 2]
        names = {'night_depth/front: input', 'night_depth/rear: input', 'night_depth: model'}
        made.wait(lambda: diagnostics and names <= {s.name for s in diagnostics[-1].status})


def test_a_broken_frame_of_one_camera_does_not_hold_up_the_other():
    model = FakeModel()
    with bench(model.load, cameras=['front', 'rear']) as made:
        _activate(made)
        depths = made.listen(Image, '/night_depth/rear/output/depth')
        made.listen(Image, '/night_depth/front/output/depth')
        running = made.node._running
        made.wait(lambda: all(camera.topics.wanted() for camera in running.cameras))
        pipelines = [camera.pipeline for camera in running.cameras]
        broken = image_message()
        broken.height = 0
        frames = [Incoming(broken, None, 0.0), Incoming(image_message(7), None, 0.0)]
        process(
            made.node._model,
            [CameraFrame(*pair) for pair in zip(pipelines, frames, strict=True)],
        )
        made.wait(lambda: depths)
        assert depths[0].header.stamp.sec == 7
        assert made.node.statistics['front'].snapshot().dropped == {'bad_frame': 1}


def test_a_picture_that_the_model_fails_on_keeps_no_other_camera_from_it():
    model, names = FakeModel(), ('front', 'rear', 'left')

    def predict(requests):
        if any(request.image[0, 0, 0] == 66 for request in requests):
            raise RuntimeError('no such picture')
        return model.predict_batch(requests)

    with bench(
        lambda settings: model.load(settings)._replace(predict=predict), cameras=list(names)
    ) as made:
        _activate(made)
        depths = [made.listen(Image, f'/night_depth/{name}/output/depth') for name in names]
        cameras = made.node._running.cameras
        made.wait(lambda: all(camera.topics.wanted() for camera in cameras))
        images = [image_message(4), image_message(5, value=66), image_message(6)]
        process(
            made.node._model,
            [
                CameraFrame(camera.pipeline, Incoming(image, None, 0.0))
                for camera, image in zip(cameras, images, strict=True)
            ],
        )
        made.wait(lambda: depths[0] and depths[2])
        assert [[item.header.stamp.sec for item in items] for items in depths] == [[4], [], [6]]
        seen = [made.node.statistics[name].snapshot() for name in names]
        assert [one.dropped for one in seen] == [{}, {'failed': 1}, {}]
        assert 'no such picture' in seen[1].last_problem
        assert model.batches == [1, 1]


@pytest.mark.parametrize('names', [['front', 'front'], ['2nd'], ['a/b']])
def test_names_that_no_camera_can_have_are_refused(names):
    with pytest.raises(SettingsError, match='cameras'), bench(FakeModel().load, cameras=names):
        pass


def _longest_gap(places: list[int], count: int) -> int:
    """Return the longest run of 0 to count - 1 that has none of the places."""
    ends = [-1, *places, count]
    return max(after - before - 1 for before, after in itertools.pairwise(ends))


@pytest.mark.live
def test_four_cameras_at_30_hz_share_ten_batches_a_second_and_memory_stays_flat():
    model, names = FakeModel(), ('front', 'rear', 'left', 'right')
    # All images of the test together are 100 MB.
    size, batches = (192, 256), []

    def slow(requests):
        batches.append({int(request.image[0, 0, 0]) for request in requests})
        time.sleep(0.1)
        return model.predict_batch(requests)

    with bench(
        lambda settings: model.load(settings)._replace(predict=slow), cameras=names
    ) as made:
        _activate(made)
        for name in names:
            topic = f'/night_depth/{name}/output/depth'
            made.peer.create_subscription(Image, topic, lambda _: None, 5)
        images = [made.publisher(Image, f'/night_depth/{name}/input/image') for name in names]
        cameras = made.node._running.cameras
        made.wait(lambda: all(camera.topics.wanted() for camera in cameras))
        made.wait(lambda: all(item.get_subscription_count() for item in images))
        memory, began, ticks = [], time.monotonic(), 0
        while time.monotonic() - began < 6.0:
            for number, item in enumerate(images):
                item.publish(image_message(1 + ticks, size, value=number))
            ticks += 1
            memory.append(resident_mb())
            while time.monotonic() - began < ticks / 30:
                made.spin(0.005)
        seen = [made.node.statistics[name].snapshot() for name in names]
        done = list(batches)
        assert len(done) >= 20
        assert min(one.published for one in seen) >= 0.8 * len(done)
        for number in range(len(names)):
            places = [place for place, batch in enumerate(done) if number in batch]
            assert _longest_gap(places, len(done)) <= 3
        assert sum(one.dropped.get('superseded', 0) for one in seen) > 0
        assert max(memory[len(memory) // 2 :]) - memory[len(memory) // 4] < 20
        assert max(model.batches) == len(names)
