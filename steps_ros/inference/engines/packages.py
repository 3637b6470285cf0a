"""
Which version of a package is installed, without importing it, which takes up to seconds.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec


def installed_version(*distributions: str) -> str:
    """Return the version of the first of these that is installed, nothing where none is."""
    for name in distributions:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return ''


def absent(*modules: str) -> str:
    """Return which modules are not installed, as words; nothing where all are."""
    return ' and '.join(name for name in modules if find_spec(name) is None)
