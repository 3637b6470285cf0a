"""``steps-ros train`` and what an earlier training has left: kept, gone on with, or refused."""

import json

from make_drives import depths, drive
from make_recordings import write
import pytest
from test_cli_train_refusals import cache, night, start, train, weights  # noqa: F401
import torch

from steps_ros.cli.main import main
from steps_ros.data.digest import digest
from steps_ros.errors import SourceError
from steps_ros.train import run
from steps_ros.train.job import begin, read_job, write_job


def files(folder):
    """Return a hash of each file of a folder by its name."""
    return {path: digest(path) for path in folder.rglob('*') if path.is_file()}


@pytest.fixture
def out(tmp_path, start, night):  # noqa: F811
    """Return the folder of a training that has ended."""
    folder = tmp_path / 'out'
    assert train(night, start, folder) == 0
    return folder


def test_what_cannot_begin_leaves_the_former_training_whole(
    tmp_path, start, night, out, capsys  # noqa: F811
):  # fmt: skip
    former, missing = files(out), tmp_path / 'missing.mcap'
    torn = tmp_path / 'torn.safetensors'
    torn.write_bytes(start.read_bytes()[:1000])
    final = out / 'final.safetensors'
    link = tmp_path / 'link.safetensors'
    link.symlink_to(final)
    cases = {
        'no drive': ((missing, start), 'missing.mcap does not exist'),
        'no weights': ((night, torn), 'not a readable'),
        'nothing validates': ((night, start, '--validate', missing), 'does not exist'),
        'no number': ((night, start, '--seed', -1), '--seed -1'),
        'own result': ((night, final), f'--init {final} lies in --out {out}'),
        'by a link': ((night, link), f'--init {link} lies in --out'),
        'own teacher': ((night, start, '--teacher', final), f'--teacher {final} lies in --out'),
    }
    capsys.readouterr()
    for name, ((bag, init, *more), told) in cases.items():
        assert train(bag, init, out, '--overwrite', *more) == 1, name
        (line,) = (row for row in capsys.readouterr().err.splitlines() if 'error: ' in row)
        assert told in line, (name, line)
        assert files(out) == former, name


def test_a_new_training_teaches_anew_at_its_own_rate(
    start, night, out, monkeypatch  # noqa: F811
):  # fmt: skip
    (out / 'teacher.safetensors').write_bytes(b'of another training')
    rates, whole = [], run.teaching_loop

    def teaching(weights, settings, *more):
        rates.append((settings.learning_rate, settings.max_steps))
        return whole(weights, settings, *more)

    monkeypatch.setattr(run, 'teaching_loop', teaching)
    more = ('--day', night, '--teacher-steps', 1, '--learning-rate', 3e-5)
    assert train(night, start, out, '--overwrite', *more, preset='rnw') == 0
    assert rates == [(3e-5, 1)]


def test_a_training_goes_on_with_the_files_it_began_with(
    tmp_path, start, night, out, capsys  # noqa: F811
):  # fmt: skip
    goes_on = ['train', '--resume', str(out), '--max-steps', '3', '--device', 'cpu']
    former = files(out)
    for path, change in (
        (night, lambda path: write(path, drive(7))),
        (start, lambda path: torch.manual_seed(1) and weights(path)),
    ):
        kept = path.read_bytes()
        path.unlink()
        change(path)
        capsys.readouterr()
        assert main(goes_on) == 1
        line = capsys.readouterr().err.splitlines()[-1]
        assert f'{path} is another file than this training was begun with' in line
        assert 'put that one back, or train anew with another --out' in line
        assert files(out) == former
        path.write_bytes(kept)
    # The first versions kept no hashes.
    settings = json.loads((out / 'settings.json').read_text())
    content = settings.pop('content')
    assert settings.pop('processes') == 1
    assert content.keys() == {str(night), str(start)}
    (out / 'settings.json').write_text(json.dumps(settings))
    assert main(goes_on) == 0
    assert json.loads((out / 'settings.json').read_text())['content'] == content


def test_what_is_of_another_project_is_not_removed(tmp_path, start, night, capsys):  # noqa: F811
    out = tmp_path / 'project'
    (out / 'checkpoints').mkdir(parents=True)
    (out / 'checkpoints' / 'yolo.pt').write_bytes(b'weeks of work')
    (out / 'settings.json').write_text('{"editor": "vi"}')
    (out / 'notes.txt').write_text('mine')
    before = files(out)
    assert train(night, start, out, '--overwrite') == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert f'{out} holds checkpoints, settings.json, but no settings.json of a training' in line
    assert files(out) == before
    # What a training would not write over is nobody's business.
    (out / 'settings.json').unlink()
    (out / 'checkpoints').rename(out / 'weights')
    assert train(night, start, out, '--overwrite') == 0
    assert (out / 'weights' / 'yolo.pt').read_bytes() == b'weeks of work'


def test_folders_elsewhere_that_are_linked_stay(tmp_path, start, night, out):  # noqa: F811
    elsewhere = tmp_path / 'elsewhere'
    (out / 'checkpoints').rename(elsewhere)
    (out / 'checkpoints').symlink_to(elsewhere)
    kept = files(elsewhere)
    assert train(night, start, out, '--overwrite') == 0
    assert files(elsewhere) == kept
    assert not (out / 'checkpoints').is_symlink()


def test_a_training_is_judged_by_the_drive_it_began_with(
    tmp_path, start, night, capsys  # noqa: F811
):  # fmt: skip
    out, judge = tmp_path / 'judged', write(tmp_path / 'judge.mcap', drive(6), depths(6))
    assert train(night, start, out, '--validate', judge, '--validate-every', 1) in (0, 3)
    judge.unlink()
    write(judge, drive(6))
    assert main(['train', '--resume', str(out), '--max-steps', '3', '--device', 'cpu']) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert f'{judge} (validation) is another file than this training was begun with' in line


def test_a_training_goes_on_in_as_many_processes_as_it_was_begun_by(tmp_path, start, out):  # noqa: F811
    job = read_job(out)
    begin(job, {}, is_new=False)
    with pytest.raises(SourceError, match='begun by 1 processes, not 2; go on with as many'):
        begin(job, {}, is_new=False, processes=2)
    # The first versions did not keep it.
    write_job(job)
    begin(job, {}, is_new=False, processes=2)


def test_a_card_is_written_where_the_log_is_gone(night, start, out):  # noqa: F811
    (out / 'train.jsonl').unlink()
    goes_on = ['train', '--resume', str(out), '--device', 'cpu']
    assert main(goes_on) == 0
    assert 'The log is gone.' in (out / 'model_card.md').read_text()


def test_steps_that_teach_nothing_but_motion_are_refused(tmp_path, start, night, capsys):  # noqa: F811
    for more, told in (
        (('--pose-warmup', 2), '--max-steps 2 with --pose-warmup 2: nothing but motion'),
        (
            ('--pose-warmup', 1, '--day', night, '--preset', 'rnw', '--teacher-steps', 1),
            '--teacher-steps 1 with --pose-warmup 1: nothing but motion would learn',
        ),
    ):
        assert train(night, start, tmp_path / 'none', *more) == 1
        assert told in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / 'none').exists()
