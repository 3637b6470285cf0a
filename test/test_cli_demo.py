"""``steps-ros demo``: options, default rate, and the clip that is kept."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import pytest

from steps_ros.cli import demo
from steps_ros.data.sources import open_source
from steps_ros.errors import OutputError, SettingsError


def _parsed(*options: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    demo.add_arguments(parser)
    return parser.parse_args(options)


def test_folders_and_videos_play_at_5_hz_and_bags_by_their_stamps(tmp_path: Path):
    (tmp_path / 'metadata.yaml').touch()
    assert demo._default_rate(None) == demo._default_rate(Path('a.mp4')) == 5.0
    assert demo._default_rate(Path('a.mcap')) is None
    assert demo._default_rate(tmp_path) is None


def test_options_become_parameters_of_the_node():
    parameters = demo._parameters(_parsed('--checkpoint', '/a.safetensors', '--size', '64x96'))
    assert parameters == {
        'output.max_width': '640',
        'device': 'auto',
        'checkpoint': '/a.safetensors',
        'network_size': '64x96',
    }
    with pytest.raises(SettingsError, match='--max-width -1'):
        demo._parameters(_parsed('--max-width', '-1'))


@pytest.mark.parametrize('rate', ['0', '-1', 'fast', 'nan'])
def test_a_rate_that_is_none_is_a_usage_error(rate: str):
    with pytest.raises(SystemExit):
        _parsed('--rate', rate)


def test_the_clip_is_rendered_once_and_calibrated(monkeypatch, tmp_path: Path):
    pytest.importorskip('embreex', reason='embreex is not installed')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    monkeypatch.setattr(demo, 'CLIP_FRAMES', 2)
    monkeypatch.setattr(demo, 'CLIP_SIZE', (24, 32))
    folder = demo.simulated_clip()
    with open_source(folder) as source:
        frames = list(source)
    assert [frame.image.shape for frame in frames] == [(24, 32, 3)] * 2
    assert frames[0].camera is not None
    assert frames[0].camera.width == 32
    cv2.imwrite(str(folder / 'images' / '000002.png'), frames[0].image)
    assert demo.simulated_clip() == folder
    assert len(list((folder / 'images').iterdir())) == 3


def test_a_place_that_cannot_be_written_and_half_a_clip_are_no_clip(monkeypatch, tmp_path: Path):
    (tmp_path / 'file').touch()
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'file'))
    with pytest.raises(OutputError, match=r'cannot be written: .*set XDG_CACHE_HOME'):
        demo.simulated_clip()
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))

    def full(folder: Path) -> None:
        (folder / 'images').mkdir(parents=True)
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(demo, '_render', full)
    with pytest.raises(OutputError, match='No space left on device'):
        demo.simulated_clip()
    assert list((tmp_path / 'steps_ros').iterdir()) == []
