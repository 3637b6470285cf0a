"""
Recordings of every kind, and what training stores of them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
import tempfile

from make_bags import CAMERA, SECOND, stamp_ns, write_folder, write_mcap
from make_recordings import clouds, depths, images, mounted, odometry, write_ros1
import numpy as np
from rosbags import rosbag2

from fuzzing.contract import Target
from fuzzing.scratch import files_of, folder_of, numbered, scratch, with_one_damaged, written
from fuzzing.texts import WORDS
from steps_ros.data.bags import METADATA, open_bag
from steps_ros.data.preparation import Prepared
from steps_ros.data.sources import open_source
from steps_ros.data.store import (
    FORMAT,
    INDEX,
    index_bytes,
    open_store,
    parse_part,
    StoreIndex,
    summary,
    Window,
)
from steps_ros.data.store_files import StoreFiles
from steps_ros.data.triplets import form_triplets, FrameNote
from steps_ros.errors import FrameError

FRAMES = 4
GROUPS = (mounted(), images(2), clouds(1), depths(1), odometry(2))
ITEMS = [item for group in GROUPS for item in group]


def mcaps() -> list[bytes]:
    """Return recordings of this package, and one of rosbags with a compressed chunk."""
    with tempfile.TemporaryDirectory() as folder:
        own = write_mcap(Path(folder, 'own.mcap'), ITEMS)
        other = write_folder(Path(folder, 'bag'), ITEMS, rosbag2.StoragePlugin.MCAP)
        return [own.read_bytes(), *(path.read_bytes() for path in other.glob('*.mcap'))]


def databases() -> list[bytes]:
    """Return an SQLite recording."""
    with tempfile.TemporaryDirectory() as folder:
        bag = write_folder(Path(folder, 'bag'), ITEMS)
        return [path.read_bytes() for path in bag.glob('*.db3')]


def ros1_bags() -> list[bytes]:
    """Return a ROS 1 recording."""
    with tempfile.TemporaryDirectory() as folder:
        return [write_ros1(Path(folder, 'bag.bag'), *GROUPS).read_bytes()]


def check_bag(suffix: str, content: bytes) -> None:
    """Every message can be read or is refused, and the pictures come as frames."""
    _read_bag(written(f'bag{suffix}', content))


def _read_bag(path: Path) -> None:
    with open_bag(path) as bag:
        for topic in bag.topics:
            assert isinstance(topic.name, str)
            assert isinstance(topic.message_type, str)
            assert isinstance(topic.message_count, int)
        for message in bag.messages([topic.name for topic in bag.topics]):
            assert isinstance(message.receive_ns, int)
            with suppress(FrameError):
                bag.decode(message)
    with open_source(path) as source:
        for frame in source:
            assert frame.image.dtype == np.uint8
            assert isinstance(frame.stamp_ns, int)


def metadata() -> list[bytes]:
    """Return the metadata of an SQLite recording."""
    with tempfile.TemporaryDirectory() as folder:
        return [(write_folder(Path(folder, 'bag'), ITEMS) / METADATA).read_bytes()]


def check_metadata(content: bytes) -> None:
    """A recording beside a damaged metadata.yaml."""
    if not (scratch() / 'bag' / 'bag.db3').exists():
        written('bag/bag.db3', databases()[0])
    _read_bag(written(f'bag/{METADATA}', content).parent)


@cache
def _packed_files(compression: rosbag2.CompressionMode) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        return files_of(write_folder(Path(folder, 'bag'), ITEMS, compression=compression))


def packed_bags(compression: rosbag2.CompressionMode) -> list[bytes]:
    """Return each file of an SQLite recording packed with zstd, after a byte that says which."""
    return numbered(_packed_files(compression))


def check_packed_bag(compression: rosbag2.CompressionMode, content: bytes) -> None:
    """Every message can be read or is refused, and the pictures come as frames."""
    files = with_one_damaged(_packed_files(compression), content)
    _read_bag(folder_of(f'bag_by_{compression.name.lower()}', files))


def _make_store(folder: Path) -> None:
    with StoreFiles(folder, (6, 8), has_depth=True) as files:
        for index in range(FRAMES):
            image = np.full((6, 8, 3), index, np.uint8)
            depth = np.ones((6, 8), np.float16)
            files.append(
                Prepared(image, CAMERA.resized(8, 6), depth),
                stamp_ns(index),
                np.array([index, 0.0, 0.0]),
            )
    notes = [FrameNote(stamp_ns(index), 0, index) for index in range(FRAMES)]
    triplets = form_triplets(notes, 2.5)
    np.save(folder / 'triplets.npy', triplets.rows)
    index = StoreIndex(
        name='drive', kind='bag', content='0' * 64, settings={}, height=6, width=8,
        frame_count=FRAMES, triplet_count=len(triplets.rows), seen_count=FRAMES,
        located_count=FRAMES, period_ns=SECOND // 10, dropped={'dark': 1}, damage='',
        has_depth=True, format=FORMAT,
    )  # fmt: skip
    (folder / INDEX).write_bytes(index_bytes(index))


@cache
def _store_files() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as name:
        _make_store(Path(name))
        return files_of(Path(name))


def stores() -> list[bytes]:
    """Return each file of a store, after a byte that says which."""
    return numbered(_store_files())


def check_store(content: bytes) -> None:
    """A store with one damaged file opens with arrays as its index says, or not at all."""
    store = open_store(folder_of('store', with_one_damaged(_store_files(), content)))
    index = store.index
    assert summary(index)
    for row in range(index.frame_count):
        assert store.frame(row).shape == (index.height, index.width, 3)
        if index.has_depth:
            assert store.depth(row).shape == (index.height, index.width)
    for window in (None, Window(0.0, 100.0, is_share=True), Window(0.0, 0.25, is_share=False)):
        rows = store.part(window)
        assert rows.shape == (len(rows), 3)
        for row in rows.ravel().tolist():
            assert store.frame(row).shape == (index.height, index.width, 3)


def parts() -> list[bytes]:
    """Return ways to write a part of a drive."""
    return [b'drive.mcap', b'drive.mcap@10-20', b'drive@5-', b'a/b.bag@12.5-60%', b'a@@1-2@3-4']


def check_part(content: bytes) -> None:
    """A path, and a part that is not empty."""
    path, window = parse_part(content.decode('utf-8', 'replace').replace('\0', ''))
    assert isinstance(path, Path)
    assert window is None or 0 <= window.start < window.end


def notes() -> list[bytes]:
    """Return stamps, sequences and rows of frames, as numbers of 64 bits."""
    rows = [(stamp_ns(index), index // 6, index) for index in range(10)]
    return [np.array(rows, '<i8').tobytes()]


def check_triplets(content: bytes) -> None:
    """Rows of kept frames alone, each the target of one triplet at most."""
    table = np.frombuffer(content[: len(content) // 24 * 24], '<i8').reshape(-1, 3)
    known = [FrameNote(*row) for row in table.tolist()]
    triplets = form_triplets(known, 2.5)
    assert triplets.rows.dtype == np.int64
    assert triplets.rows.shape == (len(triplets.rows), 3)
    assert set(triplets.rows.ravel().tolist()) <= {note.row for note in known if note.row >= 0}
    assert triplets.period_ns >= 0
    assert min(triplets.reasons.values(), default=0) >= 0


BAGS: tuple[tuple[str, Callable[[], list[bytes]]], ...] = (
    ('.mcap', mcaps), ('.db3', databases), ('.bag', ros1_bags)
)  # fmt: skip
PACKED = (rosbag2.CompressionMode.FILE, rosbag2.CompressionMode.MESSAGE)


def _packed_target(compression: rosbag2.CompressionMode) -> Target:
    seeds, check = partial(packed_bags, compression), partial(check_packed_bag, compression)
    return Target(f'bag_packed_by_{compression.name.lower()}', seeds, check)


TARGETS = (
    *(Target(f'bag{suffix}', seeds, partial(check_bag, suffix)) for suffix, seeds in BAGS),
    *map(_packed_target, PACKED),
    Target('bag_metadata', metadata, check_metadata, WORDS),
    Target('store', stores, check_store),
    Target('part', parts, check_part),
    Target('triplets', notes, check_triplets),
)
