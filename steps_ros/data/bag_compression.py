"""
Compressed parts of bags, unpacked to the size that they state and not a byte further.

rosbags unpacks whatever it is given: a chunk of a megabyte may stand for gigabytes.
"""

from __future__ import annotations

from bz2 import BZ2Decompressor
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePath
import shutil
from tempfile import TemporaryDirectory
from typing import Any

from backports import zstd
from lz4.frame import LZ4FrameDecompressor
from rosbags import rosbag1
from rosbags.rosbag1.reader import Header
import yaml

from steps_ros.errors import SourceError
from steps_ros.limits import require_within
from steps_ros.regular_file import require_regular

COPIED_BYTES = 1 << 20
_UNPACKERS = {
    'zstd': zstd.ZstdDecompressor,
    'lz4': LZ4FrameDecompressor,
    'bz2': BZ2Decompressor,
}


def unpacked(data: bytes, size: int, compression: str) -> bytes:
    """
    Unpack a chunk.

    :param size: in bytes, as the bag states it.
    :param compression: ``zstd``, ``lz4`` or ``bz2``.
    :raises SourceError: the size is above ``unpacked_bytes``.
    :raises ValueError: it unpacks to another size.
    """
    require_within('unpacked_bytes', size, 'a compressed chunk of the bag', SourceError)
    content: bytes = _UNPACKERS[compression]().decompress(data, max_length=size + 1)
    if len(content) != size:
        raise ValueError(f'a chunk does not unpack to the {size} bytes that it states')
    return content


def unpacked_message(data: bytes) -> bytes:
    """
    Unpack a message that was compressed by itself, with zstd.

    :raises SourceError: its size is above ``unpacked_bytes``.
    :raises ValueError: it states none, or another.
    """
    size = zstd.get_frame_info(data).decompressed_size
    if size is None:
        raise ValueError('a compressed message does not state its size; record it again')
    return unpacked(data, size, 'zstd')


class Ros1Reader(rosbag1.Reader):  # type: ignore[misc]
    """The reader of rosbags, with chunks that unpack to no more than they state."""

    def read_chunk(self) -> Any:
        """Return where a chunk is and how it is unpacked."""
        file = self.bio
        assert file is not None
        start = file.tell()
        header = Header.read(file)
        file.seek(start)
        chunk = super().read_chunk()
        compression, size = header.get_string('compression'), header.get_uint32('size')
        if compression not in _UNPACKERS:
            return chunk
        return chunk._replace(decompressor=partial(unpacked, size=size, compression=compression))


@contextmanager
def unpacked_files(folder: Path, metadata: dict[str, Any]) -> Iterator[Path]:
    """
    Unpack the files of a bag folder whose files are compressed, for the time of the block.

    :param metadata: what its metadata.yaml says.
    :returns: a folder with the same bag, not compressed.
    :raises SourceError: they take more than ``bag_bytes``, or more than the disk has.
    """
    named = [PurePath(name).name for name in metadata['relative_file_paths']]
    with TemporaryDirectory(prefix='steps_ros_bag_') as place:
        done, free = 0, shutil.disk_usage(place).free
        for name in named:
            for length in _unpack_file(folder / name, Path(place) / PurePath(name).stem):
                done += length
                require_within('bag_bytes', done, f'{folder}, unpacked,', SourceError)
                if done > free:
                    raise SourceError(f'{folder}, unpacked, is too large for {place}; set TMPDIR')
        plain = {
            **metadata,
            'compression_mode': '',
            'compression_format': '',
            'relative_file_paths': [PurePath(name).stem for name in named],
        }
        text = yaml.safe_dump({'rosbag2_bagfile_information': plain})
        (Path(place) / 'metadata.yaml').write_text(text, encoding='utf-8')
        yield Path(place)


def _unpack_file(source: Path, target: Path) -> Iterator[int]:
    """Unpack a file piece by piece, yielding the length of each before it is written."""
    require_regular(source, str(source), SourceError)
    with zstd.open(source, 'rb') as packed, target.open('wb') as plain:
        while part := packed.read(COPIED_BYTES):
            yield len(part)
            plain.write(part)
