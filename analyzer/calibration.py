"""Answers about the calibration of a session: what holds, what its marks give, another one."""

from collections.abc import Callable
from datetime import UTC, datetime

from analyzer.calibrating import DosesError, doses_of, entered, fitted
from analyzer.sessions import no_such_session
from analyzer.store.sessions import Run
from analyzer.store.store import Store
from sacmes_core.payloads.calibration import (
    CURVES_MAX,
    CalibrateRequest,
    Calibration,
    CalibrationQuery,
    CalibrationReply,
)
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.replies import Problem


class Calibrator:
    """Answers the questions `calibration` and `calibrate`.

    Parameters
    ----------
    changed
        Called when there are concentrations to compute.
    """

    def __init__(
        self,
        store: Store,
        changed: Callable[[], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._changed = changed
        self._now = now

    def answer(self, user_id: str, asked: CalibrationQuery | CalibrateRequest) -> Payload:
        """Answer what is asked about a session of this user."""
        run = self._store.sessions.find(user_id, asked.session_id)
        if run is None:
            return no_such_session()
        if isinstance(asked, CalibrateRequest):
            return self._calibrate(user_id, run, asked)
        found, problem = None, None
        try:
            found = self._found(run, asked)
        except DosesError as error:
            problem = str(error)
        return CalibrationReply(
            session_id=run.document.session_id,
            holds=self._store.calibrations.of(run.run),
            found=found,
            problem=problem,
        )

    def _calibrate(self, user_id: str, run: Run, asked: CalibrateRequest) -> Payload:
        try:
            calibration = self._chosen(user_id, run, asked)
        except DosesError as error:
            return Problem(type="invalid", title="No calibration", detail=str(error))
        if isinstance(calibration, Problem):
            return calibration
        kept = self._store.calibrations.keep(run.run, calibration, self._now())
        self._changed()
        return CalibrationReply(session_id=run.document.session_id, holds=kept)

    def _chosen(
        self, user_id: str, run: Run, asked: CalibrateRequest
    ) -> Calibration | Problem | None:
        """The calibration that is asked for; None for none any more."""
        match asked.source:
            case "none":
                return None
            case "entered":
                if not asked.entered:
                    raise DosesError("Give the parameters of one curve at least.")
                if any(curve.gain == 0 for curve in asked.entered):
                    raise DosesError("A curve with a gain of 0 tells nothing; give another gain.")
                return Calibration(
                    quantity=asked.quantity,
                    origin="entered",
                    curves=tuple(entered(curve) for curve in asked.entered),
                    by=asked.by,
                )
            case "session":
                return self._of_another(user_id, asked)
            case "marks":
                found = self._found(run, asked)
                usable = tuple(curve for curve in found.curves if curve.problem is None)
                if not usable:
                    raise DosesError(found.curves[0].problem or "The doses give no curve.")
                return found.model_copy(update={"curves": usable, "by": asked.by})

    def _of_another(self, user_id: str, asked: CalibrateRequest) -> Calibration | Problem:
        other = None
        if asked.from_session_id is not None:
            other = self._store.sessions.find(user_id, asked.from_session_id)
        if other is None:
            return no_such_session()
        calibration = self._store.calibrations.of(other.run)
        if calibration is None:
            raise DosesError("That session has no calibration; choose another one.")
        source = calibration.from_session_id or other.document.session_id
        return calibration.model_copy(update={"from_session_id": source, "by": asked.by})

    def _found(self, run: Run, asked: CalibrationQuery | CalibrateRequest) -> Calibration:
        """What the marks of a session give."""
        results = list(self._store.results.every(run.run))
        marks = self._store.marks.list(run.run)
        doses = doses_of(results, marks, asked.quantity, asked.last_scans)
        curves = [fitted(series, those, asked.hill) for series, those in doses.items()]
        return Calibration(
            quantity=asked.quantity,
            origin="marks",
            hill=asked.hill,
            last_scans=asked.last_scans,
            curves=tuple(curves[:CURVES_MAX]),
        )
