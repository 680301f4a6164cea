"""What a test needs from the machine, and what happens where the machine has it not."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn, TypeVar

import pytest

Value = TypeVar("Value")

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT.parent / "shared" / "samples"
SBIN = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
PATIENCE: Final = 2.0
"""Times to wait are those of a calm machine; others are given so many times as much."""


def cannot(reason: str) -> NoReturn:
    """Skip with the reason; with CI=true nothing may be missing, so fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"missing, and CI=true allows no gap: {reason}", pytrace=False)
    pytest.skip(reason)


def requires(tool: str, package: str | None = None) -> str:
    """Return the path of a program that the test needs."""
    path = shutil.which(tool, path=SBIN)
    if path is None:
        cannot(f"{tool} is not installed (apt-get install {package or tool})")
    return path


def wait_until(
    condition: Callable[[], Value | None], *, timeout: float = 30.0, what: str = "it"
) -> Value:
    """Ask until the answer is truthy and return it; fail when the time is over.

    An answer that takes long is asked for less often, so that asking stays the smaller part.
    """
    timeout *= PATIENCE
    deadline = time.monotonic() + timeout
    while True:
        asked = time.monotonic()
        if value := condition():
            return value
        answered = time.monotonic()
        if answered > deadline:
            pytest.fail(f"{what} did not come true within {timeout:g} s; last answer {value!r}")
        time.sleep(max(0.005, 2 * (answered - asked)))
