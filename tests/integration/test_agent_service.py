"""The agent as a service manager sees it: up, alive while its loop turns, ending."""

import signal
import socket
import sys
from pathlib import Path

import pytest
from support import programs
from support.broker import Broker
from support.tools import wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="systemd is elsewhere")


def falls_silent(manager: socket.socket) -> bool:
    try:
        for _ in range(10):
            manager.recv(1000)
    except TimeoutError:
        return True
    return False


def test_it_says_that_it_is_up_alive_and_ending(own_broker: Broker, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    said: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)

        def hear(word: str, times: int) -> None:
            while sum(text.startswith(word) for text in said) < times:
                said.append(manager.recv(1000).decode())

        with programs.running(
            "sacmes-agent", "watch", tmp_path / "data", "--broker", own_broker.url("alice"),
            "--home", tmp_path, log=tmp_path / "agent.log",
            NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="2000000",
        ) as process:  # fmt: skip
            hear("READY=1", 1)
            hear("WATCHDOG=1", 4)
            own_broker.stop()
            hear("WATCHDOG=1", 8)
            process.send_signal(signal.SIGSTOP)
            manager.settimeout(2)
            assert falls_silent(manager)
            process.send_signal(signal.SIGCONT)
            manager.settimeout(20)
            hear("WATCHDOG=1", 9)
        hear("STOPPING=1", 1)
    assert "Watching" in said[0]


def test_without_a_broker_at_the_start_it_is_up_and_alive(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        said = set()
        with programs.running(
            "sacmes-agent", "watch", tmp_path / "data", "--broker", "mqtt://alice:k@127.0.0.1:1",
            "--home", tmp_path, log=tmp_path / "agent.log",
            NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="1000000",
        ):  # fmt: skip
            wait_until(
                lambda: said.add(manager.recv(1000).partition(b"=")[0]) or len(said) == 2,
                what="READY and WATCHDOG",
            )
    assert said == {b"READY", b"WATCHDOG"}
