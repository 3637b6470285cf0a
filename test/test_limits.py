"""Every limit has a name, a value, a variable and a line that says so."""

from dataclasses import fields
import subprocess
import sys

import pytest

from steps_ros.cli.main import main
from steps_ros.errors import FrameError, SettingsError
from steps_ros.limits import Limits, limits, require_within, variable
from steps_ros.ros import entry


@pytest.mark.parametrize('name', [item.name for item in fields(Limits)])
def test_each_limit_is_set_by_its_variable(name, monkeypatch):
    default = getattr(limits(), name)
    require_within(name, default, 'it', FrameError)
    with pytest.raises(FrameError) as caught:
        require_within(name, default + 1, 'it', FrameError)
    unit = name.rpartition('_')[2]
    assert str(caught.value) == (
        f'it has {default + 1} {unit}, more than the limit of {default}; make it smaller, or set '
        f'{variable(name)} higher'
    )
    monkeypatch.setenv(variable(name), str(default + 1))
    require_within(name, default + 1, 'it', FrameError)


@pytest.mark.parametrize('text', ['', '0', '-1', '1.5', '1e9', '²', ' 7', '9' * 19])
def test_what_is_no_number_is_refused(text, monkeypatch, capsys):
    monkeypatch.setenv('STEPS_ROS_MAX_BAG_TOPICS', text)
    with pytest.raises(SettingsError, match=r'STEPS_ROS_MAX_BAG_TOPICS=.* is not a whole number'):
        limits()


def test_a_misspelt_variable_names_the_right_one_in_commands_and_nodes(monkeypatch, capsys):
    monkeypatch.setenv('STEPS_ROS_MAX_IMAGE_PIXEL', '5')
    assert main(['import-weights', 'none.pt', '--out', 'x.safetensors']) == 1
    expected = 'STEPS_ROS_MAX_IMAGE_PIXEL is not the variable of a limit; '
    assert capsys.readouterr().err.startswith(f'error: {expected}STEPS_ROS_MAX_IMAGE_PIXELS is')
    assert entry.main(['night_depth']) == 1
    assert capsys.readouterr().err.startswith(f'night_depth: {expected}')


BOMBS = """
from pathlib import Path
import resource, struct, sys, zipfile
from backports import zstd
from steps_ros.data.array_reading import load_arrays
from steps_ros.data.bags import open_bag
from steps_ros.data.encodings import decode_compressed
from steps_ros.errors import StepsError

ZEROS = 1 << 22
folder = Path(sys.argv[1])

def record(kind, content):
    return struct.pack('<BQ', kind, len(content)) + content

def text(words):
    return struct.pack('<I', len(words)) + words

packer = zstd.ZstdCompressor()
packed = b''.join(packer.compress(bytes(ZEROS)) for _ in range(20)) + packer.flush()

def mcap(name, stated):
    chunk = struct.pack('<QQQI', 0, 1, stated, 0) + text(b'zstd') + struct.pack('<Q', len(packed))
    magic = bytes.fromhex('894d434150300d0a')
    head = magic + record(1, text(b'ros2') + text(b''))
    tail = record(15, bytes(4)) + record(2, bytes(20)) + magic
    (folder / name).write_bytes(head + record(6, chunk + packed) + tail)

def png():
    size = struct.pack('>II', 20000, 20000)
    (folder / 'a.png').write_bytes(b'\\x89PNG\\r\\n\\x1a\\n' + bytes(4) + b'IHDR' + size + b'IEND')

def npz():
    with zipfile.ZipFile(folder / 'a.npz', 'w', zipfile.ZIP_DEFLATED) as archive:
        with archive.open('a.npy', 'w') as stream:
            for _ in range(20):
                stream.write(bytes(ZEROS))

def refuse(work):
    try:
        work()
    except (StepsError, ValueError) as error:
        return print(error)
    raise SystemExit('taken')

mcap('stated.mcap', 20 * ZEROS), mcap('lying.mcap', 1000), png(), npz()
before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
refuse(lambda: open_bag(folder / 'stated.mcap'))
refuse(lambda: open_bag(folder / 'lying.mcap'))
refuse(lambda: decode_compressed((folder / 'a.png').read_bytes()))
refuse(lambda: load_arrays(folder / 'a.npz'))
grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024
print(grown_mb)
"""


def test_bombs_are_refused_in_one_line_without_memory_for_them(tmp_path, monkeypatch):
    monkeypatch.setenv('STEPS_ROS_MAX_UNPACKED_BYTES', '30000000')
    ended = subprocess.run(
        [sys.executable, '-c', BOMBS, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert ended.stderr == ''
    stated, lying, png, npz, grown_mb = ended.stdout.splitlines()
    assert 'chunk of the bag has 83886080 bytes' in stated
    assert 'STEPS_ROS_MAX_UNPACKED_BYTES' in stated
    assert 'does not unpack to the 1000 bytes that it states' in lying
    assert 'png of 20000x20000 has 400000000 pixels' in png
    assert 'archive has 83886080 bytes' in npz
    assert float(grown_mb) < 20
