"""
Images, folders and videos as frames; every input that is none of them.
"""

from __future__ import annotations

import os

import cv2
from make_bags import camera_messages, write_mcap
import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.data.sources import list_images, open_source
from steps_ros.errors import SourceError

CAMERA_YAML = 'width: 64\nheight: 48\nfx: 40\nfy: 40\ncx: 32\ncy: 24\n'


def write_image(path, value=0, size=(48, 64)):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.full((*size, 3), (value, 100, 200), np.uint8)
    assert cv2.imwrite(str(path), image[..., ::-1])
    return image


def write_video(path, count=12, rate_hz=10.0):
    # ffmpeg reads this once in a process; other tests look at what reaches stderr.
    os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '-8')
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), rate_hz, (64, 48))
    assert writer.isOpened()
    for index in range(count):
        writer.write(np.full((48, 64, 3), (200, 100, 10 * index), np.uint8))
    writer.release()
    return path


def frames_of(path, **options):
    with open_source(path, **options) as source:
        return list(source)


def test_single_image(tmp_path):
    image = write_image(tmp_path / 'night.png', 7)
    with open_source(tmp_path / 'night.png') as source:
        (frame,) = source
    assert (source.kind, source.frame_count, source.calibration) == ('image', 1, '')
    assert (frame.stem, frame.stamp_ns, frame.camera) == ('night', 0, None)
    np.testing.assert_array_equal(frame.image, image)


def test_folder_in_natural_order_with_its_rate(tmp_path):
    for index in (10, 2, 1):
        write_image(tmp_path / f'frame{index}.png', index)
    (tmp_path / 'notes.txt').write_text('no image')
    (tmp_path / '._frame1.png').write_text('no image either')
    frames = frames_of(tmp_path)
    assert [frame.stem for frame in frames] == ['frame1', 'frame2', 'frame10']
    assert [frame.image[0, 0, 0] for frame in frames] == [1, 2, 10]
    assert [frame.stamp_ns for frame in frames] == [0, 200_000_000, 400_000_000]
    assert [frame.stamp_ns for frame in frames_of(str(tmp_path), rate_hz=10)][1] == 100_000_000


def test_natural_order_compares_mixed_names(tmp_path):
    for name in ('b1', '2', 'a10b', 'a2b', '10'):
        write_image(tmp_path / f'{name}.png')
    assert [path.stem for path in list_images(tmp_path)] == ['2', '10', 'a2b', 'a10b', 'b1']


def test_simulated_folder_has_images_and_a_camera(tmp_path):
    write_image(tmp_path / 'images' / '0.png')
    write_image(tmp_path / 'contact_sheet.png')
    (tmp_path / 'camera.yaml').write_text(CAMERA_YAML)
    with open_source(tmp_path) as source:
        (frame,) = source
    assert frame.stem == '0'
    assert frame.camera == Camera(64, 48, 40, 40, 32, 24)
    assert source.calibration == str(tmp_path / 'camera.yaml')


def test_camera_follows_the_size_of_each_image(tmp_path):
    (tmp_path / 'camera.yaml').write_text(CAMERA_YAML)
    write_image(tmp_path / '1.png', size=(24, 32))
    write_image(tmp_path / '2.png', size=(64, 48))
    small, upright = frames_of(tmp_path)
    assert small.camera == Camera(32, 24, 20, 20, 16, 12)
    assert upright.camera is None


def test_same_stem_twice_is_an_error_that_names_both(tmp_path):
    write_image(tmp_path / 'a.png')
    write_image(tmp_path / 'a.jpg')
    with pytest.raises(SourceError, match=r'a\.jpg and a\.png, .*rename one'):
        open_source(tmp_path)


def test_unreadable_images_are_left_out_and_counted(tmp_path, caplog):
    for index in range(3):
        write_image(tmp_path / f'{index}.png', index)
    (tmp_path / '1.png').write_bytes((tmp_path / '1.png').read_bytes()[:60])
    (tmp_path / '3.jpg').write_bytes(b'')
    with open_source(tmp_path) as source:
        assert [frame.stem for frame in source] == ['0', '2']
        assert [frame.stamp_ns for frame in source] == [0, 400_000_000]
        assert [item.stem for item in source.skipped] == ['1', '3']
    assert 'skipped 1: png of 60 bytes is truncated' in caplog.text


def test_few_warnings_for_many_bad_images(tmp_path, caplog):
    write_image(tmp_path / 'good.png')
    for index in range(20):
        (tmp_path / f'{index}.png').write_bytes(b'')
    with open_source(tmp_path) as source:
        assert len(list(source)) == 1
        assert len(source.skipped) == 20
    assert len(caplog.records) == 5


