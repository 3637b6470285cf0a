"""
Numbers and sizes on the command lines of the benchmarks.
"""

from __future__ import annotations

import argparse


def size(text: str) -> tuple[int, int]:
    """Read HxW as (height, width)."""
    height, _, width = text.lower().partition('x')
    if not (height.isdecimal() and width.isdecimal()):
        raise argparse.ArgumentTypeError(f'{text!r} is no size; write HxW, such as 192x320')
    return int(height), int(width)


def count(text: str) -> int:
    """Read a whole number from 1 on."""
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f'{text!r} is no number from 1 on')
    return int(text)
