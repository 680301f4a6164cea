"""The line to the instrument: opened alone, read as bytes come, and gone with a sentence."""

import os
import socket
import sys
from contextlib import suppress
from typing import Final, Protocol

import serial
from serial.tools.list_ports import comports

from sacmes_core.errors import SacmesError

READ_S: Final = 0.1
"""Longest wait for a byte."""
WRITE_S: Final = 5.0
CHUNK_BYTES: Final = 4096
_SOCKET: Final = "socket://"
_PORTS_MAX: Final = 6
_ERRORS: Final = (serial.SerialException, OSError, TypeError)


class PortError(SacmesError):
    """The port cannot be opened, or is gone."""


class Port(Protocol):
    """An open line of bytes."""

    def read(self) -> bytes:
        """What has come, after at most `READ_S`; empty if nothing has.

        Raises
        ------
        PortError
            If the line is gone, after all that came before has been returned.
        """

    def write(self, content: bytes) -> None:
        """Send bytes.

        Raises
        ------
        PortError
            If the line is gone or takes nothing.
        """

    def close(self) -> None:
        """Let the line go, also one that is gone already."""


def open_port(name: str, baud: int, *, flow_control: bool = False) -> Port:
    """Open a device, ``socket://host:port`` or what else pyserial's `serial_for_url` knows.

    A device's name is looked up anew at each opening, so that one below ``/dev/serial/by-id``
    finds its instrument whatever number the system has given it.

    Raises
    ------
    PortError
        If it cannot be opened.
    """
    try:
        if name.startswith(_SOCKET):
            return _Socket(name)
        return _Device(name, baud, flow_control=flow_control)
    except (*_ERRORS, ValueError) as error:
        raise PortError(_why_closed(name, error)) from None


class _Device:
    """A serial port of the system."""

    def __init__(self, name: str, baud: int, *, flow_control: bool) -> None:
        self._name = name
        self._lost: str | None = None
        port = serial.serial_for_url(name, do_not_open=True)
        port.baudrate = baud
        port.timeout = READ_S
        port.write_timeout = WRITE_S
        port.xonxoff = flow_control
        if os.name == "posix":
            port.exclusive = True
        port.open()
        if sys.platform == "win32" and hasattr(port, "set_buffer_size"):
            port.set_buffer_size(rx_size=65536)
        self._port = port

    def read(self) -> bytes:
        if self._lost is not None:
            raise PortError(self._lost)
        content = b""
        try:
            content = self._port.read(1)
            while content and len(content) < CHUNK_BYTES and (more := self._port.in_waiting):
                content += self._port.read(more)
        except _ERRORS as error:
            self._lost = _lost(self._name, error)
            if not content:
                raise PortError(self._lost) from None
        return content

    def write(self, content: bytes) -> None:
        try:
            self._port.write(content)
            self._port.flush()
        except _ERRORS as error:
            self._lost = _lost(self._name, error)
            raise PortError(self._lost) from None

    def close(self) -> None:
        with suppress(*_ERRORS):
            self._port.close()


class _Socket:
    """A line over TCP, to a simulator or a server of serial ports.

    pyserial's own one drops what came last before the end.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        host, _, port = name.removeprefix(_SOCKET).partition("?")[0].rstrip("/").rpartition(":")
        self._socket = socket.create_connection((host.strip("[]"), int(port)), timeout=WRITE_S)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self) -> bytes:
        try:
            self._socket.settimeout(READ_S)
            content = self._socket.recv(CHUNK_BYTES)
        except TimeoutError:
            return b""
        except OSError as error:
            raise PortError(_lost(self._name, error)) from None
        if not content:
            raise PortError(_lost(self._name, "it was closed at the other end"))
        return content

    def write(self, content: bytes) -> None:
        try:
            self._socket.settimeout(WRITE_S)
            self._socket.sendall(content)
        except OSError as error:
            raise PortError(_lost(self._name, error)) from None

    def close(self) -> None:
        self._socket.close()


def _lost(name: str, reason: object) -> str:
    return f"The line to the instrument at {name} is lost ({reason})."


def _why_closed(name: str, error: Exception) -> str:
    text = str(error)
    if name.startswith(_SOCKET):
        return f"Nothing answers at {name} ({text}). The agent tries on."
    if "exclusively lock" in text or "Access is denied" in text or "EBUSY" in text:
        return f"Another program uses the port {name}; close it. The agent tries on."
    if "Permission denied" in text:
        return (
            f"This user may not open the port {name}; add the user to the group dialout and log "
            "in again. The agent tries on."
        )
    number = getattr(error, "errno", None)
    reason = os.strerror(number) if number else text
    return (
        f"The port {name} cannot be opened ({reason}); is the instrument connected and switched "
        f"on? {_ports_here()} The agent tries on."
    )


def _ports_here() -> str:
    """The ports that the system has, as far as it can tell."""
    ports = sorted(f"{p.device} ({p.description})" for p in comports() if p.vid is not None)
    if not ports:
        return "This computer sees no instrument on USB."
    return f"This computer sees {', '.join(ports[:_PORTS_MAX])}."
