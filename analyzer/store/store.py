"""The store as one thing: its database and what is kept there."""

from dataclasses import dataclass
from pathlib import Path

from analyzer.sessions import recovered
from analyzer.store.announcements import Announcements
from analyzer.store.database import Database
from analyzer.store.results import Results
from analyzer.store.sessions import Sessions
from analyzer.store.uploads import Uploads
from sacmes_core.errors import SacmesError


@dataclass(frozen=True, slots=True)
class Store:
    """Everything that is kept; any thread may use it, writers take turns."""

    database: Database
    uploads: Uploads
    sessions: Sessions
    results: Results
    announcements: Announcements

    def close(self) -> None:
        """Close every connection."""
        self.database.close()


def open_store(url: str) -> Store:
    """Open a store and make its tables where there are none.

    Raises
    ------
    ConfigError
        If the URL is none, its driver is missing, or the store was written with another layout.
    StoreError
        If it cannot be read and written.
    """
    database = Database(url)
    try:
        database.prepare()
    except SacmesError:
        database.close()
        raise
    return Store(
        database,
        Uploads(database, recovered),
        Sessions(database),
        Results(database),
        Announcements(database),
    )


def sqlite_url(folder: Path) -> str:
    """URL of the store in a home folder."""
    return f"sqlite:///{folder / 'store.sqlite'}"
