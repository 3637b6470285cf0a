"""
Moments in the work of a device, and the time between two of them.
"""

from __future__ import annotations

import time

import torch


class Moment:
    """
    Now; on a GPU, when it will have done what it was given until now. Nothing is waited for.

    :param device: whose work it is.
    """

    def __init__(self, device: torch.device) -> None:
        self._event = None
        if device.type == 'cuda':
            self._event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
            self._event.record(torch.cuda.current_stream(device))
        self._host_s = time.perf_counter()

    def seconds_until(self, later: Moment) -> float:
        """Return the seconds from this moment to another one of the device; waits for that."""
        if self._event is None or later._event is None:
            return later._host_s - self._host_s
        later._event.synchronize()
        return float(self._event.elapsed_time(later._event)) / 1e3
