"""What a user may have in the store, and what he has."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, func, select, update

from analyzer.store.lists import listed, number_at, text_at
from analyzer.store.tables import sessions, users


@dataclass(frozen=True, slots=True)
class Quota:
    """The most that each user may have.

    Attributes
    ----------
    stored_bytes
        Of his uploads, compressed; None for no limit.
    sessions
        How many; None for no limit.
    """

    stored_bytes: int | None = None
    sessions: int | None = None


NO_QUOTA: Final = Quota()

_BEFORE: Final = (
    select(users.c.user_id, users.c.stored_bytes)
    .where(users.c.user_id.in_(bindparam("user_ids", expanding=True)))
    .order_by(users.c.user_id)
    .with_for_update()
)
_ADD: Final = (
    update(users)
    .where(users.c.user_id == text_at(0))
    .values(stored_bytes=users.c.stored_bytes + number_at(1))
)


def sessions_refusal(connection: Connection, quota: Quota, user_id: str) -> str | None:
    """Say in a sentence why a user is to have no further session; None if he is."""
    if quota.sessions is None:
        return None
    query = select(func.count()).select_from(sessions).where(sessions.c.user_id == user_id)
    if (connection.scalar(query) or 0) < quota.sessions:
        return None
    return (
        f"{user_id} has {quota.sessions} sessions, and no more are allowed. Ask the administrator "
        "for more, or to take old ones out, and try again."
    )


class Usage:
    """What users have while a group of uploads is stored, in its transaction.

    Nobody else changes their sessions meanwhile: whoever does locks the user first, so that two
    writers never wait for each other.
    """

    def __init__(self, connection: Connection, quota: Quota, user_ids: Collection[str]) -> None:
        self._connection = connection
        self._quota = quota
        found = connection.execute(_BEFORE, {"user_ids": list(user_ids)})
        self._before = {row.user_id: row.stored_bytes for row in found}
        self._more: dict[str, int] = {}

    def session_refusal(self, user_id: str) -> str | None:
        """Say in a sentence why a user is to have no further session; None if he is."""
        return sessions_refusal(self._connection, self._quota, user_id)

    def refusal(self, user_id: str, size: int) -> str | None:
        """Count an upload; or say in a sentence why it is not to be stored."""
        limit = self._quota.stored_bytes
        more = self._more.get(user_id, 0) + size
        if limit is not None and self._before.get(user_id, 0) + more > limit:
            return (
                f"The room of {user_id} is full: {limit / 1e6:,.0f} MB are allowed. Ask the "
                "administrator for more, or to take old sessions out; then it is sent again."
            )
        self._more[user_id] = more
        return None

    def keep(self) -> None:
        """Write what was counted."""
        self._connection.execute(_ADD, listed(self._more.items()))
