"""A store with past sessions behind a real broker, answered from by the analyzer's own code."""

import uuid
from pathlib import Path

from support.agent import voltammogram
from support.stand_in import Speaker
from support.stored import fill

from analyzer.answers import Answers
from analyzer.status import Status
from analyzer.store.engines import home_url
from analyzer.store.store import open_store
from sacmes_core import protocol, questions
from sacmes_core.messages import Message

FREQUENCIES_HZ = (15, 100)


class Archive(Speaker):
    """Two sessions of a user: one that has ended, and one that runs.

    Parameters
    ----------
    scans
        Scan numbers of the first session; the second has half of them.
    """

    def __init__(self, url: str, user_id: str, home: Path, *, scans: int = 6) -> None:
        filters = (protocol.QUERY.filter(user_id=user_id), protocol.REQUEST.filter(user_id=user_id))
        super().__init__(url, user_id, filters)
        self.store = open_store(home_url(home))
        self.ended, self.running = str(uuid.uuid4()), str(uuid.uuid4())
        fill(self.store, user_id, self.ended, _files(scans, fall=0.05))
        first = self.store.sessions.find(user_id, self.ended)
        assert first is not None
        seen = first.document.revision
        fill(self.store, user_id, self.running, _files(scans // 2, fall=0.0), seen_revision=seen)
        self.answers = Answers(self.store, self.link, Status(), lambda: None)

    def start(self) -> None:
        super().start()
        self.answers.connected()

    def stop(self) -> None:
        super().stop()
        self.store.close()

    def answer(self, message: Message, _asked: questions.Asked) -> None:
        self.answers.question(message)
        while self.answers.exports.work(0) or self.answers.aside.work(0):
            pass


def _files(scans: int, *, fall: float) -> dict[str, bytes]:
    return {
        f"SWV_{hertz}Hz_{number}.txt": voltammogram(
            frequency_hz=hertz, height_a=1e-6 * (1 - fall * number)
        )
        for number in range(1, scans + 1)
        for hertz in FREQUENCIES_HZ
    }
