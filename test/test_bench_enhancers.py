"""Enhancers side by side: what each number says of pictures made for it, and a whole run."""

import math

import cv2
import numpy as np
import pytest
from ros_harness import write_tiny_checkpoint

from steps_ros.bench import enhancers
from steps_ros.bench.enhancers import look


def flat(red: int, green: int, blue: int) -> np.ndarray:
    return np.full((60, 80, 3), (red, green, blue), np.uint8)


def test_shares_of_dark_full_and_white_pixels():
    picture = flat(20, 20, 20)
    picture[:15] = 255
    picture[15:30] = 255, 40, 40
    found = look(picture, picture)
    assert (found.dark, found.full, found.white) == (0.5, 0.5, 0.25)
    assert found.entropy == pytest.approx(1.5)
    assert found.level == pytest.approx(np.mean([20, 20, 255, 0.299 * 255 + 0.701 * 40]), abs=0.5)


def test_a_picture_is_in_its_own_order_and_colours():
    picture = np.random.default_rng(0).integers(20, 255, (60, 80, 3), np.uint8)
    found = look(picture, picture)
    assert found.disorder == 0
    assert found.hue == pytest.approx(0, abs=0.05)


def test_order_is_lost_where_light_is_turned_round():
    ramp = np.repeat(np.linspace(0, 255, 100).astype(np.uint8)[None, :, None], 100, 0).repeat(3, 2)
    assert look(ramp, ramp).disorder == 0
    # All pairs but those in one column have changed their order.
    assert look(255 - ramp, ramp).disorder == pytest.approx(1 - 1 / 50, abs=0.02)
    assert look(flat(100, 100, 100), flat(50, 50, 50)).disorder == 0


def test_colours_turn_by_their_angle():
    assert look(flat(120, 40, 40), flat(60, 20, 20)).hue == pytest.approx(0, abs=0.05)
    assert look(flat(0, 90, 0), flat(90, 0, 0)).hue == pytest.approx(90, abs=0.05)
    assert math.isnan(look(flat(90, 90, 90), flat(5, 5, 5)).hue)


def test_a_run(tmp_path, capsys):
    pictures = tmp_path / 'pictures'
    pictures.mkdir()
    generator = np.random.default_rng(1)
    for number in range(2):
        noise = generator.integers(0, 60, (48, 64, 3), np.uint8)
        cv2.imwrite(str(pictures / f'{number}.png'), noise)
    other = write_tiny_checkpoint(tmp_path / 'other.safetensors')
    out = tmp_path / 'out'
    assert enhancers.main([str(pictures), '--out', str(out), '--checkpoint', str(other)]) == 0
    text = (out / 'enhancers.md').read_text()
    assert capsys.readouterr().out == text
    rows = [[cell.strip() for cell in row.split('|')[1:-1]] for row in text.splitlines()[2:]]
    assert [row[0] for row in rows] == ['input', 'default', 'other']
    assert float(rows[1][1]) > 1.5 * float(rows[0][1])
    assert cv2.imread(str(out / 'enhancers.jpg')).shape == (20 + 2 * 160, 3 * 256, 3)


def test_a_folder_without_pictures_is_one_line(tmp_path, capsys):
    assert enhancers.main([str(tmp_path), '--out', str(tmp_path / 'out')]) == 1
    error = capsys.readouterr().err
    assert str(tmp_path) in error
    assert error.count('\n') == 1
