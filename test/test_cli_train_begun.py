"""``steps-ros train`` and what an earlier training has left: kept, gone on with, or refused."""

import json

from make_drives import drive
from make_recordings import write
import pytest
from test_cli_train_refusals import cache, night, start, train, weights  # noqa: F401
import torch

from steps_ros.cli.main import main
from steps_ros.data.digest import digest
from steps_ros.train import run


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
    assert content.keys() == {str(night), str(start)}
    (out / 'settings.json').write_text(json.dumps(settings))
    assert main(goes_on) == 0
    assert json.loads((out / 'settings.json').read_text())['content'] == content
