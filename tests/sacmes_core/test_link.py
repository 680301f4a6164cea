"""The link, against a real broker: it comes back, keeps its session, and never raises."""

import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.broker import Broker
from support.client import connected

from sacmes_core.address import BrokerAddress
from sacmes_core.errors import ProtocolError
from sacmes_core.link import Link
from sacmes_core.link_events import (
    Connected,
    Disconnected,
    LinkEvent,
    LinkOptions,
    Published,
    Received,
    Refused,
    Subscription,
)
from sacmes_core.messages import Publication

QUERY = "sacmes/alice/query/history"
REPLY = "sacmes/alice/reply/x1"


class Driven:
    """A link with the events that it has reported."""

    def __init__(self, address: str, **options: Any) -> None:
        self.events: queue.SimpleQueue[LinkEvent] = queue.SimpleQueue()
        options.setdefault("client_id", f"alice.test.{time.monotonic_ns():x}")
        self.link = Link(BrokerAddress.parse(address), LinkOptions(**options), self.events)

    def next(
        self, kind: Any, wanted: Callable[[Any], bool] = lambda _: True, timeout_s: float = 10
    ) -> Any:
        """The next event of a kind; those before it are dropped."""
        deadline = time.monotonic() + timeout_s
        while True:
            event = self.events.get(timeout=max(0.01, deadline - time.monotonic()))
            if isinstance(event, kind) and wanted(event):
                return event


@contextmanager
def link(address: str, **options: Any) -> Iterator[Driven]:
    driven = Driven(address, **options)
    driven.link.start()
    try:
        yield driven
    finally:
        driven.link.stop()


def test_a_message_comes_with_all_its_properties(broker: Broker) -> None:
    sent = Publication(
        REPLY, b"\x00\xff", content_type="text/csv", user_properties=(("a", "1"), ("a", "2")),
        response_topic="sacmes/alice/reply/x2", correlation_data=b"\x01", expiry_s=30,
    )  # fmt: skip
    with link(broker.url("alice"), subscriptions=(Subscription(REPLY),)) as driven:
        driven.next(Connected)
        token = driven.link.publish(sent)
        received = driven.next(Received).message
        assert (received.topic, received.payload, received.content_type) == (
            REPLY, b"\x00\xff", "text/csv",
        )  # fmt: skip
        assert received.user_properties == (("a", "1"), ("a", "2"))
        assert received.response_topic == "sacmes/alice/reply/x2"
        assert received.correlation_data == b"\x01"
        assert received.expiry_s in (29, 30)
        assert token is not None


def test_a_byte_order_mark_in_a_message_does_not_end_the_connection(broker: Broker) -> None:
    with link(broker.url("alice"), subscriptions=(Subscription(REPLY),)) as driven:
        driven.next(Connected)
        driven.link.publish(Publication(REPLY, b"1", user_properties=(("file", "\ufeffa.txt"),)))
        driven.link.publish(Publication(REPLY, b"2"))
        assert driven.next(Received).message.user_properties == (("file", "\ufeffa.txt"),)
        assert driven.next(Received).message.payload == b"2"


def test_the_brokers_answer_comes_back_under_the_token(broker: Broker) -> None:
    with link(broker.url("alice")) as driven:
        driven.next(Connected)
        allowed = driven.link.publish(Publication(REPLY, b"x"))
        denied = driven.link.publish(Publication("sacmes/bob/reply/x1", b"x"))
        first, second = driven.next(Published), driven.next(Published)
        assert (first.token, first.error, first.no_subscribers) == (allowed, None, True)
        assert second.token == denied
        assert second.error is not None


def test_it_comes_back_after_the_broker_was_killed(own_broker: Broker) -> None:
    with link(own_broker.url("alice"), subscriptions=(Subscription(REPLY),)) as driven:
        driven.next(Connected)
        own_broker.kill9()
        driven.next(Disconnected)
        assert driven.link.publish(Publication(REPLY, b"lost")) is None
        assert not driven.link.connected
        assert "Nothing answers" in driven.next(Refused).reason
        own_broker.start()
        driven.next(Connected)
        driven.link.publish(Publication(REPLY, b"found"))
        assert driven.next(Received).message.payload == b"found"


