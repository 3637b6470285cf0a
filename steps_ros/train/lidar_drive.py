"""
Drives whose depth was measured by LiDAR, as evaluation projects it into the pictures.

Points are moved to the picture's time, hidden ones are left out. Pictures without a sweep near
them are left out too, so that frames follow each other at the LiDAR's rate.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from steps_ros.data.drive_options import DriveOptions
from steps_ros.data.drives import Drive, DriveFrame, Places
from steps_ros.data.frames import Frame
from steps_ros.data.store import SECOND_NS, Store
from steps_ros.data.store_building import Progress, store_of
from steps_ros.data.store_settings import StoreSettings
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.inputs import open_samples


class LidarDrive(Drive):
    """The pictures of a bag or a data set of which something is measured."""

    kind = 'lidar'
    has_depth = True

    def __init__(self, path: Path, options: DriveOptions, reference_topic: str | None) -> None:
        """
        Open the recording.

        :param reference_topic: the point cloud; the only reference of the bag where None.
        :raises StepsError: as :func:`open_samples`.
        """
        super().__init__()
        settings = InputSettings(
            image_topic=options.image_topic,
            camera_info_topic=options.info_topic,
            reference_topic=reference_topic,
            odom_topic=options.odometry_topic,
            intrinsics=options.intrinsics,
        )
        with ExitStack() as opened:
            self._samples = opened.enter_context(open_samples(path, settings))
            self._opened = opened.pop_all()
        self.name, self.content = str(path), [path]
        self.frame_count = self._samples.sample_count

    @property
    def missing_camera(self) -> str:
        """Say what the recording lacks."""
        return 'no camera that fits its images; give --intrinsics FILE'

    def __iter__(self) -> Iterator[DriveFrame]:
        """Yield the pictures with what was measured in them."""
        made, first_ns, last_ns = 0, None, 0
        for sample in self._samples:
            made, last_ns = made + 1, sample.stamp_ns
            first_ns = sample.stamp_ns if first_ns is None else first_ns
            assert sample.image is not None
            frame = Frame(sample.stamp_ns, sample.image, sample.intrinsics, sample.stem)
            columns, rows, depth, _ = sample.reference
            yield DriveFrame(frame, depth=Places(columns, rows, depth))
        self.unread.update(self._samples.dropped)
        damage = self._samples.inputs.get('damage')
        if damage:
            length_s = (last_ns - (first_ns or 0)) / SECOND_NS
            self.damage = f'{damage}; {made} pictures with a sweep over {length_s:.1f} s are used'

    def close(self) -> None:
        """Close the recording."""
        self._opened.close()


def build_lidar_store(
    path: Path,
    settings: StoreSettings,
    options: DriveOptions | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Store:
    """
    Return the store of a drive with LiDAR; ``options.depth_topic`` names its point cloud.

    Arguments and errors are those of :func:`steps_ros.data.store_building.build_store`.
    """
    options = options or DriveOptions()
    with LidarDrive(path, options, options.depth_topic) as drive:
        return store_of(drive, settings, options, cache, progress)
