"""
Python and the packages, held against the ranges of setup.py.
"""

from __future__ import annotations

from collections.abc import Sequence
import importlib
from importlib import metadata
from importlib.util import find_spec
import platform
from typing import NamedTuple, TYPE_CHECKING

from steps_ros.doctor.finding import fail, Finding, note, ok

if TYPE_CHECKING:
    from packaging.requirements import Requirement

PACKAGE = 'steps_ros'
# What is imported under another name than it is installed by.
MODULES = {'opencv-python-headless': 'cv2', 'pyyaml': 'yaml'}
# What each extra of setup.py is for, but for those of ROS and of tests.
EXTRAS = {
    'sim': 'simulate',
    'train': 'curves of a training',
    'viz': 'the report of evaluate',
    'onnx': 'ONNX models, export, the engine onnxruntime',
    'openvino': 'the engine openvino',
    'view': 'view',
}


class Ranges(NamedTuple):
    """What setup.py asks for: of Python, and a line for each package."""

    python: str
    packages: Sequence[str]


class Package(NamedTuple):
    """A package that is wanted, as it was found; ``problem`` is empty where it is as wanted."""

    name: str
    version: str
    problem: str
    wanted: str


def installed_ranges() -> Ranges | None:
    """Return the ranges as they were installed; None where the package runs from its sources."""
    try:
        described = metadata.metadata(PACKAGE)
    except metadata.PackageNotFoundError:
        return None
    return Ranges(described['Requires-Python'] or '', metadata.requires(PACKAGE) or ())


def python(ranges: Ranges | None) -> list[Finding]:
    """Check the version of Python."""
    here = platform.python_version()
    if ranges is None:
        says = f'{here}; {PACKAGE} runs from its sources, and what it needs is not known'
        return [note('python', says, 'pip install . or colcon build')]
    from packaging.specifiers import SpecifierSet

    if SpecifierSet(ranges.python).contains(here, prereleases=True):
        return [ok('python', f'{here} ({ranges.python})')]
    return [fail('python', f'{here} is not in {ranges.python}', 'use such a Python')]


def packages(ranges: Ranges | None) -> list[Finding]:
    """Check that every package that is always needed can be imported and is in its range."""
    seen = [] if ranges is None else [_imported(item) for item in _wanted(ranges, '')]
    bad = [
        fail('packages', item.problem, f"pip install '{item.wanted}'")
        for item in seen
        if item.problem
    ]
    good = ', '.join(f'{item.name} {item.version}' for item in seen if not item.problem)
    return [ok('packages', good), *bad] if good else bad


def extras(ranges: Ranges | None) -> list[Finding]:
    """Tell which packages that are not always needed are there."""
    if ranges is None:
        return []
    return [_extra(name, ranges) for name in EXTRAS]


def _extra(extra: str, ranges: Ranges) -> Finding:
    seen = [_found(item) for item in _wanted(ranges, extra)]
    bad = [item for item in seen if item.problem]
    name = f'extra {extra}'
    if not bad:
        return ok(name, ', '.join(f'{item.name} {item.version}' for item in seen))
    problems = ', '.join(item.problem for item in bad)
    remedy = 'pip install ' + ' '.join(f"'{item.wanted}'" for item in bad)
    return note(name, f'{problems}: needed for {EXTRAS[extra]}', remedy)


def _wanted(ranges: Ranges, extra: str) -> list[Requirement]:
    """Return what is wanted on this platform, always or for an extra alone."""
    from packaging.requirements import Requirement

    wanted = [Requirement(text) for text in ranges.packages]
    return [item for item in wanted if _holds(item, extra) and not (extra and _holds(item, ''))]


def _holds(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({'extra': extra})


def _imported(requirement: Requirement) -> Package:
    """Look a package up and import it: a library that it needs may be missing."""
    found = _found(requirement)
    if found.problem:
        return found
    try:
        importlib.import_module(_module(requirement))
    except Exception as error:  # whatever a broken installation raises
        reason = ' '.join(str(error).split())
        return found._replace(problem=f'{found.name} {found.version} cannot be imported: {reason}')
    return found


def _found(requirement: Requirement) -> Package:
    name, wanted = requirement.name, f'{requirement.name}{requirement.specifier}'
    version = _version(name, _module(requirement))
    if version is None:
        return Package(name, '', f'{name} is not installed', wanted)
    if version and not requirement.specifier.contains(version, prereleases=True):
        problem = f'{name} {version} is not in {requirement.specifier}'
        return Package(name, version, problem, wanted)
    return Package(name, version, '', wanted)


def _module(requirement: Requirement) -> str:
    name = requirement.name.lower()
    return MODULES.get(name, name.replace('-', '_'))


def _version(name: str, module: str) -> str | None:
    """Return the version, empty where none is known, None where the module is not there."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        pass
    # OpenCV, for one, comes under several names, and from some systems without one.
    for other in metadata.packages_distributions().get(module, ()):
        return metadata.version(other)
    return None if find_spec(module) is None else ''
