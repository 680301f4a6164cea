"""Which results viewers were told of: each until the broker has taken it."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Final

from sqlalchemy import update

from analyzer.store.database import Database
from analyzer.store.lists import listed, number_at
from analyzer.store.rows import ResultKey, announce_newest, key_of, result_of, select_results
from analyzer.store.tables import NO, results, sessions
from sacmes_core.payloads.results import Result

_DONE: Final = (
    update(results)
    .where(
        results.c.run == number_at(0),
        results.c.position == number_at(1),
        results.c.scan_index == number_at(2),
    )
    .values(announced=1)
)


@dataclass(frozen=True, slots=True)
class Announcement:
    """A result that viewers have not been told yet, or not surely."""

    key: ResultKey
    user_id: str
    result: Result


class Announcements:
    """The results of a store that viewers were not surely told of."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def waiting(self, limit: int, *, passing: frozenset[ResultKey]) -> list[Announcement]:
        """Results that viewers were not surely told, oldest first, without those under way."""
        query = (
            select_results(sessions.c.user_id)
            .where(results.c.announced == NO)
            .order_by(results.c.run, results.c.position, results.c.scan_index)
            .limit(limit + len(passing))
        )
        with self._database.read() as connection:
            found = [
                Announcement(key_of(row), row.user_id, result_of(row))
                for row in connection.execute(query)
            ]
        return [item for item in found if item.key not in passing][:limit]

    def done(self, keys: Sequence[ResultKey]) -> None:
        """Note that viewers were told of results."""
        if not keys:
            return
        # Power that fails lets some be told twice, as every other end of the process may.
        with self._database.write(durable=False) as connection:
            connection.execute(_DONE, listed(sorted(map(astuple, keys))))

    def newest_again(self, runs: Sequence[int]) -> None:
        """Let the newest result of sessions be announced once more."""
        with self._database.write() as connection:
            for run in runs:
                announce_newest(connection, run)
