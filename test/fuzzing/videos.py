"""
Videos.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
import tempfile

import cv2
import numpy as np

from fuzzing.contract import Target
from fuzzing.scratch import written
from steps_ros.data.sources import open_source

FRAMES, HEIGHT, WIDTH = 4, 24, 32
KINDS = (('.avi', 'MJPG'), ('.mp4', 'mp4v'), ('.mkv', 'mp4v'))


def videos(suffix: str, codec: str) -> list[bytes]:
    """Return a small video."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f'video{suffix}')
        fourcc = cv2.VideoWriter.fourcc(*codec)
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, fourcc, 10.0, (WIDTH, HEIGHT))
        for index in range(FRAMES):
            writer.write(np.full((HEIGHT, WIDTH, 3), 40 * index, np.uint8))
        writer.release()
        return [path.read_bytes()]


def check_video(suffix: str, content: bytes) -> None:
    """Frames with stamps that grow."""
    # A camera file of another target must not lie beside it or one folder up.
    path = written(f'videos/kept/video{suffix}', content)
    with open_source(path, rate_hz=None) as source:
        assert source.frame_count is None or source.frame_count > 0
        former = -1
        for frame in source:
            assert frame.image.dtype == np.uint8
            assert frame.image.shape[2:] == (3,)
            assert frame.stamp_ns > former
            former = frame.stamp_ns


TARGETS = tuple(
    Target(f'video{suffix}', partial(videos, suffix, codec), partial(check_video, suffix))
    for suffix, codec in KINDS
)
