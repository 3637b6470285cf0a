"""Exit codes and help of the steps-ros command."""

import pytest

from steps_ros import __version__
from steps_ros.cli.main import COMMANDS, main


@pytest.mark.parametrize('command', COMMANDS)
def test_help_of_every_command(command, capsys):
    with pytest.raises(SystemExit) as caught:
        main([command, '--help'])
    assert caught.value.code == 0
    assert len(capsys.readouterr().out.splitlines()) > 5


@pytest.mark.parametrize('arguments', [[], ['fly'], ['run'], ['run', '--fly']])
def test_wrong_usage_is_two(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert 'usage' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('arguments', 'says'),
    [
        (['evalute', 'drive'], "unknown command 'evalute'; did you mean 'evaluate'?"),
        (['--log-level', 'warning', 'trian'], "unknown command 'trian'; did you mean 'train'?"),
        (
            ['run', 'x.png', '--out', 'y', '--chekpoint=z'],
            'unrecognized arguments: --chekpoint=z; did you mean --checkpoint?',
        ),
        (['bench', '--qiuck', '--jsn', 'x'], '--qiuck --jsn x; did you mean --quick, --json?'),
        (['bench', 'more'], 'unrecognized arguments: more\n'),
    ],
)
def test_what_is_unknown_is_named_with_the_nearest(arguments, says, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert says in capsys.readouterr().err


def test_version(capsys):
    with pytest.raises(SystemExit):
        main(['--version'])
    assert __version__ in capsys.readouterr().out


def test_bad_input_is_one_line_and_one(tmp_path, capsys):
    assert main(['run', str(tmp_path / 'none.png'), '--out', str(tmp_path / 'out')]) == 1
    captured = capsys.readouterr()
    assert captured.err.count('\n') == 1
    assert captured.err.startswith('error: ')
    assert 'none.png' in captured.err
