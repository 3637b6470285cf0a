"""
Whether two reports are of the same thing: data, frames, pixels and the way they are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import re

from steps_ros.eval.comparison import SettingDifference
from steps_ros.eval.report_words import flat_settings, MISSING
from steps_ros.eval.saved_report import SavedFrame, SavedReport

# Words in the names of settings that decide which pixels count, and how.
DECISIVE = frozenset(
    ('protocol', 'alignment', 'cap', 'crop', 'min', 'read', 'reference', 'tolerance', 'occlusion',
     'mask', 'bonnet', 'motion')
)  # fmt: skip


def setting_differences(a: SavedReport, b: SavedReport) -> Iterator[SettingDifference]:
    """Yield the settings that are not equal, by dotted name."""
    first, second = flat_settings(a.settings), flat_settings(b.settings)
    for name in dict.fromkeys((*first, *second)):
        pair = first.get(name, MISSING), second.get(name, MISSING)
        if pair[0] != pair[1]:
            yield SettingDifference(name, *pair)


def warnings(
    a: SavedReport,
    b: SavedReport,
    pairs: Sequence[tuple[SavedFrame, SavedFrame]],
    settings: Sequence[SettingDifference],
) -> Iterator[str]:
    """Yield a line for everything by which the numbers may be of something else."""
    if set(a.data) != set(b.data):
        yield 'The data differ: the SHA-256 of what was evaluated is not the same in both.'
    yield from _decisive(settings)
    unequal = sum(one.pixels != other.pixels for one, other in pairs)
    if unequal:
        yield f'{unequal} of {len(pairs)} frames have another number of reference pixels.'
    for report in (a, b):
        if report.is_partial:
            yield f'{report.path} is partial: its evaluation was stopped.'
    left = len(a.frames) + len(b.frames) - 2 * len(pairs)
    if left:
        yield f'{left} frames are in one report only: they count in the tables of rows alone.'
    if a.version != b.version:
        yield f'The versions of steps_ros differ, {a.version} against {b.version}.'


def _decisive(settings: Sequence[SettingDifference]) -> Iterator[str]:
    for item in settings:
        if DECISIVE & set(re.split('[^a-z]+', item.name.lower())):
            yield (
                f'The setting "{item.name}" differs, {item.first} against {item.second}: '
                'the errors may be of different pixels.'
            )
