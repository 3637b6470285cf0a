"""
OpenCV's own log.
"""

from __future__ import annotations

from typing import Any

import cv2

SILENT = 0


def silence_opencv() -> None:
    """
    Keep OpenCV's own lines about damaged files off the terminal; errors name the file already.

    OpenCV 5 has its log elsewhere than 4.6, which is what Ubuntu has.
    """
    module: Any = cv2
    owner = module if hasattr(module, 'setLogLevel') else getattr(module.utils, 'logging', None)
    if owner is not None:
        owner.setLogLevel(SILENT)
