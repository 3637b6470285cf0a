"""
The drives of a training, decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from steps_ros.data.drive_kinds import open_drive
from steps_ros.data.drive_options import DriveOptions
from steps_ros.data.store import parse_part, Store, summary
from steps_ros.data.store_building import Progress, store_of
from steps_ros.data.store_settings import StoreSettings
from steps_ros.errors import SourceError
from steps_ros.train.distributed import World
from steps_ros.train.lidar_drive import build_lidar_store
from steps_ros.train.triplet_dataset import TripletDataset

Tell = Callable[[str], None]
StoreProgress = Callable[[str], Progress]


@dataclass(frozen=True)
class Decoding:
    """
    How drives become triplets, and who is told of it.

    Of several processes the first one decodes, the others open what it made.
    """

    settings: StoreSettings
    options: DriveOptions
    tell: Tell
    progress: StoreProgress
    world: World

    def dataset(self, drives: Sequence[str]) -> TripletDataset:
        """
        Return the triplets of drives, each PATH or PATH@START-END; all processes call this.

        :raises SourceError: a drive cannot be read, or has not what training needs.
        """
        if self.world.is_writer:
            found = self.own_dataset(drives)
            self.world.barrier()
            return found
        self.world.barrier()
        return self.own_dataset(drives)

    def own_dataset(self, drives: Sequence[str]) -> TripletDataset:
        """Return the same in one process, whatever the others do."""
        parts = []
        for text in drives:
            part = parse_part(text)
            store = self._store(part.path, self.progress(text))
            self.tell(summary(store.index))
            parts.append((store, part.window))
        return TripletDataset(parts)

    def has_odometry(self, drives: Sequence[str]) -> bool:
        """
        Say whether one of the drives has odometry, which is seen without decoding them.

        :raises SourceError: a drive cannot be opened.
        """
        for text in drives:
            with open_drive(parse_part(text).path, self.options) as drive:
                if drive.has_odometry:
                    return True
        return False

    def _store(self, path: Path, progress: Progress) -> Store:
        """Return the store of a drive; depth comes from its depth images, else from its LiDAR."""
        with open_drive(path, self.options) as drive:
            if drive.has_depth or not self.settings.depth:
                return store_of(drive, self.settings, self.options, progress=progress)
        try:
            return build_lidar_store(path, self.settings, self.options, progress=progress)
        except SourceError as error:
            # The option of that name tells what a validation drive is judged by.
            reason = str(error).replace('--reference-topic', '--depth-topic')
            raise SourceError(
                f'no depth to learn from: {reason}; or train with another --preset'
            ) from error
