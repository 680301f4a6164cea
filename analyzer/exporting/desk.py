"""Where exports are asked for: they are made one after the other, beside all other answers."""

import time
from collections.abc import Callable
from typing import Final

from analyzer import metrics
from analyzer.exporting.material import ExportError
from analyzer.exporting.parts import Exports
from analyzer.status import Status
from analyzer.store.database import StoreError
from analyzer.store.sessions import Run
from analyzer.store.store import Store
from analyzer.turns import Turns
from sacmes_core import questions
from sacmes_core.messages import Publication
from sacmes_core.payloads.questions import ExportQuery
from sacmes_core.payloads.replies import Problem
from sacmes_core.payloads.results import Progress
from sacmes_core.protocol import PROGRESS, publication
from sacmes_core.questions import Asked

WAITING_MAX: Final = 32
WAITING_OF_ONE_MAX: Final = 8
PROGRESS_EVERY_S: Final = 0.5


class ExportDesk:
    """Takes questions from any thread; `work` makes the exports in a thread of its own.

    Parameters
    ----------
    send
        Hands an answer to the broker.
    """

    def __init__(
        self, store: Store, status: Status, send: Callable[[Publication | None], None]
    ) -> None:
        self._exports = Exports(store)
        self._status = status
        self._send = send
        self._waiting: Turns[tuple[Asked, ExportQuery, Run]] = Turns(
            WAITING_MAX, WAITING_OF_ONE_MAX
        )
        self._told_at = 0.0

    def ask(self, asked: Asked, query: ExportQuery, run: Run) -> Problem | None:
        """Let an export be made; why not, if too many are waited for already."""
        if self._waiting.put(asked.user_id, (asked, query, run)):
            return None
        return Problem(
            type="unavailable",
            title="Too many exports",
            detail="Other exports are being made; ask again in a minute.",
        )

    def work(self, timeout_s: float = 0.5) -> bool:
        """Make the next export and send the part that is asked for; whether there was one."""
        waiting = self._waiting.take(timeout_s)
        if waiting is None:
            return False
        asked, query, run = waiting
        try:
            self._answer(asked, query, run)
        except StoreError as error:
            problem = Problem(
                type="unavailable", title="The store does not answer", detail=str(error)[:2000]
            )
            self._send(questions.reply(asked, problem))
            self._status.trouble("exports", str(error))
        else:
            self._status.trouble("exports", None)
        return True

    def turn_away(self) -> None:
        """Tell all who wait that their exports are not made any more, as the analyzer ends."""
        while (waiting := self._waiting.take(0)) is not None:
            asked, _, _ = waiting
            problem = Problem(
                type="unavailable",
                title="The analyzer ends",
                detail="The export was not begun; ask again when an analyzer is there.",
            )
            self._count(asked, problem.type)
            self._send(questions.reply(asked, problem))

    def _answer(self, asked: Asked, query: ExportQuery, run: Run) -> None:
        def tell(done: int, of: int) -> None:
            self._tell(run, done, of)

        try:
            part = self._exports.part(run, query, asker=asked.reply_to or "", progress=tell)
        except ExportError as error:
            problem = Problem(type=error.kind, title="No such export", detail=str(error))
            self._count(asked, problem.type)
            self._send(questions.reply(asked, problem))
            return
        properties = {
            "file": part.file,
            "part": str(query.part),
            "parts": str(part.parts),
            "state": part.state,
        }
        self._count(asked, "answered")
        self._send(
            questions.file_reply(
                asked, part.content, content_type=part.content_type, properties=properties
            )
        )

    def _count(self, asked: Asked, outcome: str) -> None:
        self._status.metrics.add(metrics.QUESTIONS, labels=(asked.question.verb, outcome))

    def _tell(self, run: Run, done: int, of: int) -> None:
        """Say that an export goes on, and publish how far it is: now and then, if it takes long."""
        self._status.turned()
        now = time.monotonic()
        if done == 0:
            self._told_at = now
        elif now - self._told_at > PROGRESS_EVERY_S:
            self._told_at = now
            progress = Progress(
                session_id=run.document.session_id,
                job="export",
                done=min(done, of),
                of=of,
                settings_revision=run.shown_revision,
            )
            self._send(publication(PROGRESS, progress, user_id=run.user_id))
