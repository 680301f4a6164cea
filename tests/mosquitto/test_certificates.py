"""A private authority made with the administrator's script, and what its certificate opens."""

import os
import queue
import socket
import ssl
import stat
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import certificates
import pytest
from support.administrator import administer
from support.broker import Broker
from support.programs import run, running
from support.tools import ROOT, requires, wait_until
from typer.testing import CliRunner

from dashboard.demo_broker import Listener, free_port
from sacmes_core.address import BrokerAddress
from sacmes_core.errors import ConfigError
from sacmes_core.link import Link
from sacmes_core.link_events import Connected, LinkEvent, LinkOptions, Refused

# paho leaves a socket to the garbage collector whose certificate it refused.
refuses = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class Server:
    """A folder with a certificate, and one with the authority behind it."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "tls"
        self.authority = home / "authority"
        self.certificate = self.folder / "fullchain.pem"
        self.private_key = self.folder / "privkey.pem"
        self.ca = self.folder / "ca.pem"

    def make(self, *arguments: str) -> str:
        requires("openssl")
        requires("mosquitto")
        options = ["--folder", self.folder, "--authority", self.authority, "--owner", os.getuid()]
        said = CliRunner().invoke(certificates.app, ["make", *arguments, *map(str, options)])
        if said.exception is not None:
            raise said.exception
        return said.stdout

    def show(self) -> str:
        said = CliRunner().invoke(certificates.app, ["show", "--folder", str(self.folder)])
        if said.exception is not None:
            raise said.exception
        return said.stdout


@pytest.fixture
def server(tmp_path: Path) -> Server:
    one = Server(tmp_path / "ours")
    one.make("127.0.0.1")
    return one


def answer(broker: Broker, port: int, ca: Path | None, *, scheme: str = "mqtts") -> LinkEvent:
    """What one of our links hears first: as agents, analyzers and dashboards connect."""
    pem = ca.read_text("ascii") if ca else None
    login = ("alice", broker.keys["alice"])
    path = "/mqtt" if scheme == "wss" else ""
    address = BrokerAddress(scheme, "127.0.0.1", port, *login, path=path, ca_pem=pem)  # type: ignore[arg-type]
    events: queue.SimpleQueue[LinkEvent] = queue.SimpleQueue()
    link = Link(address, LinkOptions(f"alice.test.{os.urandom(8).hex()}", ()), events)
    link.start()
    try:
        return events.get(timeout=20)
    finally:
        link.stop()


def encrypted(broker: Broker, server: Server, *protocols: str) -> list[int]:
    """Start the broker again with listeners that show this certificate; their ports."""
    broker.stop()
    broker.extra_listeners = [
        Listener(
            free_port(),
            protocol=protocol,  # type: ignore[arg-type]
            certificate=server.certificate,
            private_key=server.private_key,
        )
        for protocol in protocols
    ]
    broker.start()
    return [listener.port for listener in broker.extra_listeners]


@refuses
def test_ours_is_trusted_and_nobody_elses(
    own_broker: Broker, server: Server, tmp_path: Path
) -> None:
    other = Server(tmp_path / "theirs")
    other.make("127.0.0.1")
    mqtts, wss = encrypted(own_broker, server, "mqtt", "websockets")
    assert isinstance(answer(own_broker, mqtts, server.ca), Connected)
    assert isinstance(answer(own_broker, wss, server.ca, scheme="wss"), Connected)
    for ca in (other.ca, None):
        refused = answer(own_broker, mqtts, ca)
        assert isinstance(refused, Refused)
        assert "certificate" in refused.reason


@refuses
def test_a_certificate_for_another_host_is_refused(own_broker: Broker, server: Server) -> None:
    server.make("broker.example.org")
    (port,) = encrypted(own_broker, server, "mqtt")
    refused = answer(own_broker, port, server.ca)
    assert isinstance(refused, Refused)
    assert "127.0.0.1" in refused.reason


def test_a_renewed_certificate_is_shown_after_a_reload(own_broker: Broker, server: Server) -> None:
    (port,) = encrypted(own_broker, server, "mqtt")
    before = shown(port, server)
    said = server.make()
    assert "IP:127.0.0.1" in said
    assert shown(port, server) == before
    reloaded = administer(own_broker.rights, "reload", "--pid", str(own_broker.pid))
    assert reloaded.returncode == 0, reloaded.stderr
    wait_until(lambda: shown(port, server) != before, what="the new certificate")
    assert isinstance(answer(own_broker, port, server.ca), Connected)


def shown(port: int, server: Server) -> str:
    """The certificate that the broker shows, trusted as strictly as OpenSSL can."""
    return ssl.get_server_certificate(("127.0.0.1", port), ca_certs=str(server.ca))


def test_the_certificate_passes_the_strictest_look(own_broker: Broker, server: Server) -> None:
    (port,) = encrypted(own_broker, server, "mqtt")
    context = ssl.create_default_context(cafile=server.ca)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
    ):
        assert wrapped.version() in ("TLSv1.2", "TLSv1.3")


def test_the_keys_are_private_and_the_authoritys_is_elsewhere(server: Server) -> None:
    modes = {
        stat.S_IMODE(path.stat().st_mode)
        for path in (server.private_key, server.authority / "ca.key")
    }
    assert modes == {0o600}
    assert {path.name for path in server.folder.iterdir()} == {
        "ca.pem", "fullchain.pem", "privkey.pem",
    }  # fmt: skip


def test_the_same_authority_signs_again_for_the_same_hosts(server: Server) -> None:
    server.make("broker.example.org", "192.168.1.20", "fd00::1", "broker.example.org")
    ca, certificate = server.ca.read_bytes(), server.certificate.read_bytes()
    server.make()
    assert server.ca.read_bytes() == ca
    assert server.certificate.read_bytes() != certificate
    assert "DNS:broker.example.org,IP:192.168.1.20,IP:FD00:0:0:0:0:0:0:1" in server.show()


def test_a_certificate_that_ends_soon_is_reported(server: Server) -> None:
    assert "IP:127.0.0.1" in server.show()
    server.make("--days", "29")
    with pytest.raises(ConfigError, match="renews it"):
        server.show()


@pytest.mark.parametrize("host", ["mqtts://broker", "broker:8883", "a b", "x,DNS:other", ""])
def test_a_host_that_is_none_is_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigError, match="neither"):
        Server(tmp_path).make(host)
    assert not list(tmp_path.iterdir())


def test_without_a_certificate_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no"):
        Server(tmp_path).make()


def test_the_dashboard_shows_its_pages_encrypted(server: Server, tmp_path: Path) -> None:
    port = free_port()
    options = ("--certificate", server.certificate, "--private-key", server.private_key)
    context = ssl.create_default_context(cafile=server.ca)

    def page() -> bytes:
        try:
            with urlopen(f"https://127.0.0.1:{port}/_stcore/health", context=context) as answer:
                return answer.read()  # type: ignore[no-any-return]
        except URLError as error:
            if isinstance(error.reason, ConnectionRefusedError):
                return b""
            raise

    log = tmp_path / "log"
    dashboard = ("--broker", "mqtt://127.0.0.1:9", "--port", str(port), "--home", tmp_path)
    with running("sacmes-dashboard", *dashboard, *options, log=log):
        assert wait_until(page, timeout=60, what="an encrypted page") == b"ok"
    assert f"https://127.0.0.1:{port}" in log.read_text("utf-8")


@pytest.mark.parametrize("private_key", [None, "ca.pem"])
def test_a_certificate_without_its_key_is_refused(server: Server, private_key: str | None) -> None:
    key = ("--private-key", server.folder / private_key) if private_key else ()
    broker = ("--broker", "mqtt://127.0.0.1:9", "--port", "0", "--home", server.folder)
    said = run("sacmes-dashboard", *broker, "--certificate", server.certificate, *key)
    assert said.returncode == 2
    assert "Traceback" not in said.stderr


def test_the_shipped_files_open_what_compose_publishes() -> None:
    listeners = (ROOT / "mosquitto" / "compose-tls.conf").read_text("utf-8").split("listener ")[1:]
    plain, mqtts, wss = listeners
    assert plain.startswith("1883")
    assert mqtts.startswith("8883")
    assert wss.startswith("8443")
    assert "websockets" in wss
    assert all("certfile" in listener and "tls_version" in listener for listener in (mqtts, wss))
    assert ":8443" in (ROOT / "compose.wss.yaml").read_text("utf-8")
