"""The claims of docs/security.md about the code, held by walking every module."""

from __future__ import annotations

import argparse
import ast
from contextlib import suppress
from dataclasses import fields
from functools import cache
from importlib.util import find_spec
import os
from pathlib import Path
import re
import socket
import subprocess
import sys

import pytest
import yaml

from steps_ros import yaml_file
from steps_ros.cli import view
from steps_ros.core.checkpoint import load_checkpoint
from steps_ros.core.foreign_file import read_foreign
from steps_ros.data.array_reading import array_names, load_array, load_arrays
from steps_ros.data.bags import open_bag
from steps_ros.data.digest import digest
from steps_ros.data.outputs import write_file
from steps_ros.data.set_files import read_bytes, read_lines
from steps_ros.data.sources import open_source, Video, VIDEO_SUFFIXES
from steps_ros.errors import SourceError, StepsError
from steps_ros.limits import Limits, variable
from steps_ros.yaml_file import read_yaml

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / 'steps_ros'
PAGE = (PROJECT / 'docs' / 'security.md').read_text(encoding='utf8')
TREES = {
    str(path.relative_to(PACKAGE)): ast.parse(path.read_text(encoding='utf8'))
    for path in sorted(PACKAGE.rglob('*.py'))
}
FORBIDDEN_CALLS = {
    'eval', 'exec', 'compile', '__import__', 'os.system', 'os.popen', 'subprocess.getoutput',
    'subprocess.getstatusoutput', 'pickle.load', 'pickle.loads', 'pickle.Unpickler',
    'marshal.loads', 'shelve.open', 'joblib.load', 'yaml.load', 'yaml.full_load',
    'yaml.unsafe_load', 'tempfile.mktemp', 'torch.hub.load', 'torch.jit.load',
    'cv2.imread', 'cv2.imdecode', 'yaml.safe_load', 'np.load', 'numpy.load', 'torch.load',
}  # fmt: skip
# The one place of each, which looks first at what it is given.
PLACES = {
    ('data/image_decoding.py', 'cv2.imdecode'),
    ('yaml_file.py', 'yaml.load'),
    ('data/array_reading.py', 'np.load'),
    ('core/foreign_file.py', 'torch.load'),
    # Its own files and pictures.
    ('eval/spool.py', 'np.load'),
    ('sim/sensor.py', 'cv2.imdecode'),
    ('bench/light_strip.py', 'cv2.imdecode'),
    ('bench/simulation_look.py', 'cv2.imread'),
}
NETWORK = {
    'socket', 'socketserver', 'http', 'urllib', 'requests', 'httpx', 'aiohttp', 'ftplib',
    'smtplib', 'xmlrpc', 'asyncio', 'ssl', 'websockets', 'viser', 'webbrowser',
}  # fmt: skip
# Quoting of a path is no network, and the view is the one server.
NETWORK_PLACES = {
    ('cli/view.py', 'socket'),
    ('view/server.py', 'socket'),
    ('view/server.py', 'viser'),
    ('data/bag_checks.py', 'urllib'),
}
PROCESSES = {'ros/processes.py', 'bench/starting.py', 'doctor/middleware.py'}


@cache
def nodes():
    """Return (module, node) of every call and import."""
    kinds = (ast.Call, ast.Import, ast.ImportFrom)
    return [(n, i) for n, tree in TREES.items() for i in ast.walk(tree) if isinstance(i, kinds)]


@cache
def calls():
    """Return (module, dotted name, node) of every call."""
    return [(n, dotted(i.func), i) for n, i in nodes() if isinstance(i, ast.Call)]


def dotted(node):
    if isinstance(node, ast.Attribute):
        return f'{dotted(node.value)}.{node.attr}'
    return getattr(node, 'id', '')


@cache
def imports():
    """Return (module, first part of what it imports)."""
    plain = [(n, alias.name) for n, i in nodes() if isinstance(i, ast.Import) for alias in i.names]
    others = [(n, i.module) for n, i in nodes() if isinstance(i, ast.ImportFrom)]
    return {(name, module.split('.')[0]) for name, module in plain + others}


