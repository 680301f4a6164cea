"""Fixtures that any test may ask for: a real broker, real files, a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from support.broker import Broker, IotcoreBroker, copy_rights, make_rights
from support.postgres import Postgres
from support.screen import chromium, virtual_screen
from support.tools import SAMPLES, cannot

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# How long an example takes depends on what else the machine does.
settings.register_profile("sacmes", deadline=None)
settings.load_profile("sacmes")

LONGEST = ("dashboard/test_demo.py", "browser/", "dashboard/", "integration/", "benchmarks/")
"""Tests that wait for whole systems, in the order of their length."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take longest, so that none is left alone at the end."""
    here = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        place = item.path.relative_to(here).as_posix()
        return next((k for k, known in enumerate(LONGEST) if place.startswith(known)), len(LONGEST))

    items.sort(key=rank)


@pytest.fixture(scope="session")
def samples() -> Path:
    """Folder of real instrument files, beside the checkout."""
    if not SAMPLES.is_dir():
        pytest.skip(f"the sample files are not at {SAMPLES}")
    return SAMPLES


@pytest.fixture(scope="session")
def users_and_keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Made once: alice, bob, carol who may look at alice's data, analyzer and admin."""
    rights = tmp_path_factory.mktemp("rights")
    return rights, make_rights(rights)


@pytest.fixture(scope="module")
def broker(
    users_and_keys: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    """A running Mosquitto that the tests of a module share."""
    yield from _running(users_and_keys, tmp_path_factory.mktemp("broker"))


@pytest.fixture
def own_broker(users_and_keys: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Broker]:
    """A running Mosquitto of the test's own, with nothing in it: to be killed and changed."""
    home = tmp_path / "broker"
    home.mkdir()
    yield from _running(users_and_keys, home)


@pytest.fixture(scope="module")
def iotcore_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The embedded broker, for the part of the protocol that any MQTT 5 broker can carry."""
    try:
        import iotcore  # noqa: F401
    except ImportError:
        cannot("iotcore is not installed (pip install iotcore)")
    names = ("alice", "bob", "carol", "analyzer", "admin")
    home = tmp_path_factory.mktemp("iotcore")
    broker = IotcoreBroker(home, home, {name: f"key-of-{name}" for name in names})
    broker.start()
    yield broker
    broker.stop()


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


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Chromium without a window."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """A screen without a monitor: the value of DISPLAY."""
    with virtual_screen() as display:
        yield display


def _running(users_and_keys: tuple[Path, dict[str, str]], home: Path) -> Iterator[Broker]:
    rights, keys = users_and_keys
    broker = Broker(home, copy_rights(rights, home), keys)
    broker.start()
    yield broker
    broker.stop()
