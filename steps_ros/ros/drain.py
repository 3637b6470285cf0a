"""
When nothing more is to come out of the node.
"""

from __future__ import annotations

SILENT_LIMIT_S = 15.0
# Longer than the period of diagnostics: the node's last word on its drops and times.
LAST_WORD_S = 1.5


class Drain:
    """Watches the count of frames that are done, after the last one was sent."""

    def __init__(self, now_s: float) -> None:
        self._done = -1
        self._changed_s = now_s

    def is_over(self, expected: int, done: int, now_s: float) -> bool:
        """
        Say whether it is over: all are done and the node has spoken, or nothing happens any more.

        :param expected: frames that went in.
        :param done: frames that came out or were dropped, as far as is known.
        """
        if done != self._done:
            self._done, self._changed_s = done, now_s
        return now_s - self._changed_s >= (LAST_WORD_S if done >= expected else SILENT_LIMIT_S)
