"""The protocol of sacmes over MQTT 5: every topic, and every payload from bytes and to bytes.

`CHANNELS` is the table of topics with their quality of service, retention and payload; nothing
else in sacmes spells a topic. `docs/asyncapi.yaml` is generated from it.

What comes from outside is read by `read`, `questions.read_question` and `upload.unpack`, which
return a checked model or raise `ProtocolError` with a sentence, whatever the bytes.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from sacmes_core.errors import ProtocolError
from sacmes_core.messages import Message, Publication
from sacmes_core.payloads.alerts import Alerts
from sacmes_core.payloads.common import SCHEMA, Payload
from sacmes_core.payloads.presence import AgentPresence, AnalyzerPresence, ViewerPresence
from sacmes_core.payloads.results import Curves, Progress, Receipts, Result
from sacmes_core.payloads.session import SessionDocument

MAX_WIRE_BYTES: Final = 1_000_000
"""Largest payload of ours on the wire; the shipped broker takes 1,200,000 with its headers."""
MAX_UPLOAD_BYTES: Final = 16 * 1024 * 1024
"""Largest upload once unpacked."""

PRESENCE_EXPIRY_S: Final = 90
"""A killed broker would keep a retained presence for ever: it expires unless refreshed."""
HEARTBEAT_S: Final = 30
WILL_DELAY_S: Final = 2
"""A reconnect within this time sends no last will."""
QUESTION_EXPIRY_S: Final = 30

USER_ID_PATTERN: Final = re.compile(r"^[a-z0-9][a-z0-9_-]{2,63}\Z")
RESERVED_NAMES: Final = frozenset({"analyzer", "admin", "_system"})
REPLY_CLIENT_PATTERN: Final = re.compile(r"^[A-Za-z0-9_.-]{1,64}\Z")
WORD_PATTERN: Final = re.compile(r"^[a-z][a-z0-9_]{0,31}\Z")

JSON_TYPE: Final = "application/json"
PROBLEM_TYPE: Final = "application/problem+json"

PayloadT = TypeVar("PayloadT", bound=Payload)


def check_user_id(text: str) -> str:
    """Return `text` if it is a user_id; a `ProtocolError` says the rule if it is none."""
    if not USER_ID_PATTERN.match(text):
        raise ProtocolError(
            "A user_id has 3 to 64 characters: small letters, digits, - and _, "
            "and starts with a letter or a digit."
        )
    if text in RESERVED_NAMES:
        raise ProtocolError(f"The name {text!r} belongs to a service; choose another user_id.")
    return text


_LEVELS: Final[Mapping[str, re.Pattern[str]]] = {
    "user_id": USER_ID_PATTERN,
    "technique": WORD_PATTERN,
    "verb": WORD_PATTERN,
    "viewer": re.compile(r"^[A-Za-z0-9_-]{1,64}\Z"),
    "client": REPLY_CLIENT_PATTERN,
    "analyzer": REPLY_CLIENT_PATTERN,
}


@dataclass(frozen=True, slots=True)
class Channel:
    """One kind of topic: who writes what to whom, and how it is delivered.

    Attributes
    ----------
    name
        Name of the channel in the AsyncAPI document.
    template
        The topic with its variable levels in braces.
    payload
        Model of the payload; None where the bytes are not JSON (uploads) or depend on the verb.
    expiry_s
        Message expiry in seconds; None for no end.
    """

    name: str
    template: str
    summary: str
    writer: str
    readers: str
    qos: int = 1
    retain: bool = False
    payload: type[Payload] | None = None
    expiry_s: int | None = None

    def topic(self, **levels: str) -> str:
        """The topic with every level given; a `ProtocolError` if one is not of its form."""
        for name, value in levels.items():
            _check_level(name, value)
        return self.template.format_map(levels)

    def filter(self, **levels: str) -> str:
        """The subscription filter: the levels that are given, `+` for the others."""
        for name, value in levels.items():
            _check_level(name, value)
        return self.template.format_map(_PlusForMissing(levels))

    def matches(self, topic: str) -> dict[str, str] | None:
        """The variable levels of `topic`, or None if it is not of this channel."""
        mine, theirs = self.template.split("/"), topic.split("/")
        if len(mine) != len(theirs):
            return None
        levels: dict[str, str] = {}
        for pattern, level in zip(mine, theirs, strict=True):
            if pattern.startswith("{"):
                if not _LEVELS[pattern[1:-1]].match(level):
                    return None
                levels[pattern[1:-1]] = level
            elif pattern != level:
                return None
        if levels.get("user_id") in RESERVED_NAMES:
            return None
        return levels


class _PlusForMissing(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "+"


def _check_level(name: str, value: str) -> None:
    if name == "user_id":
        check_user_id(value)
    elif not _LEVELS[name].match(value):
        raise ProtocolError(f"{value!r} cannot stand in a topic as {name}.")


AGENT_PRESENCE: Final = Channel(
    "agent_presence",
    "sacmes/{user_id}/presence/agent",
    "Who stands beside the instrument, what it runs and what it has counted.",
    writer="agent",
    readers="all",
    retain=True,
    payload=AgentPresence,
    expiry_s=PRESENCE_EXPIRY_S,
)
VIEWER_PRESENCE: Final = Channel(
    "viewer_presence",
    "sacmes/{user_id}/presence/viewers/{viewer}",
    "One dashboard connection that watches this user.",
    writer="dashboard",
    readers="all",
    retain=True,
    payload=ViewerPresence,
    expiry_s=PRESENCE_EXPIRY_S,
)
SESSION: Final = Channel(
    "session",
    "sacmes/{user_id}/session",
    "The desired state of the run: agents obey it, also when they start later.",
    writer="analyzer",
    readers="agent, all",
    retain=True,
    payload=SessionDocument,
)
RAW: Final = Channel(
    "raw",
    "sacmes/{user_id}/raw/{technique}",
    "One upload: the file's or the instrument's bytes, described by user properties.",
    writer="agent",
    readers="analyzer",
)
RECEIPTS: Final = Channel(
    "receipts",
    "sacmes/{user_id}/receipts",
    "Uploads whose bytes are committed, or refused with a reason.",
    writer="analyzer",
    readers="agent",
    payload=Receipts,
)
RESULTS: Final = Channel(
    "results",
    "sacmes/{user_id}/results",
    "The numbers of one scan; the last one of the newest session is retained.",
    writer="analyzer",
    readers="all",
    retain=True,
    payload=Result,
)
CURVES: Final = Channel(
    "curves",
    "sacmes/{user_id}/curves",
    "The latest voltammogram with its smoothed curve and baseline, for the live view.",
    writer="analyzer",
    readers="dashboard",
    qos=0,
    payload=Curves,
)
PROGRESS: Final = Channel(
    "progress",
    "sacmes/{user_id}/progress",
    "How far a re-analysis or an export is.",
    writer="analyzer",
    readers="all",
    qos=0,
    payload=Progress,
)
ALERTS: Final = Channel(
    "alerts",
    "sacmes/{user_id}/alerts",
    "The alerts that are not over, acknowledged ones among them.",
    writer="analyzer",
    readers="all",
    retain=True,
    payload=Alerts,
)
QUERY: Final = Channel(
    "query",
    "sacmes/{user_id}/query/{verb}",
    "A question that only reads; the answer goes to the response topic.",
    writer="viewer",
    readers="analyzer",
)
REQUEST: Final = Channel(
    "request",
    "sacmes/{user_id}/request/{verb}",
    "A request that changes something; the answer goes to the response topic.",
    writer="viewer, agent",
    readers="analyzer",
)
AGENT_QUERY: Final = Channel(
    "agent_query",
    "sacmes/{user_id}/agent/query/{verb}",
    "A question to the agent that only reads.",
    writer="viewer, analyzer",
    readers="agent",
    expiry_s=QUESTION_EXPIRY_S,
)
AGENT_REQUEST: Final = Channel(
    "agent_request",
    "sacmes/{user_id}/agent/request/{verb}",
    "A request to the agent that moves the instrument; refused without a message expiry.",
    writer="viewer",
    readers="agent",
    expiry_s=QUESTION_EXPIRY_S,
)
REPLY: Final = Channel(
    "reply",
    "sacmes/{user_id}/reply/{client}",
    "The answer to a question, or a problem document with a sentence.",
    writer="analyzer, agent",
    readers="asker",
)
ANALYZER_PRESENCE: Final = Channel(
    "analyzer_presence",
    "sacmes/_system/analyzers/{analyzer}",
    "An analyzer process with its version and load.",
    writer="analyzer",
    readers="all",
    retain=True,
    payload=AnalyzerPresence,
    expiry_s=PRESENCE_EXPIRY_S,
)

CHANNELS: Final = (
    AGENT_PRESENCE,
    VIEWER_PRESENCE,
    SESSION,
    RAW,
    RECEIPTS,
    RESULTS,
    CURVES,
    PROGRESS,
    ALERTS,
    QUERY,
    REQUEST,
    AGENT_QUERY,
    AGENT_REQUEST,
    REPLY,
    ANALYZER_PRESENCE,
)


def _word(topic: str) -> str:
    """The third level of a topic, which no channel leaves open."""
    levels = topic.split("/", 3)
    return levels[2] if len(levels) > 2 else ""


_BY_WORD: Final[Mapping[str, Sequence[Channel]]] = {
    word: tuple(channel for channel in CHANNELS if _word(channel.template) == word)
    for word in map(_word, (channel.template for channel in CHANNELS))
}


@dataclass(frozen=True, slots=True)
class Place:
    """A topic taken apart: its channel and the levels that vary."""

    channel: Channel
    levels: Mapping[str, str] = field(default_factory=dict)

    @property
    def user_id(self) -> str:
        """The user whose tree it is in; empty in the services' tree."""
        return self.levels.get("user_id", "")


