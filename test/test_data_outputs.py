"""Result files are whole, and nothing is overwritten unasked."""

from __future__ import annotations

import io
import json

import cv2
import numpy as np
import pytest

from steps_ros.data import outputs
from steps_ros.errors import OutputError


def test_claim_refuses_what_is_there(tmp_path):
    outputs.claim_folder(tmp_path, overwrite=False)
    outputs.claim_folder(tmp_path / 'new', overwrite=False)
    assert not (tmp_path / 'new').exists()
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError, match='is not empty; choose another folder or give --over'):
        outputs.claim_folder(tmp_path, overwrite=False)
    outputs.claim_folder(tmp_path, overwrite=True)
    with pytest.raises(OutputError, match='is a file; give a folder'):
        outputs.claim_folder(tmp_path / 'file', overwrite=True)


def test_write_makes_the_folder_and_leaves_one_file(tmp_path):
    outputs.write_file(tmp_path / 'a' / 'b.txt', b'first')
    outputs.write_file(tmp_path / 'a' / 'b.txt', b'second')
    assert [(path.name, path.read_bytes()) for path in (tmp_path / 'a').iterdir()] == [
        ('b.txt', b'second')
    ]


def test_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / 'b.txt'
    path.write_bytes(b'old')

    def interrupted(self, target):
        assert self.read_bytes() == b'new content'
        raise KeyboardInterrupt

    monkeypatch.setattr(type(path), 'replace', interrupted)
    with pytest.raises(KeyboardInterrupt):
        outputs.write_file(path, b'new content')
    assert [item.name for item in tmp_path.iterdir()] == ['b.txt']
    assert path.read_bytes() == b'old'


def test_place_that_cannot_be_written(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError, match=r'b\.txt cannot be written: .*; make room or'):
        outputs.write_file(tmp_path / 'file' / 'b.txt', b'')


def test_png_keeps_every_value():
    colour = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    decoded = cv2.imdecode(np.frombuffer(outputs.png_bytes(colour), np.uint8), -1)
    np.testing.assert_array_equal(decoded[..., ::-1], colour)
    deep = np.array([[0, 1, 65535]], np.uint16)
    decoded = cv2.imdecode(np.frombuffer(outputs.png_bytes(deep), np.uint8), -1)
    np.testing.assert_array_equal(decoded, deep)


def test_arrays_keep_every_value():
    depth = np.array([[1.5, np.nan, np.inf]], np.float32)
    np.testing.assert_array_equal(np.load(io.BytesIO(outputs.npy_bytes(depth))), depth)
    archive = np.load(io.BytesIO(outputs.npz_bytes({'depth': depth})))
    np.testing.assert_array_equal(archive['depth'], depth)


def test_json_keeps_order_and_letters():
    content = outputs.json_bytes({'b': 'nächtens', 'a': [1]})
    assert json.loads(content) == {'b': 'nächtens', 'a': [1]}
    assert content.index(b'"b"') < content.index(b'"a"')


def test_names_that_are_no_text_come_back_from_json():
    content = outputs.json_bytes({'drive': 'night\udcff.mcap'})
    assert json.loads(content.decode('ascii')) == {'drive': 'night\udcff.mcap'}


def test_millimetres_say_zero_where_they_cannot_say():
    depth = np.array([[1.2344, 0.0004, 65.535, 65.5361, np.nan, np.inf, -1]], np.float32)
    assert outputs.millimetres(depth).tolist() == [[1234, 0, 65535, 0, 0, 0, 0]]
