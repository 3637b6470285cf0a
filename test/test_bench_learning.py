"""The proof that training learns: its arms, its steps and its table, in miniature."""

import json

import pytest

from steps_ros.bench import learning, learning_sheet
from steps_ros.bench.learning import ARMS, main
from steps_ros.bench.learning_table import OTHER_STREETS, OWN_STREETS, table
from steps_ros.core.depth_net import TINY
from steps_ros.train.presets import STEPS


def test_the_arms_differ_from_the_paper_in_one_thing_each():
    changed = {
        name: [field for field, value in vars(arm).items() if value != getattr(STEPS, field)]
        for name, arm in ARMS.items()
        if name.startswith('steps')
    }
    assert changed == {
        'steps': [],
        'steps-without-mask': ['light'],
        'steps-not-joint': ['joint'],
        'steps-without-teacher': ['adversarial_weight'],
        'steps-raw-loss': ['loss_sees'],
        'steps-without-odometry': ['odometry_weight'],
        'steps-held': ['held'],
    }


def test_the_table_has_mean_and_range_over_the_seeds(tmp_path):
    for seed, value in enumerate((0.2, 0.4)):
        path = tmp_path / f'seed-{seed}' / 'rnw' / 'result.json'
        path.parent.mkdir(parents=True)
        part = {'abs_rel': value, 'rmse': 5.0, 'a1': 0.5}
        parts = ('overall', 'under-exposed', 'well-exposed', 'over-exposed')
        methods = {'network': value, 'template': 0.35}
        other = {
            'errors': dict.fromkeys(parts, part),
            'methods': methods,
            'residual_correlation': value / 2,
        }
        own = other | {'residual_correlation': None}
        path.write_text(json.dumps({OTHER_STREETS: other, OWN_STREETS: own}))
    cells = (
        '| rnw | 2 | 0.300 (0.200 to 0.400) | 5.000 (5.000 to 5.000) | 0.500 (0.500 to 0.500) |'
    )
    lines = table(tmp_path).splitlines()
    assert [line for line in lines if line.startswith('| rnw')] == [
        f'{cells} 0.150 (0.100 to 0.200) |',
        *[cells] * 3,
        f'{cells}  |',
        *[cells] * 3,
    ]
    assert lines.count('| template | | 0.350 | | | |') == 2
    assert not any('| network |' in line for line in lines)


def test_a_sheet_of_nothing_is_refused_in_one_line(tmp_path, capsys):
    (tmp_path / 'seed-0' / 'rnw').mkdir(parents=True)
    for folder in (tmp_path / 'none', tmp_path):
        given = [str(folder), '--heldout', 'heldout.mcap', '--out', str(tmp_path / 'sheet.jpg')]
        assert learning_sheet.main(given) == 1
        assert capsys.readouterr().err == (
            f'learning_sheet: {folder} holds no seed-*/*/weights.safetensors; give the --out of '
            'steps_ros.bench.learning\n'
        )


@pytest.fixture
def drives(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    from steps_ros.cli.main import main as steps_ros

    paths = {}
    for name, seed in (('night', 1), ('day', 1), ('heldout', 2)):
        paths[name] = tmp_path / f'{name}.mcap'
        time = 'day' if name == 'day' else 'night'
        options = f'--frames 6 --seed {seed} --time {time} --size 64x96 --lidar 0'
        assert steps_ros(['simulate', '--out', str(paths[name]), *options.split()]) == 0
    return [text for name, path in paths.items() for text in (f'--{name}', str(path))]


def test_trainings_are_judged_kept_and_not_repeated(drives, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(learning, 'RESNET18', TINY)
    out = tmp_path / 'proof'
    arms = ['steps', 'exact-depth']
    arguments = [*drives, '--out', str(out), '--seeds', '0', '--arms', *arms]
    arguments += ['--size', '64', '96', '--steps', '1', '--day-steps', '1']
    assert main(arguments) == 0
    assert capsys.readouterr().out.count('| day | 1 |') >= 2
    results = {path: path.stat().st_mtime_ns for path in out.rglob('result.json')}
    assert {path.parent.name for path in results} == {'day', *arms}
    assert main(arguments) == 0
    assert results == {path: path.stat().st_mtime_ns for path in results}
