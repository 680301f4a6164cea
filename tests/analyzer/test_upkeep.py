"""The commands for the care of a store, as an administrator types them."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.broker import Broker
from typer.testing import CliRunner, Result

from analyzer.cli import app
from analyzer.sessions import Started
from analyzer.store.engines import home_url
from analyzer.store.store import open_store
from sacmes_core.errors import SacmesError
from sacmes_core.payloads.questions import StartRequest

SESSION = "9b2f4c1e-0000-4000-8000-000000000001"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with a store in it."""
    (tmp_path / "analyzer").mkdir()
    store = open_store(home_url(tmp_path / "analyzer"))
    store.database.remember("client_id", "before")
    store.close()
    return tmp_path


def call(home: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments), "--home", str(home)])


def test_backup_and_restore(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.sqlite"
    done = call(home, "backup", "-o", file)
    assert done.exit_code == 0, done.output
    assert str(file) in done.stdout
    with pytest.raises(SacmesError, match="is there already"):
        raise call(home, "backup", "-o", file).exception or AssertionError
    fresh = tmp_path / "fresh"
    done = call(fresh, "restore", file)
    assert done.exit_code == 0, done.output
    with closing(sqlite3.connect(fresh / "analyzer" / "store.sqlite")) as restored:
        query = "SELECT value FROM meta WHERE name = 'client_id'"
        assert restored.execute(query).fetchone() == ("before",)


def test_restore_into_a_server_that_does_not_answer_is_a_sentence(
    home: Path, tmp_path: Path
) -> None:
    pytest.importorskip("psycopg")
    file = tmp_path / "backup.sqlite"
    assert call(home, "backup", "-o", file).exit_code == 0
    nowhere = f"postgresql://ann@/sacmes?host={tmp_path}"
    with pytest.raises(SacmesError, match="does not answer"):
        raise call(home, "restore", file, "--store", nowhere).exception or AssertionError


def test_export_and_import(home: Path, tmp_path: Path) -> None:
    store = open_store(home_url(home / "analyzer"))
    store.sessions.apply("alice", Started(StartRequest(), SESSION), datetime.now(UTC))
    store.close()
    file = tmp_path / "session.zip"
    done = call(home, "export", SESSION, "--user", "alice", "-o", file)
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(file)
    with pytest.raises(SacmesError, match="is there already"):
        raise call(home, "export", SESSION, "--user", "alice", "-o", file).exception or (
            AssertionError
        )
    done = call(tmp_path / "fresh", "import", file, "--user", "bob")
    assert done.exit_code == 0, done.output
    assert "bob's; 0 of its uploads wait" in done.stdout


def test_prune_says_first_and_does_then(home: Path) -> None:
    store = open_store(home_url(home / "analyzer"))
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    for number in (1, 2):
        request = StartRequest(seen_revision=number - 1)
        started = Started(request, f"{SESSION[:-1]}{number}")
        store.sessions.apply("alice", started, long_ago)
    store.close()
    for arguments, left in ((("--dry-run",), 2), ((), 1), ((), 1)):
        done = call(home, "prune", "--older-than", "90d", *arguments)
        assert done.exit_code == 0, done.output
        store = open_store(home_url(home / "analyzer"))
        assert len(store.sessions.list("alice", 9)) == left
        store.close()
    assert "0 sessions taken out" in done.output
    wrong = call(home, "prune", "--older-than", "ninety")
    assert "90d" in str(wrong.exception)


def test_doctor_finds_a_healthy_service(home: Path, broker: Broker) -> None:
    done = call(home, "doctor", "--broker", broker.url("analyzer"))
    assert done.exit_code == 0, done.output
    lines = {line[5:15].strip(): line[:4].strip() for line in done.stdout.splitlines()}
    assert set(lines) == {
        "store",
        "integrity",
        "layout",
        "commit",
        "clock",
        "content",
        "ingest",
        "disk",
        "broker",
    }
    assert set(lines.values()) == {"ok"}


def test_doctor_says_what_is_wrong(home: Path, broker: Broker) -> None:
    with closing(sqlite3.connect(home / "analyzer" / "store.sqlite")) as store:
        store.execute("UPDATE meta SET value = '99' WHERE name = 'schema'")
        store.commit()
    done = call(home, "doctor", "--broker", broker.url("analyzer", key="wrong"))
    assert done.exit_code == 1
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    assert "99; this version reads" in failed[0]
    assert "Not authorized" in failed[1]


def test_doctor_knows_the_key_of_a_user_from_that_of_an_analyzer(
    home: Path, broker: Broker
) -> None:
    done = call(home, "doctor", "--broker", broker.url("alice"))
    assert done.exit_code == 1
    (failed,) = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    assert "lets alice in, but not as an analyzer (Not authorized)" in failed


def test_doctor_changes_nothing(tmp_path: Path) -> None:
    done = call(tmp_path, "doctor")
    assert "is not there yet" in done.stdout
    assert "No broker is named" in done.stdout
    assert not list((tmp_path / "analyzer").iterdir())
