"""The description of an ONNX model, and the page that explains it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
import re

import pytest
import yaml

from steps_ros.inference.onnx_settings import load_onnx_settings, OnnxSettings

PAGE = Path(__file__).resolve().parent.parent / 'docs' / 'other_models.md'
TEXT = PAGE.read_text(encoding='utf8')
WORKED = re.findall(r'```yaml\n(.*?)```', TEXT, re.DOTALL)


def first_cells(heading: str) -> set[str]:
    """Return the names in the first column of the table under a line that begins so."""
    rows = TEXT.split(heading, 1)[1].split('\n\n', 1)[0].splitlines()[2:]
    return {name for row in rows for name in re.findall(r'`(\w+)`', row.split('|')[1])}


def test_the_page_has_every_key_and_kind_of_output():
    assert first_cells('| key |') == {item.name for item in fields(OnnxSettings)}
    (output,) = (item for item in fields(OnnxSettings) if item.name == 'output')
    assert first_cells('| `output` | of |') == set(output.metadata['choices'])


@pytest.mark.parametrize('text', WORKED)
def test_worked_examples_are_read(tmp_path, text):
    path = tmp_path / 'model.yaml'
    path.write_text(text)
    settings = load_onnx_settings(path)
    assert yaml.safe_load(text).keys() >= {'model', 'output'}
    assert settings.model.endswith('.onnx')


def test_there_are_worked_examples():
    assert len(WORKED) >= 3
