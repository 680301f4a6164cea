"""A running analyzer as those see it who watch over it: health, metrics, log, its end."""

import json
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from select import select as select_readable

import pytest
from sqlalchemy import select
from support.agent import speaking, voltammogram
from support.broker import Broker
from support.programs import running
from support.tools import wait_until

from analyzer.store.engines import home_url
from analyzer.store.leases import holder_of
from analyzer.store.store import open_store
from analyzer.store.tables import claims
from dashboard.demo_broker import free_port
from sacmes_core import questions
from sacmes_core.messages import Publication
from sacmes_core.payloads.questions import SessionsQuery, StartRequest


@dataclass
class Watched:
    broker: Broker
    port: int
    home: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def log(self) -> Path:
        return self.home / "log"

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as said:
                return said.status, said.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()
        except OSError:
            return 0, ""

    def ready(self) -> bool:
        return self.get("/readyz")[0] == 200

    def metrics(self) -> dict[str, float]:
        lines = self.get("/metrics")[1].splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[socket.socket]:
    """The socket at which systemd listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path_factory.mktemp("systemd") / "notify"))
        listening.setblocking(False)
        yield listening


@pytest.fixture(scope="module")
def watched(
    broker: Broker, tmp_path_factory: pytest.TempPathFactory, manager: socket.socket
) -> Iterator[Watched]:
    home = tmp_path_factory.mktemp("analyzer")
    one = Watched(broker, free_port(), home)
    arguments = ("run", "--broker", broker.url("analyzer"), "--home", home)
    systemd = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "4000000"}
    more = ("--http", str(one.port), "--log-format", "json", "--log-level", "debug")
    with running("sacmes-analyzer", *arguments, *more, log=one.log, **systemd) as one.process:
        wait_until(one.ready, timeout=60, what="a ready analyzer")
        yield one


def test_health_and_metrics_follow_what_happens(watched: Watched) -> None:
    with speaking(watched.broker) as alice:
        session = alice.start()
        alice.upload(session.session_id, "SWV_10Hz_1.txt", voltammogram())
        alice.wait_for_receipts()
        alice.upload(session.session_id, "SWV_10Hz_1.txt", voltammogram())
        alice.ask(questions.SESSIONS, SessionsQuery())
        alice.ask(questions.START, StartRequest(seen_revision=99))
        counted = wait_until(
            lambda: (m := watched.metrics())["sacmes_uploads_received_total"] == 2
            and m["sacmes_results_total"] and m,
            what="the counts",
        )  # fmt: skip
    assert counted["sacmes_uploads_stored_total"] == 1
    assert counted["sacmes_uploads_repeated_total"] == 1
    assert counted['sacmes_receipts_total{status="stored"}'] == 2
    assert counted["sacmes_claims_total"] == 1
    assert counted["sacmes_analysis_seconds_count"] == 1
    assert counted["sacmes_result_delay_seconds_count"] == 1
    assert counted['sacmes_questions_total{verb="sessions",outcome="answered"}'] == 1
    assert counted['sacmes_questions_total{verb="start",outcome="conflict"}'] == 1
    assert counted["sacmes_ingest_lease_held"] == 1
    assert counted["sacmes_store_bytes"] > 4096
    assert "alice" not in watched.get("/metrics")[1]

    watched.broker.kill9()
    _, text = wait_until(
        lambda: (said := watched.get("/readyz"))[0] == 503 and said, what="the broker missed"
    )
    assert "The broker is not connected" in json.loads(text)["reasons"][0]
    assert watched.get("/healthz")[0] == 200
    watched.broker.start()
    wait_until(watched.ready, what="an analyzer that is ready again")
    assert watched.metrics()['sacmes_broker_connections_total{link="ingest"}'] == 2


def test_its_log_says_whom_a_line_concerns_and_no_key(watched: Watched) -> None:
    with speaking(watched.broker) as alice:
        session = alice.start()
        alice.link.publish(Publication("sacmes/alice/query/nonsense", b"", 1))
        alice.upload(session.session_id, "SWV_10Hz_1.txt", voltammogram())
        alice.wait_for_receipts()
        wait_until(lambda: alice.results, what="the result")
        text = watched.log.read_text("utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    started = next(line for line in lines if f"Session {session.session_id}" in line["message"])
    assert (started["user_id"], started["session_id"]) == ("alice", session.session_id)
    refused = next(line for line in lines if line["message"].startswith("Refused on questions"))
    assert refused["user_id"] == "alice"
    assert not [key for key in watched.broker.keys.values() if key in text]


def test_asked_to_end_it_finishes_what_it_holds(watched: Watched, manager: socket.socket) -> None:
    """The last test of this analyzer."""
    with speaking(watched.broker) as alice:
        session = alice.start()
        for number in range(1, 201):
            alice.upload(session.session_id, f"SWV_10Hz_{number}.txt", voltammogram())
        told = alice.receipts
        wait_until(lambda: len(told) > 20, what="the first receipts")
        assert watched.process is not None
        watched.process.send_signal(signal.SIGTERM)
        assert watched.process.wait(30) == 0
        store = open_store(home_url(watched.home / "analyzer"))
        run = store.sessions.find("alice", session.session_id)
        assert run is not None
        stored = {upload.header.upload_id for upload in store.uploads.every(run.run)}
        wait_until(lambda: stored <= told.keys(), what="a receipt for each upload")
    assert len(stored) > 20
    assert holder_of(store.database) is None
    with store.database.read() as connection:
        held = connection.execute(select(claims).where(claims.c.holder.is_not(None))).all()
    store.close()
    assert held == []
    said = [manager.recv(1000).decode() for _ in iter(lambda: readable(manager), False)]
    assert said[0].startswith("READY=1")
    assert "WATCHDOG=1" in said
    assert said[-1] == "STOPPING=1"
    text = watched.log.read_text("utf-8")
    assert "Not ended in time" not in text
    assert "Traceback" not in text


def readable(listening: socket.socket) -> bool:
    return bool(select_readable([listening], [], [], 0)[0])
