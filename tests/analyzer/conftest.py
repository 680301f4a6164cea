"""Stores in either database, so that what holds for one is seen to hold for the other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.postgres import Postgres

from analyzer.store.store import home_url


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL server."""
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """URL of an empty database."""
    url = postgres.new_database()
    yield url
    postgres.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a store that is not there yet."""
    if request.param == "sqlite":
        return home_url(tmp_path)
    return str(request.getfixturevalue("postgres_url"))
