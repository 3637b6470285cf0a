"""``steps-ros run``: what it writes, what it refuses, how it ends."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

import cv2
from make_bags import camera_messages, write_mcap
import numpy as np
import pytest
import torch

from steps_ros.cli import results
from steps_ros.cli.main import main
from steps_ros.cli.run import LIGHTS, PRECISIONS
from steps_ros.core.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from steps_ros.core.depth_net import DepthNet, TINY
from steps_ros.core.illumination import IlluminationNet
from steps_ros.inference import hardware, light_state
from steps_ros.inference.predictor import Predictor

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope='module')
def weights(tmp_path_factory) -> Path:
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp('weights') / 'tiny.safetensors'
    save_checkpoint(Checkpoint(DepthNet(TINY), IlluminationNet(1), input_size=(64, 96)), path)
    return path


@pytest.fixture
def night(tmp_path) -> Path:
    folder = tmp_path / 'night'
    folder.mkdir()
    random = np.random.default_rng(0)
    for index in range(3):
        image = random.integers(0, 200, (50, 70, 3), np.uint8)
        cv2.imwrite(str(folder / f'{index}.png'), image)
    return folder


def run(source, out, weights, *options):
    given = [str(item) for item in (source, '--out', out, '--checkpoint', weights, *options)]
    return main(['run', *given])


def report_of(out):
    return json.loads((out / 'run.json').read_text())


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def read_png(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def test_folder_layout_and_report(tmp_path, night, weights, capsys):
    out = tmp_path / 'out'
    assert run(night, out, weights) == 0
    assert names(out) == ['coloured', 'confidence', 'depth', 'enhanced', 'run.json']
    for folder, suffix in (('enhanced', 'png'), ('depth', 'npy'), ('coloured', 'png')):
        assert names(out / folder) == [f'{index}.{suffix}' for index in range(3)]
    depth = np.load(out / 'depth' / '1.npy')
    assert (depth.shape, depth.dtype) == ((50, 70), np.float32)
    assert read_png(out / 'enhanced' / '1.png').shape == (50, 70, 3)
    assert read_png(out / 'confidence' / '1.png').shape == (50, 70)
    report = report_of(out)
    assert report['complete'] is True
    assert (report['frames'], report['skipped']) == (3, [])
    assert (report['size'], report['engine'], report['precision']) == ('64x96', 'torch', 'float32')
    assert (report['scale'], report['scale_source']) == ('relative', 'none')
    assert report['checkpoint_sha256'] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert (report['intrinsics']['source'], report['intrinsics']['fx']) == ('assumed', 42.0)
    captured = capsys.readouterr()
    assert '3/3' in captured.err
    assert captured.out == ''


def test_files_hold_the_prediction(tmp_path, night, weights):
    run(night, tmp_path / 'out', weights)
    image = read_png(night / '2.png')[..., ::-1]
    prediction = Predictor(load_checkpoint(weights), device='cpu').predict(image)
    np.testing.assert_array_equal(np.load(tmp_path / 'out/depth/2.npy'), prediction.depth)
    enhanced = read_png(tmp_path / 'out/enhanced/2.png')[..., ::-1]
    np.testing.assert_array_equal(enhanced, prediction.enhanced)
    confidence = read_png(tmp_path / 'out/confidence/2.png') / 255
    np.testing.assert_allclose(confidence, prediction.confidence, atol=0.5 / 255 + 1e-6)


def test_single_image(tmp_path, night, weights):
    assert run(night / '1.png', tmp_path / 'out', weights) == 0
    assert names(tmp_path / 'out' / 'depth') == ['1.npy']


def test_bag_has_padded_indices_and_its_camera(tmp_path, weights):
    bag = write_mcap(tmp_path / 'night.mcap', camera_messages(2))
    assert run(bag, tmp_path / 'out', weights, '--image-topic', '/camera/image_raw') == 0
    assert names(tmp_path / 'out' / 'depth') == ['000000.npy', '000001.npy']
    intrinsics = report_of(tmp_path / 'out')['intrinsics']
    assert (intrinsics['source'], intrinsics['fx']) == ('topic /camera/camera_info', 20.0)


def test_raw_is_at_network_size(tmp_path, night, weights):
    assert run(night / '1.png', tmp_path / 'out', weights, '--raw', '--size', '96x128') == 0
    raw = np.load(tmp_path / 'out' / 'raw' / '1.npz')
    shapes = {name: raw[name].shape for name in raw}
    assert shapes == {'disparity': (96, 128), 'illumination': (96, 128), 'enhanced': (96, 128, 3)}
    assert {raw[name].dtype for name in raw} == {np.dtype(np.float32)}
    assert report_of(tmp_path / 'out')['size'] == '96x128'


def test_metric_scale(tmp_path, night, weights):
    run(night / '1.png', tmp_path / 'relative', weights)
    assert run(night / '1.png', tmp_path / 'metric', weights, '--metric-scale', '2.5') == 0
    relative = np.load(tmp_path / 'relative/depth/1.npy')
    metric = np.load(tmp_path / 'metric/depth/1.npy')
    np.testing.assert_allclose(metric, 2.5 * relative, rtol=1e-6)
    millimetres = read_png(tmp_path / 'metric/depth_mm/1.png')
    assert millimetres.dtype == np.uint16
    near = metric < 65
    np.testing.assert_allclose(millimetres[near], 1000 * metric[near], atol=0.51)
    assert not (tmp_path / 'relative/depth_mm').exists()
    report = report_of(tmp_path / 'metric')
    assert (report['scale'], report['scale_source']) == ('metric', '--metric-scale')
    assert report['scale_factor'] == 2.5


def test_json_is_the_last_line_on_stdout(tmp_path, night, weights, capsys):
    run(night, tmp_path / 'out', weights, '--json')
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert printed == report_of(tmp_path / 'out')


def test_bad_frames_are_reported(tmp_path, night, weights):
    (night / '1.png').write_bytes(b'no image')
    assert run(night, tmp_path / 'out', weights) == 0
    report = report_of(tmp_path / 'out')
    assert report['frames'] == 2
    assert [item['stem'] for item in report['skipped']] == ['1']
    assert names(tmp_path / 'out' / 'depth') == ['0.npy', '2.npy']


def test_enhancer_alone_writes_no_depth(tmp_path, night):
    path = tmp_path / 'enhancer.safetensors'
    save_checkpoint(Checkpoint(None, IlluminationNet(3)), path)
    assert run(night, tmp_path / 'out', path, '--raw') == 0
    assert names(tmp_path / 'out') == ['confidence', 'enhanced', 'raw', 'run.json']
    raw = np.load(tmp_path / 'out' / 'raw' / '1.npz')
    assert sorted(raw) == ['enhanced', 'illumination']
    assert raw['illumination'].shape == (3, 50, 70)
    assert run(night, tmp_path / 'other', path, '--metric-scale', '2') == 1


def test_overwrite_replaces_the_earlier_run(tmp_path, night, weights, capsys):
    out = tmp_path / 'out'
    assert run(night, out, weights) == 0
    assert run(night / '1.png', out, weights) == 1
    assert 'is not empty; choose another folder or give --overwrite' in capsys.readouterr().err
    assert names(out / 'depth') == ['0.npy', '1.npy', '2.npy']
    assert run(night / '1.png', out, weights, '--overwrite') == 0
    assert names(out / 'depth') == ['1.npy']


def test_overwrite_keeps_what_no_run_wrote(tmp_path, night, weights):
    out = tmp_path / 'out'
    (out / 'depth').mkdir(parents=True)
    (out / 'depth' / 'mine.npy').write_bytes(b'')
    assert run(night / '1.png', out, weights, '--overwrite') == 0
    assert names(out / 'depth') == ['1.npy', 'mine.npy']


def test_input_inside_the_results_is_refused(tmp_path, night, weights, capsys):
    assert run(night, tmp_path / 'out', weights) == 0
    enhanced = tmp_path / 'out' / 'enhanced'
    assert run(enhanced, tmp_path / 'out', weights, '--overwrite') == 1
    assert 'holds the input' in capsys.readouterr().err
    assert len(names(enhanced)) == 3


def spoiled(tmp_path, kind):
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'bad').mkdir()
    for index in range(9):
        (tmp_path / 'bad' / f'{index}.jpg').write_bytes(b'\xff\xd8\xff\xe0 no more')
    for name in ('night.mp4', 'night.mcap', 'night.db3', 'night.bag', 'night.png', 'night.txt'):
        (tmp_path / name).write_bytes(b'\x89PNG\r\n\x1a\nbut not for long')
    return tmp_path / kind


@pytest.mark.parametrize(
    'kind',
    [
        'empty',
        'bad',
        'none',
        'night.mp4',
        'night.mcap',
        'night.db3',
        'night.bag',
        'night.png',
        'night.txt',
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(tmp_path, weights, kind, capfd):
    path = spoiled(tmp_path, kind)
    assert run(path, tmp_path / 'out', weights) == 1
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1
    assert str(path) in lines[0]
    assert not (tmp_path / 'out').exists()


def test_bad_checkpoint_is_one_line(tmp_path, night, capfd):
    assert run(night, tmp_path / 'out', tmp_path / 'none.safetensors') == 1
    assert len(capfd.readouterr().err.splitlines()) == 1
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    'options',
    [
        ('--size', '64'),
        ('--size', '0x64'),
        ('--size', '-64x64'),
        ('--metric-scale', '0'),
        ('--metric-scale', 'nan'),
        ('--metric-scale', 'two'),
        ('--engine', 'abacus'),
        ('--precision', 'int3'),
    ],
)
def test_wrong_usage_is_two(tmp_path, night, weights, options):
    with pytest.raises(SystemExit) as caught:
        run(night, tmp_path / 'out', weights, *options)
    assert caught.value.code == 2


def test_by_day_pictures_stay_as_they_are(tmp_path, night, weights):
    lights = {'auto': ('--light', 'auto'), 'dusk': ('--light', 'dusk'), 'night': ()}
    enhanced = {}
    for light, options in lights.items():
        out = tmp_path / 'out' / light
        assert run(night, out, weights, *options) == 0
        assert report_of(out)['light'] == light
        enhanced[light] = cv2.imread(str(out / 'enhanced' / '0.png')).astype(int)
    picture = cv2.imread(str(night / '0.png')).astype(int)
    np.testing.assert_array_equal(enhanced['auto'], picture)
    assert picture.mean() < enhanced['dusk'].mean() < enhanced['night'].mean()


def test_lights_are_those_of_the_node():
    assert LIGHTS == light_state.LIGHTS


def test_precisions_are_those_of_the_predictor():
    assert set(PRECISIONS) == {'auto', *hardware.PRECISIONS}


def test_size_that_the_network_cannot_have(tmp_path, night, weights, capsys):
    assert run(night, tmp_path / 'out', weights, '--size', '65x96') == 1
    assert '65x96' in capsys.readouterr().err


def test_interrupt_keeps_whole_frames_and_reports(tmp_path, night, weights, monkeypatch):
    predict = Predictor.predict
    seen = []

    def interrupted(self, image, *others):
        seen.append(image)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return predict(self, image, *others)

    monkeypatch.setattr(Predictor, 'predict', interrupted)
    assert run(night, tmp_path / 'out', weights) == 130
    report = report_of(tmp_path / 'out')
    assert (report['complete'], report['frames']) == (False, 2)
    assert names(tmp_path / 'out' / 'depth') == ['0.npy', '1.npy']


def test_interrupt_between_two_files_removes_the_frame(tmp_path, night, weights, monkeypatch):
    write_file = results.write_file

    def interrupted(path, content):
        if path.name == '1.npy':
            raise KeyboardInterrupt
        write_file(path, content)

    monkeypatch.setattr(results, 'write_file', interrupted)
    assert run(night, tmp_path / 'out', weights) == 130
    for folder in ('enhanced', 'depth', 'confidence', 'coloured'):
        assert [Path(name).stem for name in names(tmp_path / 'out' / folder)] == ['0']


@pytest.mark.skipif(os.name != 'posix', reason='signals are sent as POSIX has them')
def test_ctrl_c_twice_ends_cleanly(tmp_path, night, weights):
    for index in range(400):
        (night / f'more{index}.png').write_bytes((night / '0.png').read_bytes())
    command = [sys.executable, '-m', 'steps_ros.cli.main', 'run', night, '--out', tmp_path / 'out']
    process = subprocess.Popen(
        [*command, '--checkpoint', weights], cwd=PROJECT, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not list((tmp_path / 'out').glob('depth/*.npy')) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 130
    assert 'Traceback' not in messages
    report = report_of(tmp_path / 'out')
    assert report['complete'] is False
    assert 0 < report['frames'] < 403
    assert len(list((tmp_path / 'out').glob('depth/*.npy'))) == report['frames']
    assert not list((tmp_path / 'out').rglob('*.partial'))
