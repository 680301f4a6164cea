"""A socket that reads as much as there is, and hands it out in the pieces that are asked for."""

import socket
import ssl
from typing import Any, Final

READ_BYTES: Final = 65_536


class AheadSocket:
    """Stands for a socket; `recv` gives at most what is asked for, but reads all that is there.

    paho reads a packet in four calls, and beside a thread that computes each call waits for the
    interpreter's lock anew. Bytes that are held here count as `pending`, which paho asks for.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._held = b""
        self._at = 0

    def recv(self, size: int) -> bytes:
        """Bytes that came, at most so many; none at the end of the connection."""
        if self._at == len(self._held):
            self._held, self._at = self._sock.recv(max(size, READ_BYTES)), 0
        piece = self._held[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def pending(self) -> int:
        """How many bytes can be had without waiting for the network."""
        held = len(self._held) - self._at
        return held + (self._sock.pending() if isinstance(self._sock, ssl.SSLSocket) else 0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)
