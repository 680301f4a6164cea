"""What the analyzer answers, from a store with sessions of two users."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.agent import voltammogram
from support.stored import NOW, SESSION, Outbox, fill

from analyzer.answers import Answers
from analyzer.exporting.desk import ExportDesk
from analyzer.sessions import SettingsChanged
from analyzer.status import Status
from analyzer.store.engines import home_url
from analyzer.store.sessions import Run, Sessions
from analyzer.store.store import Store, open_store
from analyzer.worker import Worker
from sacmes_core import questions
from sacmes_core.messages import Message, Publication
from sacmes_core.payloads.calibration import CalibrationQuery
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.marks import MARKS_MAX, MarkRequest, MarksQuery, MarksReply, UnmarkRequest
from sacmes_core.payloads.questions import (
    DeleteRequest,
    ExportQuery,
    HistoryQuery,
    RenameRequest,
    ScanQuery,
    SessionsQuery,
    SettingsRequest,
    StartRequest,
    StopRequest,
    TrialQuery,
    UndeleteRequest,
)
from sacmes_core.payloads.rates import RatesQuery, RatesReply
from sacmes_core.payloads.replies import (
    Problem,
    RevisionsReply,
    ScanReply,
    SessionReply,
    SessionsReply,
)
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.protocol import REPLY, decode, parse_topic, publication
from sacmes_core.protocol import SESSION as SESSION_DOCUMENT
from sacmes_core.questions import QUERY, REQUEST, Question
from sacmes_core.settings.peak import PeakSettings
from sacmes_core.settings.reading import ReadingSettings

BOBS = "9b2f4c1e-0000-4000-8000-00000000000b"


class Desk:
    """An analyzer's answers without a broker."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.outbox = Outbox()
        self.answers = Answers(store, self.outbox, Status(), lambda: None)

    def ask_raw(
        self, question: Question, payload: Payload | None = None, user_id: str = "alice"
    ) -> Publication:
        asked = payload if payload is not None else question.payload()
        sent = questions.question(
            question, asked, user_id=user_id, client="x", correlation_data=b"1"
        )
        self.answers.question(
            Message(
                sent.topic,
                sent.payload,
                response_topic=sent.response_topic,
                correlation_data=sent.correlation_data,
            )
        )
        while self.answers.exports.work(0) or self.answers.aside.work(0):
            pass
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


def test_an_older_copy_of_the_store_leaves_the_newest_document_at_the_broker(desk: Desk) -> None:
    run = desk.store.sessions.find("alice", None)
    assert run is not None
    held = run.document.model_copy(update={"revision": run.document.revision + 4, "name": "newer"})
    message = publication(SESSION_DOCUMENT, held, user_id="alice")
    # As the broker sends it with the subscription, before it hears what the store has.
    desk.answers.connected()
    desk.answers.retained(Message(message.topic, message.payload, retain=True))
    retained = {m.topic: m.payload for m in desk.outbox.sent if m.retain}
    assert decode(SessionDocument, retained[message.topic]) == held