def test_it_waits_for_a_broker_that_is_not_there_yet(own_broker: Broker) -> None:
    own_broker.stop()
    with link(own_broker.url("alice")) as driven:
        driven.next(Refused)
        own_broker.start()
        assert driven.next(Connected)


def test_a_session_keeps_what_came_while_it_was_away(broker: Broker) -> None:
    options: dict[str, Any] = {
        "client_id": "alice.test.kept", "session_expiry_s": 60,
        "subscriptions": (Subscription(QUERY),),
    }  # fmt: skip
    with link(broker.url("alice"), **options) as driven:
        assert not driven.next(Connected).session_present
        time.sleep(0.2)
    with connected(broker, "alice") as client:
        for k in range(5):
            client.publish(QUERY, b"%d" % k)
    with link(broker.url("alice"), **options) as driven:
        assert driven.next(Connected).session_present
        assert [driven.next(Received).message.payload for _ in range(5)] == [
            b"0", b"1", b"2", b"3", b"4",
        ]  # fmt: skip


def test_what_was_not_acknowledged_comes_again(broker: Broker) -> None:
    options: dict[str, Any] = {
        "client_id": "alice.test.manual", "session_expiry_s": 60, "manual_acknowledge": True,
        "subscriptions": (Subscription(QUERY),),
    }  # fmt: skip
    with link(broker.url("alice"), **options) as driven:
        driven.next(Connected)
        for payload in (b"done", b"not done"):
            driven.link.publish(Publication(QUERY, payload))
        driven.link.acknowledge(driven.next(Received))
        assert driven.next(Received).message.payload == b"not done"
        time.sleep(0.2)
    with link(broker.url("alice"), **options) as driven:
        again = driven.next(Received)
        assert again.message.payload == b"not done"
        driven.link.acknowledge(again)


def test_the_will_is_told_after_a_loss_and_not_after_a_farewell(broker: Broker) -> None:
    topic = "sacmes/alice/presence/agent"
    will = Publication(topic, b"lost", retain=False)
    with connected(broker, "alice") as client:
        client.subscribe(topic)
        with link(broker.url("alice"), will=will) as driven:
            driven.next(Connected)
            assert driven.link.stop([Publication(topic, b"stopped")])
        time.sleep(0.5)
        assert [s.payload for s in client.seen] == [b"stopped"]
        with link(broker.url("alice"), will=will) as driven:
            driven.next(Connected)
            cut(driven.link)
            driven.next(Disconnected)
        time.sleep(0.5)
        assert [s.payload for s in client.seen] == [b"stopped", b"lost"]


def test_a_reconnect_within_the_delay_sends_no_will(broker: Broker) -> None:
    topic = "sacmes/alice/presence/agent"
    with connected(broker, "alice") as client:
        client.subscribe(topic)
        with link(
            broker.url("alice"),
            will=Publication(topic, b"lost"),
            will_delay_s=4,
            session_expiry_s=60,
        ) as driven:
            driven.next(Connected)
            cut(driven.link)
            driven.next(Connected)
            time.sleep(4.5)
            assert client.seen == []


@pytest.mark.parametrize("give_up", [True, False])
def test_a_wrong_key_is_told_and_tried_again_only_where_that_is_wanted(
    broker: Broker, give_up: bool
) -> None:
    with link(broker.url("alice", key="wrong"), give_up_on_login=give_up) as driven:
        assert driven.next(Refused).login
        if give_up:
            with pytest.raises(queue.Empty):
                driven.next(Refused, timeout_s=2)
        else:
            assert driven.next(Refused).login


