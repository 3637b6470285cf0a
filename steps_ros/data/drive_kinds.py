"""
Open whatever can be trained on.
"""

from __future__ import annotations

from pathlib import Path

from steps_ros.data.bag_checks import METADATA
from steps_ros.data.bag_drive import BagDrive
from steps_ros.data.bags import BAG_SUFFIXES
from steps_ros.data.drive_options import DriveOptions
from steps_ros.data.drives import Drive
from steps_ros.data.listed_drive import folder_drive, VideoDrive
from steps_ros.data.night_drives import (
    is_robotcar,
    nuscenes_drive,
    nuscenes_split,
    robotcar_drive,
)
from steps_ros.data.sources import VIDEO_SUFFIXES
from steps_ros.errors import SourceError


def open_drive(path: Path, options: DriveOptions) -> Drive:
    """
    Open a bag, a folder of pictures, a video, a simulated drive, or a data set for training.

    nuScenes-Night is given by its split file, RobotCar-Night by the folder of its drive.

    :raises SourceError: missing, of no known kind, empty or not readable.
    """
    if not path.exists():
        raise SourceError(f'{path} does not exist; check the path')
    split = nuscenes_split(path)
    if split is not None:
        return nuscenes_drive(split)
    if path.suffix in BAG_SUFFIXES or (path / METADATA).exists():
        return BagDrive(path, options)
    if path.is_dir():
        return robotcar_drive(path) if is_robotcar(path) else folder_drive(path, options)
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return VideoDrive(path, options)
    known = ' '.join((*VIDEO_SUFFIXES, *BAG_SUFFIXES))
    raise SourceError(f'{path} is no drive; give a folder of images, or one of {known}')
