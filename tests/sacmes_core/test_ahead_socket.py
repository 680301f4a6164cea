import socket
from collections.abc import Iterator

import pytest

from sacmes_core.ahead_socket import AheadSocket


@pytest.fixture
def ends() -> Iterator[tuple[AheadSocket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield AheadSocket(ours), theirs


def test_all_that_came_is_read_at_once_and_handed_out_in_pieces(
    ends: tuple[AheadSocket, socket.socket],
) -> None:
    ours, theirs = ends
    theirs.sendall(b"abcdef")
    assert ours.pending() == 0
    assert ours.recv(1) == b"a"
    assert ours.pending() == 5
    theirs.sendall(b"gh")
    assert [ours.recv(4), ours.recv(4), ours.recv(4)] == [b"bcde", b"f", b"gh"]
    assert ours.pending() == 0
    with pytest.raises(BlockingIOError):
        ours.recv(1)


def test_the_end_of_the_connection_is_told(ends: tuple[AheadSocket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(b"a")
    theirs.close()
    assert [ours.recv(5), ours.recv(5)] == [b"a", b""]


def test_for_all_else_it_is_the_socket(ends: tuple[AheadSocket, socket.socket]) -> None:
    ours, theirs = ends
    ours.sendall(b"x")
    assert theirs.recv(5) == b"x"
    assert ours.fileno() > 0
