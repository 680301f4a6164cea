"""Two databases behind one store: durable, and understood when they fail."""

import hashlib
import importlib.util
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event
from support.postgres import Postgres

from analyzer.store import engines
from analyzer.store.database import Database, StoreError
from analyzer.store.store import Store, open_store
from analyzer.store.upgrades import prepare
from analyzer.store.uploads import Arrival
from sacmes_core.errors import ConfigError
from sacmes_core.upload import UploadHeader, upload_id

SESSION = "9b2f4c1e-0000-4000-8000-000000000001"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def arrival(file: str) -> Arrival:
    header = UploadHeader(
        session_id=SESSION,
        upload_id=upload_id(SESSION, file, b"x"),
        file=file,
        sha256=hashlib.sha256(b"x").hexdigest(),
    )
    return Arrival("alice", header, b"x")


@pytest.fixture
def database(store_url: str) -> Iterator[Database]:
    database = Database(store_url)
    yield database
    database.close()


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server that the test may kill."""
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("somewhere", "named by a URL"),
        ("mysql://x/y", "mysql is neither"),
        ("postgresql+psycopg2://x/y", "postgresql\\+psycopg://"),
    ],
)
def test_a_url_that_names_no_store_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Database(url)


def test_short_names_of_postgresql_mean_the_driver_that_is_used() -> None:
    for name in ("postgresql", "postgres"):
        url = engines.checked_url(f"{name}://ann:secret@db/sacmes")
        assert url.drivername == "postgresql+psycopg"
        assert engines.place_of(url) == "postgresql+psycopg://ann:***@db/sacmes"


def test_a_missing_driver_says_which_extra_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"sacmes\[analyzer,postgres\]"):
        Database("postgresql://ann@db/sacmes")
    assert importlib.util.find_spec("psycopg") is not None


def test_a_commit_waits_for_the_disk(database: Database) -> None:
    sqlite = database.engine.dialect.name == "sqlite"
    asked = "PRAGMA synchronous" if sqlite else "SHOW synchronous_commit"
    with database.read() as connection:
        assert connection.exec_driver_sql(asked).scalar_one() == (2 if sqlite else "on")


def test_a_reader_sees_one_moment_and_cannot_write(store_url: str) -> None:
    store = open_store(store_url)
    store.database.remember("first", "1")
    query = "SELECT count(*) FROM meta"
    with store.database.read() as connection:
        before = connection.exec_driver_sql(query).scalar_one()
        store.database.remember("second", "2")
        assert connection.exec_driver_sql(query).scalar_one() == before
    with store.database.read() as connection:
        assert connection.exec_driver_sql(query).scalar_one() == before + 1
    store.close()


def test_what_is_remembered_stays_whoever_asks_again(database: Database) -> None:
    prepare(database)
    assert database.remember("client_id", "a") == "a"
    assert database.remember("client_id", "b") == "a"


def test_a_server_that_does_not_answer_is_a_sentence(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError, match=r"does not answer.*is PostgreSQL running"):
        open_store(f"postgresql://ann:secret@/sacmes?host={tmp_path}")


@pytest.mark.parametrize("hold", [Database.alone, Database.shared])
def test_a_store_that_cannot_be_held_is_a_sentence(
    hold: Callable[[Database], AbstractContextManager[None]], postgres: Postgres, tmp_path: Path
) -> None:
    for url, sentence in (
        (engines.home_url(tmp_path / "nowhere"), "may not be written"),
        (f"postgresql://ann:secret@/sacmes?host={tmp_path}", "does not answer"),
        (postgres.url("nowhere"), "does not exist; make it with createdb"),
    ):
        database = Database(url)
        with pytest.raises(StoreError, match=sentence), hold(database):
            raise AssertionError("it is held")
        database.close()


@pytest.mark.parametrize("hold", [Database.alone, Database.shared])
def test_only_a_store_that_is_held_is_said_to_be_in_use(
    hold: Callable[[Database], AbstractContextManager[None]], tmp_path: Path
) -> None:
    (tmp_path / "store.sqlite.lock").write_bytes(b"something else " * 100)
    database = Database(engines.home_url(tmp_path))
    with pytest.raises(StoreError, match="not a database"), hold(database):
        raise AssertionError("it is held")
    (tmp_path / "store.sqlite.lock").unlink()
    with database.alone():
        other = Database(engines.home_url(tmp_path))
        with pytest.raises(ConfigError, match=r"at work|being restored"), hold(other):
            raise AssertionError("it is held twice")
        other.close()
    database.close()


def test_a_database_that_is_not_there_is_a_sentence(postgres: Postgres) -> None:
    with pytest.raises(StoreError, match="does not exist; make it with createdb"):
        open_store(postgres.url("nowhere"))


def test_a_full_disk_of_the_server_is_a_sentence(postgres_url: str) -> None:
    store = open_store(postgres_url)
    full = "DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"
    with (
        pytest.raises(StoreError, match=r"is full.*Nothing is lost"),
        store.database.write() as connection,
    ):
        connection.exec_driver_sql(full)
    store.close()


def test_a_killed_server_is_found_again_without_a_person(own_postgres: Postgres) -> None:
    store: Store = open_store(own_postgres.new_database())
    assert store.uploads.commit([arrival("a")], NOW).fresh == 1
    own_postgres.kill9()
    with pytest.raises(StoreError, match="does not answer"):
        store.uploads.commit([arrival("b")], NOW)
    own_postgres.start()
    assert store.uploads.commit([arrival("a"), arrival("b")], NOW).fresh == 1
    store.close()


def test_a_server_killed_before_a_passing_write_begins_is_a_sentence(
    own_postgres: Postgres,
) -> None:
    database = Database(own_postgres.new_database())
    prepare(database)
    event.listen(database.engine, "checkout", lambda *_: own_postgres.kill9(), once=True)
    with (
        pytest.raises(StoreError, match="does not answer"),
        database.write(durable=False) as connection,
    ):
        connection.exec_driver_sql("SELECT 1")
    database.close()
