"""Alerts that are kept before they are told, and told to a webhook until it has answered."""

import http.server
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError
from support.agent import packed, voltammogram
from support.stored import SESSION, Outbox

from analyzer.alerting import AgentHeard, ResultCame, ScansStored, SessionSeen
from analyzer.answers import Answers
from analyzer.ingest import Arrival, check
from analyzer.sessions import SettingsChanged, Started
from analyzer.status import Status
from analyzer.store.database import StoreError
from analyzer.store.engines import home_url
from analyzer.store.store import Store, open_store
from analyzer.watchman import Watchman
from analyzer.webhook import (
    ALERT_HEADER,
    ATTEMPTS_MAX,
    SIGNATURE_HEADER,
    Poster,
    Webhook,
    signature,
)
from analyzer.worker import Worker
from sacmes_core.errors import ConfigError
from sacmes_core.messages import Message
from sacmes_core.payloads.alerts import AcknowledgeRequest, Alert, Alerts, AlertsQuery, AlertsReply
from sacmes_core.payloads.questions import SettingsRequest, StartRequest
from sacmes_core.payloads.replies import Problem
from sacmes_core.payloads.results import ElectrodeResult, Result, ScanReference
from sacmes_core.protocol import SESSION as DOCUMENT
from sacmes_core.protocol import decode, publication
from sacmes_core.settings.alerts import AlertSettings, BandRule
from sacmes_core.settings.session import SessionSettings

AT = datetime(2026, 3, 1, tzinfo=UTC)


class Tower:
    """A watchman with a clock of his own and without a broker."""

    def __init__(self, store: Store, now: float = AT.timestamp(), *, post: bool = False) -> None:
        self.store, self.now, self.ticks = store, now, 100.0
        self.outbox = Outbox()
        self.watchman = Watchman(
            *(store, self.outbox, Status()),
            post=post,
            now=lambda: self.now,
            ticks=lambda: self.ticks,
        )
        self.watchman.connected()
        self.watchman.work(0.001)

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds)):
            self.now += 1
            self.ticks += 1
            self.watchman.work(0.0001)

    def told(self) -> tuple[Alert, ...]:
        return decode(Alerts, self.outbox.sent[-1].payload).alerts if self.outbox.sent else ()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(home_url(tmp_path))
    yield opened
    opened.close()


def begin(store: Store, rules: AlertSettings, user_id: str = "alice") -> None:
    request = StartRequest(settings=SessionSettings(alerts=rules))
    store.sessions.apply(user_id, Started(request, SESSION), AT)


def scan(position: int, normalised: float) -> Result:
    return Result(
        session_id=SESSION,
        position=position,
        upload_id=f"{position:064x}",
        scan=ScanReference(file="a", number=position),
        settings_revision=1,
        trend_revision=0,
        version="1",
        electrodes=(ElectrodeResult(electrode=1, normalised=normalised),),
    )


