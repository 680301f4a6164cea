"""Who asks for health and metrics, over a real store and a real socket."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from analyzer.monitor import Connections, Monitor
from analyzer.status import Status
from analyzer.store.engines import home_url
from analyzer.store.store import open_store
from analyzer.watch_server import Listening, answering
from sacmes_core.errors import ConfigError


@dataclass
class Bench:
    monitor: Monitor
    status: Status
    links: dict[str, bool]
    port: int = 0

    def get(self, path: str, method: str = "GET") -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    store = open_store(home_url(tmp_path))
    links = {"presence": True}
    status = Status()
    connections = Connections(lambda: dict(links), lambda: "held", lambda: False)
    monitor = Monitor(store, status, "run", tmp_path, connections)
    one = Bench(monitor, status, links)
    with answering(Listening("127.0.0.1", 0), monitor) as port:
        one.port = port
        yield one
    store.close()


def test_it_is_ready_once_the_store_was_written(bench: Bench) -> None:
    status, text = bench.get("/readyz")
    assert (status, json.loads(text)["status"]) == (503, "unavailable")
    assert bench.get("/healthz")[0] == 200
    bench.monitor.look()
    assert bench.get("/readyz") == (
        200, '{"status": "ok", "role": "run", "ingest": "held", "reasons": []}\n',
    )  # fmt: skip
    bench.links["presence"] = False
    assert "The broker is not connected (presence)." in bench.get("/readyz")[1]


def test_metrics_tell_of_the_moment(bench: Bench) -> None:
    bench.monitor.look()
    bench.status.trouble("answers", "Slow.")
    status, text = bench.get("/metrics?x=1")
    assert status == 200
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(values["sacmes_store_bytes"]) > 4096
    assert float(values["sacmes_disk_free_bytes"]) > 0
    assert values["sacmes_uploads_waiting"] == "0"
    assert values["sacmes_ingest_lease_held"] == "1"
    assert values['sacmes_broker_connected{link="presence"}'] == "1"
    assert values['sacmes_problem{part="answers"}'] == "1"


def test_it_answers_nothing_else(bench: Bench) -> None:
    assert bench.get("/")[0] == 404
    assert bench.get("/../etc/passwd")[0] == 404
    for method in ("POST", "PUT", "DELETE", "HEAD"):
        assert bench.get("/healthz", method)[0] == 501


def test_a_caller_who_says_nothing_holds_up_nobody(bench: Bench) -> None:
    with socket.create_connection(("127.0.0.1", bench.port)):
        assert bench.get("/healthz")[0] == 200


def test_a_port_that_is_taken_is_said(bench: Bench) -> None:
    with (
        pytest.raises(ConfigError, match="--http"),
        answering(Listening("127.0.0.1", bench.port), bench.monitor),
    ):
        pass


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("9464", "127.0.0.1", 9464),
        (":9464", "127.0.0.1", 9464),
        ("0.0.0.0:80", "0.0.0.0", 80),
        ("[::1]:9", "::1", 9),
    ],
)
def test_the_address_is_this_machine_unless_another_is_named(
    text: str, host: str, port: int
) -> None:
    assert Listening.parse(text) == Listening(host, port)


@pytest.mark.parametrize("text", ["", "host", "host:", "host:port", "h:70000", "h:-1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--http"):
        Listening.parse(text)
