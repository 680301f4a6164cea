"""Stores in either database, so that what holds for one is seen to hold for the other."""

from pathlib import Path

import pytest

from analyzer.store.engines import home_url


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a store that is not there yet."""
    if request.param == "sqlite":
        return home_url(tmp_path)
    return str(request.getfixturevalue("postgres_url"))
