"""``steps-ros train`` and bad input: one line that says what, the value and the remedy; exit 1."""

import errno
from functools import partial
import json
from pathlib import Path

from make_bags import stamp_ns
from make_drives import drive, items, moving
from make_recordings import (
    BASE,
    BASE_FROM_CAMERA,
    BASE_FROM_LIDAR,
    clouds,
    depths,
    odometry,
    write,
)
import pytest
import torch

from steps_ros.cli.main import main
from steps_ros.core.camera import Camera
from steps_ros.core.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from steps_ros.core.depth_net import DepthNet, DepthNetConfig
from steps_ros.core.illumination import IlluminationNet
from steps_ros.core.resnet import EncoderConfig, ResNetEncoder
from steps_ros.data import messages
from steps_ros.data.messages import Transform
from steps_ros.train.snapshot import read_snapshot
from steps_ros.train.trainer import LAST, SNAPSHOTS

SMALL = EncoderConfig(stem=8, widths=(8, 8, 16, 16), depths=(1, 1, 1, 1))
SMALLER = EncoderConfig(stem=4, widths=(4, 4, 8, 8), depths=(1, 1, 1, 1))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))


def weights(path, encoder=SMALL):
    net = DepthNet(DepthNetConfig(encoder, decoder=(4, 4, 8, 8, 16), padding='zeros'))
    save_checkpoint(Checkpoint(net.eval(), IlluminationNet(1).eval()), path)
    return path


@pytest.fixture
def start(tmp_path):
    return weights(tmp_path / 'start.safetensors')


@pytest.fixture
def night(tmp_path):
    return write(tmp_path / 'night.mcap', drive(6))


def train(bag, start, out, *more, preset='monodepth2'):
    command = ['train', '--bag', bag, '--init', start, '--out', out, '--preset', preset]
    options = ['--size', '64x96', '--device', 'cpu', '--batch', '1', '--pose-warmup', '0']
    return main([*map(str, command), *options, '--max-steps', '2', *map(str, more)])


def fill_disk_for(name, patched):
    """Let the disk be full for one file, when all of it is written but not under its name."""
    whole = Path.replace

    def replace(path, target):
        if Path(target).name == name:
            raise OSError(errno.ENOSPC, 'No space left on device')
        return whole(path, target)

    patched.setattr(Path, 'replace', replace)


def refused(capsys, code, out):
    """Return the error line of a training that has left nothing."""
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith('error: ')]
    assert code == 1
    assert len(lines) == 1
    assert not Path(out).exists() or not list(Path(out).iterdir())
    return lines[0]


def test_drives_that_cannot_be_used(tmp_path, start, capsys):
    out = tmp_path / 'out'
    whole = drive(6)
    changing = items([*map(moving, range(4)), moving(4, 24, 32)])
    no_camera = [item for item in whole if 'camera_info' not in item[0]]
    cases = {
        'no such file': (tmp_path / 'missing.mcap', (), 'does not exist'),
        'no topic': (write(tmp_path / 'a.mcap', whole), ('--image-topic', '/other'), 'image_raw'),
        'no odometry': (tmp_path / 'a.mcap', ('--odom-topic', '/odom'), 'no odometry on /odom'),
        'no camera': (write(tmp_path / 'b.mcap', no_camera), (), '--intrinsics'),
        'too few': (write(tmp_path / 'c.mcap', drive(2)), (), 'three'),
        'no part': (f'{tmp_path / "a.mcap"}@50-60', (), 'choose another part'),
        'two sizes': (write(tmp_path / 'd.mcap', changing), (), 'size changes'),
    }
    for name, (bag, more, told) in cases.items():
        line = refused(capsys, train(bag, start, out, *more), out)
        assert told in line, (name, line)


@pytest.mark.parametrize(
    ('option', 'value', 'told'),
    [
        ('size', '100x160', 'multiples of 32 and at least 64; try 128x160'),
        ('size', '32x64', 'multiples of 32 and at least 64; try 64x64'),
        ('size', '8x8', 'try 64x64'),
        ('batch', 0, '--batch 0: give at least 1'),
        ('max-steps', 0, '--max-steps 0: give at least 1'),
        ('teacher-steps', 0, '--teacher-steps 0: give at least 1'),
        ('pose-warmup', -1, '--pose-warmup -1: give at least 0'),
        ('validate-every', -1, '--validate-every -1: give at least 0'),
        ('seed', -1, '--seed -1: give at least 0'),
        ('seed', 2**64, f'--seed {2**64}: give at most {2**64 - 1}'),
        ('learning-rate', 0, '--learning-rate 0.0: give a number above 0'),
        ('learning-rate', 'inf', '--learning-rate inf: give a number above 0'),
        ('bonnet', 1, 'bonnet: 1.0 is not allowed; give at most 0.9'),
    ],
)
def test_values_that_cannot_be_are_told_before_a_drive_is_read(
    tmp_path, capsys, option, value, told
):
    out, missing = tmp_path / 'out', tmp_path / 'missing.mcap'
    assert told in refused(capsys, train(missing, missing, out, f'--{option}', value), out)


