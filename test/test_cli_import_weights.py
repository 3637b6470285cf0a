"""``steps-ros import-weights``: says what it took, writes one checkpoint or nothing."""

from __future__ import annotations

import json

import pytest
import torch

from steps_ros.cli.main import main
from steps_ros.core.checkpoint import load_checkpoint
from steps_ros.core.illumination import IlluminationNet
from steps_ros.core.importers import enhancer_key


@pytest.fixture
def sci_file(tmp_path):
    """Return weights of a 3-channel enhancer under the names of SCI, with a part beside it."""
    torch.manual_seed(0)
    state = {enhancer_key(key): value for key, value in IlluminationNet(3).state_dict().items()}
    state['calibrate.in_conv.0.weight'] = torch.zeros(16, 3, 3, 3)
    path = tmp_path / 'easy.pt'
    torch.save(state, path)
    return path


def import_weights(*arguments):
    return main(['import-weights', *map(str, arguments)])


def test_import_says_what_was_taken_and_ignored(tmp_path, sci_file, capsys):
    out = tmp_path / 'new' / 'sci.safetensors'
    assert import_weights(sci_file, '--out', out) == 0
    printed = capsys.readouterr().out
    assert 'holds enhancer' in printed
    assert 'taken:   enhance (' in printed
    assert 'ignored: calibrate (1 keys)' in printed
    assert load_checkpoint(out).enhancer.channels == 3
    assert [path.name for path in out.parent.iterdir()] == ['sci.safetensors']


def test_json_is_one_line(tmp_path, sci_file, capsys):
    assert import_weights(sci_file, '--out', tmp_path / 'sci.safetensors', '--json') == 0
    (line,) = capsys.readouterr().out.splitlines()
    report = json.loads(line)
    assert report['holds'] == ['enhancer']
    assert report['ignored'] == {'calibrate': 1}


def test_other_ending_is_refused(tmp_path, sci_file, capsys):
    assert import_weights(sci_file, '--out', tmp_path / 'sci.pt') == 1
    assert r'sci.pt does not end in .safetensors' in capsys.readouterr().err


def test_existing_file_is_kept_unless_told(tmp_path, sci_file, capsys):
    out = tmp_path / 'sci.safetensors'
    out.write_bytes(b'precious')
    assert import_weights(sci_file, '--out', out) == 1
    assert 'exists; choose another name or give --overwrite' in capsys.readouterr().err
    assert out.read_bytes() == b'precious'
    assert import_weights(sci_file, '--out', out, '--overwrite') == 0
    assert load_checkpoint(out).enhancer is not None


def test_failed_import_leaves_the_old_file(tmp_path, sci_file, capsys):
    out = tmp_path / 'sci.safetensors'
    out.write_bytes(b'precious')
    sci_file.write_bytes(sci_file.read_bytes()[:200])
    assert import_weights(sci_file, '--out', out, '--overwrite') == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert out.read_bytes() == b'precious'


def test_unknown_and_missing_files_are_one_line(tmp_path, capsys):
    torch.save({'head.weight': torch.zeros(1)}, tmp_path / 'other.pt')
    for name in ('other.pt', 'none.pt'):
        assert import_weights(tmp_path / name, '--out', tmp_path / 'x.safetensors') == 1
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1
        assert name in lines[0]
    assert not (tmp_path / 'x.safetensors').exists()


def test_real_sci_weights(tmp_path, shared_reference):
    out = tmp_path / 'sci.safetensors'
    assert import_weights(shared_reference / 'sci_weights' / 'easy.pt', '--out', out) == 0
    assert load_checkpoint(out).enhancer.channels == 3
