"""A calibration from marks to concentrations in results and exports, through the questions."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.agent import packed, voltammogram
from support.stored import NOW, SESSION, Outbox, fill

from analyzer.answers import Answers
from analyzer.archive import export_session, import_session
from analyzer.ingest import Arrival, check
from analyzer.sessions import Started
from analyzer.status import Status
from analyzer.store.engines import home_url
from analyzer.store.pruning import old_sessions, prune
from analyzer.store.store import Store, open_store
from analyzer.worker import Worker
from sacmes_core import questions
from sacmes_core.analysis.calibration.isotherm import HillCurve
from sacmes_core.messages import Message
from sacmes_core.payloads.calibration import (
    CalibrateRequest,
    CalibrationQuery,
    CalibrationReply,
    EnteredCurve,
)
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.marks import MarkRequest
from sacmes_core.payloads.questions import ExportQuery, StartRequest, StopRequest
from sacmes_core.payloads.replies import Problem, SessionReply
from sacmes_core.questions import Question

CURVE = HillCurve(baseline=2e-6, gain=-1.2e-6, half_concentration=2e-5)
LEVELS_UM = (0.0, 5.0, 20.0, 80.0, 320.0)
OTHER = "9b2f4c1e-0000-4000-8000-000000000002"


class Desk:
    def __init__(self, store: Store) -> None:
        self.store = store
        self._outbox = Outbox()
        self._answers = Answers(store, self._outbox, Status(), lambda: None)

    def ask(self, question: Question, payload: Payload, user_id: str = "alice") -> Payload | bytes:
        sent = questions.question(
            question, payload, user_id=user_id, client="x", correlation_data=b"1"
        )
        self._answers.question(
            Message(sent.topic, sent.payload, response_topic=sent.response_topic)
        )
        while self._answers.exports.work(0) or self._answers.aside.work(0):
            pass
        answer = self._outbox.sent[-1]
        message = Message(answer.topic, answer.payload, content_type=answer.content_type)
        return questions.read_reply(question, message)

    def asked(self, question: Question, payload: Payload) -> CalibrationReply:
        answer = self.ask(question, payload)
        assert isinstance(answer, CalibrationReply), answer
        return answer

    def rows(self) -> list[dict[str, str]]:
        table = self.ask(questions.EXPORT, ExportQuery(session_id=SESSION))
        assert isinstance(table, bytes)
        return list(csv.DictReader(io.StringIO(table.decode())))

    def compute(self) -> None:
        worker = Worker(self.store, self._outbox, Status(), holder="two")
        while worker.turn() or self.store.sessions.stale():
            pass


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Three scans at each of five concentrations, and one that is marked with none."""
    store = open_store(home_url(tmp_path_factory.mktemp("store")))
    files = {}
    for place, level in enumerate((*LEVELS_UM, 40.0)):
        for k in range(3):
            height_a = float(CURVE.signal(level * 1e-6)) * (1 + 0.002 * (k - 1))
            name = f"SWV_15Hz_{3 * place + k + 1}.txt"
            files[name] = voltammogram(height_a=height_a, frequency_hz=15, electrodes=1)
    fill(store, "alice", SESSION, files)
    desk = Desk(store)
    for place, level in enumerate(LEVELS_UM):
        mark = MarkRequest(
            session_id=SESSION,
            mark_id=f"m{place}",
            kind="injection",
            number=3 * place + 1,
            concentration=level,
            concentration_unit="µM",
        )
        desk.ask(questions.MARK, mark)
    wash = MarkRequest(session_id=SESSION, mark_id="w", kind="wash", number=16)
    desk.ask(questions.MARK, wash)
    yield desk
    store.close()


def test_a_session_in_the_place_of_one_taken_out_has_its_own_calibration(tmp_path: Path) -> None:
    store = open_store(home_url(tmp_path))
    fill(store, "alice", SESSION, {})
    other, desk = "9b2f4c1e-0000-4000-8000-00000000000{}", Desk(store)
    stop = StopRequest(seen_revision=1)
    assert isinstance(desk.ask(questions.STOP, stop), SessionReply)
    worker = Worker(store, Outbox(), Status(), holder="one")
    found = []
    for number, k_molar in ((2, 1e-5), (3, 4e-5)):
        session_id = other.format(number)
        assert prune_all(store) == number - 2
        for name, height_a in (("SWV_15Hz_1.txt", number * 1e-6), ("SWV_15Hz_2.txt", 1e-6)):
            content = voltammogram(frequency_hz=15, height_a=height_a)
            sent = packed(session_id, name, content, user_id="alice")
            arrival = check(Message(sent.topic, sent.payload, user_properties=sent.user_properties))
            assert isinstance(arrival, Arrival)
            store.uploads.commit([arrival], NOW)
        curve = EnteredCurve(baseline=0.0, gain=2e-6, half_concentration_molar=k_molar)
        calibrate = CalibrateRequest(
            session_id=session_id, quantity="peak_current", source="entered", entered=(curve,)
        )
        desk.asked(questions.CALIBRATE, calibrate)
        while worker.turn() or store.sessions.stale():
            pass
        run = store.sessions.find("alice", session_id)
        assert run is not None
        assert run.run == 2, "SQLite gives the highest number anew"
        (summary, *_) = [s for s in store.sessions.list("alice", 9) if s.scans]
        assert summary.session.session_id == session_id
        first, result = store.results.page(2)
        shown = first.electrodes[0].peak_current_a
        assert summary.glimpse_currents_a[0] == pytest.approx(shown, rel=1e-4)
        found.append(result.electrodes[0].concentration_molar or 0.0)
    assert found[1] == pytest.approx(4 * found[0])
    store.close()


