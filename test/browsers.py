"""The browser that people have, without a screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import os
import shutil
from typing import Any

import pytest

# As distributions and Google name it.
NAMES = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')
# Draws 3D without a graphics card.
SOFTWARE_3D = (
    '--use-gl=angle',
    '--use-angle=swiftshader',
    '--enable-unsafe-swiftshader',
    '--ignore-gpu-blocklist',
)


@contextmanager
def chromium(arguments: Sequence[str] = ()) -> Iterator[Any]:
    """Run Chromium under playwright; the test is skipped where one of them is missing."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f'none of {", ".join(NAMES)} on PATH; apt install chromium')
    reason = 'playwright is not installed'
    sync_api = pytest.importorskip('playwright.sync_api', reason=reason)
    # The sandbox needs a user of its own, which a container often lacks.
    sandbox = ['--no-sandbox'] if os.geteuid() == 0 else []
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=path, args=[*sandbox, *arguments], timeout=120_000
        )
        yield running
        running.close()
