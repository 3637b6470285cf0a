"""``steps-ros evaluate``: four files with one set of numbers, or one line that says why not."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import time

from make_bags import write_mcap
import numpy as np
import pytest

from steps_ros.cli import evaluate as evaluate_options
from steps_ros.cli.main import main
from steps_ros.data import messages
from steps_ros.data.bags import open_bag
from steps_ros.eval.inputs import LAYOUTS
from steps_ros.eval.protocols import PROTOCOLS
from steps_ros.eval.report import ALIGNMENTS

PROJECT = Path(__file__).resolve().parent.parent
FRAMES = 6


@pytest.fixture(scope='module')
def bag(tmp_path_factory) -> Path:
    """Return a short simulated drive with LiDAR, true depth and odometry."""
    path = tmp_path_factory.mktemp('drive') / 'drive.mcap'
    options = ('--frames', FRAMES, '--seed', 4, '--size', '96x160', '--time', 'day')
    assert main(['simulate', '--out', str(path), *map(str, options)]) == 0
    return path


def evaluate(*arguments) -> int:
    return main(['evaluate', *map(str, arguments), '--device', 'cpu'])


def report_of(folder: Path) -> dict:
    return json.loads((folder / 'report.json').read_text())


@pytest.fixture(scope='module')
def evaluated(tmp_path_factory, bag) -> Path:
    """Return the folder of one report on the drive against its LiDAR."""
    out = tmp_path_factory.mktemp('report') / 'out'
    assert evaluate(bag, '--out', out, '--reference-topic', '/lidar/points') == 0
    return out


def test_the_report_has_what_scripts_rely_on(evaluated):
    assert {path.name for path in evaluated.iterdir()} == {
        'report.html', 'report.json', 'report.csv', 'report.md'
    }  # fmt: skip
    report = report_of(evaluated)
    assert (report['frames'], report['pairs'], report['partial']) == (FRAMES, FRAMES, False)
    assert report['unpredicted'] == 0
    for alignment in ('none', 'median', 'scale_shift'):
        assert 0 < report['overall'][alignment]['abs_rel'] < 2
        assert len(report['overall'][alignment]) == 9
    assert len(report['series']) == FRAMES
    assert report['settings']['motion'].startswith('odometry')
    assert len(report['data'][0]['sha256']) == 64
    with (evaluated / 'report.csv').open() as file:
        assert len(list(csv.reader(file))) > 50


def test_true_depth_times_1_1_against_its_own_lidar(tmp_path, bag, capsys):
    with open_bag(bag) as source:
        kept = ['/camera/image_raw', '/camera/camera_info', '/lidar/points', '/tf_static', '/odom']
        items = [(raw.topic, source.decode(raw), raw.receive_ns) for raw in source.messages(kept)]
        for raw in source.messages(['/camera/depth']):
            message = source.decode(raw)
            depth = np.frombuffer(message.data, np.float32).reshape(96, 160) * np.float32(1.1)
            farther = messages.depth_message(depth, raw.receive_ns, 'camera_optical_frame')
            items.append(('/camera/estimate', farther, raw.receive_ns))
    items.sort(key=lambda item: item[2])
    path = write_mcap(tmp_path / 'farther.mcap', items, 0)
    options = ('--depth-topic', '/camera/estimate', '--json')
    assert evaluate(path, '--out', tmp_path / 'out', *options) == 0
    report = report_of(tmp_path / 'out')
    assert report['overall']['none']['abs_rel'] == pytest.approx(0.1, abs=0.02)
    assert report['overall']['median']['abs_rel'] < 0.03
    assert report['overall']['median']['a1'] > 0.98
    assert report['summary']['scale.median'] == pytest.approx(1 / 1.1, abs=0.01)
    assert report['residual_correlation'] > 0.25
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line['overall'] == report['overall']


def test_several_drives_are_one_report(tmp_path, bag):
    other = tmp_path / 'other.mcap'
    other.write_bytes(bag.read_bytes())
    options = ('--reference-topic', '/camera/depth', '--protocol', 'nuscenes-night')
    assert evaluate(bag, other, '--out', tmp_path / 'out', *options) == 0
    report = report_of(tmp_path / 'out')
    assert report['frames'] == 2 * FRAMES
    assert len(report['tables']['cameras']['rows']) == 2
    assert report['settings']['cap_m'] == 60


def test_a_bag_that_ends_in_the_middle_is_a_partial_report(tmp_path, bag):
    cut = tmp_path / 'cut.mcap'
    content = bag.read_bytes()
    cut.write_bytes(content[: len(content) * 2 // 3])
    options = ('--depth-topic', '/camera/depth', '--reference-topic', '/lidar/points')
    assert evaluate(cut, '--out', tmp_path / 'out', *options) == 0
    report = report_of(tmp_path / 'out')
    assert report['partial'] is True
    assert 0 < report['frames'] < FRAMES
    assert 'cannot be read' in report['settings']['damage']


def test_the_choice_between_references_is_the_users(tmp_path, bag, capsys):
    assert evaluate(bag, '--out', tmp_path / 'out') == 1
    said = capsys.readouterr().err.strip()
    assert said.count('\n') == 0
    assert '/lidar/points' in said
    assert '--reference-topic' in said
    assert not (tmp_path / 'out').exists()


def test_an_earlier_report_is_kept(tmp_path, bag, capsys):
    (tmp_path / 'kept.txt').write_text('mine')
    assert evaluate(bag, '--out', tmp_path) == 1
    assert '--overwrite' in capsys.readouterr().err


def test_the_choices_are_those_of_the_evaluator():
    assert tuple(LAYOUTS) == evaluate_options.LAYOUTS
    assert {*evaluate_options.PROTOCOLS, 'default'} == set(PROTOCOLS)
    assert evaluate_options.ALIGNMENTS == ALIGNMENTS


@pytest.mark.parametrize(
    'arguments',
    [
        ['--out', 'x'],
        ['bag.mcap'],
        ['bag.mcap', '--compare', 'a.json', 'b.json'],
        ['a.mcap', 'b.mcap', '--out', 'x', '--live'],
        ['a.mcap', '--out', 'x', '--live', '--depth-topic', '/depth'],
    ],
)
def test_wrong_usage_is_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(['evaluate', *arguments])
    assert ended.value.code == 2
    assert 'usage: steps-ros evaluate' in capsys.readouterr().err


@pytest.mark.parametrize(
    'source', [('--depth-topic', '/camera/estimate'), ('--recorded', 'run.mcap')]
)
@pytest.mark.parametrize(
    'option',
    [
        ('--metric-scale', '2'),
        ('--engine', 'torch'),
        ('--checkpoint', 'x'),
        ('--size', '64x96'),
        ('--light', 'auto'),
    ],
)
def test_what_changes_nothing_in_recorded_depth_is_refused(source, option, capsys):
    with pytest.raises(SystemExit) as ended:
        main(['evaluate', 'a.mcap', '--out', 'x', *source, *option])
    assert ended.value.code == 2
    said = f'{option[0]} changes nothing in the depth of {source[0]}; leave '
    assert (
        capsys.readouterr().err.splitlines()[-1].endswith(f'{said}{source[0]} or {option[0]} out')
    )


@pytest.mark.parametrize('source', ['--depth-topic', '--recorded'])
def test_recorded_depth_whose_unit_nobody_told_is_of_unknown_scale(source, tmp_path, bag):
    recorded = tmp_path / 'recorded.mcap'
    with open_bag(bag) as drive:
        images = list(drive.messages(['/camera/depth']))
        items = [('/night_depth/output/depth', drive.decode(m), m.receive_ns) for m in images]
    write_mcap(recorded, items, 0)
    depth = recorded if source == '--recorded' else '/camera/depth'
    options = (source, depth, '--reference-topic', '/lidar/points')
    assert evaluate(bag, '--out', tmp_path / 'out', *options) == 0
    assert report_of(tmp_path / 'out')['settings']['scale'] == 'unknown'


def test_two_reports_are_compared(tmp_path, evaluated, capsys):
    report = str(evaluated / 'report.json')
    assert main(['evaluate', '--compare', report, report]) == 0
    assert 'abs_rel' in capsys.readouterr().out
    out = tmp_path / 'comparison'
    assert main(['evaluate', '--compare', report, report, '--out', str(out)]) == 0
    assert (out / 'comparison.html').stat().st_size > 1000


def test_a_reader_that_has_seen_enough_gets_no_traceback(evaluated):
    report = evaluated / 'report.json'
    command = [sys.executable, '-m', 'steps_ros.cli.main', 'evaluate', '--compare', report, report]
    process = subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    assert process.stderr.read() == b''
    assert process.wait(60) == 1


@pytest.mark.skipif(os.name != 'posix', reason='signals are sent as POSIX has them')
def test_ctrl_c_writes_the_report_of_what_was_done(tmp_path, bag):
    out, copies = tmp_path / 'out', [tmp_path / f'{number}.mcap' for number in range(40)]
    for copy in copies:
        copy.symlink_to(bag)
    command = [sys.executable, '-m', 'steps_ros.cli.main', 'evaluate', *copies, '--out', out]
    process = subprocess.Popen(
        [*command, '--reference-topic', '/lidar/points', '--device', 'cpu'],
        cwd=PROJECT,
        stderr=subprocess.PIPE,
    )
    seen = b''
    while not any(int(done) >= 5 for done in re.findall(rb' (\d+)/240', seen)):
        read = os.read(process.stderr.fileno(), 4096)
        assert read, 'evaluate ended before its bar had come to five frames'
        seen += read
    process.send_signal(signal.SIGINT)
    time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, messages_after = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b'Traceback' not in seen + messages_after
    report = report_of(out)
    assert report['partial'] is True
    assert 5 <= report['frames'] < 240
    assert 'partial' in (out / 'report.html').read_text().lower()
    assert not list(out.rglob('*.partial'))
