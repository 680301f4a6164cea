"""One MQTT connection that comes back: with its client the only one that knows paho.

The network runs in threads of its own; everything that happens is put on the owner's queue as an
event, and no callback does more than that, so none can raise or wait. After each loss a fresh
client is made, with nothing left in it from before: what must not be lost is sent again by its
owner, end to end, and not by the client's memory.
"""

import itertools
import logging
import random
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from sacmes_core.address import BrokerAddress
from sacmes_core.errors import ConfigError, ProtocolError
from sacmes_core.link_client import LinkClient
from sacmes_core.link_events import (
    Connected,
    Disconnected,
    EventSink,
    LinkOptions,
    Published,
    Received,
    Refused,
)
from sacmes_core.messages import Publication
from sacmes_core.publish_packet import Incoming

logger = logging.getLogger(__name__)

KEEPALIVE_S: Final = 20
CONNECT_TIMEOUT_S: Final = 15.0
BACKOFF_FIRST_S: Final = 0.5
BACKOFF_MAX_S: Final = 30.0
STEADY_AFTER_S: Final = 10.0
"""A connection that lasted this long starts the back-off anew; a shorter one does not."""
IN_FLIGHT: Final = 50
HEADER_ALLOWANCE_BYTES: Final = 8_192
"""Room that topic and properties take beside the payload in a packet."""

_NUMBERS: Final = itertools.count(1)
"""Of the connections of all links, so that what belongs to an ended link never fits a new one."""

_LOGIN_REFUSED: Final = {0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C}
_TAKEN_OVER: Final = 0x8E
_NO_SUBSCRIBERS: Final = 0x10


@dataclass(slots=True)
class _Connection:
    """What belongs to one client object, so that a late callback of an old one is recognised."""

    number: int
    client: LinkClient
    gone: threading.Event = field(default_factory=threading.Event)
    answered: bool = False
    accepted: bool = False


