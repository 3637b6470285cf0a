"""
Open whatever has pictures and measured depth: a bag, or a folder in one of the known layouts.
"""

from __future__ import annotations

from pathlib import Path

from steps_ros.data.bags import BAG_SUFFIXES, METADATA
from steps_ros.errors import SourceError
from steps_ros.eval.bag_samples import BagSamples
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.samples import SampleSource


def open_samples(
    path: Path | str, settings: InputSettings, layout: str | None = None
) -> SampleSource:
    """
    Open a bag or a folder for evaluation.

    :param layout: of a folder; found out from what it holds where None.
    :raises SourceError: missing, of no known kind, without what an evaluation needs.
    """
    path = Path(path)
    if not path.exists():
        raise SourceError(f'{path} does not exist; check the path')
    if (path / METADATA).exists() or path.suffix.lower() in BAG_SUFFIXES:
        return BagSamples(path, settings)
    raise SourceError(f'{path} is no bag; known are folders of bags and {" ".join(BAG_SUFFIXES)}')
