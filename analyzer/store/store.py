"""The store as one thing: its database and what is kept there."""

import logging
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from analyzer.sessions import recovered
from analyzer.store.alerts import AlertBook
from analyzer.store.announcements import Announcements
from analyzer.store.calibrations import Calibrations
from analyzer.store.database import Database, StoreAwayError
from analyzer.store.marks import Marks
from analyzer.store.quotas import NO_QUOTA, Quota
from analyzer.store.results import Results
from analyzer.store.sessions import Sessions
from analyzer.store.upgrades import prepare
from analyzer.store.uploads import Uploads

AGAIN_S: Final = 2.0

logger = logging.getLogger(__name__)


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
    calibrations: Calibrations

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
        Calibrations(database),
    )


def open_store_once_there(
    url: str, backups: Path | None, quota: Quota, stop: threading.Event
) -> Store | None:
    """Open a store as `open_store` does, once its server answers; None if `stop` comes first."""
    while not stop.is_set():
        try:
            return open_store(url, backups, quota)
        except StoreAwayError as error:
            logger.warning("%s It is tried again every %g s.", error, AGAIN_S)
            stop.wait(AGAIN_S)
    return None