class Link:
    """A connection to the broker that reconnects for ever and reports events to one queue.

    Parameters
    ----------
    address
        Broker and credentials.
    options
        Client id, subscriptions, will and session.
    events
        Queue that every event is put on, in order; read it in the owner's thread.
    """

    def __init__(self, address: BrokerAddress, options: LinkOptions, events: EventSink) -> None:
        self._address = address
        self._options = options
        self._events = events
        self._stopping = threading.Event()
        self._connected = threading.Event()
        self._lock = threading.Lock()
        self._current: _Connection | None = None
        self._maximum_packet_bytes: int | None = None
        self._tls = tls_context(address) if address.encrypted else None
        self._thread = threading.Thread(
            target=self._keep_connected, name=f"link[{options.client_id[:40]}]", daemon=True
        )

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted the present connection."""
        return self._connected.is_set()

    def start(self) -> None:
        """Begin to connect, in the background."""
        self._thread.start()

    def publish(self, publication: Publication) -> int | None:
        """Hand a message to the connection; None means that there is none at the moment.

        The returned token comes back in `Published` when the broker has answered a message of
        quality of service 1. That proves only that the broker has it.

        Raises
        ------
        ProtocolError
            If the broker takes no message of this size.
        """
        limit = self._maximum_packet_bytes
        if limit is not None and len(publication.payload) + HEADER_ALLOWANCE_BYTES > limit:
            raise ProtocolError(
                f"The message has {len(publication.payload):,} bytes; this broker takes packets "
                f"of at most {limit:,} bytes."
            )
        connection = self._current
        if connection is None or not self._connected.is_set():
            return None
        information = connection.client.send(publication)
        if information.rc != mqtt.MQTT_ERR_SUCCESS:
            return None
        return _token(connection.number, information.mid)

    def acknowledge(self, received: Received) -> None:
        """Tell the broker that a message is done; without effect on an older connection's."""
        number, mid, qos = received.receipt
        connection = self._current
        if connection is not None and connection.number == number and qos > 0:
            connection.client.acknowledge(mid)

    def stop(self, farewell: Sequence[Publication] = (), *, timeout_s: float = 5.0) -> bool:
        """Publish the farewell, disconnect without a will, and end the threads.

        Returns
        -------
        bool
            Whether the broker has taken the whole farewell.
        """
        connection = self._current
        taken = connection is not None and self.connected
        if connection is not None and taken:
            sent = [connection.client.send(publication) for publication in farewell]
            for information in sent:
                try:
                    information.wait_for_publish(timeout_s)
                    taken = taken and information.is_published()
                except (RuntimeError, ValueError):
                    taken = False
        self._stopping.set()
        # Whoever connects looks for the end after he is found here, so that one sees the other.
        if (connection := self._current) is not None:
            connection.client.disconnect()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(timeout_s)
        return taken

    def _keep_connected(self) -> None:
        attempt = 0
        while not self._stopping.is_set():
            lasted_s = self._connect_once(next(_NUMBERS))
            attempt = 0 if lasted_s >= STEADY_AFTER_S else attempt + 1
            ceiling_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** min(attempt, 10))
            self._stopping.wait(ceiling_s * random.uniform(0.5, 1.0))

    def _connect_once(self, number: int) -> float:
        """Hold one connection from its beginning to its end; return how long it lasted, in s."""
        connection = _Connection(number, self._client(number))
        client = connection.client
        self._attach(connection)
        with self._lock:
            self._current = connection
        try:
            client.connect(
                self._address.host,
                self._address.port,
                KEEPALIVE_S,
                clean_start=self._options.session_expiry_s == 0,
                properties=_connect_properties(self._options.session_expiry_s),
            )
        except (OSError, ValueError) as error:
            self._events.put(Refused(network_reason(error, self._address), login=False))
            return 0.0
        if self._stopping.is_set():
            client.disconnect()
        started = time.monotonic()
        client.loop_start()
        connection.gone.wait()
        self._connected.clear()
        client.loop_stop()
        return time.monotonic() - started if connection.accepted else 0.0

    def _client(self, number: int) -> LinkClient:
        client = LinkClient(
            CallbackAPIVersion.VERSION2,
            client_id=self._options.client_id,
            protocol=mqtt.MQTTv5,
            transport="websockets" if self._address.scheme in ("ws", "wss") else "tcp",
            reconnect_on_failure=False,
            manual_ack=self._options.manual_acknowledge,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(IN_FLIGHT)
        if self._address.scheme in ("ws", "wss"):
            client.ws_set_options(path=self._address.path or "/mqtt")
        if self._tls is not None:
            client.tls_set_context(self._tls)
        if self._address.username is not None:
            client.username_pw_set(self._address.username, self._address.key)
        will = self._options.will
        if will is not None:
            client.leave_behind(will, self._options.will_delay_s)
        return client

    def _attach(self, connection: _Connection) -> None:
        client, events = connection.client, self._events

        def on_connect(
            _client: mqtt.Client,
            _data: Any,
            flags: mqtt.ConnectFlags,
            reason: ReasonCode,
            properties: Properties | None,
        ) -> None:
            connection.answered = True
            if reason.is_failure:
                login = reason.value in _LOGIN_REFUSED
                if login and self._options.give_up_on_login:
                    self._stopping.set()
                events.put(Refused(str(reason), login))
                return
            connection.accepted = True
            self._maximum_packet_bytes = getattr(properties, "MaximumPacketSize", None)
            wanted = [
                (s.topic_filter, SubscribeOptions(qos=s.qos)) for s in self._options.subscriptions
            ]
            if wanted:
                client.subscribe(wanted)
            self._connected.set()
            events.put(Connected(flags.session_present, self._maximum_packet_bytes))

        def on_disconnect(
            _client: mqtt.Client,
            _data: Any,
            _flags: mqtt.DisconnectFlags,
            reason: ReasonCode,
            _properties: Properties | None,
        ) -> None:
            self._connected.clear()
            if connection.accepted:
                taken_over = reason.value == _TAKEN_OVER
                events.put(Disconnected(str(reason), taken_over))
            elif not connection.answered and not self._stopping.is_set():
                events.put(Refused(_silent_reason(self._address), login=False))
            connection.gone.set()

        def take(incoming: Incoming) -> None:
            if incoming.message is not None:
                receipt = (connection.number, incoming.mid, incoming.qos)
                events.put(Received(incoming.message, receipt))
            if incoming.qos and (incoming.message is None or not self._options.manual_acknowledge):
                client.acknowledge(incoming.mid)

        def on_publish(
            _client: mqtt.Client, _data: Any, mid: int, reason: ReasonCode, _properties: Properties
        ) -> None:
            events.put(
                Published(
                    _token(connection.number, mid),
                    str(reason) if reason.is_failure else None,
                    reason.value == _NO_SUBSCRIBERS,
                )
            )

        client.on_connect = on_connect
        client.on_disconnect = on_disconnect
        client.take = take
        client.on_publish = on_publish


def _token(connection_number: int, mid: int) -> int:
    return connection_number << 16 | mid


def tls_context(address: BrokerAddress) -> ssl.SSLContext:
    """How certificates are checked: by the address's private authority, else the system's.

    Raises
    ------
    ConfigError
        If the authority's certificate cannot be read.
    """
    try:
        return ssl.create_default_context(cadata=address.ca_pem)
    except ssl.SSLError:
        raise ConfigError(
            "The certificate of the private authority cannot be read; ask for a new one."
        ) from None


def _silent_reason(address: BrokerAddress) -> str:
    hint = "" if address.encrypted else ", or does it expect mqtts:// there?"
    return f"{address} ended the connection without an answer; is it an MQTT 5 broker{hint or '?'}"


def network_reason(error: Exception, address: BrokerAddress) -> str:
    """Why a broker cannot be reached, in a sentence."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"The broker at {address} shows a certificate that cannot be checked: "
            f"{error.verify_message}. A private authority's certificate goes into ?ca=."
        )
    if isinstance(error, socket.gaierror):
        return f"The name {address.host} is not known here; check the address and the network."
    if isinstance(error, ConnectionRefusedError):
        return f"Nothing answers at {address}; is the broker running?"
    if isinstance(error, TimeoutError):
        return f"The broker at {address} does not answer."
    return f"The broker at {address} cannot be reached: {error}."


def _connect_properties(session_expiry_s: int) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = session_expiry_s
    return properties
