"""A database that is opened, damaged, put aside, and written whole or not at all."""

from pathlib import Path

import pytest

from agent.database import Database, OutboxError, damage

SCHEMA = "CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY) STRICT"


def test_what_fails_half_way_is_not_written_at_all() -> None:
    database = Database.opened(None, SCHEMA)
    with pytest.raises(OutboxError, match="cannot be written"), database.writing() as connection:
        connection.executemany("INSERT INTO notes VALUES (?)", [("a",), ("b",), ("a",)])
    assert database.first("SELECT * FROM notes", ()) is None
    with database.writing() as connection:
        connection.execute("INSERT INTO notes VALUES ('a'), ('b')")
    assert database.rows("SELECT * FROM notes") == [("a",), ("b",)]
    assert list(database.each("SELECT * FROM notes WHERE name > ?", ("a",))) == [("b",)]
    with pytest.raises(OutboxError, match="no such table"):
        list(database.each("SELECT * FROM nowhere", ()))
    database.close()


def test_each_damaged_one_is_kept_under_a_name_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "box.sqlite"
    for k in (1, 2):
        path.write_bytes(b"this is no database, whatever its name says" * 100)
        assert damage(path) is not None
        Database.opened(path, SCHEMA).close()
        assert damage(path) is None
        assert (tmp_path / f"box.damaged-{k}.sqlite").exists()
