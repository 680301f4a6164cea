"""An MQTT client that does what it is told, also what none of our programs would do."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions
from support.broker import Broker
from support.tools import wait_until

SUCCESS, NO_SUBSCRIBERS, NOT_AUTHORIZED = 0x00, 0x10, 0x87


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as it came."""

    topic: str
    payload: bytes
    retained: bool
    correlation: bytes | None


class Client:
    """One connection with one user's name and key; `seen` grows as messages come."""

    def __init__(self, broker: Broker, user: str | None, *, key: str | None = None) -> None:
        self.seen: list[Seen] = []
        self.connack: int | None = None
        self.disconnected = threading.Event()
        self.will: tuple[str, bytes, bool] | None = None
        self._answers: dict[int, int] = {}
        self._granted: set[int] = set()
        self._broker = broker
        self.mqtt = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            protocol=mqtt.MQTTv5,
            client_id=f"test-{id(self):x}",
            reconnect_on_failure=False,
        )
        if user is not None:
            self.mqtt.username_pw_set(user, broker.keys.get(user, "") if key is None else key)
        self.mqtt.on_socket_open = lambda _c, _u, sock: sock.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
        )
        self.mqtt.on_connect = self._on_connect
        self.mqtt.on_disconnect = self._on_disconnect
        self.mqtt.on_message = self._on_message
        self.mqtt.on_publish = self._on_publish
        self.mqtt.on_subscribe = self._on_subscribe

    def connect(self, *, client_id: str | None = None, session_expiry_s: int = 0) -> int:
        """Connect; the reason code of the broker's answer."""
        if client_id is not None:
            self.mqtt._client_id = client_id.encode()
        if self.will is not None:
            topic, payload, retain = self.will
            self.mqtt.will_set(topic, payload, qos=1, retain=retain)
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = session_expiry_s
        self.mqtt.connect(
            self._broker.host,
            self._broker.port,
            clean_start=session_expiry_s == 0,
            properties=properties,
        )
        self.mqtt.loop_start()
        wait_until(lambda: self.connack is not None, what="the answer to CONNECT")
        assert self.connack is not None
        return self.connack

    def publish(self, topic: str, payload: bytes = b"x", *, retain: bool = False) -> int:
        """Publish with QoS 1; the reason code of PUBACK."""
        mid = self.mqtt.publish(topic, payload, qos=1, retain=retain).mid
        wait_until(lambda: mid in self._answers, what=f"PUBACK of {topic}")
        return self._answers[mid]

    def subscribe(self, *filters: str, qos: int = 1) -> None:
        """Subscribe and wait for the answer, which Mosquitto gives before what is retained."""
        for filter_ in filters:
            _, mid = self.mqtt.subscribe(filter_, options=SubscribeOptions(qos=qos))
            assert mid is not None
            wait_until(lambda mid=mid: mid in self._granted, what=f"SUBACK of {filter_}")

    def settle(self) -> None:
        """Wait until all that the broker had for this client by now has come.

        A message to oneself comes after everything that was queued before it.
        """
        own = f"sacmes/_test/{id(self):x}"
        before = len(self._answers)
        self.publish(own)
        assert len(self._answers) > before

    def cut(self) -> None:
        """Drop the connection without a word, as a dead machine does."""
        self.mqtt.loop_stop()
        sock = self.mqtt.socket()
        assert sock is not None
        sock.close()

    def close(self) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()

    def _on_connect(self, _c: Any, _u: Any, _f: Any, reason: Any, _p: Any) -> None:
        self.connack = reason.value

    def _on_disconnect(self, _c: Any, _u: Any, _f: Any, reason: Any, _p: Any) -> None:
        self.disconnected.set()

    def _on_message(self, _c: Any, _u: Any, message: mqtt.MQTTMessage) -> None:
        correlation = getattr(message.properties, "CorrelationData", None)
        self.seen.append(Seen(message.topic, bytes(message.payload), message.retain, correlation))

    def _on_publish(self, _c: Any, _u: Any, mid: int, reason: Any, _p: Any) -> None:
        self._answers[mid] = reason.value

    def _on_subscribe(self, _c: Any, _u: Any, mid: int, reasons: Any, _p: Any) -> None:
        self._granted.add(mid)


@contextmanager
def connected(broker: Broker, user: str, **options: Any) -> Iterator[Client]:
    """A client that is in."""
    client = Client(broker, user)
    assert client.connect(**options) == SUCCESS
    try:
        yield client
    finally:
        client.close()
