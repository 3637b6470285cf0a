"""Each frame of a soak is what its name says: the good ones decode, the bad ones do not."""

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from sensor_msgs.msg import CompressedImage

from steps_ros.data.transforms import message_stamp_ns
from steps_ros.errors import FrameError
from steps_ros.ros.calibration import CALIBRATED, NO_CAMERA_INFO, sight_of
from steps_ros.ros.messages import compressed_to_rgb, image_to_rgb
from steps_ros.ros.soak_frames import SoakPictures
from steps_ros.ros.soak_plan import (
    BEGIN_NS,
    ENDS,
    frame_of,
    GOOD,
    number_of,
    PERIOD_NS,
    UNCALIBRATED,
)
from steps_ros.ros.statistics import Drop

WIDEST = 64
PICTURES = SoakPictures(WIDEST)
REFUSED = [kind for kind, ends in ENDS.items() if ends == (Drop.BAD_FRAME,)]
TAKEN = [kind for kind, ends in ENDS.items() if Drop.BAD_FRAME not in ends]
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
            assert number_of(messages.image.header.frame_id) == frame.number


@pytest.mark.parametrize(
    'kind', [kind for kind, ends in ENDS.items() if ends == (Drop.BAD_FRAME,)]
)
def test_frames_that_cannot_be_used_are_refused_in_one_line(kind):
    for frame in of_kind(kind):
        with pytest.raises(FrameError) as error:
            decoded(frame)
        assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    'kind', [kind for kind, ends in ENDS.items() if Drop.BAD_FRAME not in ends]
)
def test_frames_that_are_merely_strange_decode(kind):
    for frame in of_kind(kind)[:3]:
        width, height = frame.camera.size(WIDEST)
        picture = decoded(frame)
        assert (picture.shape[:2] == (height, width)) == (kind != 'changed_size')
        even = {'black': 0, 'white': 255}.get(kind)
        assert even is None or np.abs(picture.astype(int) - even).max() <= 3
        assert (picture.mean() < 10) == (kind in {'black', 'covered_lens'})


def sight(frame):
    """Return what the node says of the calibration of a frame, and whether it has a camera."""
    height, width = decoded(frame).shape[:2]
    seen = sight_of(PICTURES.messages(frame).info, '/image', (width, height), False)
    return seen.state, seen.camera is not None


def test_frames_without_a_calibration_that_can_be_used_give_no_cloud():
    found = {frame.kind: sight(frame) for frame in FRAMES if frame.calibration != GOOD}
    assert set(found) == {kind for kind, ends in ENDS.items() if UNCALIBRATED in ends}
    assert not any(has_camera for _, has_camera in found.values())
    words = {
        'no_camera_info': NO_CAMERA_INFO,
        'zero_calibration': 'K[0] = 0',
        'nan_calibration': 'not finite',
        'foreign_calibration': 'camera_info is of',
    }
    assert all(words[kind] in state for kind, (state, _) in found.items())
    (good,) = {sight(frame) for frame in of_kind(GOOD)[:3]}
    assert good == (CALIBRATED, True)


@pytest.mark.parametrize(
    ('kind', 'stamp_ns'),
    [
        ('zero_stamp', lambda now: 0),
        ('negative_stamp', lambda now: -5_000_000_000),
        ('repeated_stamp', lambda now: now - PERIOD_NS),
        ('stamp_back', lambda now: now - 60_000_000_000),
        ('future_stamp', lambda now: now + 86_400_000_000_000),
        ('good', lambda now: now),
    ],
)
def test_stamps_are_of_every_kind(kind, stamp_ns):
    frame = of_kind(kind)[0]
    assert message_stamp_ns(PICTURES.messages(frame).image) == stamp_ns(frame.time_ns)
    assert frame.time_ns >= BEGIN_NS