def test_nothing_readable_is_an_error_without_warnings(tmp_path, caplog):
    (tmp_path / '1.png').write_bytes(b'no image')
    with pytest.raises(SourceError, match=r'1\.png cannot be read: 8 bytes'):
        frames_of(tmp_path / '1.png')
    (tmp_path / '2.png').write_bytes(b'')
    with pytest.raises(SourceError, match='none of 2 images can be read; the first, 1: 8 bytes'):
        frames_of(tmp_path)
    assert not caplog.records


def test_video(tmp_path):
    path = write_video(tmp_path / 'night.avi')
    with open_source(path) as source:
        assert (source.kind, source.frame_count) == ('video', 12)
        frames = list(source)
    assert [frame.stem for frame in frames[:2]] == ['000000', '000001']
    assert len(frames) == 12
    np.testing.assert_allclose(frames[5].image[20, 20].astype(int), (50, 100, 200), atol=6)
    assert frames[3].stamp_ns == 600_000_000
    assert frames_of(path, rate_hz=None)[3].stamp_ns == 300_000_000


@pytest.mark.parametrize('rate_hz', [1e-300, 1e12, np.inf, np.nan, -1.0])
def test_a_rate_that_no_camera_has_is_not_taken(tmp_path, rate_hz, monkeypatch):
    path = write_video(tmp_path / 'night.avi')

    class Damaged:
        def __init__(self, *given, opened=cv2.VideoCapture):
            self._opened = opened(*given)

        def __getattr__(self, name):
            return getattr(self._opened, name)

        def get(self, what):
            return rate_hz if what == cv2.CAP_PROP_FPS else self._opened.get(what)

    monkeypatch.setattr('steps_ros.data.sources.cv2.VideoCapture', Damaged)
    assert [frame.stamp_ns for frame in frames_of(path, rate_hz=None)[:2]] == [0, 200_000_000]


def test_video_that_ends_early_says_so(tmp_path, caplog, monkeypatch):
    path = write_video(tmp_path / 'night.avi')
    with open_source(path) as source:
        source.frame_count = 40
        assert len(list(source)) == 12
    assert 'ends after 12 of 40 frames' in caplog.text


def test_video_without_frames(tmp_path):
    with pytest.raises(SourceError, match=r'holds no image|no video that can be decoded'):
        frames_of(write_video(tmp_path / 'night.avi', count=0))


@pytest.mark.parametrize(
    ('name', 'content', 'message'),
    [
        ('night.mp4', b'', 'no video that can be decoded; convert it'),
        ('night.mp4', bytes(1000), 'no video that can be decoded'),
        ('night.txt', b'x', r'no known type; known are folders and \.png .*\.mp4 .*\.mcap'),
        ('night', b'x', 'no known type'),
        ('night.PNG', b'', 'is empty'),
    ],
)
def test_bad_file_is_one_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message) as caught:
        frames_of(tmp_path / name)
    assert '\n' not in str(caught.value)


def test_missing_path(tmp_path):
    with pytest.raises(SourceError, match='does not exist; check the path'):
        open_source(tmp_path / 'nowhere')


def test_folder_without_images(tmp_path):
    with pytest.raises(SourceError, match=r'holds no image; known are \.png'):
        open_source(tmp_path)


def test_folder_of_a_recording_without_metadata(tmp_path):
    write_mcap(tmp_path / 'night.mcap', camera_messages(1))
    with pytest.raises(SourceError, match=r'no metadata.yaml; give .*night\.mcap itself'):
        open_source(tmp_path)


def test_damaged_camera_file(tmp_path):
    write_image(tmp_path / '1.png')
    (tmp_path / 'camera.yaml').write_text('fx: 3')
    with pytest.raises(SourceError, match=r"camera.yaml has no key 'width'"):
        open_source(tmp_path)


def test_real_night_folder(shared_data):
    with open_source(shared_data / 'night_dashcam') as source:
        first = next(iter(source))
    assert source.frame_count == 41
    assert (first.stem, first.image.shape) == ('0000', (1080, 1920, 3))


def test_real_video_is_read_to_its_end(shared_data):
    with open_source(shared_data / 'udacity_day' / 'test_video.mp4', rate_hz=None) as source:
        shapes = {frame.image.shape for frame in source}
    assert shapes == {(720, 1280, 3)}
    assert source.frame_count == 38
