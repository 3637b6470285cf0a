"""
nuScenes by its official tables (``v1.0-*/``): every camera of every keyframe with its LiDAR.

The LiDAR's points go over the vehicle's pose at their own stamp to its pose at the picture's.
"""

from __future__ import annotations

from functools import partial
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.data.poses import inverse, matrix_of
from steps_ros.data.set_files import inside, matrix_camera
from steps_ros.errors import FrameError, SourceError
from steps_ros.eval.dropped import dropping, NO_CAMERA
from steps_ros.eval.folder_samples import Layout, Listing, read_picture, read_points
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.motion import mounting_of
from steps_ros.eval.references import reference_from_points, transformed
from steps_ros.eval.samples import Sample

Doubles = NDArray[np.float64]
Row = dict[str, Any]

LIDAR = 'LIDAR_TOP'
RECORD_NUMBERS = 5
NANOSECONDS_OF_STAMP = 1000


class _Shot(NamedTuple):
    """One sensor's data of a keyframe: file, stamp, calibration and pose of the vehicle."""

    path: Path
    stamp_ns: int
    intrinsics: Doubles
    ego_from_sensor: Doubles
    world_from_ego: Doubles


class _Tables:
    """The tables that lead from a keyframe to its files."""

    def __init__(self, root: Path) -> None:
        self._root = root
        folder = _table_folder(root)
        assert folder is not None
        self._folder = folder
        self._sensors = {row['token']: row['channel'] for row in self._read('sensor')}
        self._calibrations = {row['token']: row for row in self._read('calibrated_sensor')}
        scenes = {row['token']: row['name'] for row in self._read('scene')}
        self.scene_of: dict[str, str] = {
            row['token']: str(scenes.get(row['scene_token'], row['scene_token']))
            for row in self._read('sample')
        }
        self.data = [row for row in self._read('sample_data') if row['is_key_frame']]
        wanted = {row['ego_pose_token'] for row in self.data}
        self._poses = {
            row['token']: row for row in self._read('ego_pose') if row['token'] in wanted
        }

    def channel(self, row: Row) -> str:
        calibration = self._calibrations[row['calibrated_sensor_token']]
        return str(self._sensors[calibration['sensor_token']])

    def shot(self, row: Row) -> _Shot:
        calibration = self._calibrations[row['calibrated_sensor_token']]
        return _Shot(
            inside(self._root, row['filename']),
            int(row['timestamp']) * NANOSECONDS_OF_STAMP,
            np.array(calibration['camera_intrinsic'], np.float64),
            _pose(calibration),
            _pose(self._poses[row['ego_pose_token']]),
        )

    def _read(self, name: str) -> list[Row]:
        path = self._folder / f'{name}.json'
        try:
            rows = json.loads(path.read_text(encoding='utf-8'))
        except (OSError, ValueError, RecursionError) as error:
            reason = ' '.join(str(error).split())
            raise SourceError(f'{path} cannot be read: {reason}; copy the tables again') from error
        return list(rows)


def _root(path: Path) -> Path | None:
    return path if _table_folder(path) is not None else None


def _table_folder(root: Path) -> Path | None:
    found = sorted(root.glob('v1.0-*/sample_data.json'))
    return found[0].parent if found else None


def _listing(root: Path, settings: InputSettings) -> Listing:
    try:
        tables = _Tables(root)
        by_place = {
            (tables.scene_of[row['sample_token']], tables.channel(row), row['timestamp']): row
            for row in tables.data
            if tables.channel(row).startswith('CAM_')
        }
        lidars = {row['sample_token']: row for row in tables.data if tables.channel(row) == LIDAR}
        in_order = sorted(by_place.items(), key=lambda item: item[0])
    except (KeyError, TypeError) as error:
        raise SourceError(f'{root}: a table of nuScenes has no {error}; copy it again') from error
    cameras = sorted({channel for _, channel, _ in by_place})
    if settings.image_topic is not None:
        if settings.image_topic not in cameras:
            names = ', '.join(cameras)
            raise SourceError(f'{root} has no camera {settings.image_topic}; it has {names}')
        cameras = [settings.image_topic]
    makers = [
        partial(_sample, tables, (scene, channel), row, lidars.get(row['sample_token']), settings)
        for (scene, channel, _), row in in_order
        if channel in cameras
    ]
    words = {'image': ', '.join(cameras), 'reference': LIDAR, 'motion': 'ego_pose'}
    return Listing(words, makers)


def _sample(
    tables: _Tables,
    names: tuple[str, str],
    row: Row,
    lidar_row: Row | None,
    settings: InputSettings,
) -> Sample:
    with dropping(NO_CAMERA):
        camera_shot, lidar_shot = _shots(tables, row, lidar_row)
        image = read_picture(camera_shot.path)
        camera = matrix_camera(camera_shot.intrinsics, image)
    world_from_camera = camera_shot.world_from_ego @ camera_shot.ego_from_sensor
    world_from_lidar = lidar_shot.world_from_ego @ lidar_shot.ego_from_sensor
    points = read_points(lidar_shot.path, RECORD_NUMBERS)
    moved = transformed(inverse(world_from_camera) @ world_from_lidar, points)
    return Sample(
        drive=names[0],
        camera=names[1],
        stem=camera_shot.path.stem,
        stamp_ns=camera_shot.stamp_ns,
        image=image,
        intrinsics=camera,
        reference=reference_from_points(moved, camera, settings),
        world_from_camera=world_from_camera,
        mounting=mounting_of(camera_shot.ego_from_sensor),
        gap_ns=lidar_shot.stamp_ns - camera_shot.stamp_ns,
    )


def _shots(tables: _Tables, row: Row, lidar_row: Row | None) -> tuple[_Shot, _Shot]:
    if lidar_row is None:
        raise FrameError(f'keyframe {row["sample_token"]} has no {LIDAR}; copy the tables again')
    try:
        return tables.shot(row), tables.shot(lidar_row)
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        token, reason = row['sample_token'], ' '.join(str(error).split())
        raise FrameError(
            f'keyframe {token}: {row.get("filename")}: a table lacks or misstates {reason}; copy '
            'the tables again'
        ) from error


def _pose(row: Row) -> Doubles:
    x, y, z = row['translation']
    w, i, j, k = row['rotation']
    return matrix_of((x, y, z), (w, i, j, k))


TABLES = Layout('the tables of nuScenes (v1.0-*/sample_data.json)', _root, _listing)
