"""The scans of the accuracy benchmark, for the tests that ask for the same figures."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture(scope="session")
def accuracy() -> ModuleType:
    """`benchmarks/accuracy.py`, which brings `benchmarks/scans.py` with it."""
    spec = importlib.util.spec_from_file_location("accuracy", BENCHMARKS / "accuracy.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(BENCHMARKS))
    spec.loader.exec_module(module)
    sys.path.remove(str(BENCHMARKS))
    return module
