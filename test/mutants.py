"""
Which changes of a module its tests do not see: ``python test/mutants.py MODULE.py TEST.py ...``.

The tests are collected once. Each mutant is put in the place of the module's functions in a fork
of that process, which then runs them, so that a mutant costs no more than its tests.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
import copy
import importlib
import os
from pathlib import Path
import signal
import sys
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import pytest

PROJECT = Path(__file__).resolve().parent.parent
SLOWEST_S = 300
# Of a loop that pytest was not in itself.
ENDS = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
SWAPPED: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.MatMult: ast.Mult, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.And: ast.Or, ast.Or: ast.And, ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}  # fmt: skip
PAIRS = (
    ('min', 'max'), ('amin', 'amax'), ('sum', 'mean'), ('sin', 'cos'), ('any', 'all'),
    ('minimum', 'maximum'), ('argmin', 'argmax'), ('exp', 'log'), ('clamp_min', 'clamp_max'),
)  # fmt: skip
STATEMENTS = (
    ast.Expr, ast.Assign, ast.AugAssign, ast.Return, ast.Raise, ast.Continue, ast.Break
)  # fmt: skip
RENAMED = dict(PAIRS) | {second: first for first, second in PAIRS}


class Mutant(NamedTuple):
    """A changed module: the line, what stands there, and what did."""

    line: int
    before: str
    after: str
    tree: ast.Module


def mutants_of(source: str) -> Iterator[Mutant]:
    """Yield the module with one change each."""
    tree = ast.parse(source)
    types = {id(part) for node in ast.walk(tree) for part in _types(node)}
    for index, node in enumerate(ast.walk(tree)):
        if id(node) in types:
            continue
        for change in _changes(node):
            mutated = copy.deepcopy(tree)
            place = next(item for number, item in enumerate(ast.walk(mutated)) if number == index)
            before = ast.unparse(place)
            change(place)
            yield Mutant(getattr(node, 'lineno', 0), before, ast.unparse(place), mutated)


def _types(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all of what says a type, which nothing looks at when the module runs."""
    for name in ('annotation', 'returns'):
        said = getattr(node, name, None)
        if said is not None:
            yield from ast.walk(said)


def _changes(node: ast.AST) -> Iterator[Callable[[Any], None]]:
    """Yield what can be done to a node, in place; of a statement that is to leave it out."""
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and type(node.op) in SWAPPED:
        yield lambda place: setattr(place, 'op', SWAPPED[type(place.op)]())
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPPED:
        yield lambda place: place.ops.__setitem__(0, SWAPPED[type(place.ops[0])]())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not | ast.Invert):
        yield lambda place: setattr(place, 'op', ast.UAdd())
    elif isinstance(node, ast.Attribute | ast.Name) and _name(node) in RENAMED:
        key = 'attr' if isinstance(node, ast.Attribute) else 'id'
        yield lambda place: setattr(place, key, RENAMED[_name(place)])
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield lambda place: setattr(place, 'value', not place.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield lambda place: setattr(place, 'value', place.value + 1)
    elif isinstance(node, STATEMENTS) and node.col_offset and not _is_docstring(node):
        yield lambda place: setattr(place, '__class__', ast.Pass)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _name(node: ast.Attribute | ast.Name) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id


def _functions(owner: Any, prefix: str, file: str) -> Iterator[tuple[str, FunctionType]]:
    """Yield the functions that a module or class defines, out of what decorates them."""
    for name, value in vars(owner).items():
        if isinstance(value, type) and value.__module__ == prefix.split(':')[0]:
            yield from _functions(value, f'{prefix}.{name}', file)
            continue
        plain = getattr(value, 'fget', None) or getattr(value, '__func__', value)
        while hasattr(plain, '__wrapped__'):
            plain = plain.__wrapped__
        if isinstance(plain, FunctionType) and plain.__code__.co_filename == file:
            yield f'{prefix}.{name}', plain


def put_in_place(module: ModuleType, mutant: ast.Module) -> None:
    """Give the functions and constants of a module the bodies and values of a mutant."""
    file, prefix = str(module.__file__), f'{module.__name__}:'
    made = ModuleType(module.__name__)
    sys.modules[module.__name__] = made
    exec(compile(ast.fix_missing_locations(mutant), file, 'exec'), made.__dict__)
    sys.modules[module.__name__] = module
    known = dict(_functions(made, prefix, file))
    for name, function in _functions(module, prefix, file):
        function.__code__ = known[name].__code__
        function.__defaults__ = known[name].__defaults__
        function.__kwdefaults__ = known[name].__kwdefaults__
    for name, value in vars(made).items():
        if isinstance(value, type) and hasattr(value, '_fields'):
            vars(module)[name].__new__.__defaults__ = value.__new__.__defaults__
        elif name.isupper() or (name.startswith('_') and name[1:].isupper()):
            vars(module)[name] = value


class Plugin:
    """Runs what pytest collected, once for every mutant."""

    def __init__(self, module: ModuleType, mutants: list[Mutant]) -> None:
        self._module, self._mutants = module, mutants
        self.survivors: list[Mutant] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Take the place of the loop."""
        assert self._passes(session.items, None), 'the tests fail without a mutant'
        for mutant in self._mutants:
            if self._passes(session.items, mutant):
                self.survivors.append(mutant)
                print(f'{mutant.line}: {mutant.before} -> {mutant.after}', flush=True)
        return True

    def _passes(self, items: list[pytest.Item], mutant: Mutant | None) -> bool:
        child = os.fork()
        if child == 0:
            os._exit(self._run(items, mutant))
        return os.waitpid(child, 0)[1] == 0

    def _run(self, items: list[pytest.Item], mutant: Mutant | None) -> int:
        signal.alarm(SLOWEST_S)
        try:
            if mutant is not None:
                put_in_place(self._module, mutant.tree)
            for item in items:
                reports = _reports(item)
                if any(report.failed for report in reports):
                    return 1
        except BaseException:
            return 1
        return 0


def _reports(item: pytest.Item) -> list[pytest.TestReport]:
    # Set up anew for every test, as nothing else comes after it in this process.
    from _pytest.runner import runtestprotocol

    return runtestprotocol(item, nextitem=None, log=False)


def main(path: str, tests: list[str]) -> int:
    """Print every mutant that survives, and the count; 1 where there is one."""
    name = '.'.join(Path(path).with_suffix('').parts)
    sys.path.insert(0, str(PROJECT))
    mutants = list(mutants_of((PROJECT / path).read_text(encoding='utf8')))
    plugin = Plugin(importlib.import_module(name), mutants)
    options = ['-q', '-p', 'no:cacheprovider', '-p', 'no:faulthandler', '-p', 'no:xdist']
    if pytest.main([*options, *tests], plugins=[plugin]) not in ENDS:
        return 1
    killed = len(mutants) - len(plugin.survivors)
    print(f'{path}: {killed} of {len(mutants)} mutants killed')
    return bool(plugin.survivors)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], sys.argv[2:]))
