"""
A walk through the pickle of a weights file, before torch reads it.

torch calls no code of strangers, but what it calls may be told to fill the memory: a bytearray of
any length, a tensor above its numbers, one dict copied again and again. Weights need little of it.
"""

from __future__ import annotations

from collections.abc import Iterator
import math
import pickletools
from typing import Any, IO, NamedTuple

import torch

# Some microseconds each; a network with the state of its optimiser has a few ten thousand.
MOST_OPERATIONS = 1_000_000
STORAGE_BYTES = {
    'torch.FloatStorage': 4, 'torch.DoubleStorage': 8, 'torch.HalfStorage': 2,
    'torch.BFloat16Storage': 2, 'torch.LongStorage': 8, 'torch.IntStorage': 4,
    'torch.ShortStorage': 2, 'torch.CharStorage': 1, 'torch.ByteStorage': 1,
    'torch.BoolStorage': 1, 'torch.storage.UntypedStorage': 1,
}  # fmt: skip
ORDERED, COUNTER, SIZE = 'collections.OrderedDict', 'collections.Counter', 'torch.Size'
DEVICE, TENSOR = 'torch.device', 'torch._utils._rebuild_tensor_v2'
PARAMETER = 'torch._utils._rebuild_parameter'
CALLED = frozenset({ORDERED, COUNTER, SIZE, DEVICE, TENSOR, PARAMETER})
_PLAIN = (str, int, float, bool, type(None))
_MARK = object()
_CONSTANTS = {'NONE': None, 'NEWTRUE': True, 'NEWFALSE': False, 'EMPTY_TUPLE': ()}
_ARGUMENTS = frozenset({
    'BININT', 'BININT1', 'BININT2', 'LONG1', 'BINFLOAT', 'BINUNICODE', 'SHORT_BINSTRING',
})  # fmt: skip
_TUPLES = {'TUPLE1': 1, 'TUPLE2': 2, 'TUPLE3': 3}


class NotNeededError(ValueError):
    """A pickle asks for what weights do not need; its text is the name of that."""


class Storage(NamedTuple):
    """Numbers that lie beside the pickle: their place there, how many, how many bytes."""

    key: str
    numbers: int
    size: int


class _Name(NamedTuple):
    text: str


class _Items:
    """A list or a dict, of which only the kind and the length matter."""

    def __init__(self, kind: str) -> None:
        self.kind, self.count = kind, 0


def storages(stream: IO[bytes]) -> Iterator[Storage]:
    """
    Walk one pickle up to its end, yielding the storages that it names.

    :raises NotNeededError: it asks for a class or a function that is not in ``CALLED``.
    :raises ValueError: it is damaged, or makes more than its bytes.
    """
    walk = _Walk()
    for index, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
        if index >= MOST_OPERATIONS:
            raise ValueError(f'its pickle has more than {MOST_OPERATIONS} operations')
        try:
            found = walk.step(opcode.name, argument)
        except (IndexError, KeyError, TypeError) as error:
            raise ValueError(f'its pickle is damaged at {opcode.name}') from error
        if found is not None:
            yield found
    if walk.copied > MOST_OPERATIONS:
        raise ValueError('its pickle copies what it holds again and again')


