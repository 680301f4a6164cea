"""What the analyzer answers, from a store with sessions of two users."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.agent import voltammogram
from support.stored import SESSION, Outbox, fill

from analyzer.answers import Answers
from analyzer.status import Status
from analyzer.store.engines import home_url
from analyzer.store.store import Store, open_store
from sacmes_core import questions
from sacmes_core.messages import Message, Publication
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.questions import ScanQuery, TrialQuery
from sacmes_core.payloads.replies import Problem, ScanReply
from sacmes_core.protocol import REPLY, parse_topic
from sacmes_core.questions import QUERY, REQUEST, Question
from sacmes_core.settings.peak import PeakSettings
from sacmes_core.settings.reading import ReadingSettings

BOBS = "9b2f4c1e-0000-4000-8000-00000000000b"


class Desk:
    """An analyzer's answers without a broker."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.outbox = Outbox()
        self._answers = Answers(store, self.outbox, Status(), lambda: None)

    def ask_raw(
        self, question: Question, payload: Payload | None = None, user_id: str = "alice"
    ) -> Publication:
        asked = payload if payload is not None else question.payload()
        sent = questions.question(
            question, asked, user_id=user_id, client="x", correlation_data=b"1"
        )
        self._answers.question(
            Message(
                sent.topic,
                sent.payload,
                response_topic=sent.response_topic,
                correlation_data=sent.correlation_data,
            )
        )
        replies = [m for m in self.outbox.sent if parse_topic(m.topic).channel is REPLY]
        assert replies[-1].topic == REPLY.topic(user_id=user_id, client="x")
        return replies[-1]

    def ask(
        self, question: Question, payload: Payload | None = None, user_id: str = "alice"
    ) -> Payload | bytes:
        answer = self.ask_raw(question, payload, user_id)
        message = Message(answer.topic, answer.payload, content_type=answer.content_type)
        return questions.read_reply(question, message)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Two scans at two frequencies and a broken file of alice; one scan of bob."""
    store = open_store(home_url(tmp_path))
    files = {
        f"SWV_{hertz}Hz_{number}.txt": voltammogram(height_a=number * 1e-6, frequency_hz=hertz)
        for number in (1, 2)
        for hertz in (10, 100)
    }
    fill(store, "alice", SESSION, files | {"broken.txt": b"no numbers"})
    fill(store, "bob", BOBS, {"SWV_10Hz_1.txt": voltammogram()})
    yield Desk(store)
    store.close()


def everything(store: Store, user_id: str = "alice") -> tuple[object, ...]:
    run = store.sessions.find(user_id, None)
    assert run is not None
    return run, tuple(store.results.every(run.run)), store.uploads.count_waiting()


def test_trial_settings_give_other_numbers_and_nothing_is_stored(desk: Desk) -> None:
    before = everything(desk.store)
    as_it_is = desk.ask(questions.TRIAL, TrialQuery(position=2))
    assert isinstance(as_it_is, ScanReply)
    scan = desk.ask(questions.SCAN, ScanQuery(position=2))
    assert isinstance(scan, ScanReply)
    stored, tried = scan.result.electrodes[0], as_it_is.result.electrodes[0]
    assert (tried.peak_current_a, tried.normalised) == (stored.peak_current_a, None)
    assert as_it_is.result.settings_revision == 0
    trial = TrialQuery(
        session_id=SESSION,
        position=2,
        peak=PeakSettings(method="sacmes-web"),
        reading=ReadingSettings(electrodes=(2,)),
    )
    other = desk.ask(questions.TRIAL, trial)
    assert isinstance(other, ScanReply)
    assert other.curves is not None
    assert [e.electrode for e in other.result.electrodes] == [2]
    assert [e.electrode for e in other.curves.electrodes] == [2]
    assert other.result.method is not None
    assert other.result.method.startswith("sacmes-web/")
    assert other.result.electrodes[0].peak_current_a != scan.result.electrodes[1].peak_current_a
    assert everything(desk.store) == before


def test_trial_takes_the_newest_scan_and_says_why_there_are_no_numbers(desk: Desk) -> None:
    newest = desk.ask(questions.TRIAL)
    assert isinstance(newest, ScanReply)
    assert newest.result.scan.file == "broken.txt"
    assert newest.result.error
    assert newest.curves is None
    for wrong in (TrialQuery(position=99), TrialQuery(position=1, index=5)):
        problem = desk.ask(questions.TRIAL, wrong)
        assert isinstance(problem, Problem)
        assert problem.type == "not_found"


ABOUT_A_SESSION = [
    question
    for question in questions.QUESTIONS
    if question.channel in (QUERY, REQUEST) and "session_id" in question.payload.model_fields
]


@pytest.mark.parametrize("question", ABOUT_A_SESSION, ids=lambda q: q.verb)
@pytest.mark.parametrize("session_id", [BOBS, "9b2f4c1e-0000-4000-8000-00000000000c"])
def test_what_is_not_yours_is_answered_as_what_does_not_exist(
    desk: Desk, question: Question, session_id: str
) -> None:
    before = everything(desk.store, "bob")
    asked = question.payload.model_validate(
        {"session_id": session_id} | WITH.get(question.verb, {})
    )
    problem = desk.ask(question, asked)
    assert isinstance(problem, Problem)
    assert (problem.type, problem.title) == ("not_found", "No such session")
    assert everything(desk.store, "bob") == before


WITH: dict[str, dict[str, object]] = {}
