"""
What a check of the installation finds.
"""

from __future__ import annotations

from typing import NamedTuple

OK, NOTE, FAIL = 'ok', 'note', 'FAIL'
WITHOUT_REMEDY = 'see docs/doctor.md'


class Finding(NamedTuple):
    """
    One line of the outcome.

    ``level`` is OK, NOTE (works, with less, or only as said) or FAIL (does not work). ``remedy``
    is empty where there is nothing to do.
    """

    check: str
    level: str
    says: str
    remedy: str = ''


def ok(check: str, says: str) -> Finding:
    """Return that all is well."""
    return Finding(check, OK, says)


def note(check: str, says: str, remedy: str) -> Finding:
    """Return what is worth knowing, and what to do where that is not wanted."""
    assert remedy
    return Finding(check, NOTE, says, remedy)


def fail(check: str, says: str, remedy: str) -> Finding:
    """Return what has to be mended."""
    assert remedy
    return Finding(check, FAIL, says, remedy)


def parted(message: str) -> tuple[str, str]:
    """Return what an error of the package says, and its remedy, which comes last."""
    says, _, remedy = message.rpartition('; ')
    return (says, remedy) if says else (remedy, WITHOUT_REMEDY)