def test_no_code_comes_out_of_data():
    found = {(name, call) for name, call, _ in calls() if call in FORBIDDEN_CALLS}
    assert found == PLACES


def test_yaml_makes_nothing_but_plain_values():
    loaders = {ast.unparse(node.args[1]) for _, call, node in calls() if call == 'yaml.load'}
    assert loaders == {'_Loader'}
    assert yaml_file._Loader.__bases__ == (yaml.SafeLoader,)
    own, usual = yaml_file._Loader.yaml_constructors, yaml.SafeLoader.yaml_constructors
    changed = {tag.rpartition(':')[2] for tag in own if own[tag] != usual[tag]}
    assert changed == {'int', 'float'}
    assert own.keys() == usual.keys()
    assert yaml_file._Loader.yaml_multi_constructors == yaml.SafeLoader.yaml_multi_constructors


def test_loaders_are_told_not_to_unpickle():
    wanted = {'torch.load': ('weights_only', True), 'np.load': ('allow_pickle', False)}
    seen = 0
    for name, call, node in calls():
        given = {item.arg: getattr(item.value, 'value', None) for item in node.keywords}
        if call in wanted:
            key, value = wanted[call]
            assert given.get(key) is value, name
            seen += 1
        assert given.get('allow_pickle', False) is False, name
        assert given.get('weights_only', True) is True, name
    assert seen == 3


def test_no_shell_is_started():
    keywords = [(n, k.value) for n, _, node in calls() for k in node.keywords if k.arg == 'shell']
    values = {(name, getattr(value, 'value', None)) for name, value in keywords}
    assert [name for name, value in values if name in PROCESSES or value is True] == []
    assert {name for name, module in imports() if module == 'subprocess'} == PROCESSES


def test_no_network_but_the_view():
    assert {item for item in imports() if item[1] in NETWORK} == NETWORK_PLACES
    assert {name for name, module in imports() if module == 'pickle'} == set()
    pickles = {call for name, call, _ in calls() if call.startswith('pickle.')}
    assert pickles == set()


def test_onnx_runtime_reports_nothing_and_loads_no_operators():
    named = {(name, call.rpartition('.')[2]) for name, call, _ in calls()}
    (silent,) = {name for name, call in named if call == 'disable_telemetry_events'}
    assert {name for name, call in named if call == 'InferenceSession'} == {silent}
    assert [name for name, call in named if call == 'register_custom_ops_library'] == []


OPENVINO = """
import sys
from steps_ros.inference.engines import open_vino
assert open_vino._capabilities()
print([name for name in sys.modules if name.startswith('openvino_telemetry.')])
"""


@pytest.mark.skipif(find_spec('openvino') is None, reason='openvino is not installed')
def test_openvino_reports_nothing(tmp_path):
    home = {**os.environ, 'HOME': str(tmp_path)}
    said = subprocess.run(
        [sys.executable, '-c', OPENVINO], env=home, capture_output=True, timeout=60, check=True
    )
    assert said.stdout == b'[]\n'
    # Where it keeps the number that it knows a machine by.
    assert not (tmp_path / 'intel').exists()


def test_play_lists_do_not_make_ffmpeg_ask_the_network(tmp_path, monkeypatch):
    monkeypatch.delenv('OPENCV_FFMPEG_CAPTURE_OPTIONS', raising=False)
    with socket.create_server(('127.0.0.1', 0)) as server:
        server.settimeout(0.1)
        address = f'http://127.0.0.1:{server.getsockname()[1]}/a.ts'
        for suffix in VIDEO_SUFFIXES:
            path = tmp_path / f'clip{suffix}'
            path.write_text(f'#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{address}\n')
            with suppress(SourceError):
                list(Video(path, None))
        with pytest.raises(TimeoutError):
            server.accept()
    assert os.environ['OPENCV_FFMPEG_CAPTURE_OPTIONS'] == 'protocol_whitelist;file'


