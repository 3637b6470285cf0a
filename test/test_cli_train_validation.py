"""``steps-ros train --validate``: judged on the way, the best is kept."""

import json

import cv2
from make_bags import stamp_ns
from make_drives import DEPTH, depths, drive, items, moving
from make_recordings import odometry, write
import pytest
from test_cli_train import _former_handlers  # noqa: F401

from steps_ros.cli.main import main
from steps_ros.core.camera import Camera
from steps_ros.core.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from steps_ros.core.depth_net import DepthNet, DepthNetConfig
from steps_ros.core.illumination import IlluminationNet
from steps_ros.core.resnet import EncoderConfig
from steps_ros.data import messages
from steps_ros.data.digest import digest
from steps_ros.errors import SourceError
from steps_ros.inference.predictor import Predictor
from steps_ros.train import run
from steps_ros.train.held_out import HeldOut
from steps_ros.train.presets import MONODEPTH2
from steps_ros.train.verdict import Measure, Verdict

SMALL = EncoderConfig(stem=8, widths=(8, 8, 16, 16), depths=(1, 1, 1, 1))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))


@pytest.fixture
def night(tmp_path):
    return write(tmp_path / 'night.mcap', drive(9))


def options(tmp_path, night, out, *more, steps=3):
    """Return the command line of a training of small weights."""
    start = tmp_path / 'start.safetensors'
    if not start.exists():
        net = DepthNet(DepthNetConfig(SMALL, decoder=(4, 4, 8, 8, 16), padding='zeros'))
        save_checkpoint(Checkpoint(net.eval(), IlluminationNet(1).eval()), start)
    command = ['train', '--bag', night, '--init', start, '--out', out, '--max-steps', steps, *more]
    small = ['--size', '64x96', '--device', 'cpu', '--batch', '1', '--pose-warmup', '0']
    return [*map(str, command), '--preset', 'monodepth2', *small]


def lines(out, name='validation.jsonl'):
    return [json.loads(line) for line in (out / name).read_text().splitlines()]


def test_the_best_state_on_the_way_becomes_final(tmp_path, night, monkeypatch):
    worse = iter([0.5, 0.4, 0.45])
    given = {}

    def judge(self, trained, networks):
        step = trained.provenance.step
        given.setdefault(step, next(worse, None))
        return Verdict((Measure('loss', 1.0, given[step]),))

    monkeypatch.setattr(HeldOut, 'judge', judge)
    out = tmp_path / 'out'
    more = ('--validate', f'{night}@50-100%', '--validate-every', 1)
    assert main(options(tmp_path, f'{night}@0-60%', out, *more)) == 0
    assert [line['loss'] for line in lines(out)] == [0.5, 0.4, 0.45]
    assert load_checkpoint(out / 'final.safetensors').provenance.step == 2
    card = (out / 'model_card.md').read_text()
    assert 'Accepted: on the validation drive loss 0.40000' in card
    assert 'step 2 of 3 at 64x96' in card
    assert '| 1 | 0.5 | 0.5 |\n| 2 | 0.4 | 0.4 |\n| 3 | 0.45 | 0.45 |' in card
    begun = digest(tmp_path / 'start.safetensors')
    assert f'starting weights start.safetensors; SHA-256 {begun}' in card
    (trained,) = (line for line in card.splitlines() if line.startswith(f'- {night}:'))
    (judged,) = (line for line in card.splitlines() if line.startswith('- validation '))
    assert trained.split()[-1] == judged.split()[-1]
    assert 'curves.png' in card
    assert cv2.imread(str(out / 'curves.png')).shape[1] == 924


def test_a_drive_without_a_reference_judges_and_resumes_to_the_same_numbers(tmp_path, night):
    straight, resumed = tmp_path / 'straight', tmp_path / 'resumed'
    more = ('--validate', night, '--validate-every', 1)
    code = main(options(tmp_path, night, straight, *more))
    name = {0: 'final', 3: 'rejected'}[code]
    assert [path.stem for path in straight.glob('*.safetensors')] == [name]
    main(options(tmp_path, night, resumed, *more, steps=2))
    assert main(['train', '--resume', str(resumed), '--max-steps', '3', '--device', 'cpu']) == code
    assert lines(resumed) == lines(straight)
    assert [line['step'] for line in lines(straight)] == [1, 2, 3]
    expected = {'step', 'photometric_loss', 'share_of_the_loss_without_motion', 'unsteadiness'}
    assert all(set(line) == expected | {'score'} for line in lines(straight))
    assert (resumed / f'{name}.safetensors').read_bytes() == (
        straight / f'{name}.safetensors'
    ).read_bytes()


