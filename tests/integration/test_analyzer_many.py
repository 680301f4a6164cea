"""Many processes at one PostgreSQL: nothing lost, nothing twice, whoever of them is killed."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.agent import Speaker, packed, speaking, voltammogram
from support.broker import Broker
from support.programs import running
from support.tools import wait_until

from analyzer.ingest import Arrival, check
from analyzer.sessions import Started
from analyzer.status import Status
from analyzer.store.database import Database
from analyzer.store.engines import home_url
from analyzer.store.leases import holder_of
from analyzer.store.store import open_store
from analyzer.worker import Worker
from sacmes_core import questions
from sacmes_core.link_events import Received
from sacmes_core.messages import Message, Publication
from sacmes_core.payloads.questions import HistoryQuery, SettingsRequest, StartRequest
from sacmes_core.payloads.replies import HistoryReply, SessionReply
from sacmes_core.payloads.results import Result

FILES = 40
PATIENCE_S = 120
"""Of a machine that has other things to do; it takes a few seconds."""


def history(alice: Speaker, session_id: str) -> tuple[Result, ...]:
    query = HistoryQuery(session_id=session_id, limit=1000)
    reply = alice.ask(questions.HISTORY, query)
    assert isinstance(reply, HistoryReply), reply
    return reply.results


def files(start: int, stop: int) -> Iterator[tuple[str, bytes]]:
    for k in range(start, stop):
        hertz, number = ((10, 100)[k % 2], k // 2 + 1)
        content = voltammogram(height_a=1e-6 + k * 1e-8, frequency_hz=hertz, electrodes=1)
        yield f"SWV_{hertz}Hz_{number}.txt", content


def feed(alice: Speaker, session_id: str, start: int, stop: int) -> None:
    for file in files(start, stop):
        alice.upload(session_id, *file)


class Processes:
    """The analyzer's processes of a test, each with a home of its own."""

    def __init__(self, broker: Broker, store_url: str, folder: Path, stack: ExitStack) -> None:
        self._common = ("--broker", broker.url("analyzer"), "--store", store_url)
        self._folder = folder
        self._stack = stack
        self.logs: list[Path] = []

    def start(self, role: str) -> subprocess.Popen[bytes]:
        name = f"{role}{len(self.logs)}"
        self.logs.append(self._folder / f"{name}.log")
        arguments = (role, *self._common, "--home", self._folder / name)
        return self._stack.enter_context(running("sacmes-analyzer", *arguments, log=self.logs[-1]))


class Nowhere:
    """A link that nobody listens to."""

    def publish(self, _publication: Publication) -> None:
        return None

    def acknowledge(self, _received: Received) -> None:
        return None


def truth(folder: Path, session_id: str) -> tuple[Result, ...]:
    """What one undisturbed worker makes of the same files."""
    folder.mkdir()
    store = open_store(home_url(folder))
    now = datetime.now(UTC)
    store.sessions.apply("alice", Started(StartRequest(), session_id), now)
    sent = [packed(session_id, *file) for file in files(0, FILES)]
    arrivals = [check(Message(m.topic, m.payload, user_properties=m.user_properties)) for m in sent]
    store.uploads.commit([a for a in arrivals if isinstance(a, Arrival)], now)
    worker = Worker(store, Nowhere(), Status(), holder="alone")
    while worker.turn() or store.sessions.stale():
        pass
    found = tuple(store.results.every(1))
    store.close()
    return found


def numbers(results: tuple[Result, ...]) -> dict[str, float]:
    """Every number by what it is of; which scan of a pair completes it depends on the order."""
    found: dict[str, float | None] = {}
    for result in results:
        (electrode,) = result.electrodes
        found[f"{result.scan.file} current"] = electrode.peak_current_a
        found[f"{result.scan.file} potential"] = electrode.peak_potential_v
        found[f"{result.scan.file} normalised"] = electrode.normalised
        if electrode.kdm is not None:
            found[f"{result.scan.number} kdm"] = electrode.kdm
    assert len(found) == 3 * FILES + FILES // 2
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.timeout(600)
def test_killed_processes_leave_no_trace(
    own_broker: Broker, postgres_url: str, tmp_path: Path
) -> None:
    database = Database(postgres_url)
    with ExitStack() as stack:
        alice = stack.enter_context(speaking(own_broker))
        processes = Processes(own_broker, postgres_url, tmp_path, stack)
        first = processes.start("ingest")
        wait_until(lambda: ready(database), timeout=PATIENCE_S, what="the lease")
        workers = [processes.start("work") for _ in range(2)]
        standby = processes.start("ingest")
        session = alice.start().session_id
        feed(alice, session, 0, FILES // 2)
        wait_until(lambda: len(history(alice, session)) > 3, timeout=PATIENCE_S, what="results")
        workers[0].kill()
        first.kill()
        feed(alice, session, FILES // 2, FILES)
        alice.wait_for_receipts(timeout=PATIENCE_S)
        found = wait_until(
            lambda: len(h := history(alice, session)) == FILES and h,
            timeout=PATIENCE_S,
            what="all results",
        )
        assert [r.position for r in found] == list(range(1, FILES + 1))
        assert set(Counter(r.scan.file for r in found).values()) == {1}
        assert standby.poll() is None
        assert numbers(found) == pytest.approx(
            numbers(truth(tmp_path / "alone", session)), rel=1e-9
        )
        processes.start("work")
        once_analysed_again(alice, session)
    database.close()
    for log in processes.logs:
        assert "Traceback" not in log.read_text("utf-8"), log


def ready(database: Database) -> str | None:
    try:
        return holder_of(database)
    except Exception:
        return None


def once_analysed_again(alice: Speaker, session_id: str) -> None:
    """Other settings: every scan once more, one trend revision, and the newest result told."""
    before = history(alice, session_id)[-1]
    current = alice.ask(questions.HISTORY, HistoryQuery(session_id=session_id, limit=1))
    assert isinstance(current, HistoryReply)
    request = SettingsRequest(
        seen_revision=current.session.revision,
        settings=current.session.settings.changed({"peak.smoothing": "off"}),
    )
    changed = alice.ask(questions.CHANGE_SETTINGS, request)
    assert isinstance(changed, SessionReply), changed
    revision = changed.session.settings_revision

    def done() -> tuple[Result, ...]:
        found = history(alice, session_id)
        same = {result.settings_revision for result in found} == {revision}
        return found if same and found[-1].trend_revision > before.trend_revision else ()

    again = wait_until(done, timeout=PATIENCE_S, what="the re-analysis")
    assert len(again) == FILES
    assert again[-1].trend_revision == before.trend_revision + 1