def test_what_came_for_several_users_is_kept_in_one_transaction(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = ("alice", "bobby", "carol")
    rule = BandRule(quantity="normalised", low=0.5, scans=2)
    for user_id in users:
        begin(store, AlertSettings(no_scans_s=None, bands=(rule,)), user_id)
    tower = Tower(store)
    turns = {user_id: store.alerts.watch(user_id, tower.now).turn for user_id in users}
    written: list[bool] = []
    write = store.database.write

    def counted(*, durable: bool = True) -> AbstractContextManager[Connection]:
        written.append(durable)
        return write(durable=durable)

    monkeypatch.setattr(store.database, "write", counted)
    for user_id in users:
        tower.watchman.note(user_id, ResultCame(scan(1, 1.0)))
    tower.watchman.work(0.001)
    assert written == [False]
    assert all(store.alerts.watch(u, tower.now).turn == turns[u] + 1 for u in users)


def test_alert_is_kept_told_acknowledged_and_not_raised_again(store: Store) -> None:
    begin(store, AlertSettings(no_scans_s=30))
    tower = Tower(store)
    tower.wait(31)
    (alert,) = tower.told()
    assert (alert.kind, alert.state, alert.session_id) == ("no_scans", "active", SESSION)
    assert tower.outbox.sent[-1].retain
    again = Tower(store, tower.now)
    assert again.told() == (alert,), "told again after a restart"
    again.wait(40)
    assert len(store.alerts.list("alice", 9)) == 1
    answer = again.watchman.answer("alice", AcknowledgeRequest(alert_id=alert.alert_id, by="bob"))
    assert isinstance(answer, AlertsReply)
    assert [a.acknowledged_by for a in answer.alerts] == ["bob"]
    assert [a.state for a in again.told()] == ["acknowledged"]
    again.watchman.note("alice", ScansStored())
    again.wait(1)
    assert again.told() == ()
    listed = again.watchman.answer("alice", AlertsQuery())
    assert isinstance(listed, AlertsReply)
    assert [a.state for a in listed.alerts] == ["cleared"]
    foreign = again.watchman.answer("bob", AcknowledgeRequest(alert_id=alert.alert_id))
    assert isinstance(foreign, Problem)


@pytest.mark.parametrize("set_by_s", [2400.0, -2400.0], ids=["forward", "back"])
def test_a_clock_that_is_set_neither_raises_nor_hides_an_alert(
    store: Store, set_by_s: float
) -> None:
    begin(store, AlertSettings(no_scans_s=300, agent_offline_s=60))
    tower = Tower(store)
    tower.watchman.note("alice", AgentHeard("lost", "pi"))
    tower.wait(50)
    tower.now += set_by_s
    tower.wait(9)
    assert tower.told() == ()
    tower.wait(3)
    assert [(a.kind, a.since) for a in tower.told()] == [
        ("agent_offline", datetime.fromtimestamp(AT.timestamp() + set_by_s + 61, UTC))
    ]
    tower.wait(235)
    assert len(tower.told()) == 1
    tower.wait(5)
    assert [a.kind for a in tower.told()] == ["agent_offline", "no_scans"]


def test_what_happened_while_the_store_was_in_trouble_is_judged_later(store: Store) -> None:
    begin(store, AlertSettings(no_scans_s=None, agent_offline_s=60))
    tower = Tower(store)
    tower.watchman.note("alice", AgentHeard("online", "pi"))
    tower.wait(1)
    tower.watchman.note("alice", AgentHeard("stopped", "pi"))
    with unwritable(store, "UPDATE ON watches"), pytest.raises(StoreError):
        tower.wait(1)
    tower.wait(100)
    assert store.alerts.list("alice", 9) == (), "its operator stopped it"


def test_alerts_are_retained_again_as_soon_as_the_store_can_be_read(store: Store) -> None:
    begin(store, AlertSettings(no_scans_s=30))
    tower = Tower(store)
    tower.wait(31)
    told = tower.told()
    assert len(told) == 1
    faults = [OperationalError("read", None, sqlite3.OperationalError("disk I/O error"))]

    def fail(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT DISTINCT alerts") and faults:
            raise faults.pop()

    event.listen(store.database.engine, "before_cursor_execute", fail)
    tower.watchman.connected()
    with pytest.raises(StoreError):
        tower.wait(1)
    tower.outbox.sent.clear()
    tower.wait(1)
    assert tower.told() == told


def test_a_session_that_the_store_had_lost_is_watched_as_soon_as_it_is_known_again(
    store: Store, tmp_path: Path
) -> None:
    begin(store, AlertSettings(no_scans_s=30))
    run = store.sessions.find("alice", None)
    assert run is not None
    (tmp_path / "new").mkdir()
    fresh = open_store(home_url(tmp_path / "new"))
    tower = Tower(fresh)
    answers = Answers(fresh, tower.outbox, Status(), lambda: None, tower.watchman)
    message = publication(DOCUMENT, run.document, user_id="alice")
    answers.retained(Message(message.topic, message.payload, retain=True))
    tower.wait(32)
    assert [alert.kind for alert in tower.told()] == ["no_scans"]
    fresh.close()


def test_half_a_streak_outlives_its_judge(store: Store) -> None:
    rule = BandRule(quantity="normalised", low=0.5, scans=2)
    begin(store, AlertSettings(no_scans_s=None, bands=(rule,)))
    tower = Tower(store)
    tower.watchman.note("alice", ResultCame(scan(1, 0.4)))
    tower.wait(1)
    assert not store.alerts.list("alice", 9)
    again = Tower(store, tower.now)
    again.watchman.note("alice", ResultCame(scan(1, 0.4)))
    again.wait(1)
    assert not store.alerts.list("alice", 9)
    again.watchman.note("alice", ResultCame(scan(2, 0.3)))
    again.wait(1)
    assert [a.value for a in again.told()] == [0.3]


def test_scans_that_nobody_judged_are_judged_later(store: Store) -> None:
    rule = BandRule(low=1.0, scans=1)
    begin(store, AlertSettings(no_scans_s=None))
    tower = Tower(store)
    run = store.sessions.find("alice", None)
    assert run is not None
    settings = SessionSettings(alerts=AlertSettings(no_scans_s=None, bands=(rule,)))
    request = SettingsRequest(seen_revision=run.document.revision, settings=settings)
    store.sessions.apply("alice", SettingsChanged(request), AT)
    changed = store.sessions.find("alice", None)
    assert changed is not None
    assert changed.document.settings_revision == run.document.settings_revision
    assert not changed.trend_stale
    tower.watchman.note("alice", SessionSeen(changed.document))
    tower.wait(1)
    tower.watchman.disconnected()
    sent = packed(SESSION, "SWV_10Hz_1.txt", voltammogram(), user_id="alice")
    arrival = check(Message(sent.topic, sent.payload, user_properties=sent.user_properties))
    assert isinstance(arrival, Arrival)
    store.uploads.commit([arrival], AT)
    worker = Worker(store, Outbox(), Status(), holder="one")
    while worker.turn():
        pass
    again = Tower(store, tower.now)
    assert [a.kind for a in again.told()][:1] == ["signal_out_of_band"]


def test_of_two_judges_one_keeps_what_it_says(store_url: str) -> None:
    store = open_store(store_url)
    begin(store, AlertSettings(no_scans_s=30))
    one, other = Tower(store), Tower(store)
    one.wait(31)
    other.wait(31)
    assert len(store.alerts.list("alice", 9)) == 1
    assert other.told() == (), "it looked again, at a session that was silent for a second"
    other.wait(31)
    assert other.told() == ()
    (alert,) = store.alerts.list("alice", 9)
    assert alert.state == "active"
    store.close()


class Hook(http.server.BaseHTTPRequestHandler):
    answers: list[int]
    heard: list[tuple[dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append((dict(self.headers), body))
        code = self.answers.pop(0) if self.answers else 204
        if not code:
            self.wfile.write(b"I speak something else\r\n")
            return
        self.send_response(code)
        if code == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[tuple[str, type[Hook]]]:
    handler = type("OneHook", (Hook,), {"answers": [], "heard": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", handler
    server.shutdown()
    thread.join()
    server.server_close()


def silence_to_post(store: Store, webhook: Webhook) -> tuple[Tower, Poster]:
    """An alert that no scans come, and who is to post it."""
    begin(store, AlertSettings(no_scans_s=30))
    tower = Tower(store, post=True)
    tower.wait(31)
    always, never = (lambda: True), threading.Event()
    return tower, Poster(store.alerts, webhook, always, never, lambda: tower.now)


def test_webhook_is_told_once_signed_and_again_after_faults(
    store: Store, hook: tuple[str, type[Hook]]
) -> None:
    url, handler = hook
    handler.answers = [500, 302, 0]
    tower, poster = silence_to_post(store, Webhook(url, "s3cret"))
    for _ in range(4):
        poster.work()
        tower.now += 20
    # Nothing is left: the next turn would wait.
    assert store.alerts.posts(tower.now, 9) == ()
    assert len(handler.heard) == 4, "the redirection was not followed"
    assert len({body for _, body in handler.heard}) == 1
    headers, body = handler.heard[-1]
    (alert,) = store.alerts.list("alice", 9)
    assert headers[ALERT_HEADER] == alert.alert_id
    assert headers[SIGNATURE_HEADER] == signature("s3cret", body)
    told = json.loads(body)
    assert (told["user_id"], told["alert"]["kind"]) == ("alice", "no_scans")
    assert "s3cret" not in repr(Webhook(url, "s3cret"))


def test_webhook_is_told_once_though_the_store_is_full(
    store: Store, hook: tuple[str, type[Hook]]
) -> None:
    url, handler = hook
    tower, poster = silence_to_post(store, Webhook(url))
    with unwritable(store, "UPDATE ON alerts"):
        for _ in range(3):
            with pytest.raises(StoreError):
                poster.work()
    assert len(handler.heard) == 1
    poster._note()
    assert store.alerts.posts(tower.now, 9) == ()


@contextmanager
def unwritable(store: Store, what: str) -> Iterator[None]:
    """A store that can be read, and in which one change is not possible."""
    with store.database.write() as connection:
        connection.exec_driver_sql(
            f"CREATE TRIGGER full BEFORE {what} BEGIN SELECT RAISE(FAIL, 'full'); END"
        )
    yield
    with store.database.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER full")


def test_webhook_that_never_answers_is_given_up(store: Store) -> None:
    tower, poster = silence_to_post(store, Webhook("http://127.0.0.1:9/"))
    for _ in range(ATTEMPTS_MAX):
        assert len(store.alerts.posts(tower.now, 9)) == 1
        poster.work()
        tower.now += 301
    assert store.alerts.posts(tower.now, 9) == ()


def test_webhook_is_an_address_of_the_web() -> None:
    for wrong in ("file:///etc/passwd", "ftp://host/x", "chat.example.org"):
        with pytest.raises(ConfigError, match="no address of the web"):
            Webhook(wrong)