def test_a_scan_and_its_curves_are_of_one_settings_revision(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = desk.store.sessions.find("alice", SESSION)
    assert run is not None
    settings = run.document.settings.changed({"peak.method": "sacmes-web"})
    change = SettingsRequest(seen_revision=run.document.revision, settings=settings)
    find, changed = Sessions.find, False

    def analyse_again() -> None:
        desk.store.sessions.apply("alice", SettingsChanged(change), NOW)
        worker = Worker(desk.store, Outbox(), Status(), holder="two")
        while worker.turn() or desk.store.sessions.stale():
            pass

    def found(sessions: Sessions, user_id: str, session_id: str | None) -> Run | None:
        nonlocal changed
        seen = find(sessions, user_id, session_id)
        if not changed:
            changed = True
            other = threading.Thread(target=analyse_again)
            other.start()
            other.join()
        return seen

    monkeypatch.setattr(Sessions, "find", found)
    for _ in range(2):
        reply = desk.ask(questions.SCAN, ScanQuery(position=2))
        assert isinstance(reply, ScanReply)
        assert reply.curves is not None
        peaks = [(e.peak_current_a, e.peak_potential_v) for e in reply.result.electrodes]
        assert [(c.peak_current_a, c.peak_potential_v) for c in reply.curves.electrodes] == peaks
    assert reply.result.settings_revision == run.document.revision + 1


def test_an_answer_that_is_computed_keeps_no_other_waiting(desk: Desk) -> None:
    for asked, payload in (
        (questions.CALIBRATION, CalibrationQuery()),
        (questions.RATES, RatesQuery()),
        (questions.HISTORY, HistoryQuery(form="columns")),
        (questions.SESSIONS, SessionsQuery()),
    ):
        sent = questions.question(
            asked, payload, user_id="alice", client="x", correlation_data=asked.verb.encode()
        )
        desk.answers.question(
            Message(
                sent.topic,
                sent.payload,
                response_topic=sent.response_topic,
                correlation_data=sent.correlation_data,
            )
        )
    assert [m.correlation_data for m in desk.outbox.sent] == [b"sessions"]
    while desk.answers.aside.work(0):
        pass
    answered = [m.correlation_data for m in desk.outbox.sent[1:]]
    assert answered == [b"calibration", b"rates", b"history"]


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


WITH: dict[str, dict[str, object]] = {"unmark": {"mark_id": "m"}}
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


def test_marks_are_kept_replaced_and_taken_away(desk: Desk) -> None:
    request = MarkRequest(
        mark_id="m1", kind="injection", label="ATP", number=2, concentration=10.0,
        concentration_unit="µM",
    )  # fmt: skip
    for _ in range(2):
        once = desk.ask(questions.MARK, request)
        assert isinstance(once, MarksReply)
    (mark,) = once.marks
    assert (mark.number, mark.at, mark.concentration) == (2, None, 10.0)
    now = desk.ask(questions.MARK, MarkRequest(kind="wash"))
    assert isinstance(now, MarksReply)
    assert now.marks[0] == mark
    assert now.marks[1].at is not None
    assert desk.ask(questions.MARKS, MarksQuery(session_id=SESSION)) == now
    assert desk.ask(questions.MARKS, user_id="bob") == MarksReply(session_id=BOBS, marks=())
    gone = desk.ask(questions.UNMARK, UnmarkRequest(mark_id="m1"))
    assert isinstance(gone, MarksReply)
    assert gone.marks == now.marks[1:]
    problem = desk.ask(questions.UNMARK, UnmarkRequest(mark_id="m1"))
    assert isinstance(problem, Problem)
    assert problem.title == "No such mark"
    assert desk.ask(questions.MARK, request) != gone


def test_a_session_has_room_for_so_many_marks(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MARKS_MAX >= 100
    monkeypatch.setattr("analyzer.store.marks.MARKS_MAX", 1)
    desk.ask(questions.MARK, MarkRequest(mark_id="a"))
    problem = desk.ask(questions.MARK, MarkRequest(mark_id="b"))
    assert isinstance(problem, Problem)
    assert "take one away" in problem.detail


def test_a_mark_is_in_the_next_export(desk: Desk) -> None:
    raw = ExportQuery(format="raw")
    before = desk.ask(questions.EXPORT, raw)
    desk.ask(questions.MARK, MarkRequest(label="ATP"))
    assert desk.ask(questions.EXPORT, raw) != before


def sessions(desk: Desk, *, deleted: bool = False) -> dict[str, bool]:
    reply = desk.ask(questions.SESSIONS, SessionsQuery(deleted=deleted))
    assert isinstance(reply, SessionsReply)
    return {s.session.session_id: s.deleted_at is not None for s in reply.sessions}


def test_the_newest_session_is_renamed_for_everybody(desk: Desk) -> None:
    run = desk.store.sessions.find("alice", None)
    assert run is not None
    reply = desk.ask(questions.RENAME, RenameRequest(name="day 2", by="alice"))
    assert isinstance(reply, SessionReply)
    assert (reply.session.name, reply.session.changed_by) == ("day 2", "alice")
    assert reply.session.revision == run.document.revision + 1
    assert reply.session.settings_revision == run.document.settings_revision
    assert [parse_topic(m.topic).channel.name for m in desk.outbox.sent] == ["session", "reply"]


def test_what_a_session_said_before_is_told_newest_first(desk: Desk) -> None:
    run = desk.store.sessions.find("alice", None)
    assert run is not None
    other = run.document.settings.changed({"peak.method": "classic"})
    request = SettingsRequest(seen_revision=run.document.revision, settings=other)
    desk.ask(questions.CHANGE_SETTINGS, request)
    reply = desk.ask(questions.REVISIONS)
    assert isinstance(reply, RevisionsReply)
    assert [r.settings for r in reply.revisions[:2]] == [other, run.document.settings]
    bobs = desk.ask(questions.REVISIONS, user_id="bob")
    assert isinstance(bobs, RevisionsReply)
    assert {r.session_id for r in bobs.revisions} == {BOBS}


def test_an_older_session_is_renamed_without_taking_the_newest_ones_place(desk: Desk) -> None:
    run = desk.store.sessions.find("alice", SESSION)
    assert run is not None
    start = StartRequest(seen_revision=run.document.revision)
    newest = desk.ask(questions.START, start)
    assert isinstance(newest, SessionReply)
    reply = desk.ask(questions.RENAME, RenameRequest(session_id=SESSION, name="old"))
    assert isinstance(reply, SessionReply)
    assert (reply.session.name, reply.session.state) == ("old", "stopped")
    found = desk.store.sessions.find("alice", None)
    assert found is not None
    assert found.document == newest.session
    renamed = desk.store.sessions.find("alice", SESSION)
    assert renamed is not None
    assert renamed.document == reply.session


def test_a_deleted_session_is_hidden_and_comes_back(desk: Desk) -> None:
    delete = DeleteRequest(session_id=SESSION)
    running = desk.ask(questions.DELETE, delete)
    assert isinstance(running, Problem)
    assert (running.type, "stop it first" in running.detail) == ("conflict", True)
    stopped = desk.ask(questions.STOP, StopRequest(seen_revision=running.revision or 0))
    assert isinstance(stopped, SessionReply)
    assert desk.ask(questions.DELETE, delete) == stopped
    assert sessions(desk) == {}
    assert sessions(desk, deleted=True) == {SESSION: True}
    assert isinstance(desk.ask(questions.SCAN), Problem)
    by_id = desk.ask(questions.SCAN, ScanQuery(session_id=SESSION, position=1))
    assert isinstance(by_id, ScanReply)
    assert desk.ask(questions.UNDELETE, UndeleteRequest(session_id=SESSION)) == stopped
    assert sessions(desk) == {SESSION: False}
    assert isinstance(desk.ask(questions.SCAN), ScanReply)


def test_rates_are_fitted_to_the_results_of_a_session(desk: Desk) -> None:
    reply = desk.ask(questions.RATES, RatesQuery(session_id=SESSION))
    assert isinstance(reply, RatesReply)
    # Two frequencies are too few for a rate.
    assert all("rate_undetermined" in found.flags for found in reply.electrodes)
    assert reply.electrodes
    refused = desk.ask(questions.RATES, RatesQuery(session_id=BOBS))
    assert isinstance(refused, Problem)
    assert refused.type == "not_found"


@pytest.mark.parametrize("question", [questions.EXPORT, questions.RATES], ids=lambda q: q.verb)
def test_who_asks_for_much_that_takes_long_lets_others_between(
    desk: Desk, question: Question
) -> None:
    for user_id in ("alice", "alice", "alice", "bob"):
        sent = questions.question(
            question, question.payload(), user_id=user_id, client="x", correlation_data=b"1"
        )
        message = Message(sent.topic, sent.payload, response_topic=sent.response_topic)
        desk.answers.question(message)
    while desk.answers.exports.work(0) or desk.answers.aside.work(0):
        pass
    asked = [parse_topic(message.topic).user_id for message in desk.outbox.sent]
    assert asked == ["alice", "bob", "alice", "alice"]


def test_who_asks_for_too_many_exports_at_once_is_told_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.exporting.desk.WAITING_MAX", 1)
    full = Desk(desk.store)
    monkeypatch.setattr(ExportDesk, "work", lambda *_: False)
    with pytest.raises(IndexError):
        full.ask(questions.EXPORT)
    problem = full.ask(questions.EXPORT)
    assert isinstance(problem, Problem)
    assert problem.title == "Too many exports"
