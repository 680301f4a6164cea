"""Answers that take long to compute, made one after the other beside all others."""

from collections.abc import Callable
from typing import Final

from analyzer.turns import Turns
from sacmes_core.logs import concerning
from sacmes_core.payloads.calibration import CalibrateRequest, CalibrationQuery
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.questions import HistoryQuery
from sacmes_core.payloads.rates import RatesQuery
from sacmes_core.payloads.replies import Problem
from sacmes_core.questions import Asked

WAITING_MAX: Final = 64
WAITING_OF_ONE_MAX: Final = 16


class Aside:
    """Takes questions from one thread; `work` answers them in another.

    Parameters
    ----------
    answer
        Answers a question.
    """

    def __init__(self, answer: Callable[[Asked], None]) -> None:
        self._answer = answer
        self._waiting: Turns[Asked] = Turns(WAITING_MAX, WAITING_OF_ONE_MAX)

    def ask(self, asked: Asked) -> Problem | None:
        """Let a question be answered; why not, if too many wait already."""
        if self._waiting.put(asked.user_id, asked):
            return None
        return Problem(
            type="unavailable",
            title="Too many calculations",
            detail="Other answers are being computed; ask again in a minute.",
        )

    def work(self, timeout_s: float = 0.5) -> bool:
        """Answer the next question; whether there was one."""
        asked = self._waiting.take(timeout_s)
        if asked is None:
            return False
        with concerning(asked.user_id, getattr(asked.payload, "session_id", None)):
            self._answer(asked)
        return True


def takes_long(asked: Payload) -> bool:
    """Whether the answer to a question is fitted, or made of a whole session."""
    if isinstance(asked, HistoryQuery):
        return asked.form == "columns"
    return isinstance(asked, CalibrationQuery | CalibrateRequest | RatesQuery)
