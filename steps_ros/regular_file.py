"""
Files that are read to their end, which pipes and devices may not have.
"""

from __future__ import annotations

from pathlib import Path
from stat import S_ISDIR, S_ISREG


def require_regular(path: Path, what: str, error: type[Exception]) -> None:
    """
    Refuse pipes, sockets and devices; a folder is left to whoever opens it.

    :param what: what is looked at, for the message.
    :param error: the class to raise.
    :raises OSError: there is nothing, or it cannot be looked at.
    """
    mode = path.stat().st_mode
    if not (S_ISREG(mode) or S_ISDIR(mode)):
        raise error(f'{what} is a pipe or a device, which is not read; give a file')
