"""
Damage as it happens: cut, flipped, a number out of range, a piece twice or of another file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import re
import struct

from hypothesis import strategies
from hypothesis.strategies import SearchStrategy

from fuzzing.contract import Target

# Returns a whole number from 0 to below the one given.
Below = Callable[[int], int]

MOST_DAMAGES = 4
LONGEST_SPAN = 64
WHOLE = (
    0,
    1,
    2,
    3,
    127,
    128,
    255,
    65535,
    10**6,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63 - 1,
    2**64 - 1,
)
REAL = (0.0, -1.0, 1.0, 1e-30, 1e6, -1e6, 1e30, 1e308, float('inf'), float('-inf'), float('nan'))
FORMS = ('<H', '>H', '<I', '>I', '<Q', '>Q')
TOKEN = re.compile(rb'[\w.+-]+')


def damaged(seed: bytes, others: Sequence[bytes], words: Sequence[bytes], below: Below) -> bytes:
    """
    Return an input with one damage or several.

    :param others: of which pieces may be taken.
    :param words: put in place of those of a text; none where it is no text.
    :param below: makes the choices.
    """
    content = bytearray(seed)
    for _ in range(1 + below(MOST_DAMAGES)):
        if words and below(3):
            _replace_token(content, words, below)
        else:
            DAMAGES[below(len(DAMAGES))](content, others, below)
    return bytes(content)


def damaged_inputs(target: Target) -> SearchStrategy[bytes]:
    """Return the inputs of a target for hypothesis, valid ones among them."""
    seeds = target.seeds()

    @strategies.composite
    def one(draw: Callable[..., int]) -> bytes:
        def below(limit: int) -> int:
            return draw(strategies.integers(0, limit - 1))

        seed = seeds[below(len(seeds))]
        return damaged(seed, seeds, target.words, below) if below(8) else seed

    return one()


def _place(content: bytearray, below: Below) -> int:
    """Return an index; the beginning, where headers are, more often than the rest."""
    reach = len(content) if below(2) else min(len(content), 256)
    return below(reach) if reach else 0


def _flip(content: bytearray, others: Sequence[bytes], below: Below) -> None:
    if content:
        content[_place(content, below)] ^= 1 << below(8)


def _number(content: bytearray, others: Sequence[bytes], below: Below) -> None:
    form = FORMS[below(len(FORMS))]
    size = struct.calcsize(form)
    start = _aligned(content, size, below)
    former = int.from_bytes(content[start : start + size], 'little' if form[0] == '<' else 'big')
    values = (*WHOLE, former + 1, former - 1, former * 2, len(content))
    value = values[below(len(values))] % (1 << 8 * size)
    content[start : start + size] = struct.pack(form, value)


def _real(content: bytearray, others: Sequence[bytes], below: Below) -> None:
    form, most = (('<d', 1e308), ('<f', 1e38))[below(2)]
    start = _aligned(content, 4, below)
    value = REAL[below(len(REAL))]
    size = struct.calcsize(form)
    content[start : start + size] = struct.pack(form, value if abs(value) != 1e308 else most)


def _aligned(content: bytearray, size: int, below: Below) -> int:
    place = _place(content, below)
    return place if below(2) else place // size * size


def _cut(content: bytearray, others: Sequence[bytes], below: Below) -> None:
    del content[_place(content, below) :]


def _remove(content: bytearray, others: Sequence[bytes], below: Below) -> None:
    start = _place(content, below)
    del content[start : start + 1 + below(LONGEST_SPAN)]


def _repeat(content: bytearray, others: Sequence[bytes], below: Below) -> None:
    start = _place(content, below)
    content[start:start] = content[start : start + 1 + below(LONGEST_SPAN)]


def _splice(content: bytearray, others: Sequence[bytes], below: Below) -> None:
    other = bytearray(others[below(len(others))])
    start, length = _place(other, below), 1 + below(LONGEST_SPAN)
    piece, place = other[start : start + length], _place(content, below)
    content[place : place + len(piece) * below(2)] = piece


def _replace_token(content: bytearray, words: Sequence[bytes], below: Below) -> None:
    tokens = list(TOKEN.finditer(content))
    word = words[below(len(words))]
    if not tokens:
        content += word
        return
    token = tokens[below(len(tokens))]
    content[token.start() : token.end()] = word


DAMAGES = (_flip, _number, _number, _real, _cut, _remove, _repeat, _splice)