def test_a_compiler_that_is_not_there_is_told_before_anything_is_written(
    tmp_path, start, night, capsys, monkeypatch
):
    def lacking(_):
        raise RuntimeError('no g++')

    monkeypatch.setattr(torch, 'compile', lacking)
    out = tmp_path / 'out'
    line = refused(capsys, train(night, start, out, '--compile'), out)
    assert line.endswith('cannot compile here (no g++); install a C++ compiler, or train without '
                         '--compile')  # fmt: skip


def test_intrinsics_of_another_size(tmp_path, start, night, capsys):
    camera = tmp_path / 'camera.yaml'
    camera.write_text(
        'image_width: 640\nimage_height: 111\ncamera_matrix:\n  rows: 3\n  cols: 3\n'
        '  data: [500, 0, 320, 0, 500, 55, 0, 0, 1]\ndistortion_model: plumb_bob\n'
    )
    out = tmp_path / 'out'
    line = refused(capsys, train(night, start, out, '--intrinsics', camera), out)
    assert '640x111' in line


def test_a_truncated_drive_is_used_as_far_as_it_goes(tmp_path, start, caplog):
    pictures = [moving(index, 240, 320) for index in range(12)]
    whole = write(tmp_path / 'whole.mcap', items(pictures, Camera(320, 240, 200, 200, 160, 120)))
    torn = tmp_path / 'torn.mcap'
    torn.write_bytes(whole.read_bytes()[: int(0.7 * whole.stat().st_size)])
    assert train(torn, start, tmp_path / 'out') == 0
    assert 'is lost' in caplog.text


def test_weights_that_cannot_start_or_teach(tmp_path, start, night, capsys):
    out = tmp_path / 'out'
    lit = tmp_path / 'lit.safetensors'
    save_checkpoint(Checkpoint(enhancer=IlluminationNet(1).eval()), lit)
    odd = tmp_path / 'odd.safetensors'
    save_checkpoint(Checkpoint(encoder=ResNetEncoder(SMALL).state_dict(),
                               encoder_config=SMALLER), odd)  # fmt: skip
    torn = tmp_path / 'torn.safetensors'
    torn.write_bytes(start.read_bytes()[:1000])
    for path, told in ((lit, 'no depth network'), (odd, 'shape'), (torn, 'not a readable')):
        assert told in refused(capsys, train(night, path, out), out)
    more = ('--day', night, '--teacher', lit)
    line = refused(capsys, train(night, start, out, *more, preset='rnw'), out)
    assert 'no depth network to teach' in line


def test_another_architecture_or_a_bare_encoder_starts_a_training(tmp_path, night):
    bare = tmp_path / 'bare.safetensors'
    save_checkpoint(Checkpoint(encoder=ResNetEncoder(SMALL).state_dict(),
                               encoder_config=SMALL), bare)  # fmt: skip
    for path in (bare, weights(tmp_path / 'smaller.safetensors', SMALLER)):
        assert train(night, path, tmp_path / path.stem) == 0
    made = load_checkpoint(tmp_path / 'smaller' / 'final.safetensors').depth_net
    assert made.config.encoder == SMALLER


def test_the_training_of_other_networks_is_not_gone_on_with(tmp_path, start, night, capsys):
    out = tmp_path / 'out'
    assert train(night, start, out) == 0
    capsys.readouterr()
    before = (out / SNAPSHOTS / LAST).read_bytes()
    weights(start, SMALLER)
    # A training of a version that did not know the files it began with.
    settings = json.loads((out / 'settings.json').read_text())
    (out / 'settings.json').write_text(json.dumps({**settings, 'content': {}}))
    assert main(['train', '--resume', str(out), '--max-steps', '4', '--device', 'cpu']) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith('error: ')
    assert error.endswith('; give back the --init that it began with, or another --out')
    assert (out / SNAPSHOTS / LAST).read_bytes() == before


def test_a_full_disk_leaves_the_last_good_snapshot(tmp_path, start, night, capsys, monkeypatch):
    out = tmp_path / 'out'
    assert train(night, start, out) == 0
    capsys.readouterr()

    fill_disk_for(LAST, monkeypatch)
    assert main(['train', '--resume', str(out), '--max-steps', '3', '--device', 'cpu']) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert '(No space left on device); the former snapshot is kept, make room and' in line
    assert read_snapshot(out / SNAPSHOTS / LAST).step == 2
    assert not list((out / SNAPSHOTS).glob('*.partial'))
    monkeypatch.undo()
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    assert main(['train', '--resume', str(out), '--max-steps', '3', '--device', 'cpu']) == 0


