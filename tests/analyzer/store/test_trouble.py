"""A disk that is full, a file that is held, a file that is damaged: no word that is not kept."""

import hashlib
import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event

from analyzer.store.backups import back_up
from analyzer.store.database import Database, StoreError
from analyzer.store.engines import home_url
from analyzer.store.restoring import restore
from analyzer.store.store import open_store
from analyzer.store.uploads import Arrival
from sacmes_core.errors import ConfigError
from sacmes_core.upload import UploadHeader, upload_id

SESSION = "9b2f4c1e-0000-4000-8000-000000000001"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def arrival(file: str, size: int = 1000) -> Arrival:
    content = random.Random(file).randbytes(size)
    header = UploadHeader(
        session_id=SESSION,
        upload_id=upload_id(SESSION, file, content),
        file=file,
        sha256=hashlib.sha256(content).hexdigest(),
    )
    return Arrival("alice", header, content)


FILLING = """
import resource, sys
sys.path.insert(0, sys.argv[3])
from test_trouble import NOW, arrival
from analyzer.store.database import StoreError
from analyzer.store.store import open_store
store = open_store(sys.argv[1])
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
for k in range(10_000):
    try:
        store.uploads.commit([arrival(str(k), 20_000)], NOW)
    except StoreError as error:
        print(error, flush=True)
        break
    print(k, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="no limit of file sizes here")
def test_a_full_disk_takes_nothing_that_was_confirmed(tmp_path: Path) -> None:
    """The limit is met in the write-ahead log, in the middle of a page."""
    url = home_url(tmp_path)
    open_store(url).close()
    script = [sys.executable, "-c", FILLING, url, "1500001", str(Path(__file__).parent)]
    done = subprocess.run(script, capture_output=True, text=True, check=True)
    *confirmed, sentence = done.stdout.splitlines()
    assert len(confirmed) > 10
    assert "full" in sentence
    assert "Nothing is lost meanwhile" in sentence
    store = open_store(url)
    store.uploads.commit([arrival("later")], NOW)
    waiting = store.uploads.waiting(1, limit=10_000, limit_bytes=10**9)
    assert [u.header.file for u in waiting] == [*confirmed, "later"]
    assert [u.content for u in waiting[:-1]] == [arrival(k, 20_000).content for k in confirmed]
    with store.database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    store.close()


def test_a_store_that_is_held_is_used_again_when_it_is_free(tmp_path: Path) -> None:
    store = open_store(home_url(tmp_path))
    store.database.engine.dispose()
    impatient = "PRAGMA busy_timeout=50"
    event.listen(store.database.engine, "connect", lambda c, _: c.execute(impatient))
    holder = sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)
    with closing(holder):
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"Another program holds.*Nothing is lost"):
            store.uploads.commit([arrival("a")], NOW)
    assert store.uploads.commit([arrival("a")], NOW).fresh == 1
    store.close()


def damaged(tmp_path: Path) -> tuple[Path, Path]:
    """A backup, and a store whose file was overwritten in the middle after it was taken."""
    store = open_store(home_url(tmp_path))
    store.uploads.commit([arrival(str(k)) for k in range(50)], NOW)
    backup = tmp_path / "backup.sqlite"
    back_up(store.database, backup, lambda *_: None)
    store.close()
    file = tmp_path / "store.sqlite"
    content = bytearray(file.read_bytes())
    content[4096:] = random.Random(1).randbytes(len(content) - 4096)
    file.write_bytes(content)
    return file, backup


def test_a_damaged_store_is_left_as_it_is(tmp_path: Path) -> None:
    file, _ = damaged(tmp_path)
    before = file.read_bytes()
    with pytest.raises(StoreError, match=r"is damaged.*left as it is.*restore FILE --force"):
        open_store(home_url(tmp_path))
    assert file.read_bytes() == before


def test_a_backup_takes_the_place_of_a_damaged_store(tmp_path: Path) -> None:
    file, backup = damaged(tmp_path)
    before = file.read_bytes()
    database = Database(home_url(tmp_path))
    with pytest.raises(ConfigError, match=r"is damaged.*--force"):
        restore(backup, database, tmp_path, lambda *_: None)
    aside = restore(backup, database, tmp_path, lambda *_: None, force=True)
    database.close()
    assert aside is not None
    assert aside.read_bytes() == before
    store = open_store(home_url(tmp_path))
    assert store.uploads.count_waiting() == 50
    store.close()


def test_a_file_that_is_no_store_is_named(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").write_bytes(b"something else " * 1000)
    with pytest.raises(StoreError, match="is damaged"):
        open_store(home_url(tmp_path))