def test_processes_meet_over_the_network_in_one_place():
    words = {(name, ast.unparse(node)) for name, node in nodes()}
    marks = ('torch.distributed', 'import distributed')
    asked = {name for name, text in words if any(mark in text for mark in marks)}
    assert asked == {'train/distributed.py'}
    assert {name for name, call, _ in calls() if call.endswith('init_process_group')} == asked
    assert 'Under `torchrun` the processes of a training meet over TCP' in PAGE


def test_the_view_listens_on_this_machine_unless_told_otherwise():
    parser = argparse.ArgumentParser()
    view.add_arguments(parser)
    assert parser.parse_args([]).host == '127.0.0.1'
    assert '`127.0.0.1`' in PAGE


def test_every_limit_is_on_the_page_with_its_default():
    rows = dict(re.findall(r'^\| `(STEPS_ROS_MAX_\w+)` \| (\d+) \|', PAGE, re.MULTILINE))
    assert rows == {variable(item.name): str(item.default) for item in fields(Limits)}


@pytest.mark.parametrize('name', ['../a', '/etc/passwd', 'a/../../b'])
def test_lists_cannot_name_what_lies_outside(tmp_path, name):
    (tmp_path / 'split.txt').write_text(f'good\n{name}\n')
    with pytest.raises(SourceError, match='lies outside') as caught:
        read_lines(tmp_path / 'split.txt')
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('name', ['a\0b', '7' * 241, 'é' * 121])
def test_lists_cannot_name_what_no_file_is_named(tmp_path, name):
    (tmp_path / 'split.txt').write_text('é' * 120)
    assert read_lines(tmp_path / 'split.txt') == ['é' * 120]
    (tmp_path / 'split.txt').write_text(f'good\n{name}\n')
    with pytest.raises(SourceError, match='no name of a file') as caught:
        read_lines(tmp_path / 'split.txt')
    assert str(caught.value).isprintable()


def read_bag(path):
    open_bag(path).close()


@pytest.mark.parametrize(
    ('read', 'suffix'),
    [
        (read_yaml, '.yaml'), (load_array, '.npy'), (load_arrays, '.npz'), (array_names, '.npz'),
        (read_foreign, '.pt'), (read_bag, '.mcap'), (read_bag, '.db3'), (read_bag, '.bag'),
        (open_source, '.mp4'), (open_source, '.png'), (read_bytes, '.png'), (read_lines, '.txt'),
        (load_checkpoint, '.safetensors'), (digest, '.mcap'),
    ],
)  # fmt: skip
def test_pipes_are_not_read(tmp_path, read, suffix):
    """Reading one would wait for ever."""
    pipe = tmp_path / f'pipe{suffix}'
    os.mkfifo(pipe)
    with pytest.raises((ValueError, StepsError)) as caught:
        read(pipe)
    assert '\n' not in str(caught.value)


def test_pipes_in_the_folder_of_a_bag_are_not_read(tmp_path):
    os.mkfifo(tmp_path / 'a.mcap')
    metadata = {'relative_file_paths': ['a.mcap'], 'storage_identifier': 'mcap'}
    for mode in ('', 'file'):
        metadata['compression_mode'] = mode
        text = yaml.safe_dump({'rosbag2_bagfile_information': metadata})
        (tmp_path / 'metadata.yaml').write_text(text)
        with pytest.raises(SourceError, match=r'a\.mcap is a pipe or a device'):
            read_bag(tmp_path)


def test_results_are_not_written_through_links(tmp_path):
    secret = tmp_path / 'secret'
    secret.write_text('mine')
    out = tmp_path / 'out'
    out.mkdir()
    (out / 'a.png').symlink_to(secret)
    (out / '.a.png.partial').symlink_to(secret)
    write_file(out / 'a.png', b'new')
    assert secret.read_text() == 'mine'
    assert not (out / 'a.png').is_symlink()
    assert (out / 'a.png').read_bytes() == b'new'
