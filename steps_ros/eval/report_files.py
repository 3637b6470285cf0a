"""
The files of a report: ``report.html``, ``report.json``, ``report.csv`` and ``report.md``.
"""

from __future__ import annotations

from importlib.util import find_spec
import json
from pathlib import Path
from typing import Any

from steps_ros.data.outputs import write_file
from steps_ros.errors import OutputError
from steps_ros.eval.report import Report
from steps_ros.eval.report_csv import report_csv
from steps_ros.eval.report_text import report_markdown

LIBRARIES = ('jinja2', 'matplotlib')


def require_report_libraries() -> None:
    """
    Make sure that a report can be drawn; ask before long work.

    :raises OutputError: jinja2 or matplotlib is not installed.
    """
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        packages = ' '.join(f'python3-{name}' for name in missing)
        raise OutputError(
            f'a report needs {" and ".join(missing)}, not installed; '
            f"pip install 'steps_ros[viz]' or apt install {packages}"
        )


def write_report(report: Report, folder: Path) -> None:
    """
    Write the four files, each whole or not at all; earlier ones are replaced.

    Claim the folder before the work with :func:`steps_ros.data.outputs.claim_folder`.

    :raises OutputError: the place cannot be written, or a library is missing.
    """
    require_report_libraries()
    # They take a second to import, which nobody who wants no report should wait for.
    from steps_ros.eval.report_html import report_html

    texts = {
        'report.json': json_text(report.plain()),
        'report.csv': report_csv(report),
        'report.md': report_markdown(report),
        'report.html': report_html(report),
    }
    write_texts(texts, folder)


def json_text(content: dict[str, Any]) -> str:
    """
    Return strict JSON, indented, in the order given.

    :raises ValueError: there is a NaN left, which is not JSON.
    """
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + '\n'


def write_texts(texts: dict[str, str], folder: Path) -> None:
    """
    Write texts by name of the file.

    A name of a file may hold bytes that are no text: they are written as escapes, which JSON
    reads back as they were.

    :raises OutputError: the place cannot be written.
    """
    for name, text in texts.items():
        write_file(folder / name, text.encode('utf8', 'backslashreplace'))