def test_a_second_connection_with_the_same_client_id_is_told_as_such_or_as_a_loss(
    broker: Broker,
) -> None:
    with link(broker.url("alice"), client_id="alice.test.same") as first:
        first.next(Connected)
        with connected(broker, "alice", client_id="alice.test.same"):
            assert first.next(Disconnected)


def test_what_the_broker_would_cut_for_its_size_is_not_sent(broker: Broker) -> None:
    with link(broker.url("alice")) as driven:
        limit = driven.next(Connected).maximum_packet_bytes
        assert limit is not None
        with pytest.raises(ProtocolError, match="at most"):
            driven.link.publish(Publication(REPLY, bytes(limit)))
        assert driven.link.connected


def test_a_server_that_is_no_broker_is_named_as_such() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def slam() -> None:
            connection, _ = server.accept()
            connection.close()

        thread = threading.Thread(target=slam)
        thread.start()
        with link(f"mqtt://u:k@127.0.0.1:{port}") as driven:
            assert "is it an MQTT 5 broker" in driven.next(Refused).reason
        thread.join()


@pytest.mark.parametrize(
    "answer",
    [b"\x20\x02\x00\x00", b"\x20\x03\x00\x00\x00\x30\x04\x00\x01a\x05"],
    ids=["of MQTT 3", "accepted, then no message of MQTT 5"],
)
def test_it_comes_back_after_what_is_no_packet_of_mqtt_5(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        open_ones = []

        def speak() -> None:
            for _ in range(2):
                connection, _ = server.accept()
                open_ones.append(connection)
                connection.recv(1000)
                connection.sendall(answer)

        thread = threading.Thread(target=speak, daemon=True)
        thread.start()
        with link(f"mqtt://u:k@127.0.0.1:{server.getsockname()[1]}") as driven:
            for _ in range(2):
                driven.next(Refused | Disconnected)
            assert not driven.link.connected
        thread.join(10)
        for connection in open_ones:
            connection.close()


@contextmanager
def many_open_files(count: int) -> Iterator[None]:
    """A process that has so many files open, as one that serves as many people has."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2 * count:
        pytest.skip(f"this machine lets no process have {count} files open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * count), hard))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(count)]
    try:
        yield
    finally:
        for number in opened:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_it_connects_though_a_thousand_files_are_open(broker: Broker) -> None:
    with many_open_files(1100), link(broker.url("alice")) as driven:
        driven.next(Connected)
        token = driven.link.publish(Publication(REPLY, b"x"))
        assert driven.next(Published).token == token


def test_an_unknown_host_is_named(tmp_path: Path) -> None:
    with link("mqtt://u:k@no-such-host.invalid") as driven:
        assert "no-such-host.invalid" in driven.next(Refused, timeout_s=20).reason


def test_stopping_ends_the_threads(broker: Broker) -> None:
    before = set(threading.enumerate())
    with link(broker.url("alice")) as driven:
        driven.next(Connected)
    assert set(threading.enumerate()) <= before


def test_stopping_ends_a_connection_that_is_made_meanwhile(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    driven = Driven(broker.url("alice"))

    class Late(threading.Event):
        """The connection is there as the end is told, and was not as the end began."""

        def set(self) -> None:
            driven.link.start()
            driven.next(Connected)
            super().set()

    monkeypatch.setattr(driven.link, "_stopping", Late())
    driven.link.stop()
    driven.next(Disconnected)
    assert not driven.link._thread.is_alive()


def test_a_link_that_never_connected_stops_at_once() -> None:
    driven = Driven("mqtt://127.0.0.1:9")
    driven.link.start()
    driven.next(Refused)
    started = time.monotonic()
    assert not driven.link.stop()
    assert time.monotonic() - started < 5


def cut(one: Link) -> None:
    """End the connection as a dead network does, without a word to the broker."""
    current = one._current
    assert current is not None
    sock = current.client.socket()
    assert sock is not None
    sock.shutdown(socket.SHUT_RDWR)
