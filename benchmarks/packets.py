"""As much of MQTT 5 as an agent speaks, on an asyncio socket: a thousand of them in one process."""

import asyncio
import itertools
import socket
import struct
from collections.abc import Callable
from typing import Final

from sacmes_core.messages import Publication
from sacmes_core.publish_packet import encode_properties, framed, number

_CONNECT: Final = 0x10
_PUBLISH: Final = 0x30
_PUBACK: Final = 0x40
_SUBSCRIBE: Final = 0x82
_PING: Final = 0xC0
_KEEPALIVE_S: Final = 60
_NAMES: Final = itertools.count(1)


class Client(asyncio.Protocol):
    """One connection that publishes with QoS 1; `take` gets topic and payload of what comes."""

    def __init__(self, take: Callable[[str, bytes], None]) -> None:
        self._take = take
        self._held = bytearray()
        self._identities = itertools.cycle(range(1, 65536))
        self._transport: asyncio.Transport | None = None
        self._accepted: asyncio.Future[None] | None = None
        self._ping: asyncio.TimerHandle | None = None

    async def connect(self, port: int, user: str, key: str) -> None:
        """Connect on the loopback and wait until the broker has accepted it."""
        loop = asyncio.get_running_loop()
        self._accepted = loop.create_future()
        await loop.create_connection(lambda: self, "127.0.0.1", port)
        name = f"{user}.fleet.{next(_NAMES)}"
        flags = struct.pack(">BBHB", 5, 0xC2, _KEEPALIVE_S, 0)
        self._send(_CONNECT, _text("MQTT") + flags + _text(name) + _text(user) + _text(key))
        await asyncio.wait_for(self._accepted, 30)
        self._stay()

    def subscribe(self, topic_filter: str) -> None:
        """Subscribe with QoS 1."""
        self._send(_SUBSCRIBE, self._identity() + b"\0" + _text(topic_filter) + b"\1")

    def publish(self, message: Publication) -> None:
        """Publish with QoS 1; nobody waits for the broker's answer."""
        head = _text(message.topic) + self._identity() + encode_properties(message)
        self._send(_PUBLISH | 0x02, head + message.payload)

    def close(self) -> None:
        """Leave without a word."""
        if self._ping is not None:
            self._ping.cancel()
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Without waiting for more bytes to come along."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Take every packet that is whole."""
        self._held += data
        while (found := _packet(self._held)) is not None:
            kind, body, end = found
            del self._held[:end]
            self._packet(kind, body)

    def _packet(self, kind: int, body: bytes) -> None:
        if kind >> 4 == 2 and self._accepted is not None and not self._accepted.done():
            if body[1]:
                self._accepted.set_exception(ConnectionError(f"refused: {body[1]:#x}"))
            else:
                self._accepted.set_result(None)
        elif kind >> 4 == 3:
            size = struct.unpack_from(">H", body)[0]
            at = 2 + size
            if kind & 0x06:
                self._send(_PUBACK, body[at : at + 2])
                at += 2
            properties, width = _read_length(body, at) or (0, 1)
            self._take(body[2 : 2 + size].decode(), body[at + width + properties :])

    def _stay(self) -> None:
        self._send(_PING, b"")
        self._ping = asyncio.get_running_loop().call_later(_KEEPALIVE_S / 2, self._stay)

    def _identity(self) -> bytes:
        return struct.pack(">H", next(self._identities))

    def _send(self, kind: int, body: bytes) -> None:
        assert self._transport is not None
        self._transport.write(bytes((kind,)) + number(len(body)) + body)


def _text(text: str) -> bytes:
    return framed(text.encode())


def _read_length(data: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """A variable length and how many bytes it took; None if it is not all there."""
    value = 0
    for k, byte in enumerate(data[at : at + 4]):
        value |= (byte & 0x7F) << (7 * k)
        if not byte & 0x80:
            return value, k + 1
    return None


def _packet(data: bytearray) -> tuple[int, bytes, int] | None:
    """The first whole packet: its first byte, what follows the length, and where it ends."""
    found = _read_length(data, 1) if data else None
    if found is None or len(data) < 1 + found[1] + found[0]:
        return None
    start = 1 + found[1]
    end = start + found[0]
    return data[0], bytes(data[start:end]), end
