"""
The one exception family of the package.

A message is one line that says what is wrong, the value, and what to do. These errors are
caught at the edges only: the command line, ``on_configure``, and the frame callback.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST_LINE = 1000


class StepsError(Exception):
    """Base of every error that a user can cause and mend."""

    def __init__(self, message: str) -> None:
        """
        Make the message one line that can be shown.

        Names out of files and messages may hold anything, an end of line or a terminal's commands
        among it: what cannot be printed is escaped, and the middle of a long one is left out.
        """
        super().__init__(_one_line(message))


def _one_line(message: str) -> str:
    if not message.isprintable():
        message = ''.join(
            letter if letter.isprintable() else ascii(letter)[1:-1] for letter in message
        )
    if len(message) > LONGEST_LINE:
        half = LONGEST_LINE // 2
        message = f'{message[:half]} ... {message[-half:]}'
    return message


def first_line(error: BaseException) -> str:
    """Return the first line of what a library says, the error's type where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class SettingsError(StepsError):
    """A setting or parameter has an unknown name or a value out of range."""


class CheckpointError(StepsError):
    """A weights file is missing, damaged, or of another network."""


class SourceError(StepsError):
    """An image, folder, video or bag cannot be read."""


class FrameError(StepsError):
    """One frame cannot be used; the next one may be good."""


class OutputError(StepsError):
    """A result cannot be written where it was asked for."""


class TrainingError(StepsError):
    """A training cannot go on; its last snapshot is whole."""


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """
    Return the known name that is probably meant, None where no one is.

    That is the one of which the name is the last part (``stride`` of ``cloud.stride``), or the one
    that is spelt most alike.

    :param cutoff: least likeness, 0 to 1, as :func:`difflib.get_close_matches` has it.
    """
    known = list(known)
    whole = [item for item in known if item.endswith(f'.{name}')]
    near = whole or get_close_matches(name, known, n=1, cutoff=cutoff)
    return min(near, key=len, default=None)
