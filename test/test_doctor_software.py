"""Python and packages against the ranges that were installed."""

from pathlib import Path
import re

import pytest

from steps_ros.doctor import software
from steps_ros.doctor.finding import FAIL, NOTE, OK
from steps_ros.doctor.software import extras, packages, python, Ranges

pytest.importorskip('packaging')


def test_python_is_held_against_its_range():
    assert [f.level for f in python(Ranges('>=3.10,<4', ()))] == [OK]
    (found,) = python(Ranges('<3.0', ()))
    assert (found.level, found.says.partition(' is ')[2]) == (FAIL, 'not in <3.0')
    assert [f.level for f in python(None)] == [NOTE]


def test_packages_are_found_under_the_name_of_their_module():
    (found,) = packages(Ranges('', ('numpy>=1.23', 'opencv-python-headless>=4.6', 'pyyaml')))
    assert found.level == OK
    assert re.fullmatch(r'numpy [\d.]+, opencv-python-headless [\d.]+, pyyaml [\d.]+', found.says)


def test_each_package_that_is_amiss_has_a_line(monkeypatch):
    broken = ('mcap>=900', 'no-such-thing>=1', "other; python_version < '3'", 'numpy', 'yaml>=0')
    real = software.importlib.import_module

    def torn(name):
        if name == 'numpy':
            raise OSError('libGL.so.1:\n cannot open')
        return real(name)

    monkeypatch.setattr(software.importlib, 'import_module', torn)
    findings = packages(Ranges('', broken))
    assert [f.level for f in findings] == [OK, FAIL, FAIL, FAIL]
    says = ' | '.join(f.says for f in findings[1:])
    assert re.search(r'mcap \S+ is not in >=900 \| no-such-thing is not installed \| numpy', says)
    assert says.endswith('cannot be imported: libGL.so.1: cannot open')
    assert findings[1].remedy == "pip install 'mcap>=900'"


def test_an_extra_says_what_needs_it_and_counts_its_own_packages_alone():
    ranges = Ranges('', ('numpy', "no-such-thing>=2; extra == 'view'", "numpy; extra == 'sim'"))
    by_name = {found.check: found for found in extras(ranges)}
    assert by_name['extra sim'].level == OK
    assert by_name['extra sim'].says.startswith('numpy ')
    view = by_name['extra view']
    assert (view.level, view.says) == (NOTE, 'no-such-thing is not installed: needed for view')
    assert view.remedy == "pip install 'no-such-thing>=2'"


def test_the_extras_are_those_of_the_setup():
    setup = (Path(__file__).parents[1] / 'setup.py').read_text(encoding='utf8')
    declared = setup.split('extras_require={', 1)[1]
    assert {name for name in software.EXTRAS if f"'{name}': " not in declared} == set()
