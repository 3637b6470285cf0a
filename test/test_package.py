"""What colcon, rosdep and readers rely on stays consistent."""

from pathlib import Path
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from steps_ros import __version__

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope='module')
def package() -> ElementTree.Element:
    return ElementTree.parse(PROJECT / 'package.xml').getroot()


def test_package_is_an_ament_python_one_of_format_3(package):
    assert package.get('format') == '3'
    assert package.findtext('name') == 'steps_ros'
    assert package.findtext('export/build_type') == 'ament_python'
    assert package.findtext('license') == 'Apache-2.0'


def test_versions_agree(package):
    assert package.findtext('version') == __version__
    changelog = (PROJECT / 'CHANGELOG.rst').read_text(encoding='utf8')
    assert re.search(rf'^{re.escape(__version__)} ', changelog, re.MULTILINE)


def test_maintainer_email_is_one_that_colcon_takes(package):
    email = package.find('maintainer').get('email')
    assert re.fullmatch(r'[\w.+-]+@[\w-]+\.[\w.-]+', email)


@pytest.mark.parametrize('name', ['night_depth', 'trainer', 'steps-ros'])
def test_executables_run_what_the_console_scripts_run(name):
    path = PROJECT / 'resource' / 'executables' / name
    setup = (PROJECT / 'setup.py').read_text(encoding='utf8')
    module, function = re.search(rf'{name} = ([\w.]+):(\w+)', setup).groups()
    assert path.stat().st_mode & 0o111
    assert f'from {module} import {function}' in path.read_text(encoding='utf8')


def test_readme_is_short_and_names_the_two_commands():
    lines = (PROJECT / 'README.md').read_text(encoding='utf8').splitlines()
    assert len(lines) <= 150
    assert any('make demo' in line for line in lines)
    assert any('make test' in line for line in lines)


def test_package_imports_without_ros_or_torch():
    """The command line must be able to say what is missing."""
    code = (
        'import sys; sys.modules["rclpy"] = None; sys.modules["torch"] = None; '
        'import steps_ros.cli.main'
    )
    subprocess.run([sys.executable, '-c', code], check=True, cwd=PROJECT, timeout=60)


@pytest.mark.parametrize('linter', ['ament_flake8', 'ament_pep257', 'ament_xmllint'])
def test_ament_linters(linter):
    main = pytest.importorskip(f'{linter}.main', reason=f'{linter} comes with ROS').main
    paths = [str(PROJECT / name) for name in ('steps_ros', 'launch', 'package.xml')]
    assert main(argv=paths) == 0
