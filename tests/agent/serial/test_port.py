"""Ports: what they are opened with, what they return, and how they are lost."""

import os
import pty
import socket
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.serial.port import Port, PortError, open_port


def everything(port: Port) -> bytes:
    """All that comes until the line is lost."""
    content: list[bytes] = []
    with pytest.raises(PortError, match="is lost"):
        content.extend(iter(port.read, None))
    return b"".join(content)


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as one:
        yield one


def test_a_socket_returns_every_byte_before_its_end(server: socket.socket) -> None:
    port = open_port(f"socket://127.0.0.1:{server.getsockname()[1]}", 9600)
    client, _ = server.accept()
    sent = bytes(range(256)) * 64
    client.sendall(sent)
    client.close()
    assert everything(port) == sent
    port.close()


def test_what_is_written_to_a_socket_arrives(server: socket.socket) -> None:
    port = open_port(f"socket://127.0.0.1:{server.getsockname()[1]}/", 9600)
    client, _ = server.accept()
    port.write(b"t\n")
    assert client.recv(10) == b"t\n"
    assert port.read() == b""
    port.close()
    client.close()


def test_a_tty_returns_what_came_before_it_vanished() -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    port = open_port(os.ttyname(slave), 230_400)
    os.close(slave)
    os.write(master, b"Pda8000000 \n")
    assert port.read() == b"Pda8000000 \n"
    port.write(b"Z\n")
    assert os.read(master, 10) == b"Z\n"
    os.close(master)
    assert everything(port) == b""
    port.close()


def test_a_tty_is_opened_by_one_alone(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    port = open_port(os.ttyname(slave), 9600)
    with pytest.raises(PortError, match="Another program uses the port"):
        open_port(os.ttyname(slave), 9600)
    port.close()
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("socket://127.0.0.1:1", "Nothing answers"),
        ("socket://127.0.0.1:nowhere", "Nothing answers"),
        ("/dev/serial/by-id/none", "is the instrument connected"),
        ("strange://port", "cannot be opened"),
    ],
)
def test_what_cannot_be_opened_is_a_sentence(name: str, words: str) -> None:
    with pytest.raises(PortError, match=words):
        open_port(name, 9600)
