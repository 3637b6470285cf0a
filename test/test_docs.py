"""What the documents name exists, and what a user can name is in the documents."""

from __future__ import annotations

import argparse
import ast
import importlib
from pathlib import Path
import re
import textwrap

import pytest
import yaml

from steps_ros.cli.main import COMMANDS
from steps_ros.settings import build, flatten

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / 'steps_ros'
PAGES = sorted(
    [
        PROJECT / 'README.md',
        PROJECT / 'ARCHITECTURE.md',
        *(PACKAGE / 'weights').glob('*.md'),
        *(PROJECT / 'docs').glob('*.md'),
    ]
)
TEXT = '\n'.join(page.read_text(encoding='utf8') for page in PAGES)
# Shell lines that go on in the next one are one line.
LINES = TEXT.replace('\\\n', ' ').splitlines()
TOPIC = re.compile(r'~/[a-z_]+(?:/[a-z_]+)*')
# Arguments of other people's launch files and nodes that the documents speak of.
FOREIGN_ARGUMENTS = {'input', 'output'}


def options_of(command: str) -> set[str]:
    parser = argparse.ArgumentParser()
    importlib.import_module(f'steps_ros.cli.{COMMANDS[command].module}').add_arguments(parser)
    return {option for action in parser._actions for option in action.option_strings}


def literals(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text(encoding='utf8')))
    return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def topics_of_the_code() -> set[str]:
    texts = set().union(*map(literals, (PACKAGE / 'ros').glob('*.py')))
    return {text for text in texts if TOPIC.fullmatch(text)}


def test_every_command_is_in_the_documents():
    documented = set(re.findall(r'steps-ros ([a-z-]+)', TEXT)) | set(
        re.findall(r'make (\w+)', TEXT)
    )
    by_make = {'default-weights': 'weights'}
    assert {name for name in COMMANDS if by_make.get(name, name) not in documented} == set()


@pytest.mark.parametrize('command', COMMANDS)
def test_the_documents_give_a_command_options_that_it_has(command):
    calls = [line for line in LINES if re.search(rf'steps-ros {command}\b', line)]
    for line in calls:
        call = re.split(r'[|;&`#]', line.split(f'steps-ros {command}', 1)[1])[0]
        assert set(re.findall(r'(?<!\S)--[a-z][a-z-]*', call)) <= options_of(command), line


def test_commands_modules_and_links_of_the_documents_exist():
    named = re.findall(r'`?steps-ros ([a-z][a-z-]+)', TEXT)
    assert {name for name in named if name not in COMMANDS} == set()
    modules = set(re.findall(r'python3? -m (steps_ros[\w.]*)', TEXT))
    paths = [PROJECT / (module.replace('.', '/')) for module in modules]
    assert [path for path in paths if not path.with_suffix('.py').exists()] == []
    for page in PAGES:
        links = re.findall(r'\]\(([^)#:]+)(?:#[\w-]*)?\)', page.read_text(encoding='utf8'))
        assert [link for link in links if not (page.parent / link).exists()] == [], page


def test_python_of_the_documents_imports_what_there_is():
    blocks = re.findall(r'```python\n(.*?)```', TEXT, re.DOTALL)
    assert blocks
    for block in blocks:
        for node in ast.walk(ast.parse(textwrap.dedent(block))):
            if isinstance(node, ast.ImportFrom) and node.module.startswith('steps_ros'):
                module = importlib.import_module(node.module)
                assert [name.name for name in node.names if not hasattr(module, name.name)] == []


def test_every_topic_is_documented_and_every_documented_one_exists():
    documented, known = set(TOPIC.findall(TEXT)), topics_of_the_code()
    assert known - documented == set()
    names = '|'.join(topic.removeprefix('~/') for topic in known)
    # Of a camera's own topics the name of the camera comes first.
    of_a_camera = re.compile(rf'~/[a-z_]+/({names})')
    strange = {topic for topic in documented - known if not of_a_camera.fullmatch(topic)}
    assert {topic for topic in strange if topic.split('/')[1] in ('input', 'output')} == set()


def test_every_reason_for_a_drop_is_in_the_readme():
    pytest.importorskip('rclpy', reason='rclpy is not installed')
    from steps_ros.ros.statistics import Drop

    readme = (PROJECT / 'README.md').read_text(encoding='utf8')
    reasons = [value for name, value in vars(Drop).items() if name.isupper()]
    assert len(reasons) > 5
    assert [reason for reason in reasons if f'`{reason}`' not in readme] == []


def test_every_parameter_of_the_documents_exists():
    pytest.importorskip('rclpy', reason='rclpy is not installed')
    from steps_ros.ros.parameters import NightDepthSettings
    from steps_ros.settings import describe

    known = {item.name for item in describe(NightDepthSettings)}
    groups = '|'.join({name.split('.')[0] for name in known if '.' in name})
    named = set(re.findall(rf'(?<![\w./])(?:{groups})\.[a-z][a-z_]*(?![\w(.])', TEXT))
    files = {name for name in named if name.endswith(('.py', '.md', '.json', '.jpg', '.yaml'))}
    assert named - known - files == set()
    assert len(named) > 20


def examples() -> list[dict[str, object]]:
    """Return the parameters of each example of the node, on a command line or in a file."""
    commands = [line for line in LINES if re.search(r'steps[_-]ros night_depth\b', line)]
    given = [re.findall(r' -p ([\w.]+):=([^ `]+)', line) for line in commands]
    files = map(yaml.safe_load, re.findall(r'```yaml\n(.*?)```', TEXT, re.DOTALL))
    blocks = [file[name] for file in files for name in ('night_depth', '/**') if name in file]
    return [
        *({name: yaml.safe_load(value) for name, value in pairs} for pairs in given if pairs),
        *(dict(flatten(block['ros__parameters'])) for block in blocks),
    ]


@pytest.mark.parametrize('values', examples(), ids=str)
def test_the_node_takes_the_parameters_of_every_example(values):
    pytest.importorskip('rclpy', reason='rclpy is not installed')
    from steps_ros.ros.parameters import NightDepthSettings

    build(NightDepthSettings, values)


def test_examples_on_command_lines_and_in_files_are_found():
    assert len(examples()) > 5
    assert sum('scale.when_unhealthy' in values for values in examples()) >= 2


def test_every_launch_argument_of_the_documents_exists():
    declared = set()
    shared = PROJECT / 'steps_ros' / 'ros' / 'launching.py'
    for path in (shared, *(PROJECT / 'launch').glob('*.launch.py')):
        calls = r"(?:DeclareLaunchArgument|_text)\(\s*'(\w+)'"
        declared |= set(re.findall(calls, path.read_text()))
    calls = [line for line in LINES if 'ros2 launch steps_ros' in line or 'camera:=' in line]
    named = set(re.findall(r'(\w+):=', ' '.join(calls)))
    parameters = set(re.findall(r'-p [\w.]*?(\w+):=', ' '.join(calls)))
    assert named - declared - parameters - FOREIGN_ARGUMENTS == set()
