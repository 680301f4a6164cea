"""A browser and a screen without a monitor."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from support.tools import requires, wait_until

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
    """Run Xvfb on a free display; its name, for DISPLAY."""
    xvfb = requires("Xvfb", "xvfb")
    number = next(n for n in range(99, 999) if not Path(f"/tmp/.X11-unix/X{n}").exists())
    display = f":{number}"
    process = subprocess.Popen(
        [xvfb, display, "-screen", "0", size, "-nolisten", "tcp"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(Path(f"/tmp/.X11-unix/X{number}").exists, what="the virtual screen")
        time.sleep(0.1)
        yield display
    finally:
        process.terminate()
        process.wait(10)
