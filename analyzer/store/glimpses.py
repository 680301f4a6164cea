"""A session at a glance, from few of its scans: cheap enough for a list of a thousand sessions."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from analyzer.store.rows import trend_from
from analyzer.store.tables import results
from sacmes_core.payloads.replies import GLIMPSED_FILES

PLACES: Final = 24
"""Over the run, evenly; as many points as a line as wide as a thumb can show."""
IN_A_ROW: Final = GLIMPSED_FILES // PLACES
"""Uploads at each place, so that frequencies which take turns are met."""
_KEPT: Final = 4096


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What few scans of a session tell of it.

    Attributes
    ----------
    flagged_share
        Of the scans that were looked at; None where there are none.
    peak_currents_a
        Of the first electrode at the highest frequency, from the start of the run.
    """

    flagged_share: float | None = None
    frequency_hz: float | None = None
    electrode: int | None = None
    peak_currents_a: tuple[float, ...] = ()


class Glimpses:
    """Glimpses of sessions, each taken once as long as the session stays as it is."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[object, Glimpse]] = {}

    def of(self, connection: Connection, run: int, state: object, last_position: int) -> Glimpse:
        """The glimpse of a session as it is, which `state` names."""
        known, glimpse = self._kept.get(run, (None, None))
        if glimpse is None or known != state:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            glimpse = _glimpse(connection, run, last_position)
            self._kept[run] = state, glimpse
        return glimpse


def places(last_position: int) -> list[int]:
    """Positions to look at: all of a short session, else some in a row at places over the run.

    >>> places(3)
    [1, 2, 3]
    >>> len(places(100_000)), places(100_000)[0], places(100_000)[-1]
    (96, 1, 100000)
    """
    if last_position <= PLACES * IN_A_ROW:
        return list(range(1, last_position + 1))
    starts = [1 + place * (last_position - IN_A_ROW) // (PLACES - 1) for place in range(PLACES)]
    return sorted({start + k for start in starts for k in range(IN_A_ROW)})


def _glimpse(connection: Connection, run: int, last_position: int) -> Glimpse:
    query = (
        select(results.c.frequency_hz, results.c.document, results.c.trend)
        .where(results.c.run == run, results.c.superseded == 0)
        .where(results.c.position.in_(places(last_position)))
        .order_by(results.c.position, results.c.scan_index)
    )
    rows = connection.execute(query).all()
    if not rows:
        return Glimpse()
    read = [(row.frequency_hz, json.loads(row.document), row.trend) for row in rows]
    flagged = sum(_is_flagged(document, trend) for _, document, trend in read)
    measured = [(hertz, document) for hertz, document, _ in read if document.get("electrodes")]
    if not measured:
        return Glimpse(flagged / len(rows))
    # The highest: that of the newest scan would be another one each time.
    frequency_hz = max((hertz for hertz, _ in measured), key=lambda hertz: hertz or 0.0)
    drawn = [document for hertz, document in measured if hertz == frequency_hz]
    electrode = drawn[-1]["electrodes"][0]["electrode"]
    currents = _currents(drawn, electrode)
    return Glimpse(flagged / len(rows), frequency_hz, electrode, currents)


def _is_flagged(document: dict[str, Any], trend: str) -> bool:
    own = any(electrode.get("flags") for electrode in document.get("electrodes", ()))
    return own or "error" in document or any(each.flags for each in trend_from(trend))


def _currents(documents: Iterable[dict[str, Any]], electrode: int) -> tuple[float, ...]:
    """Peak currents to the five digits that a small line can show."""
    heights = [
        height
        for document in documents
        for each in document["electrodes"]
        if each["electrode"] == electrode and (height := each.get("peak_current_a")) is not None
    ]
    # A file may hold many scans.
    every = -(-len(heights) // GLIMPSED_FILES) or 1
    return tuple(float(f"{height:.5g}") for height in heights[::every])
