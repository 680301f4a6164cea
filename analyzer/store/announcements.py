"""Which results viewers were told of: each until the broker has taken it."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Final

from sqlalchemy import exists, select, update

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
        # The newest one is to be told once more when the trend has changed since.
        select(sessions.c.trend_revision).where(sessions.c.run == results.c.run).scalar_subquery()
        == number_at(3),
    )
    .values(announced=1)
)
_OTHERS: Final = sessions.alias()
_IS_OF_NEWEST: Final = (
    ~exists().where(
        _OTHERS.c.user_id == sessions.c.user_id, _OTHERS.c.revision > sessions.c.revision
    )
).label("is_of_newest")


@dataclass(frozen=True, slots=True)
class Announcement:
    """A result that viewers have not been told yet, or not surely.

    Attributes
    ----------
    is_of_newest
        Whether it is of the user's newest session; who comes later is to find one of that.
    """

    key: ResultKey
    user_id: str
    result: Result
    is_of_newest: bool = True


class Announcements:
    """The results of a store that viewers were not surely told of."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def waiting(self, limit: int, *, passing: frozenset[ResultKey]) -> list[Announcement]:
        """Results that viewers were not surely told, oldest first, without those under way."""
        query = (
            select_results(sessions.c.user_id, _IS_OF_NEWEST)
            .where(results.c.announced == NO)
            .order_by(results.c.run, results.c.position, results.c.scan_index)
            .limit(limit + len(passing))
        )
        with self._database.read() as connection:
            found = [
                Announcement(key_of(row), row.user_id, result_of(row), bool(row.is_of_newest))
                for row in connection.execute(query)
            ]
        return [item for item in found if item.key not in passing][:limit]

    def done(self, told: Sequence[Announcement]) -> None:
        """Note that viewers were told of results, as they are with the trend that was told."""
        if not told:
            return
        rows = [(*astuple(item.key), item.result.trend_revision) for item in told]
        # Power that fails lets some be told twice, as every other end of the process may.
        with self._database.write(durable=False) as connection:
            connection.execute(_DONE, listed(sorted(rows)))

    def newest_again(self, runs: Sequence[int]) -> None:
        """Let the newest result of sessions be announced once more."""
        with self._database.write() as connection:
            for run in runs:
                announce_newest(connection, run)
