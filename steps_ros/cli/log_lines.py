"""
Log lines beside progress bars: a line of its own for each, and the bars below.
"""

from __future__ import annotations

import logging
import sys


class LogLines(logging.StreamHandler):  # type: ignore[type-arg]
    """
    Writes to stderr, above whatever bars are there.

    tqdm's own redirection of logs came with 4.60, later than what Ubuntu 22.04 has.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record; there are no bars where tqdm has not been imported."""
        if 'tqdm' not in sys.modules:
            super().emit(record)
            return
        from tqdm import tqdm

        try:
            tqdm.write(self.format(record), file=self.stream)
        except Exception:  # as the handlers of logging do
            self.handleError(record)
