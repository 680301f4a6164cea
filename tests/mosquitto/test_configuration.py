"""The shipped configuration on a real Mosquitto: queues, restarts, listeners."""

import socket
import subprocess
from pathlib import Path

import pytest
from support.broker import Broker
from support.client import SUCCESS, Client, connected
from support.tools import requires, wait_until

from dashboard.demo_broker import Listener, configuration_folder, free_port, render
from sacmes_core.protocol import MAX_WIRE_BYTES

RAW = "sacmes/alice/raw/swv"
DROPPED = "$SYS/broker/publish/messages/dropped"
DAY_S = 86_400


def leave_a_session(broker: Broker) -> None:
    """The analyzer subscribes, goes, and wants to find what came meanwhile."""
    analyzer = Client(broker, "analyzer")
    assert analyzer.connect(client_id="analyzer.ingest.1", session_expiry_s=DAY_S) == SUCCESS
    analyzer.subscribe("sacmes/+/raw/+")
    analyzer.close()


def find_the_session(broker: Broker, expected: int) -> list[bytes]:
    analyzer = Client(broker, "analyzer")
    assert analyzer.connect(client_id="analyzer.ingest.1", session_expiry_s=DAY_S) == SUCCESS
    wait_until(lambda: len(analyzer.seen) >= expected, what=f"{expected} messages")
    analyzer.settle()
    analyzer.close()
    return [seen.payload for seen in analyzer.seen]


def send(broker: Broker, count: int) -> None:
    with connected(broker, "alice") as alice:
        for number in range(count - 1):
            alice.mqtt.publish(RAW, str(number), qos=1)
        assert alice.publish(RAW, str(count - 1).encode()) == SUCCESS


def test_an_absent_analyzer_finds_far_more_than_a_default_queue(own_broker: Broker) -> None:
    leave_a_session(own_broker)
    send(own_broker, 3000)
    got = find_the_session(own_broker, 3000)
    assert got == [str(number).encode() for number in range(3000)]


def test_an_orderly_restart_keeps_sessions_and_retained_messages(own_broker: Broker) -> None:
    leave_a_session(own_broker)
    send(own_broker, 20)
    with connected(own_broker, "alice") as alice:
        alice.publish("sacmes/alice/presence/agent", b"online", retain=True)
    own_broker.restart()
    assert len(find_the_session(own_broker, 20)) == 20
    with connected(own_broker, "alice") as alice:
        alice.subscribe("sacmes/alice/#")
        wait_until(lambda: alice.seen, what="the retained presence")
        assert alice.seen[0].payload == b"online"


def test_what_a_full_queue_drops_is_counted(own_broker: Broker) -> None:
    own_broker.stop()
    own_broker.extra_configuration = "max_queued_messages 10\nsys_interval 1\n"
    own_broker.start()
    leave_a_session(own_broker)
    with connected(own_broker, "admin") as admin:
        admin.subscribe(DROPPED)
        send(own_broker, 40)
        dropped = wait_until(
            lambda: [int(seen.payload) for seen in admin.seen if int(seen.payload) > 0],
            what="a count of what was dropped",
        )
    assert dropped[-1] + len(find_the_session(own_broker, 1)) == 40


def test_the_largest_upload_passes_and_a_larger_one_cannot(own_broker: Broker) -> None:
    with connected(own_broker, "alice") as alice, connected(own_broker, "analyzer") as analyzer:
        analyzer.subscribe("sacmes/+/raw/+")
        assert alice.publish(RAW, bytes(MAX_WIRE_BYTES)) == SUCCESS
        analyzer.settle()
        assert [len(seen.payload) for seen in analyzer.seen] == [MAX_WIRE_BYTES]
        alice.mqtt.publish(RAW, bytes(1_300_000), qos=1)
        wait_until(alice.disconnected.is_set, what="the end of a connection that sends too much")


def test_a_websocket_listens_on_loopback_alone(own_broker: Broker) -> None:
    own_broker.stop()
    port = free_port()
    own_broker.extra_listeners = [Listener(port, protocol="websockets")]
    own_broker.start()
    wait_until(lambda: listens("127.0.0.1", port), what="the websocket listener")
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(
            b"GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: c2FjbWVzc2FjbWVzc2FjbQ==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
        )
        assert b"101" in client.recv(1024).split(b"\r\n")[0]
    # Another address of this machine's: what listens everywhere answers there too.
    assert not listens("127.0.0.2", port)


def listens(host: str, port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((host, port)) == 0


def test_a_tls_listener(own_broker: Broker, tmp_path: Path) -> None:
    certificate, private_key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = f"""{requires("openssl")} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes
        -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1
        -keyout {private_key} -out {certificate}"""
    subprocess.run(command.split(), check=True, capture_output=True)
    own_broker.stop()
    own_broker.extra_listeners = [
        Listener(free_port(), certificate=certificate, private_key=private_key)
    ]
    own_broker.start()
    own_broker.port = own_broker.extra_listeners[0].port
    client = Client(own_broker, "alice")
    client.mqtt.tls_set(str(certificate))
    assert client.connect() == SUCCESS
    client.close()


def test_the_shipped_configuration_is_taken_without_complaint(broker: Broker) -> None:
    log = broker.log.read_text("utf-8")
    complaints = [line for line in log.splitlines() if "Warning" in line or "Error" in line]
    assert [line for line in complaints if "as root" not in line] == []


@pytest.mark.parametrize("word", ["listener", "file", "location", "/"])
def test_the_common_body_names_no_listener_and_no_path(word: str) -> None:
    body = (configuration_folder() / "common.d" / "common.conf").read_text("utf-8")
    options = [line for line in body.splitlines() if line and not line.startswith("#")]
    names = [line.split()[0] for line in options if line.split()[0] != "per_listener_settings"]
    assert not [line for line in names if word in line]
    assert not [line for line in options if "/" in line]


def test_listeners_and_paths_are_rendered_around_it(tmp_path: Path) -> None:
    text = render(tmp_path / "home", tmp_path / "rights", [Listener(1883), Listener(1884)])
    lines = text.splitlines()
    assert "listener 1883 127.0.0.1" in lines
    assert "listener 1884 127.0.0.1" in lines
    assert f"acl_file {tmp_path / 'rights' / 'rights.acl'}" in lines
    assert lines[-1] == f"include_dir {configuration_folder() / 'common.d'}"
