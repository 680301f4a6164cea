"""The client of one connection: paho's, with packets of our own and few wake-ups."""

import select
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.exception import MalformedPacket
from paho.mqtt.properties import Properties

from sacmes_core.ahead_socket import AheadSocket
from sacmes_core.messages import Publication
from sacmes_core.publish_packet import Incoming, MalformedError, decode_publish, encode_properties

PACKETS_AT_ONCE: Final = 100
RINGS: Final = 10_000
"""More rings than there ever are."""


def ready(
    reading: Sequence[Any], writing: Sequence[Any], timeout_s: float
) -> tuple[list[Any], list[Any]]:
    """Which sockets can be read, or have ended, and which can be written; as `select`.

    But for any number of open files: `select` takes none above the 1023rd, except on Windows,
    where there is nothing else.
    """
    if sys.platform == "win32":
        return select.select(reading, writing, [], timeout_s)[:2]
    wanted: dict[int, int] = dict.fromkeys((sock.fileno() for sock in reading), select.POLLIN)
    for sock in writing:
        wanted[sock.fileno()] = wanted.get(sock.fileno(), 0) | select.POLLOUT
    # One that was closed just now has no number.
    wanted.pop(-1, None)
    poll = select.poll()
    for number, events in wanted.items():
        poll.register(number, events)
    found = dict(poll.poll(1e3 * timeout_s))
    return (
        [sock for sock in reading if found.get(sock.fileno(), 0) & ~select.POLLOUT],
        [sock for sock in writing if found.get(sock.fileno(), 0) & ~select.POLLIN],
    )


class _Packed(Properties):
    """Properties of a message that are bytes already."""

    def __init__(self, packed: bytes) -> None:
        object.__setattr__(self, "packed", packed)

    def pack(self) -> bytes:
        """The bytes with their length before them."""
        packed: bytes = object.__getattribute__(self, "packed")
        return packed


class _Bell:
    """Stands for the socket that wakes the network's thread; rings once until that has looked.

    Each ring lets go of the interpreter, which beside a thread that computes comes back late.
    """

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._rung = False

    def send(self, ring: bytes) -> int:
        """Ring, unless nobody has looked since the last time."""
        if self._rung:
            return len(ring)
        self._rung = True
        return int(self._sock.send(ring))

    def looked(self) -> None:
        """Say that what is added from now on wants another ring."""
        self._rung = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class LinkClient(mqtt.Client):
    """paho's client with another way to the network, and messages as values."""

    take: Callable[[Incoming], None]
    """Gets each message; it neither raises nor waits."""

    def loop_forever(self, *arguments: Any, **named: Any) -> MQTTErrorCode:
        """Begin, with a bell that many messages share."""
        self._sockpairW: Any = _Bell(self._sockpairW)
        return super().loop_forever(*arguments, **named)

    def send(self, publication: Publication) -> mqtt.MQTTMessageInfo:
        """Publish a message."""
        return self.publish(
            publication.topic,
            publication.payload,
            publication.qos,
            publication.retain,
            _Packed(encode_properties(publication)),
        )

    def leave_behind(self, will: Publication, delay_s: int) -> None:
        """Let the broker publish a message so long after a connection that was lost."""
        properties = _Packed(encode_properties(will, will_delay_s=delay_s))
        self.will_set(will.topic, will.payload, will.qos, will.retain, properties)

    def acknowledge(self, mid: int) -> None:
        """Tell the broker that a message of quality of service 1 is done."""
        self._send_puback(mid)

    def _create_socket_connection(self) -> socket.socket:
        sock = super()._create_socket_connection()
        # Nagle's algorithm costs 40 ms on a scan and its receipt.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def _create_socket(self) -> Any:
        sock = super()._create_socket()
        return AheadSocket(sock) if isinstance(sock, socket.socket) else sock

    def _loop(self, timeout: float = 1.0) -> MQTTErrorCode:
        """Do what the network has for us; as paho's own, which takes no socket above the 1023rd."""
        sock, bell = self._sock, self._sockpairR
        if sock is None or bell is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        held = sock.pending() if hasattr(sock, "pending") else 0
        wants = [sock] if self.want_write() else []
        readable, writable = ready([sock, bell], wants, 0.0 if held else timeout)
        if sock in readable or held:
            code = self.loop_read()
            if code or self._sock is None:
                return code
        if bell in readable:
            with suppress(BlockingIOError):
                bell.recv(RINGS)
        if bell in readable or writable:
            code = self.loop_write()
            if code or self._sock is None:
                return code
        return self.loop_misc()

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Take all packets that are here, without a look at the network between two of them."""
        for _ in range(PACKETS_AT_ONCE):
            code = super().loop_read(max_packets)
            held = self._sock.pending() if isinstance(self._sock, AheadSocket) else 0
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS or not held:
                break
        return code

    def loop_write(self) -> MQTTErrorCode:
        """Send all that waits."""
        if isinstance(self._sockpairW, _Bell):
            # Before the look, so that whatever comes during it rings.
            self._sockpairW.looked()
        return super().loop_write()

    def _handle_publish(self) -> MQTTErrorCode:
        packet = self._in_packet
        try:
            incoming = decode_publish(packet["command"], bytes(packet["packet"]))
        except MalformedError as error:
            raise MalformedPacket(str(error)) from error
        self.take(incoming)
        return MQTTErrorCode.MQTT_ERR_SUCCESS
