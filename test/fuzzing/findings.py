"""
Inputs that broke a reader, kept as files: one of each kind, the shortest.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
import time
import traceback

from fuzzing.contract import attempt, Target

OWN = 'steps_ros'
CRASHES = 'crashes'
COUNT_PERIOD_S = 2.0


def crashes_of(folder: Path, name: str) -> list[Path]:
    """Return the inputs that broke a target: those kept here, and those of libFuzzer."""
    found = (folder / CRASHES / name).glob('*')
    return sorted(path for path in found if path.suffix != '.txt')


def tried_in(folder: Path, name: str, way: str) -> int:
    """Return how many inputs of a target were tried one way."""
    path = _count_file(folder, name, way)
    return int(json.loads(path.read_text())['tried']) if path.exists() else 0


def _count_file(folder: Path, name: str, way: str) -> Path:
    return folder / f'{name}.{way}.json'


class Findings:
    """
    What breaks one target, and how many inputs were tried.

    ``folder`` gets the inputs; ``way`` says how they were found.
    """

    def __init__(self, target: Target, folder: Path, way: str) -> None:
        """Go on with what is in the folder."""
        self._target = target
        self._crashes = folder / CRASHES / target.name
        self._crashes.mkdir(parents=True, exist_ok=True)
        self._counts = _count_file(folder, target.name, way)
        self._tried = 0
        self._counted = 0.0

    def __call__(self, content: bytes) -> None:
        """Try one input; keep it if it breaks the reader in a way of its own."""
        try:
            attempt(self._target, content)
        except Exception as error:
            self._keep(content, error)
        self._tried += 1
        if time.monotonic() - self._counted > COUNT_PERIOD_S:
            self.count()

    def count(self) -> None:
        """Write down how many inputs were tried."""
        self._counted = time.monotonic()
        self._counts.write_text(json.dumps({'tried': self._tried}))

    def _keep(self, content: bytes, error: Exception) -> None:
        path = self._crashes / _kind(error)
        if not path.exists() or path.stat().st_size > len(content):
            path.write_bytes(content)
            path.with_suffix('.txt').write_text(''.join(traceback.format_exception(error)))


def _kind(error: Exception) -> str:
    """Name a crash after its type and the place in this package where it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if OWN in frame.filename and 'fuzzing' not in frame.filename]
    place = (own or list(frames))[-1]
    where = f'{Path(place.filename).stem}_{place.name}'.strip('<>')
    said = hashlib.sha256(f'{where}{place.line}'.encode()).hexdigest()[:6]
    return f'{type(error).__name__}-{where}-{said}.crash'
