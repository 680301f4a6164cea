"""The PUBLISH packet of MQTT 5, taken apart and its properties put together.

paho goes through tables of all properties for each one, which for an upload with its dozen of them
takes longer than all the rest of the way in; and it ends the connection at a U+FEFF, which MQTT
allows, so that one message of anybody would come and be refused again for ever.
"""

from dataclasses import dataclass
from typing import Final

from sacmes_core.messages import Message, Publication

_EXPIRY: Final = 0x02
_CONTENT_TYPE: Final = 0x03
_RESPONSE_TOPIC: Final = 0x08
_CORRELATION_DATA: Final = 0x09
_SUBSCRIPTION: Final = 0x0B
_WILL_DELAY: Final = 0x18
_USER_PROPERTY: Final = 0x26
_PLAIN_BYTES: Final = {0x01: 1, 0x23: 2}
"""Payload format and topic alias, which say nothing to us, and their lengths."""
_TEXT_MAX: Final = 0xFFFF
_NUMBER_BYTES: Final = 4


class MalformedError(ValueError):
    """The bytes are no packet; whoever sent them does not speak MQTT 5."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as it came.

    Attributes
    ----------
    message
        None where the topic is not even text.
    mid
        The packet's identifier; 0 at quality of service 0.
    """

    message: Message | None
    mid: int
    qos: int


def decode_publish(first: int, body: bytes) -> Incoming:
    """Take a packet apart: its first byte, and all that follows its length.

    Raises
    ------
    MalformedError
        If it is none.
    """
    try:
        return _decoded(first, body)
    except (IndexError, UnicodeDecodeError) as error:
        raise MalformedError(f"not a message of MQTT 5: {error}") from error


def encode_properties(publication: Publication, *, will_delay_s: int | None = None) -> bytes:
    """The properties of a message with their length before them; a delay is of a last will."""
    parts: list[bytes] = []
    if will_delay_s is not None:
        parts += bytes((_WILL_DELAY,)), will_delay_s.to_bytes(4, "big")
    if publication.expiry_s is not None:
        parts += bytes((_EXPIRY,)), publication.expiry_s.to_bytes(4, "big")
    if publication.content_type is not None:
        parts += bytes((_CONTENT_TYPE,)), framed(publication.content_type.encode())
    if publication.response_topic is not None:
        parts += bytes((_RESPONSE_TOPIC,)), framed(publication.response_topic.encode())
    if publication.correlation_data is not None:
        parts += bytes((_CORRELATION_DATA,)), framed(publication.correlation_data)
    for name, value in publication.user_properties:
        parts += bytes((_USER_PROPERTY,)), framed(name.encode()), framed(value.encode())
    packed = b"".join(parts)
    return number(len(packed)) + packed


def _decoded(first: int, body: bytes) -> Incoming:
    topic, at = _framed_at(body, 0, len(body))
    qos = (first >> 1) & 3
    mid = 0
    if qos:
        mid = body[at] << 8 | body[at + 1]
        at += 2
    length, at = _number_at(body, at)
    payload_at = at + length
    if payload_at > len(body):
        raise MalformedError("the properties are longer than the packet")
    texts: dict[int, str] = {}
    pairs: list[tuple[str, str]] = []
    correlation_data: bytes | None = None
    expiry_s: int | None = None
    while at < payload_at:
        kind = body[at]
        at += 1
        if kind == _USER_PROPERTY:
            name, at = _framed_at(body, at, payload_at)
            value, at = _framed_at(body, at, payload_at)
            pairs.append((name.decode(), value.decode()))
        elif kind in (_CONTENT_TYPE, _RESPONSE_TOPIC):
            text, at = _framed_at(body, at, payload_at)
            texts[kind] = text.decode()
        elif kind == _CORRELATION_DATA:
            correlation_data, at = _framed_at(body, at, payload_at)
        elif kind == _EXPIRY:
            expiry_s = int.from_bytes(body[at : at + 4], "big")
            at += 4
        elif kind == _SUBSCRIPTION:
            _, at = _number_at(body, at)
        elif kind in _PLAIN_BYTES:
            at += _PLAIN_BYTES[kind]
        else:
            raise MalformedError(f"a message has no property {kind:#x}")
    if at != payload_at:
        raise MalformedError("a property is longer than all of them")
    try:
        name_of_topic = topic.decode()
    except UnicodeDecodeError:
        return Incoming(None, mid, qos)
    message = Message(
        topic=name_of_topic,
        payload=body[payload_at:],
        retain=bool(first & 1),
        content_type=texts.get(_CONTENT_TYPE),
        user_properties=tuple(pairs),
        response_topic=texts.get(_RESPONSE_TOPIC),
        correlation_data=correlation_data,
        expiry_s=expiry_s,
    )
    return Incoming(message, mid, qos)


def _framed_at(body: bytes, at: int, end: int) -> tuple[bytes, int]:
    """Bytes with their length before them, and where they end."""
    after = at + 2 + (body[at] << 8 | body[at + 1])
    if after > end:
        raise MalformedError("a text is longer than the packet")
    return body[at + 2 : after], after


def _number_at(body: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    value = 0
    for k in range(_NUMBER_BYTES):
        byte = body[at + k]
        value |= (byte & 0x7F) << (7 * k)
        if not byte & 0x80:
            return value, at + k + 1
    raise MalformedError("a length has more than four bytes")


def framed(content: bytes) -> bytes:
    """Bytes with their length before them, as names and texts are sent."""
    if len(content) > _TEXT_MAX:
        raise ValueError(f"A property of a message has at most {_TEXT_MAX:,} bytes.")
    return len(content).to_bytes(2, "big") + content


def number(value: int) -> bytes:
    """A number of variable length."""
    out = bytearray()
    while True:
        value, low = divmod(value, 128)
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)
