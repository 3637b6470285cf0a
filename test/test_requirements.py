"""What is installed without ROS is what setup.py and constraints.txt say, held to hashes."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
import re
import runpy

from packaging.requirements import Requirement
import pytest

PROJECT = Path(__file__).resolve().parent.parent
REST, TORCH, TORCH_CPU = (
    PROJECT / 'requirements' / f'{name}.txt' for name in ('all_but_torch', 'torch', 'torch_cpu')
)
# Of `make fuzz`, which alone installs it, where there is a wheel.
NOT_INSTALLED = {'atheris', 'coverage'}
HASH = re.compile(r'sha256:[0-9a-f]{64}')
PYTHONS = ('3.10', '3.11', '3.12', '3.13')


def test_torch_is_chosen_by_what_is_offered_and_not_by_what_fails():
    """A file that was changed on its way must end it, not bring another torch."""
    text = (PROJECT / 'Makefile').read_text(encoding='utf8')
    assert not re.search(r'\$\(HASHED\)[^\n]*(2>|\|\|)', text)
    assert re.search(r"grep -qF '\$\(TORCH_CPU\)' && torch=torch_cpu", text)


def test_the_audit_is_of_all_that_is_installed_and_skips_nothing():
    text = (PROJECT / 'Makefile').read_text(encoding='utf8')
    (command,) = re.findall(r'^\t(pip-audit .*)$', text, re.MULTILINE)
    audited = {PROJECT / path for path in re.findall(r'-r (\S+)', command)}
    # Torch without CUDA is a build of the same version.
    assert audited == {REST, TORCH}
    assert {'--strict', '--require-hashes'} <= set(command.split())


def entries(path):
    """Return the requirements of a file, each with its hashes."""
    lines = path.read_text(encoding='utf8').replace('\\\n', ' ').splitlines()
    rows = [line.split('--hash=') for line in lines if line and not line.startswith('#')]
    return [(Requirement(row[0]), [text.strip() for text in row[1:]]) for row in rows]


def versions(requirements, python):
    """Return what of exact requirements a Python on this platform gets: versions by name."""
    environment = {
        'python_version': python,
        'python_full_version': f'{python}.5',
        'platform_python_implementation': 'CPython',
        'sys_platform': 'linux',
        'platform_machine': 'x86_64',
        'extra': '',
    }
    found = {}
    for item in requirements:
        if item.marker is None or item.marker.evaluate(environment):
            (pin,) = item.specifier
            name = canonical(item.name)
            assert (pin.operator, name in found) == ('==', False), item
            found[name] = pin.version
    return found


def canonical(name):
    return re.sub(r'[-_.]+', '-', name).lower()


def installed(python, torch=TORCH):
    """Return the versions of everything that is installed, by name."""
    rest, with_torch = (
        versions([item for item, _ in entries(path)], python) for path in (REST, torch)
    )
    shared = rest.keys() & with_torch.keys()
    assert {name: rest[name] for name in shared} == {name: with_torch[name] for name in shared}
    return rest | with_torch


@pytest.mark.parametrize('path', [REST, TORCH, TORCH_CPU], ids=lambda path: path.stem)
def test_every_file_has_a_hash(path):
    assert entries(path)
    for item, hashes in entries(path):
        assert hashes, item
        assert all(HASH.fullmatch(text) for text in hashes), item


@pytest.mark.parametrize('python', PYTHONS)
def test_versions_are_those_of_the_constraints(python):
    lines = (PROJECT / 'constraints.txt').read_text(encoding='utf8').splitlines()
    wanted = versions([Requirement(line) for line in lines if line[0] != '#'], python)
    found = installed(python)
    expected = {name: wanted[name] for name in wanted.keys() - NOT_INSTALLED}
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize('python', PYTHONS)
def test_nothing_that_setup_asks_for_is_missing(python, monkeypatch):
    setuptools = pytest.importorskip('setuptools')
    asked = {}
    monkeypatch.setattr(setuptools, 'setup', lambda **given: asked.update(given))
    runpy.run_path(str(PROJECT / 'setup.py'))
    groups = [asked['install_requires'], *asked['extras_require'].values()]
    found = installed(python)
    for requirement in map(Requirement, chain(*groups, ['setuptools>=61'])):
        assert found[canonical(requirement.name)] in requirement.specifier


@pytest.mark.parametrize('python', PYTHONS)
def test_the_cpu_has_the_same_without_cuda(python):
    found, with_cuda = installed(python, TORCH_CPU), installed(python)
    assert found.pop('torch') == f'{with_cuda.pop("torch")}+cpu'
    more = with_cuda.keys() - found.keys()
    assert all(name.startswith(('nvidia-', 'cuda-', 'triton')) for name in more)
    assert found == {name: with_cuda[name] for name in with_cuda.keys() - more}
