"""The serial port: opened alone, read as bytes come, and gone with a sentence."""

import os
import sys
from typing import Final

import serial

from sacmes_core.errors import SacmesError

READ_S: Final = 0.1
"""Longest wait for a byte."""
WRITE_S: Final = 5.0
CHUNK_BYTES: Final = 4096
_SOCKET: Final = "socket://"


class PortError(SacmesError):
    """The port cannot be opened, or is gone."""


class Port:
    """An open port: a device, ``socket://host:port`` or what else `serial_for_url` knows.

    A device's name is looked up anew at each opening, so that one below ``/dev/serial/by-id``
    finds its instrument whatever number the system has given it.

    Raises
    ------
    PortError
        If it cannot be opened.
    """

    def __init__(self, name: str, baud: int, *, flow_control: bool = False) -> None:
        self._name = name
        self._is_socket = name.startswith(_SOCKET)
        self._lost: str | None = None
        try:
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
        except (serial.SerialException, OSError, ValueError) as error:
            raise PortError(_why_closed(name, error)) from None
        self._port = port

    def read(self) -> bytes:
        """What has come, after at most `READ_S`; empty if nothing has.

        Raises
        ------
        PortError
            If the port is gone, after all that came before has been returned.
        """
        if self._lost is not None:
            raise PortError(self._lost)
        content = b""
        try:
            content = self._port.read(1)
            while content and len(content) < CHUNK_BYTES and (more := self._port.in_waiting):
                # A read of several bytes from a socket would lose them if its end came next.
                content += self._port.read(1 if self._is_socket else more)
        except (serial.SerialException, OSError, TypeError) as error:
            self._lost = f"The line to the instrument at {self._name} is lost ({error})."
            if not content:
                raise PortError(self._lost) from None
        return content

    def write(self, content: bytes) -> None:
        """Send bytes.

        Raises
        ------
        PortError
            If the port is gone or takes nothing.
        """
        try:
            self._port.write(content)
            self._port.flush()
        except (serial.SerialException, OSError, TypeError) as error:
            self._lost = f"The line to the instrument at {self._name} is lost ({error})."
            raise PortError(self._lost) from None

    def close(self) -> None:
        """Let the port go, also one that is gone already."""
        try:
            self._port.close()
        except (serial.SerialException, OSError):
            return


def _why_closed(name: str, error: Exception) -> str:
    text = str(error)
    if "exclusively lock" in text or "Access is denied" in text or "EBUSY" in text:
        return f"Another program uses the port {name}; close it. The agent tries on."
    if "Permission denied" in text:
        return (
            f"This user may not open the port {name}; add the user to the group dialout and log "
            "in again. The agent tries on."
        )
    if name.startswith(_SOCKET):
        return f"Nothing answers at {name} ({text}). The agent tries on."
    return (
        f"The port {name} cannot be opened; is the instrument connected and switched on? "
        f"({text}) The agent tries on."
    )
