"""
Open whatever has pictures and measured depth: a bag, or a folder in one of the known layouts.
"""

from __future__ import annotations

from pathlib import Path

from steps_ros.data.bag_checks import METADATA
from steps_ros.data.bags import BAG_SUFFIXES
from steps_ros.errors import SettingsError, SourceError
from steps_ros.eval import kitti, night_sets, nuscenes, simulated_folder
from steps_ros.eval.bag_samples import BagSamples
from steps_ros.eval.folder_samples import FolderSamples
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.samples import SampleSource

LAYOUTS = {
    'simulated': simulated_folder.SIMULATED,
    'kitti-object-lidar': kitti.OBJECT,
    'kitti-depth': kitti.DEPTH,
    'nuscenes-lidar': nuscenes.TABLES,
    'nuscenes-night': night_sets.NUSCENES_NIGHT,
    'robotcar-night': night_sets.ROBOTCAR_NIGHT_SET,
}


def open_samples(
    path: Path | str, settings: InputSettings, layout: str | None = None
) -> SampleSource:
    """
    Open a bag or a folder for evaluation.

    :param layout: of a folder, one of :data:`LAYOUTS`; found out from what it holds where None.
    :raises SourceError: missing, of no known kind, without what an evaluation needs.
    :raises SettingsError: no such layout, or intrinsics for a folder, which has its own.
    """
    path = Path(path)
    if not path.exists():
        raise SourceError(f'{path} does not exist; check the path')
    if (path / METADATA).exists() or path.suffix.lower() in BAG_SUFFIXES:
        return BagSamples(path, settings)
    if not path.is_dir():
        raise SourceError(
            f'{path} is neither a folder nor a bag; bags end in {" ".join(BAG_SUFFIXES)}'
        )
    name = _find_layout(path) if layout is None else layout
    if name not in LAYOUTS:
        raise SettingsError(f'no layout {name}; known are {", ".join(LAYOUTS)}')
    if settings.intrinsics is not None:
        raise SettingsError(
            f'{path} ({name}) has a calibration of its own, which --intrinsics cannot replace; '
            'leave --intrinsics out, or give a bag'
        )
    return FolderSamples(path, name, LAYOUTS[name], settings)


def _find_layout(path: Path) -> str:
    found = [name for name, layout in LAYOUTS.items() if layout.root(path) is not None]
    if found:
        return found[0]
    recordings = sorted(item for item in path.iterdir() if item.suffix.lower() in BAG_SUFFIXES)
    if recordings:
        raise SourceError(
            f'{path} has no {METADATA}; give {recordings[0]} itself, or run `ros2 bag reindex`'
        )
    known = '; '.join(f'{name}: {layout.needs}' for name, layout in LAYOUTS.items())
    raise SourceError(
        f'{path} has none of the known layouts ({known}); give a bag or such a folder'
    )
