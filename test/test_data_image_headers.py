"""The size of a picture is known, and held against a limit, before it is decoded."""

from pathlib import Path
import struct

import cv2
import numpy as np
import pytest

from steps_ros.data.depth_images import decode_compressed_depth
from steps_ros.data.encodings import decode_compressed
from steps_ros.data.image_headers import read_header
from steps_ros.data.set_files import read_bytes
from steps_ros.data.sources import open_source
from steps_ros.errors import FrameError, SourceError

PICTURE = np.random.default_rng(0).integers(0, 256, (18, 50, 3), np.uint8)
KINDS = ['.png', '.jpg', '.bmp', '.webp', '.tif']


def peak_mb() -> float:
    lines = Path('/proc/self/status').read_text().splitlines()
    (line,) = (line for line in lines if line.startswith('VmHWM'))
    return int(line.split()[1]) / 1024


def encoded(suffix, *options):
    done, content = cv2.imencode(suffix, PICTURE, options)
    assert done
    return content.tobytes()


@pytest.mark.parametrize('suffix', KINDS)
def test_every_kind_says_its_size(suffix, monkeypatch):
    content = encoded(suffix)
    assert read_header(content)[1:] == (50, 18, True)
    assert decode_compressed(content).shape == (18, 50, 3)
    monkeypatch.setenv('STEPS_ROS_MAX_IMAGE_PIXELS', '899')
    with pytest.raises(FrameError, match=r'of 50x18 has 900 pixels.*STEPS_ROS_MAX_IMAGE_PIXELS'):
        decode_compressed(content)


def test_rarer_forms_say_their_size():
    lossy = encoded('.webp', cv2.IMWRITE_WEBP_QUALITY, 50)
    assert lossy[12:16] != encoded('.webp')[12:16]
    assert read_header(lossy)[1:3] == (50, 18)
    large = (
        b'RIFF' + struct.pack('<I', 22) + b'WEBPVP8X' + struct.pack('<IIHBHB', 10, 0, 4, 1, 2, 0)
    )
    assert read_header(large) == ('webp', 65541, 3, True)
    old = b'BM' + bytes(12) + struct.pack('<IHH', 12, 7, 8)
    downwards = b'BM' + bytes(12) + struct.pack('<Iii', 40, 7, -8)
    assert read_header(old)[1:3] == read_header(downwards)[1:3] == (7, 8)
    entry = struct.pack('>HHIHH', 256, 3, 1, 9, 0) + struct.pack('>HHII', 257, 4, 1, 11)
    assert read_header(b'MM\x00*' + struct.pack('>IH', 8, 2) + entry) == ('tiff', 9, 11, True)


def test_tiles_larger_than_the_picture_count():
    entries = b''.join(
        struct.pack('>HHII', tag, 4, 1, value)
        for tag, value in ((256, 9), (257, 11), (322, 20_000), (323, 10_000))
    )
    content = b'MM\x00*' + struct.pack('>IH', 8, 4) + entries
    with pytest.raises(FrameError, match='tiff of 20000x10000 has 200000000 pixels'):
        decode_compressed(content)


def test_bytes_of_a_message_are_held_against_a_limit(monkeypatch):
    monkeypatch.setenv('STEPS_ROS_MAX_UNPACKED_BYTES', '100')
    with pytest.raises(FrameError, match=r'compressed image has \d+ bytes.*UNPACKED_BYTES'):
        decode_compressed(encoded('.png'))


@pytest.mark.parametrize('suffix', KINDS)
def test_no_length_of_a_header_is_more_than_one_line(suffix):
    content = encoded(suffix)
    for length in range(1, 60):
        with pytest.raises(FrameError) as caught:
            decode_compressed(content[:length])
        assert '\n' not in str(caught.value)


