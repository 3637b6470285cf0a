"""
Fingerprints of files and folders.
"""

from __future__ import annotations

import hashlib

import pytest

from steps_ros.data.digest import digest
from steps_ros.errors import SourceError


def test_file(tmp_path):
    (tmp_path / 'a').write_bytes(b'abc')
    assert digest(tmp_path / 'a') == hashlib.sha256(b'abc').hexdigest()


def test_folder_is_its_names_and_contents(tmp_path):
    (tmp_path / 'b').mkdir()
    (tmp_path / 'b' / 'c').write_bytes(b'2')
    (tmp_path / 'a').write_bytes(b'1')
    one, two = (hashlib.sha256(text).hexdigest() for text in (b'1', b'2'))
    before = digest(tmp_path)
    assert before == hashlib.sha256(f'{one}  a\n{two}  b/c\n'.encode()).hexdigest()
    (tmp_path / 'b' / 'c').rename(tmp_path / 'b' / 'd')
    assert digest(tmp_path) != before


def test_names_that_are_no_text_are_taken_as_their_bytes(tmp_path):
    (tmp_path / '\udcff').write_bytes(b'1')
    one = hashlib.sha256(b'1').hexdigest().encode()
    assert digest(tmp_path) == hashlib.sha256(one + b'  \xff\n').hexdigest()


def test_nothing_there(tmp_path):
    with pytest.raises(SourceError, match='does not exist'):
        digest(tmp_path / 'a')