def test_camera_bonnet_and_odometry_are_those_of_the_training(tmp_path, night, monkeypatch):
    seen = []

    def opened(drive, inputs, _, start, tell):
        weight = start.objective.odometry_weight
        seen.append((drive, inputs.intrinsics, inputs.bonnet, inputs.odom_topic, weight))
        raise SourceError('enough')

    monkeypatch.setattr(run, 'open_validation', opened)
    camera = tmp_path / 'camera.txt'
    more = ('--validate', night, '--intrinsics', camera, '--bonnet', 0.25)
    assert main(options(tmp_path, night, tmp_path / 'out', *more)) == 1
    # Motion is in metres only where odometry tells how far the drives of the training went.
    guided = write(tmp_path / 'guided.mcap', drive(9), odometry(60))
    for topic in ('none', '/odom'):
        told = (*more, '--odom-topic', topic)
        assert main(options(tmp_path, guided, tmp_path / 'out', *told)) == 1
    weight = MONODEPTH2.odometry_weight
    assert seen == [
        (str(night), camera, 0.25, None, 0),
        (str(night), camera, 0.25, 'none', 0),
        (str(night), camera, 0.25, '/odom', weight),
    ]


def test_weights_that_have_not_learned_yet_cannot_become_the_best(tmp_path):
    """Nothing is as good as the start, which the first steps leave as it is."""
    begun = tmp_path / 'start.safetensors'
    options(tmp_path, 'any', tmp_path / 'any')
    predictor = Predictor(load_checkpoint(begun), device='cpu', precision='float32')
    pictures = [moving(index, 64, 96) for index in range(9)]
    stamps = [stamp_ns(index) for index in range(9)]
    known = [
        (DEPTH, messages.depth_message(predictor.predict(picture).depth, stamp, 'camera'), stamp)
        for picture, stamp in zip(pictures, stamps, strict=True)
    ]
    drive_ = write(tmp_path / 'known.mcap', items(pictures, Camera(96, 64, 60, 60, 48, 32)), known)
    out = tmp_path / 'out'
    more = ('--validate', drive_, '--validate-every', 1, '--learning-rate', 0.1)
    command = options(tmp_path, drive_, out, *more)
    command[command.index('--pose-warmup') + 1] = '1'
    assert main(command) == 3
    assert [line['step'] for line in lines(out)] == [2, 3]
    assert all(line['abs_rel'] > 0 for line in lines(out))
    assert not (out / 'final.safetensors').exists()


@pytest.mark.usefixtures('_former_handlers')
def test_a_validation_that_was_broken_off_is_in_the_log_all_the_same(tmp_path, night, monkeypatch):
    judge, calls = HeldOut.judge, []

    def broken(self, *given):
        calls.append(given)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return judge(self, *given)

    monkeypatch.setattr(HeldOut, 'judge', broken)
    out = tmp_path / 'out'
    more = ('--validate', night, '--validate-every', 0)
    assert main(options(tmp_path, night, out, *more)) == 130
    assert main(['train', '--resume', str(out), '--device', 'cpu']) in (0, 3)
    assert [line['step'] for line in lines(out)] == [3]
    assert '## Validation' in (out / 'model_card.md').read_text()


def test_of_several_references_one_must_be_named(tmp_path, capsys):
    both = [*depths(9), *(('/net/depth', *item[1:]) for item in depths(9))]
    known = write(tmp_path / 'known.mcap', drive(9), both)
    out = tmp_path / 'out'
    assert main(options(tmp_path, known, out, '--validate', known)) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert 'several references' in line
    assert 'choose by --reference-topic' in line
    assert not out.exists()


def test_a_reference_is_measured_as_evaluate_does(tmp_path):
    known = write(tmp_path / 'known.mcap', drive(9), depths(9))
    out = tmp_path / 'out'
    main(options(tmp_path, known, out, '--validate', known, '--validate-every', 0, steps=1))
    (line,) = lines(out)
    made = next(out.glob('*.safetensors'))
    report = tmp_path / 'report'
    command = ['evaluate', known, '--out', report, '--checkpoint', made, '--device', 'cpu']
    assert main([*map(str, command)]) == 0
    told = json.loads((report / 'report.json').read_text())['overall']['median']['abs_rel']
    assert line['abs_rel'] == pytest.approx(told['value'] if isinstance(told, dict) else told)
    part = f'{known}@0-50%'
    assert main(options(tmp_path, known, tmp_path / 'half', '--validate', part, steps=1)) in (0, 3)
    assert lines(tmp_path / 'half')[0]['abs_rel'] != line['abs_rel']
