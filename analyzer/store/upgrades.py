"""A store as this version needs it: made if there is none, brought up to date if it is old."""

import logging
import time
from pathlib import Path

from analyzer.store.backups import back_up, stamp
from analyzer.store.database import Database
from analyzer.store.engines import SQLITE, lock_layout
from analyzer.store.layouts import OLDEST, layout_of, make_newest, upgrade
from analyzer.store.tables import LAYOUT
from sacmes_core.errors import ConfigError

logger = logging.getLogger(__name__)


def prepare(database: Database, backups: Path | None = None) -> None:
    """Make the tables of a new store; bring an older one up to date, with a backup first.

    Parameters
    ----------
    backups
        Folder for the backup; beside the store if none is given and it is a file.

    Raises
    ------
    ConfigError
        If the layout is none that this version reads, or an older store is in use.
    StoreError
        If the store or the backup cannot be written; then nothing was changed.
    """
    with database.write() as connection:
        lock_layout(connection)
        layout = layout_of(connection)
        if layout is None:
            make_newest(connection)
            return
    _check(database, layout)
    if layout < LAYOUT:
        with database.alone():
            _bring_up_to_date(database, layout, backups)


def _check(database: Database, layout: int) -> None:
    if OLDEST <= layout <= LAYOUT:
        return
    which = "newer" if layout > LAYOUT else "older"
    raise ConfigError(
        f"The store {database.place} has layout {layout}; this version reads {OLDEST} to {LAYOUT}. "
        f"Install a {which} version of sacmes, or name another store with --store."
    )


def _bring_up_to_date(database: Database, layout: int, backups: Path | None) -> None:
    backup = _backup_file(database, layout, backups)
    logger.info(
        "The store %s has layout %d; this version needs %d. First a backup: %s",
        database.place,
        layout,
        LAYOUT,
        backup,
    )
    back_up(database, backup, _Tenths("Backup"))
    began = time.monotonic()
    with database.write() as connection:
        lock_layout(connection)
        if layout_of(connection) == layout:
            upgrade(connection)
    logger.info(
        "The store has layout %d now, after %.1f s. Delete the backup when all is well.",
        LAYOUT,
        time.monotonic() - began,
    )


class _Tenths:
    """Logs a progress each time that another tenth is done."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._told = -1

    def __call__(self, done: int, of: int) -> None:
        tenths = 10 * done // max(of, 1)
        if tenths > self._told:
            self._told = tenths
            logger.info("%s: %d %%", self._what, 10 * tenths)


def _backup_file(database: Database, layout: int, folder: Path | None) -> Path:
    if folder is None and database.engine.dialect.name == SQLITE:
        folder = Path(database.place).parent
    if folder is None:
        raise ConfigError(
            f"The store {database.place} has layout {layout} and must be brought up to date, with "
            "a backup first. Start sacmes-analyzer run once, which keeps it in its home folder."
        )
    return folder / f"store.layout-{layout}.{stamp()}.sqlite"
