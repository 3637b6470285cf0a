"""Each frame of a soak is what its name says: the good ones decode, the bad ones do not."""

import math

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from sensor_msgs.msg import CompressedImage

from steps_ros.data.transforms import message_stamp_ns
from steps_ros.errors import FrameError
from steps_ros.ros.messages import compressed_to_rgb, image_to_rgb
from steps_ros.ros.soak_frames import SoakPictures
from steps_ros.ros.soak_plan import FATES, frame_of, GOOD, OUT, REFUSED

WIDEST = 64
PICTURES = SoakPictures(WIDEST)
FRAMES = [frame_of(number) for number in range(500)]


def decoded(frame):
    image = PICTURES.messages(frame).image
    take = compressed_to_rgb if isinstance(image, CompressedImage) else image_to_rgb
    return take(image)


def of_kind(kind):
    return [frame for frame in FRAMES if frame.kind == kind]


def test_good_frames_of_all_encodings_decode_to_the_size_of_their_camera():
    for frame in FRAMES[:60]:
        if frame.kind == GOOD:
            messages = PICTURES.messages(frame)
            width, height = frame.camera.size(WIDEST)
            picture = decoded(frame)
            assert picture.shape == (height, width, 3)
            assert 20 < picture.mean() < 100
            assert (messages.info.width, messages.info.height) == (width, height)
            assert len(messages.info.d) == (5 if frame.camera.bent else 0)
            assert message_stamp_ns(messages.image) == frame.stamp_ns


@pytest.mark.parametrize('kind', [kind for kind, fate in FATES.items() if fate == REFUSED])
def test_frames_that_cannot_be_used_are_refused_in_one_line(kind):
    for frame in of_kind(kind):
        with pytest.raises(FrameError) as error:
            decoded(frame)
        assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize('kind', [kind for kind, fate in FATES.items() if fate == OUT])
def test_frames_that_are_merely_strange_decode(kind):
    for frame in of_kind(kind)[:3]:
        width, height = frame.camera.size(WIDEST)
        picture, info = decoded(frame), PICTURES.messages(frame).info
        assert (picture.shape[:2] == (height, width)) == (kind != 'changed_size')
        assert math.isnan(info.k[0]) == (kind == 'nan_calibration')
        even = {'black': 0, 'white': 255}.get(kind)
        assert even is None or np.abs(picture.astype(int) - even).max() <= 3
