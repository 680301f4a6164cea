"""An MQTT 5 message as a value, without a client: what came, and what shall go."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """An MQTT message as it came: nothing in it is trusted yet."""

    topic: str
    payload: bytes
    retain: bool = False
    content_type: str | None = None
    user_properties: tuple[tuple[str, str], ...] = ()
    response_topic: str | None = None
    correlation_data: bytes | None = None
    expiry_s: int | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """An MQTT message of ours, ready to be sent."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    content_type: str | None = None
    user_properties: tuple[tuple[str, str], ...] = ()
    response_topic: str | None = None
    correlation_data: bytes | None = None
    expiry_s: int | None = None