def prune_all(store: Store) -> int:
    return len(
        list(prune(store.database, old_sessions(store.database, datetime.max.replace(tzinfo=UTC))))
    )


def test_marks_become_a_curve_and_signals_concentrations(desk: Desk) -> None:
    query = CalibrationQuery(session_id=SESSION, quantity="peak_current")
    tried = desk.asked(questions.CALIBRATION, query)
    assert tried.holds is None
    assert tried.found is not None
    (curve,) = tried.found.curves
    k = curve.half_concentration_molar
    assert k.low is not None
    assert k.high is not None
    assert k.low < 2e-5 < k.high
    assert all(row["concentration_molar"] == "" for row in desk.rows())
    before = desk.store.sessions.find("alice", SESSION)
    request = CalibrateRequest(session_id=SESSION, quantity="peak_current", by="Ada")
    held = desk.asked(questions.CALIBRATE, request).holds
    assert held is not None
    assert (held.by, held.revision, held.origin) == ("Ada", 1, "marks")
    desk.compute()
    rows = desk.rows()
    unknown = [row for row in rows if int(row["number"]) > 15]
    assert [float(r["concentration_molar"]) for r in unknown] == pytest.approx([4e-5] * 3, rel=0.1)
    for row in unknown:
        assert float(row["concentration_low_molar"]) < 4e-5 < float(row["concentration_high_molar"])
    after = desk.store.sessions.find("alice", SESSION)
    assert before is not None
    assert after is not None
    assert after.trend_revision == before.trend_revision + 1
    assert after.document == before.document, "nothing is analysed again"
    again = desk.asked(questions.CALIBRATION, query)
    assert again.holds == held


def test_a_calibration_goes_with_the_file_of_its_session(desk: Desk, tmp_path: Path) -> None:
    entered = EnteredCurve(baseline=2e-6, gain=-1.2e-6, half_concentration_molar=2e-5)
    request = CalibrateRequest(
        session_id=SESSION, source="entered", quantity="peak_current", entered=(entered,)
    )
    held = desk.asked(questions.CALIBRATE, request).holds
    assert held is not None
    desk.compute()
    file = tmp_path / "one.zip"
    export_session(desk.store.database, "alice", SESSION, file)
    other = open_store(home_url(tmp_path))
    import_session(other.database, file, "bob")
    run = other.sessions.find("bob", SESSION)
    assert run is not None
    assert other.calibrations.of(run.run) == held
    ours = desk.store.sessions.find("alice", SESSION)
    assert ours is not None
    assert tuple(other.results.every(run.run)) == tuple(desk.store.results.every(ours.run))
    other.close()


def test_an_imported_session_that_comes_before_all_others_is_calibrated_too(
    desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "one.zip"
    export_session(desk.store.database, "alice", SESSION, file)
    other = Desk(open_store(home_url(tmp_path)))
    fill(other.store, "bob", OTHER, {})
    import_session(other.store.database, file, "bob")
    newest = other.store.sessions.find("bob", None)
    assert newest is not None
    assert newest.document.session_id == OTHER
    curve = EnteredCurve(baseline=2e-6, gain=-1.2e-6, half_concentration_molar=7e-5)
    request = CalibrateRequest(
        session_id=SESSION, source="entered", quantity="peak_current", entered=(curve,)
    )
    other.ask(questions.CALIBRATE, request, "bob")
    assert Worker(other.store, Outbox(), Status(), holder="one").turn()
    assert not other.store.sessions.stale()
    other.store.close()


def test_another_session_takes_it_over_and_lets_it_go(desk: Desk) -> None:
    run = desk.store.sessions.find("alice", SESSION)
    assert run is not None
    start = StartRequest(seen_revision=run.document.revision)
    desk.store.sessions.apply("alice", Started(start, OTHER), NOW)
    borrow = CalibrateRequest(session_id=OTHER, source="session", from_session_id=SESSION)
    held = desk.asked(questions.CALIBRATE, borrow).holds
    assert held is not None
    assert held.from_session_id == SESSION
    none = desk.asked(questions.CALIBRATE, CalibrateRequest(session_id=OTHER, source="none"))
    assert none.holds is None
    assert desk.asked(questions.CALIBRATION, CalibrationQuery(session_id=OTHER)).holds is None


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (CalibrateRequest(session_id=SESSION, quantity="kdm"), "a KDM a pair of frequencies"),
        (CalibrateRequest(session_id=SESSION, source="entered"), "Give the parameters"),
        (CalibrateRequest(session_id=SESSION, source="session"), "You have no such session"),
    ],
)
def test_what_gives_no_calibration_is_told(
    desk: Desk, request_: CalibrateRequest, said: str
) -> None:
    answer = desk.ask(questions.CALIBRATE, request_)
    assert isinstance(answer, Problem)
    assert said in answer.detail


def test_a_calibration_that_changes_meanwhile_is_not_overlooked(desk: Desk) -> None:
    run = desk.store.sessions.find("alice", SESSION)
    assert run is not None
    desk.store.calibrations.keep(run.run, None, run.document.changed_at)
    worker = Worker(desk.store, Outbox(), Status(), holder="three")
    claim = worker._claims.take(run.run)
    assert claim is not None
    stale = desk.store.sessions.by_number(run.run)
    desk.store.calibrations.keep(run.run, None, run.document.changed_at)
    assert worker._trends.again(stale, claim) is None
    desk.compute()
    assert all(row["concentration_molar"] == "" for row in desk.rows())