class _Walk:
    """The stack of a pickle, with names in place of what they stand for."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.copied = 0

    def step(self, name: str, argument: Any) -> Storage | None:
        """Do one operation; those that torch's own reader lacks are damage."""
        if name in _ARGUMENTS:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in ('EMPTY_LIST', 'EMPTY_DICT'):
            self.stack.append(_Items(name))
        elif name in _TUPLES:
            self.stack.append(tuple(self._pop(_TUPLES[name])))
        elif name in ('BINPUT', 'LONG_BINPUT'):
            self.memo[argument] = self.stack[-1]
        elif name in ('BINGET', 'LONG_BINGET'):
            self.stack.append(self.memo[argument])
        elif name == 'BINPERSID':
            self.stack.append(_storage(self.stack.pop()))
            return Storage(*self.stack[-1])
        else:
            _STEPS[name](self, argument)
        return None

    def _pop(self, count: int) -> list[Any]:
        items = [self.stack.pop() for _ in range(count)]
        return items[::-1]

    def _to_mark(self) -> list[Any]:
        place = len(self.stack) - 1 - self.stack[::-1].index(_MARK)
        items = self.stack[place + 1 :]
        del self.stack[place:]
        return items

    def mark(self, _: Any) -> None:
        self.stack.append(_MARK)

    def end(self, _: Any) -> None:
        """Do nothing at the first and the last operation."""

    def tuple(self, _: Any) -> None:
        self.stack.append(tuple(self._to_mark()))

    def name(self, argument: str) -> None:
        """Take a name that weights need."""
        text = argument.replace(' ', '.')
        module, _, last = text.rpartition('.')
        is_dtype = module == 'torch' and isinstance(getattr(torch, last, None), torch.dtype)
        if not (text in CALLED or text in STORAGE_BYTES or is_dtype):
            raise NotNeededError(text)
        self.stack.append(_Name(text))

    def append(self, _: Any) -> None:
        self._extend(self._pop(1), 'EMPTY_LIST')

    def appends(self, _: Any) -> None:
        self._extend(self._to_mark(), 'EMPTY_LIST')

    def set_item(self, _: Any) -> None:
        self._extend(self._pop(2)[:1], 'EMPTY_DICT')

    def set_items(self, _: Any) -> None:
        self._extend(self._to_mark()[::2], 'EMPTY_DICT')

    def _extend(self, items: list[Any], kind: str) -> None:
        holder = self.stack[-1]
        if not isinstance(holder, _Items) or holder.kind != kind:
            raise TypeError
        # A tuple of tuples may take forever as a key.
        if kind == 'EMPTY_DICT' and not all(isinstance(item, _PLAIN) for item in items):
            raise TypeError
        holder.count += len(items)

    def build(self, _: Any) -> None:
        """Give attributes to an OrderedDict, as torch does with the version of a state."""
        state, holder = self._pop(2)
        if not (isinstance(holder, _Items) and isinstance(state, _Items)):
            raise TypeError
        self.copied += state.count
        self.stack.append(holder)

    def call(self, _: Any) -> None:
        function, given = self._pop(2)
        if not isinstance(function, _Name) or function.text not in CALLED:
            raise NotNeededError(getattr(function, 'text', 'a call'))
        self.stack.append(self._called(function.text, *given))

    def _called(self, name: str, *given: Any) -> Any:
        if name == TENSOR:
            _check_tensor(*given)
            return _Name(TENSOR)
        if name == PARAMETER:
            if given[0] != _Name(TENSOR):
                raise TypeError
            return given[0]
        if name in (ORDERED, COUNTER):
            if len(given) > 1 or any(getattr(it, 'kind', '') != 'EMPTY_DICT' for it in given):
                raise TypeError
            made = _Items('EMPTY_DICT')
            made.count = sum(item.count for item in given)
            self.copied += made.count
            return made
        if name == DEVICE:
            if not all(isinstance(item, _PLAIN) for item in given):
                raise TypeError
            return _Name(DEVICE)
        return _sizes(given[0])


_STEPS = {
    'PROTO': _Walk.end, 'STOP': _Walk.end, 'MARK': _Walk.mark, 'TUPLE': _Walk.tuple,
    'GLOBAL': _Walk.name, 'APPEND': _Walk.append, 'APPENDS': _Walk.appends,
    'SETITEM': _Walk.set_item, 'SETITEMS': _Walk.set_items, 'BUILD': _Walk.build,
    'REDUCE': _Walk.call,
}  # fmt: skip


def _storage(given: Any) -> Storage:
    kind, name, key, location, count, *view = given
    is_known = kind == 'storage' and isinstance(name, _Name) and view in ([], [None])
    if not (is_known and isinstance(key, str) and isinstance(location, str)):
        raise TypeError
    (count,) = _sizes((count,))
    return Storage(key, count, count * STORAGE_BYTES[name.text])


def _check_tensor(storage: Any, offset: Any, size: Any, stride: Any, *others: Any) -> None:
    """
    Look whether a tensor lies within its storage, once: torch would enlarge the storage.

    ``others`` are whether it has gradients, and hooks.
    """
    size, stride, (offset,) = _sizes(size), _sizes(stride), _sizes((offset,))
    if not isinstance(storage, Storage) or len(size) != len(stride) or len(others) != 2:
        raise TypeError
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    count = math.prod(size)
    if count and (last >= storage.numbers or count > storage.numbers):
        raise ValueError(f'a tensor of {size} does not fit its {storage.numbers} numbers')


def _sizes(values: Any) -> tuple[int, ...]:
    if not isinstance(values, tuple) or not all(type(n) is int and n >= 0 for n in values):
        raise TypeError
    return values
