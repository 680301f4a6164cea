"""What one process alone may do, and for how long: a lease that ends by itself."""

from typing import Final

from sqlalchemy import Connection, select, update

from analyzer.store.database import Database
from analyzer.store.engines import epoch_s, has_ended, insert_if_absent
from analyzer.store.holders import is_dead
from analyzer.store.tables import leases

INGEST: Final = "ingest"
LEASE_S: Final = 6.0
"""A holder that says nothing for so long is taken for dead."""

_ENDED: Final = has_ended(leases.c.expires_at, LEASE_S)


class Lease:
    """The lease of the ingest, as one process sees it."""

    def __init__(self, database: Database, holder: str) -> None:
        self._database = database
        self._holder = holder

    def take(self) -> bool:
        """Take the lease or keep it for longer; False while another process holds it."""
        free = leases.c.holder.is_(None) | _ENDED
        statement = (
            update(leases)
            .where(leases.c.name == INGEST, (leases.c.holder == self._holder) | free)
            .values(holder=self._holder, expires_at=epoch_s() + LEASE_S)
        )
        with self._database.write(durable=False) as connection:
            if connection.execute(statement).rowcount == 1:
                return True
            insert_if_absent(connection, leases, {"name": INGEST})
            query = select(leases.c.holder).where(leases.c.name == INGEST).with_for_update()
            holder = connection.scalar(query)
            if holder is not None and is_dead(holder):
                _clear(connection, holder)
            return connection.execute(statement).rowcount == 1

    def give_back(self) -> None:
        """Let the next process take over at once."""
        with self._database.write(durable=False) as connection:
            _clear(connection, self._holder)


def holder_of(database: Database) -> str | None:
    """Which process holds the lease at this moment."""
    query = select(leases.c.holder).where(leases.c.name == INGEST, ~_ENDED)
    with database.read() as connection:
        found: str | None = connection.scalar(query)
    return found


def _clear(connection: Connection, holder: str) -> None:
    connection.execute(
        update(leases)
        .where(leases.c.name == INGEST, leases.c.holder == holder)
        .values(holder=None, expires_at=None)
    )
