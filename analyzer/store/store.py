"""The store as one thing: its database and what is kept there."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from analyzer.sessions import recovered
from analyzer.store.alerts import AlertBook
from analyzer.store.announcements import Announcements
from analyzer.store.database import Database
from analyzer.store.marks import Marks
from analyzer.store.quotas import NO_QUOTA, Quota
from analyzer.store.results import Results
from analyzer.store.sessions import Sessions
from analyzer.store.upgrades import prepare
from analyzer.store.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Store:
    """Everything that is kept; any thread may use it, writers take turns."""

    database: Database
    uploads: Uploads
    sessions: Sessions
    results: Results
    announcements: Announcements
    marks: Marks
    alerts: AlertBook

    def close(self) -> None:
        """Close every connection."""
        self.database.close()


def open_store(url: str, backups: Path | None = None, quota: Quota = NO_QUOTA) -> Store:
    """Open a store; make its tables where there are none, and bring old ones up to date.

    Parameters
    ----------
    backups
        Folder for the backup that is made first; beside the store if none is given and it is a
        file.
    quota
        What each user may have in it.

    Raises
    ------
    ConfigError
        If the URL is none, its driver is missing, or the store was written with another layout.
    StoreError
        If it cannot be read and written.
    """
    database = Database(url)
    with ExitStack() as undo:
        undo.callback(database.close)
        prepare(database, backups)
        undo.pop_all()
    return Store(
        database,
        Uploads(database, recovered, quota),
        Sessions(database, quota),
        Results(database),
        Announcements(database),
        Marks(database),
        AlertBook(database),
    )
