"""
Processes that do not outlive the one that started them, even where that was killed outright.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

# Tells a process of this package who started it.
STARTER = 'STEPS_ROS_STARTER'
PR_SET_PDEATHSIG = 1


def end_with(starter: int) -> None:
    """
    Have Linux send this process SIGTERM when its starter is gone; elsewhere do nothing.

    :param starter: id of the process that started this one, and whose thread that did so stays.
    """
    if sys.platform != 'linux':
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != starter:  # it had gone before
        os.kill(os.getpid(), signal.SIGTERM)