@pytest.mark.skipif(not Path('/proc/self/status').is_file(), reason='memory is read from /proc')
def test_a_chunk_that_claims_gigabytes_takes_none():
    content = bytearray(encoded('.png'))
    place = content.index(b'IDAT') - 4
    content[place : place + 4] = struct.pack('>I', 0xFF000054)
    assert not read_header(bytes(content)).is_complete
    before = peak_mb()
    with pytest.raises(FrameError, match='truncated'):
        decode_compressed(bytes(content))
    assert peak_mb() - before < 100


def test_an_end_that_claims_gigabytes_is_none():
    content = encoded('.png')
    place = content.index(b'IEND') - 4
    assert read_header(content).is_complete
    damaged = content[:place] + struct.pack('>I', 0xE7041F82) + content[place + 4 :]
    assert not read_header(damaged).is_complete


def test_chunks_without_end_are_no_picture():
    content = encoded('.png')
    place = content.index(b'IDAT') - 4
    many = content[:place] + 100_000 * (bytes(4) + b'tEXt' + bytes(4)) + content[place:]
    with pytest.raises(FrameError, match='png has more than 100000 chunks; save it again'):
        decode_compressed(many)
    few = content[:place] + 5 * (bytes(4) + b'tEXt' + bytes(4)) + content[place:]
    assert read_header(few).is_complete


@pytest.mark.parametrize(
    'content', [b'P6 9 9 255 ' + bytes(243), b'GIF89a' + bytes(40), b'v/1\x01']
)
def test_other_formats_meet_no_decoder(content):
    with pytest.raises(FrameError, match='are no jpeg or png'):
        decode_compressed(content)


def test_compressed_depth_is_limited(monkeypatch):
    class Message:
        format = '16UC1; compressedDepth png'
        data = bytes(12) + cv2.imencode('.png', np.ones((4, 5), np.uint16))[1].tobytes()

    assert decode_compressed_depth(Message).shape == (4, 5)
    monkeypatch.setenv('STEPS_ROS_MAX_IMAGE_PIXELS', '19')
    with pytest.raises(FrameError, match='png of 5x4 has 20 pixels'):
        decode_compressed_depth(Message)


def test_frames_of_videos_are_limited(tmp_path, monkeypatch):
    path = tmp_path / 'a.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 5, (64, 48))
    writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    assert len(list(open_source(path))) == 1
    monkeypatch.setenv('STEPS_ROS_MAX_IMAGE_PIXELS', '3071')
    with pytest.raises(SourceError, match=r'a frame has 3072 pixels.*STEPS_ROS_MAX_IMAGE_PIXELS'):
        open_source(path)


def test_every_frame_of_a_video_is_held_against_the_limit(tmp_path, monkeypatch):
    path = tmp_path / 'a.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 10, (64, 48))
    writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    source = open_source(path)
    # What a stream that changes its size would do.
    monkeypatch.setenv('STEPS_ROS_MAX_IMAGE_PIXELS', '3071')
    with pytest.raises(SourceError, match='a frame has 3072 pixels'):
        list(source)


def test_pictures_called_a_video_meet_no_other_decoder(tmp_path, monkeypatch):
    """OpenCV would try every backend it has, readers of numbered pictures among them."""
    path = tmp_path / '1.mp4'
    path.write_bytes(b'not a video')
    opened = []
    usual = cv2.VideoCapture
    monkeypatch.setattr(cv2, 'VideoCapture', lambda *given: opened.append(given) or usual(*given))
    with pytest.raises(SourceError, match='no video that can be decoded'):
        open_source(path)
    assert opened == [(str(path), cv2.CAP_FFMPEG)]


def test_files_without_end_are_not_read(tmp_path, monkeypatch):
    endless = tmp_path / 'a.png'
    endless.symlink_to('/dev/zero')
    with pytest.raises(FrameError, match=r'a.png is a pipe or a device'):
        read_bytes(endless)
    large = tmp_path / 'b.png'
    large.write_bytes(bytes(11))
    monkeypatch.setenv('STEPS_ROS_MAX_UNPACKED_BYTES', '10')
    with pytest.raises(FrameError, match='has 11 bytes, more than the limit of 10'):
        read_bytes(large)