def test_a_full_disk_at_the_end_of_a_loop_costs_no_step(
    tmp_path, start, night, capsys, monkeypatch
):
    out = tmp_path / 'out'
    options = ('--day', night, '--teacher-steps', 1)
    begin = partial(train, night, start, out, *options, preset='rnw')
    for name in ('teacher.safetensors', 'final.safetensors', 'model_card.md'):
        with monkeypatch.context() as patched:
            fill_disk_for(name, patched)
            assert begin() == 1
        line = capsys.readouterr().err.splitlines()[-1]
        assert line.startswith(f'error: {out / name}')
        assert line.endswith('make room or choose another place, and start again')
        assert not (out / name).exists()
        assert not list(out.rglob('*.partial'))
        begin = partial(main, ['train', '--resume', str(out), '--device', 'cpu'])
    assert begin() == 0
    assert 'step 2 of 2' in (out / 'model_card.md').read_text()
    assert len((out / 'teacher' / 'train.jsonl').read_text().splitlines()) == 1


def test_a_folder_in_use_is_kept_unless_it_is_said(tmp_path, start, night, capsys):
    out = tmp_path / 'out'
    assert train(night, start, out) == 0
    capsys.readouterr()
    assert train(night, start, out) == 1
    assert '--overwrite' in capsys.readouterr().err
    left = [out / 'validation.jsonl', out / 'bad_batch_000001.npz']
    for path in left:
        path.write_text('former')
    assert train(night, start, out, '--overwrite', '--seed', 5) == 0
    assert not any(path.exists() for path in left)
    lines = (out / 'train.jsonl').read_text().splitlines()
    assert [json.loads(line)['step'] for line in lines] == [1, 2]
    assert json.loads((out / 'settings.json').read_text())['training']['seed'] == 5


def test_a_drive_that_validates_nothing_is_told_before_the_training(
    tmp_path, start, night, capsys
):
    out = tmp_path / 'out'
    short = write(tmp_path / 'short.mcap', drive(2))
    line = refused(capsys, train(night, start, out, '--validate', short), out)
    assert 'no reference' in line
    assert 'three' in line
    code = train(night, start, out, '--validate', night, preset='supervised')
    assert 'give --validate a drive with depth or LiDAR' in refused(capsys, code, out)
    for more, told in (
        (('--validate', tmp_path / 'missing.mcap'), 'does not exist'),
        (('--validate', night, '--reference-topic', '/lidar'), 'no topic /lidar'),
        (('--validate', night, '--validate-every', -1), 'at least 0'),
    ):
        assert told in refused(capsys, train(night, start, out, *more), out)


def test_training_without_odometry_is_warned_of(tmp_path, start, night, caplog):
    for more, is_told in (((), True), (('--odom-topic', 'none'), False)):
        assert train(night, start, tmp_path / f'out{is_told}', *more) == 0
        assert ('nothing tells how far the vehicle goes' in caplog.text) == is_told
        assert 'none with odometry' in caplog.text
        caplog.clear()


def test_supervision_takes_depth_images_else_lidar_else_refuses(tmp_path, start, night, capsys):
    out = tmp_path / 'out'
    line = refused(capsys, train(night, start, out, preset='supervised'), out)
    assert 'neither a depth image nor a point cloud' in line
    links = [
        Transform(BASE, 'camera', BASE_FROM_CAMERA),
        Transform(BASE, 'lidar', BASE_FROM_LIDAR),
    ]
    tf = [('/tf_static', messages.transforms_message(links, stamp_ns(0)), stamp_ns(0))]
    lidar = write(tmp_path / 'lidar.mcap', tf, drive(5), odometry(), clouds(5))
    dense = write(tmp_path / 'dense.mcap', drive(5), depths(5, frame='camera'))
    both = [*depths(5, frame='camera'), *depths(5, frame='camera', topic='/net/depth')]
    several = write(tmp_path / 'several.mcap', drive(5), both)
    line = refused(capsys, train(several, start, out, preset='supervised'), out)
    assert '/camera/depth (sensor_msgs/msg/Image), /net/depth (sensor_msgs/msg/Image)' in line
    assert 'choose by --depth-topic; or train with another --preset' in line
    more = ('--depth-topic', '/none')
    line = refused(capsys, train(several, start, out, *more, preset='supervised'), out)
    assert 'no depth topic /none; its depth topics: /camera/depth, /net/depth' in line
    for path, kind in ((lidar, 'lidar'), (dense, 'bag')):
        assert train(path, start, tmp_path / kind, preset='supervised') == 0
        log = (tmp_path / kind / 'train.jsonl').read_text().splitlines()
        assert all(json.loads(row)['supervision'] > 0 for row in log)
