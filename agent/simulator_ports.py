"""The lines on which a simulated instrument is reached: a TCP port, or a tty of its own."""

import contextlib
import errno
import os
import select
import socket
import sys
import time
from pathlib import Path
from typing import Final, Protocol

from sacmes_core.errors import ConfigError

UNSENT_MAX: Final = 1 << 20
"""Bytes that wait for a host that does not read; further ones are lost, as on a serial line."""

_READ_BYTES: Final = 4096
_LOOK_AGAIN_S: Final = 0.02


class Port(Protocol):
    """A line to a host, which may come and go."""

    @property
    def name(self) -> str:
        """What a host opens, as pyserial's ``serial_for_url`` takes it."""

    opened: bool
    """A host has come since this was last set to false."""

    def read(self, timeout_s: float) -> bytes:
        """What the host has sent, after a while at most; sends meanwhile what waits."""

    def write(self, data: bytes) -> None:
        """Send to the host if there is one."""

    def unplug(self) -> None:
        """Take the plug out: the host's line breaks, and it finds none to open."""

    def plug(self) -> None:
        """Put it in again, under the same name."""

    def close(self) -> None:
        """Leave nothing behind."""


class TcpPort:
    """A port that one host at a time connects to, as ``socket://host:port``.

    Raises
    ------
    ConfigError
        If the port is taken.
    """

    def __init__(self, host: str, port: int) -> None:
        self.opened = False
        self._address = (host, port)
        self._listener: socket.socket | None = None
        self._client: socket.socket | None = None
        self._unsent = bytearray()
        try:
            self.plug()
        except OSError as error:
            raise ConfigError(
                f"Port {port} of {host} cannot be used ({error.strerror}); choose another one, or "
                "0 for any that is free."
            ) from None

    @property
    def name(self) -> str:
        """What a host opens."""
        host, port = self._address
        return f"socket://{host}:{port}"

    def read(self, timeout_s: float) -> bytes:
        """What the host has sent; a second host is turned away."""
        listener, client = self._listener, self._client
        if listener is None:
            time.sleep(timeout_s)
            return b""
        reading = [listener] if client is None else [listener, client]
        writing = [client] if client is not None and self._unsent else []
        readable, writable, _ = select.select(reading, writing, [], timeout_s)
        # The last words of one host, and its end, are read before the next one is let in.
        if listener in readable and client not in readable:
            self._accept(listener)
        if client is not None and client in writable:
            self._flush(client)
        if client is None or client not in readable:
            return b""
        try:
            data = client.recv(_READ_BYTES)
        except OSError:
            data = b""
        if not data:
            self._drop_client()
        return data

    def write(self, data: bytes) -> None:
        """Send to the host if there is one."""
        if self._client is not None and len(self._unsent) + len(data) <= UNSENT_MAX:
            self._unsent += data
            self._flush(self._client)

    def unplug(self) -> None:
        """Close the connection and refuse new ones."""
        self._drop_client()
        if self._listener is not None:
            self._listener.close()
        self._listener = None

    def plug(self) -> None:
        """Accept connections again."""
        listener = socket.socket()
        try:
            if sys.platform != "win32":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(self._address)
            listener.listen()
            listener.setblocking(False)
        except OSError:
            listener.close()
            raise
        self._address = listener.getsockname()[:2]
        self._listener = listener

    def close(self) -> None:
        """Close everything."""
        self.unplug()

    def _accept(self, listener: socket.socket) -> None:
        try:
            client, _ = listener.accept()
        except OSError:
            # It has given up between the call and the answer.
            return
        if self._client is not None:
            client.close()
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = client
        self.opened = True

    def _flush(self, client: socket.socket) -> None:
        try:
            sent = client.send(self._unsent)
        except BlockingIOError:
            return
        except OSError:
            self._drop_client()
            return
        del self._unsent[:sent]

    def _drop_client(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None
        self._unsent.clear()


class PtyPort:
    """A tty of the system, and a link to it that keeps its name when the plug is out.

    Raises
    ------
    ConfigError
        If the system has none, or the link's place is taken.
    """

    def __init__(self, link: Path | None = None) -> None:
        if sys.platform == "win32":
            raise ConfigError("Windows has no pty; use --tcp, and socket://127.0.0.1:PORT there.")
        self.opened = False
        self._link = link
        self._master: int | None = None
        self._host_was_there = False
        self._tty = ""
        self._unsent = bytearray()
        if link is not None and link.exists() and not link.is_symlink():
            raise ConfigError(f"{link} is there already and no link; choose another name.")
        try:
            self.plug()
        except OSError as error:
            raise ConfigError(f"There is no pty to be had: {error.strerror}.") from None

    @property
    def name(self) -> str:
        """The link, or the tty where there is none."""
        return str(self._link or self._tty)

    def read(self, timeout_s: float) -> bytes:
        """What the host has sent."""
        master = self._master
        if master is None or not self._host_is_there(master):
            self._unsent.clear()
            self._host_was_there = False
            time.sleep(min(timeout_s, _LOOK_AGAIN_S))
            return b""
        self.opened |= not self._host_was_there
        self._host_was_there = True
        writing = [master] if self._unsent else []
        readable, writable, _ = select.select([master], writing, [], timeout_s)
        if writable:
            self._flush(master)
        if not readable:
            return b""
        try:
            return os.read(master, _READ_BYTES)
        except OSError as error:
            if error.errno in (errno.EIO, errno.EAGAIN):
                return b""
            raise

    def write(self, data: bytes) -> None:
        """Send to the host if one has opened the tty."""
        master = self._master
        if master is None or not self._host_is_there(master):
            return
        if len(self._unsent) + len(data) <= UNSENT_MAX:
            self._unsent += data
            self._flush(master)

    def unplug(self) -> None:
        """Take the tty away."""
        if self._link is not None:
            self._link.unlink(missing_ok=True)
        if self._master is not None:
            os.close(self._master)
        self._master = None
        self._unsent.clear()

    def plug(self) -> None:
        """Make a new tty and point the link to it."""
        import tty

        master, slave = os.openpty()
        # Without this the line itself would echo and turn line ends.
        tty.setraw(slave)
        os.set_blocking(master, False)
        self._master, self._tty = master, os.ttyname(slave)
        os.close(slave)
        if self._link is not None:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(self._tty)

    def close(self) -> None:
        """Close everything."""
        self.unplug()

    def _host_is_there(self, master: int) -> bool:
        poll = select.poll()
        poll.register(master, select.POLLIN)
        return not any(event & select.POLLHUP for _, event in poll.poll(0))

    def _flush(self, master: int) -> None:
        with contextlib.suppress(BlockingIOError):
            del self._unsent[: os.write(master, self._unsent)]
