"""Each dropped frame is named in the log where that is wanted, and only there."""

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from builtin_interfaces.msg import Time
from rcl_interfaces.msg import Log
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.logging import LoggingSeverity
from ros_harness import bench, FakeModel, image_message, IMAGE_TOPIC
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from steps_ros.ros.dropped_frame import dropped_words, MOST_LETTERS, read_words

pytestmark = pytest.mark.timeout(60)


def header(frame_id: str, sec: int = 7) -> Header:
    return Header(frame_id=frame_id, stamp=Time(sec=sec, nanosec=40))


def test_the_words_name_frame_and_stamp_and_are_read_again():
    words = dropped_words(header('front'), 'bad_frame')
    assert words == "frame 'front' of 7.000000040 dropped: bad_frame"
    assert read_words(words) == ('front', 'bad_frame')
    assert read_words(dropped_words(header('x', -3), 'superseded')) == ('x', 'superseded')


def test_a_frame_id_breaks_no_line_and_is_no_novel():
    words = dropped_words(header('a\n' + 1000 * 'b'), 'failed')
    assert len(words.splitlines()) == 1
    assert len(words) < MOST_LETTERS + 60


@pytest.mark.parametrize('line', ['', 'active', 'frame dropped: no pixels'])
def test_other_lines_are_none_of_these(line):
    assert read_words(line) is None


def test_the_node_names_what_it_drops_at_level_debug_alone():
    with bench(FakeModel().load) as made:
        said = made.listen(Log, '/rosout')
        assert made.node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        assert made.node.trigger_activate() == TransitionCallbackReturn.SUCCESS
        images = made.publisher(Image, IMAGE_TOPIC)
        made.wait(images.get_subscription_count)
        made.wait(lambda: made.peer.count_publishers('/rosout'))
        logger, dropped = made.node.get_logger(), made.node.statistics['']
        for number, level in enumerate((LoggingSeverity.INFO, LoggingSeverity.DEBUG), 1):
            logger.set_level(level)
            images.publish(image_message(number))
            made.wait(lambda n=number: dropped.snapshot().dropped.get('no_subscriber') == n)
        logger.set_level(LoggingSeverity.UNSET)
        named = made.wait(lambda: [one.msg for one in said if read_words(one.msg)])
        assert named == [
            "frame 'camera_optical_frame' of 2.000000000 dropped: no_subscriber",
        ]
