import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sacmes_core.notify import Notifier

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="systemd is elsewhere")


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        yield listening


def heard(manager: socket.socket) -> list[str]:
    said = []
    while True:
        try:
            said.append(manager.recv(1000).decode())
        except BlockingIOError:
            return said


def test_what_systemd_asks_for_is_told(manager: socket.socket) -> None:
    environment = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "60000000"}
    notifier = Notifier.from_environment(environment, 7)
    notifier.ready("Watching µ")
    for now in range(61):
        notifier.turned(float(now))
    notifier.stopping()
    said = heard(manager)
    assert said[0] == "READY=1\nSTATUS=Watching µ"
    assert said[1:-1] == ["WATCHDOG=1"] * 5
    assert said[-1] == "STOPPING=1"


@pytest.mark.parametrize(
    "environment",
    [{}, {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "8"}, {"WATCHDOG_USEC": "often"}],
)
def test_no_watchdog_is_fed_that_was_not_set_for_this_process(
    manager: socket.socket, environment: dict[str, str]
) -> None:
    environment = environment | {"NOTIFY_SOCKET": manager.getsockname()}
    Notifier.from_environment(environment, 7).turned(0.0)
    assert heard(manager) == []


def test_without_a_manager_nothing_is_said_and_nothing_fails(tmp_path: Path) -> None:
    for address in (None, str(tmp_path / "gone"), "@sacmes-nobody"):
        notifier = Notifier(address, 1.0)
        notifier.ready("x")
        notifier.turned(0.0)
        notifier.stopping()


@pytest.mark.skipif(sys.platform != "linux", reason="names without a file are Linux's own")
def test_the_name_of_a_socket_may_be_without_a_file() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0sacmes-test-notify")
        listening.settimeout(5)
        Notifier("@sacmes-test-notify").stopping()
        assert listening.recv(100) == b"STOPPING=1"
