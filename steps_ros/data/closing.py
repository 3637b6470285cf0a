"""
What holds something open until its ``with`` block ends.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import TypeVar

_Self = TypeVar('_Self', bound='Closing')


class Closing(ABC):
    """A resource that is closed at the end of its ``with`` block, or by :meth:`close`."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what is held open; a second time does nothing."""

    def __enter__(self: _Self) -> _Self:
        """Return the resource itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it, whatever happened."""
        self.close()
