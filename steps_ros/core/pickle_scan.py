"""Find, without executing anything, where a pickle asks for code to be run."""

from __future__ import annotations

from collections.abc import Iterator
import io
import pickletools

_POP_MARK = {'SETITEMS', 'APPENDS', 'ADDITEMS', 'TUPLE', 'LIST', 'DICT', 'FROZENSET', 'POP_MARK'}
_TOP_LEVEL = 1


def key_that_needs(pickled: bytes, name: str) -> str | None:
    """
    Return the top-level key of a pickled dict whose value asks for ``name``.

    :param pickled: one or several pickle streams in a row; torch's old format has several.
    :param name: dotted name of a class or function.
    :returns: None when it is not found.
    """
    key = None
    for depth, kind, text in _strings_and_globals(pickled):
        if kind == 'global' and text == name:
            return key
        if kind == 'string' and depth == _TOP_LEVEL:
            key = text
    return None


def _strings_and_globals(pickled: bytes) -> Iterator[tuple[int, str, str]]:
    """Yield (depth of marks, 'string' or 'global', text) in the order of the stream."""
    depth = 0
    recent: list[str] = []
    try:
        for opcode, argument in _operations(io.BytesIO(pickled)):
            if opcode.name == 'MARK':
                depth += 1
            elif opcode.name in _POP_MARK:
                depth -= 1
            elif opcode.name == 'GLOBAL':
                yield depth, 'global', str(argument).replace(' ', '.')
            elif opcode.name == 'STACK_GLOBAL' and len(recent) > 1:
                yield depth, 'global', '.'.join(recent[-2:])
            elif 'UNICODE' in opcode.name:
                recent.append(str(argument))
                yield depth, 'string', str(argument)
    except ValueError:
        return


def _operations(stream: io.BytesIO) -> Iterator[tuple[pickletools.OpcodeInfo, object]]:
    while True:
        for opcode, argument, _ in pickletools.genops(stream):
            yield opcode, argument
