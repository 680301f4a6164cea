"""A browser and a screen without a monitor."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from support.tools import requires

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM_SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> "Iterator[Browser]":
    """Run the machine's own Chromium under Playwright."""
    path = requires("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_SWITCHES))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def virtual_screen(size: str = "1440x900x24") -> Iterator[str]:
    """Run Xvfb on a display that it chooses, so that two at once never share one; for DISPLAY."""
    xvfb = requires("Xvfb", "xvfb")
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [xvfb, "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp"],
        pass_fds=(writing,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as said:
            number = said.readline().strip()
        assert number, "Xvfb found no free display"
        yield f":{number}"
    finally:
        process.terminate()
        process.wait(10)