def parse_topic(topic: str) -> Place:
    """Find the channel of a topic.

    Raises
    ------
    ProtocolError
        If it is of no channel, or a level is not of its form (empty, wildcard, reserved name).
    """
    if len(topic) > 512:
        raise ProtocolError("The topic is longer than any of ours.")
    for channel in _BY_WORD.get(_word(topic), ()):
        levels = channel.matches(topic)
        if levels is not None:
            return Place(channel, levels)
    raise ProtocolError("The topic is not of this protocol.")


def encode(payload: Payload) -> bytes:
    """The payload as UTF-8 JSON; a `ProtocolError` if it is larger than the wire takes."""
    encoded = payload.model_dump_json().encode()
    if len(encoded) > MAX_WIRE_BYTES:
        raise ProtocolError(
            f"The message has {len(encoded):,} bytes; at most {MAX_WIRE_BYTES:,} are sent."
        )
    return encoded


def decode(model: type[PayloadT], payload: bytes) -> PayloadT:
    """Read a payload of a known model.

    Raises
    ------
    ProtocolError
        With a sentence that names the first field that is wrong.
    """
    if len(payload) > MAX_WIRE_BYTES:
        raise ProtocolError(f"The message has more than {MAX_WIRE_BYTES:,} bytes.")
    try:
        document: Any = from_json(payload, allow_inf_nan=False)
    except ValueError as error:
        raise ProtocolError(f"The message is not JSON: {error}.") from None
    if not isinstance(document, dict):
        raise ProtocolError("The message is not a JSON object.")
    schema = document.get("schema")
    if type(schema) is not int or schema != SCHEMA:
        raise ProtocolError(
            f"The message has schema {_short(schema)}; this version reads schema {SCHEMA}."
        )
    try:
        return model.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "message"
        raise ProtocolError(f"{_short(where)}: {first['msg']}.") from None


def read(message: Message) -> tuple[Place, Payload]:
    """Read a message of a channel whose payload is one model.

    Raises
    ------
    ProtocolError
        If the topic is of no channel, of one without a model, or the payload is wrong.
    """
    place = parse_topic(message.topic)
    if place.channel.payload is None:
        raise ProtocolError(f"A message on {place.channel.name} is not read this way.")
    return place, decode(place.channel.payload, message.payload)


def publication(channel: Channel, payload: Payload, **levels: str) -> Publication:
    """A message of a channel, delivered as its table line says."""
    return Publication(
        channel.topic(**levels),
        encode(payload),
        channel.qos,
        channel.retain,
        content_type=JSON_TYPE,
        expiry_s=channel.expiry_s,
    )


def clearing(channel: Channel, **levels: str) -> Publication:
    """The empty retained message that removes a retained one."""
    return Publication(channel.topic(**levels), b"", channel.qos, retain=True)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
