"""The layout of a store: made, recognised, and led from one number to the next by Alembic."""

import logging
from typing import Any, Final

from sqlalchemy import Connection, insert, inspect, select, update

from analyzer.store.database import Database
from analyzer.store.engines import insert_if_absent
from analyzer.store.tables import LAYOUT, alembic_version, meta, metadata

logger = logging.getLogger(__name__)

OLDEST: Final = 2
_SCHEMA: Final = "schema"

# Each of its plugins would tell that it is there.
logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)


def layout_of(connection: Connection) -> int | None:
    """The number of a store's layout; None if there is nothing in it."""
    if not inspect(connection).has_table(meta.name):
        return None
    found = connection.scalar(select(meta.c.value).where(meta.c.name == _SCHEMA))
    return None if found is None else int(found)


def make_newest(connection: Connection) -> None:
    """Make the tables of a new store."""
    metadata.create_all(connection)
    insert_if_absent(connection, meta, {"name": _SCHEMA, "value": str(LAYOUT)})
    connection.execute(insert(alembic_version).values(version_num=_revision(LAYOUT)))


def make(database: Database, layout: int) -> None:
    """Make the empty tables of any layout that is still read, step by step."""
    with database.write() as connection:
        _lead(connection, layout)
        insert_if_absent(connection, meta, {"name": _SCHEMA, "value": str(layout)})


def upgrade(connection: Connection) -> None:
    """Lead an older store to the newest layout."""
    if layout_of(connection) == OLDEST and not inspect(connection).has_table(alembic_version.name):
        # Stores of this layout were made before there were steps.
        alembic_version.create(connection)
        connection.execute(insert(alembic_version).values(version_num=_revision(OLDEST)))
    _lead(connection, LAYOUT)
    connection.execute(update(meta).where(meta.c.name == _SCHEMA).values(value=str(LAYOUT)))


def _lead(connection: Connection, layout: int) -> None:
    # Half a second of loading, which a store that is up to date spares itself.
    from alembic import command
    from alembic.config import Config

    # What it says of itself is no matter of ours; each step is told by `_tell`.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    configuration = Config()
    configuration.set_main_option("script_location", "analyzer.store:migrations")
    configuration.attributes["connection"] = connection
    configuration.attributes["on_step"] = _tell
    command.upgrade(configuration, _revision(layout))


def _tell(*, step: Any, **_: Any) -> None:
    if not step.is_stamp:
        logger.info("Layout %d: %s", int(step.up_revision_id), step.up_revision.doc)


def _revision(layout: int) -> str:
    return f"{layout:04d}"
