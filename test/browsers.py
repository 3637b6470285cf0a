"""The browser that people have, without a screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import os
import shutil
from typing import Any

import cv2
import numpy as np
import pytest

# As distributions and Google name it.
NAMES = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')
LIMIT_MS = 90_000
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


class Opened:
    """The page of the live view, with its three pictures, and all that it asked for."""

    # Of the pictures, as the view was told to scale them.
    WIDTH = 128

    def __init__(self, browser: Any, port: int, width: int) -> None:
        self.page = browser.new_page(viewport={'width': width, 'height': 800})
        self.asked: list[str] = []
        self.errors: list[str] = []
        self.page.on('request', lambda request: self.asked.append(request.url))
        self.page.on('websocket', lambda opened: self.asked.append(opened.url))
        self.page.on('pageerror', lambda error: self.errors.append(str(error)))
        self.port = port
        self.page.goto(f'http://127.0.0.1:{self.port}', timeout=LIMIT_MS)
        self.page.wait_for_selector('.headline', timeout=LIMIT_MS)
        self.page.wait_for_function(
            'width => [...document.images].filter((i) => i.naturalWidth == width).length == 3',
            arg=self.WIDTH,
            timeout=LIMIT_MS,
        )

    def pixels(self) -> np.ndarray:
        shot = np.frombuffer(self.page.screenshot(timeout=LIMIT_MS), np.uint8)
        return cv2.cvtColor(cv2.imdecode(shot, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)

    def picture(self, index: int) -> np.ndarray:
        """Return what is seen of the picture, without its border."""
        shown = self.page.locator('img[src^="blob:"]:visible').nth(index)
        shown.scroll_into_view_if_needed(timeout=LIMIT_MS)
        box = {name: round(value) for name, value in shown.bounding_box().items()}
        inside = self.pixels()[box['y'] : box['y'] + box['height'], box['x'] :]
        return inside[4:-4, 4 : box['width'] - 4]

    def wait_for(self, words: str) -> None:
        """Wait until the words stand on the page, with any space between them."""
        self.page.wait_for_function(
            r"words => document.body.innerText.replace(/\s+/g, ' ').includes(words)",
            arg=words,
            timeout=LIMIT_MS,
        )

    def shows(self, colour: tuple[int, int, int], pixels: int) -> bool:
        """Say whether so many pixels of a colour are to be seen within half a minute."""
        for _ in range(30):
            if self.count(colour) > pixels:
                return True
            self.page.wait_for_timeout(1000)
        return False

    def count(self, colour: tuple[int, int, int]) -> int:
        """Return how many pixels look like this, fog and light of the scene allowed for."""
        return int((np.abs(self.pixels().astype(int) - colour).max(-1) < 60).sum())
