"""The calibrations of sessions."""

from datetime import datetime

from sqlalchemy import delete, insert, select, update

from analyzer.store.database import Database
from analyzer.store.tables import calibrations, sessions
from sacmes_core.payloads.calibration import Calibration


class Calibrations:
    """The calibrations of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, run: int) -> Calibration | None:
        """The calibration that holds for a session; None for none."""
        query = select(calibrations.c.document).where(calibrations.c.run == run)
        with self._database.read() as connection:
            found = connection.scalar(query)
        return None if found is None else Calibration.model_validate_json(found)

    def keep(self, run: int, calibration: Calibration | None, now: datetime) -> Calibration | None:
        """Let another calibration hold, or none; the trend is then computed again with it."""
        with self._database.write() as connection:
            connection.execute(
                update(sessions)
                .where(sessions.c.run == run)
                .values(
                    calibration_revision=sessions.c.calibration_revision + 1,
                    content_version=sessions.c.content_version + 1,
                    trend_stale=1,
                )
            )
            connection.execute(delete(calibrations).where(calibrations.c.run == run))
            if calibration is None:
                return None
            query = select(sessions.c.calibration_revision).where(sessions.c.run == run)
            revision = connection.scalar(query)
            kept = calibration.model_copy(update={"revision": revision, "at": now})
            connection.execute(
                insert(calibrations).values(run=run, document=kept.model_dump_json())
            )
        return kept
