"""Answers that take long to compute, made one after the other beside all others."""

import queue
from collections.abc import Callable
from typing import Final

from sacmes_core.logs import concerning
from sacmes_core.payloads.calibration import CalibrateRequest, CalibrationQuery
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.questions import HistoryQuery
from sacmes_core.payloads.rates import RatesQuery
from sacmes_core.payloads.replies import Problem
from sacmes_core.questions import Asked

WAITING_MAX: Final = 64


class Aside:
    """Takes questions from one thread; `work` answers them in another.

    Parameters
    ----------
    answer
        Answers a question.
    """

    def __init__(self, answer: Callable[[Asked], None]) -> None:
        self._answer = answer
        self._waiting: queue.Queue[Asked] = queue.Queue(WAITING_MAX)

    def ask(self, asked: Asked) -> Problem | None:
        """Let a question be answered; why not, if too many wait already."""
        try:
            self._waiting.put_nowait(asked)
        except queue.Full:
            return Problem(
                type="unavailable",
                title="Too many calculations",
                detail="Other answers are being computed; ask again in a minute.",
            )
        return None

    def work(self, timeout_s: float = 0.5) -> bool:
        """Answer the next question; whether there was one."""
        try:
            asked = self._waiting.get(timeout=timeout_s)
        except queue.Empty:
            return False
        with concerning(asked.user_id, getattr(asked.payload, "session_id", None)):
            self._answer(asked)
        return True


def takes_long(asked: Payload) -> bool:
    """Whether the answer to a question is fitted, or made of a whole session."""
    if isinstance(asked, HistoryQuery):
        return asked.form == "columns"
    return isinstance(asked, CalibrationQuery | CalibrateRequest | RatesQuery)
