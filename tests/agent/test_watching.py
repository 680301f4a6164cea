import queue
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.agents import chi_file, session_document
from support.tools import wait_until

from agent.outbox import FILE_NAME, Outbox
from agent.settling import Patience
from agent.source import SourceAnswer, SourceEvent, SourceReport
from agent.watching import FolderWatch, WatchOptions
from sacmes_core.errors import ProtocolError
from sacmes_core.messages import Message
from sacmes_core.payloads.preview import PreviewReply
from sacmes_core.payloads.questions import ListQuery
from sacmes_core.payloads.replies import ListReply, Problem
from sacmes_core.protocol import AGENT_QUERY, encode
from sacmes_core.questions import read_question


class Watched:
    """A watch on a folder, and what it reported."""

    def __init__(self, home: Path) -> None:
        self.root = home / "data"
        self.root.mkdir()
        self.outbox_path = home / FILE_NAME
        self.events: queue.SimpleQueue[SourceEvent] = queue.SimpleQueue()
        options = WatchOptions(self.root, "alice", self.outbox_path, Patience.of(0.2))
        self.watch = FolderWatch(options, self.events.put)

    def next(self) -> SourceEvent:
        return self.events.get(timeout=10)

    def report(self, *, taken: int) -> SourceReport:
        while True:
            event = self.next()
            if isinstance(event, SourceReport) and event.taken == taken:
                return event


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    one = Watched(tmp_path)
    yield one
    one.watch.stop()


def test_a_scan_goes_into_the_outbox_and_is_reported(watched: Watched) -> None:
    watched.watch.start()
    watched.watch.work_on(session_document())
    (watched.root / "SWV_15Hz_1.txt").write_bytes(chi_file())
    assert watched.report(taken=1).source_problem is None
    outbox = Outbox.open(watched.outbox_path)
    assert outbox.waiting_count() == 1
    outbox.close()


def test_a_question_is_answered_without_a_session(watched: Watched) -> None:
    (watched.root / "SWV_15Hz_1.txt").write_bytes(chi_file())
    topic = AGENT_QUERY.topic(user_id="alice", verb="list")
    watched.watch.start()
    watched.watch.ask(read_question(Message(topic, encode(ListQuery()))))
    event = watched.next()
    while not isinstance(event, SourceAnswer):
        event = watched.next()
    assert isinstance(event.reply, ListReply)
    assert event.reply.found[0].files == 1


def test_an_unusual_extension_is_refused_before_it_reaches_the_folder() -> None:
    for verb in ("list", "preview"):
        topic = AGENT_QUERY.topic(user_id="alice", verb=verb)
        with pytest.raises(ProtocolError, match="extension"):
            read_question(Message(topic, b'{"schema":1,"extension":"txt"}'))


def test_a_preview_is_answered_or_refused_in_a_sentence(watched: Watched) -> None:
    (watched.root / "SWV_15Hz_1.txt").write_bytes(chi_file())
    topic = AGENT_QUERY.topic(user_id="alice", verb="preview")
    watched.watch.start()
    for payload in (b"", b'{"schema":1,"file":"../outbox.sqlite"}'):
        watched.watch.ask(read_question(Message(topic, payload)))
    replies = []
    while len(replies) < 2:
        event = watched.next()
        if isinstance(event, SourceAnswer):
            replies.append(event.reply)
    assert isinstance(replies[0], PreviewReply)
    assert replies[0].scans[0].electrodes == (1,)
    assert isinstance(replies[1], Problem)


def test_an_outbox_that_cannot_be_opened_is_said_and_tried_again(watched: Watched) -> None:
    watched.outbox_path.mkdir()
    watched.watch.start()
    report = watched.next()
    assert isinstance(report, SourceReport)
    assert report.outbox_problem is not None
    watched.outbox_path.rmdir()
    watched.watch.work_on(session_document())
    (watched.root / "SWV_15Hz_1.txt").write_bytes(chi_file())
    assert watched.report(taken=1).outbox_problem is None


def test_it_ends_promptly(watched: Watched) -> None:
    watched.watch.start()
    wait_until(watched.watch._thread.is_alive)
    watched.watch.stop()
    assert not watched.watch._thread.is_alive()
