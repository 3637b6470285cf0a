"""
Web pages in one file: nothing outside is asked for, and only the page's own script may run.
"""

from __future__ import annotations

import base64
from functools import cache
import hashlib
import math
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import jinja2
from markupsafe import Markup

from steps_ros.data.outputs import png_bytes
from steps_ros.eval import report_words as words
from steps_ros.eval.report import ALIGNMENTS, METRICS, Picture

TEMPLATES = Path(__file__).parent / 'templates'
JPEG_QUALITY = 88


def render_page(template: str, **values: Any) -> str:
    """
    Return a page; every value is escaped.

    :param template: name of a file in ``TEMPLATES``.
    """
    script = (TEMPLATES / 'table.js').read_text(encoding='utf8')
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        _environment()
        .get_template(template)
        .render(
            # The script is a file of the package, with no value in it.
            script=Markup(script),
            script_hash=f'sha256-{digest}',
            **values,
        )
    )


def picture_uri(picture: Picture) -> str:
    """Return (H, W, 3) uint8 RGB as PNG or JPEG in a data URI, whichever is smaller."""
    png = png_bytes(picture)
    done, content = cv2.imencode(
        '.jpg', cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY)
    )
    assert done
    jpeg = bytes(content)
    return data_uri('image/jpeg', jpeg) if len(jpeg) < len(png) else data_uri('image/png', png)


def data_uri(kind: str, content: bytes) -> str:
    """Return content as a URI that needs no file."""
    return f'data:{kind};base64,{base64.b64encode(content).decode()}'


def exact(value: float | None) -> str:
    """Return a number for sorting, with all its digits; empty when unknown."""
    return '' if value is None or not math.isfinite(value) else str(value)


def grouped(count: int) -> str:
    """Return a count with thin spaces between thousands."""
    return f'{count:,}'.replace(',', '\u2009')


def last_part(path: str) -> str:
    """Return the last part of a path, or all of what has none."""
    return PurePosixPath(path).name or path


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    environment.filters['basename'] = last_part
    environment.globals.update(
        {function.__name__: function for function in (
            exact, grouped, words.arrow, words.bounds, words.error_number, words.number,
            words.percent, words.signed_bounds, words.signed_number, words.signed_percent,
        )},
        metrics=METRICS,
        alignments=ALIGNMENTS,
        meanings=words.MEANINGS,
        metric_terms=words.METRIC_TERMS,
        alignment_terms=words.ALIGNMENT_TERMS,
        other_terms=words.OTHER_TERMS,
    )  # fmt: skip
    return environment
