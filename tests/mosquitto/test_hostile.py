"""What an ordinary user can do to the others with the shipped broker and an analyzer: little.

Bob attacks with his own name and key; alice measures meanwhile. `SECURITY.md` says it in words.
"""

import gzip
import json
import socket
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from support.agent import Speaker, packed, speaking, voltammogram
from support.broker import Broker
from support.client import NOT_AUTHORIZED, SUCCESS, Client, connected
from support.programs import running
from support.tools import wait_until

from sacmes_core import questions
from sacmes_core.payloads.replies import SessionsReply
from sacmes_core.protocol import CHANNELS, MAX_UPLOAD_BYTES

BOB = "sacmes/bob"
CORRELATION = b"attack"
ANALYZERS_ALONE = ("session", "results", "receipts", "curves", "progress", "alerts")


@dataclass
class Scene:
    """Broker and analyzer at work, and alice whose delay tells whether anybody disturbs her."""

    broker: Broker
    alice: Speaker
    session_id: str
    analyzer: Any
    log: Path

    def delay_s(self) -> float:
        """Seconds from an upload of alice's to its receipt."""
        content = voltammogram(height_a=1e-6 + time.monotonic() * 1e-12)
        began = time.monotonic()
        identity = self.alice.upload(self.session_id, f"SWV_{uuid.uuid4().hex[:6]}.txt", content)
        wait_until(lambda: identity in self.alice.receipts, timeout=60, what="alice's receipt")
        assert self.alice.receipts[identity] == "stored"
        return time.monotonic() - began

    def is_unharmed(self) -> None:
        """The analyzer lives, has met nothing unforeseen, and alice gets her answers."""
        assert isinstance(self.alice.ask(questions.SESSIONS), SessionsReply)
        assert self.analyzer.poll() is None
        log = self.log.read_text("utf-8")
        assert "Traceback" not in log, log


@pytest.fixture(scope="module")
def scene(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    home = tmp_path_factory.mktemp("analyzer")
    arguments = ("run", "--broker", broker.url("analyzer"), "--home", home, "--quota-gb", "1")
    with (
        running("sacmes-analyzer", *arguments, log=home / "log") as analyzer,
        speaking(broker) as alice,
    ):
        yield Scene(broker, alice, alice.start().session_id, analyzer, home / "log")


def properties(*, response: str | None = None, user: Sequence[tuple[str, str]] = ()) -> Properties:
    made = Properties(PacketTypes.PUBLISH)
    made.CorrelationData = CORRELATION
    if response is not None:
        made.ResponseTopic = response
    if user:
        made.UserProperty = list(user)
    return made


def test_a_flood_of_uploads_holds_up_nobody_for_long(scene: Scene) -> None:
    quiet_s = min(scene.delay_s() for _ in range(3))
    rubbish = bytes(5000)
    with connected(scene.broker, "bob") as bob:
        for _ in range(3000):
            bob.mqtt.publish(f"{BOB}/raw/swv", rubbish, qos=1)
        during_s = scene.delay_s()
        assert bob.publish(f"{BOB}/raw/swv", rubbish) == SUCCESS
    assert during_s < quiet_s + 10
    assert min(scene.delay_s() for _ in range(3)) < quiet_s + 2
    scene.is_unharmed()


def test_a_flood_of_questions_is_bounded_and_answered_or_refused(scene: Scene) -> None:
    with connected(scene.broker, "bob") as bob:
        for _ in range(3000):
            bob.mqtt.publish(
                f"{BOB}/query/history", b'{"schema": 1}', qos=0,
                properties=properties(response=f"{BOB}/reply/x"),
            )  # fmt: skip
        assert scene.delay_s() < 10
    scene.is_unharmed()


def test_a_giant_message_ends_the_connection_of_its_sender_alone(scene: Scene) -> None:
    with connected(scene.broker, "bob") as bob:
        bob.mqtt.publish(f"{BOB}/raw/swv", bytes(5_000_000), qos=1)
        wait_until(bob.disconnected.is_set, what="the end of bob's connection")
    scene.is_unharmed()


@pytest.mark.parametrize(
    "filter_",
    ["#", "sacmes/#", "sacmes/+/#", "+/alice/#", "sacmes/alice/+", "$share/g/sacmes/#",
     "$share/g/sacmes/alice/#", "sacmes/_system/#", "$SYS/#", "sacmes/alice/raw/+"],
)  # fmt: skip
def test_no_subscription_shows_another_users_data(scene: Scene, filter_: str) -> None:
    with connected(scene.broker, "bob") as bob:
        bob.subscribe(filter_)
        scene.delay_s()
        bob.settle()
        foreign = {
            seen.topic
            for seen in bob.seen
            if not seen.topic.startswith((f"{BOB}/", "sacmes/_system/analyzers/"))
        }
    assert foreign == set()


@pytest.mark.parametrize("tree", ["alice", "bob"])
@pytest.mark.parametrize("name", ANALYZERS_ALONE)
def test_what_the_analyzer_says_cannot_be_forged(scene: Scene, tree: str, name: str) -> None:
    with connected(scene.broker, "bob") as bob:
        for retain in (False, True):
            assert bob.publish(f"sacmes/{tree}/{name}", b"{}", retain=retain) == NOT_AUTHORIZED


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_nothing_is_said_in_another_users_name(scene: Scene, channel: Any) -> None:
    levels = {"user_id": "alice", "technique": "swv", "verb": "stop", "viewer": "v", "client": "c"}
    topic = channel.template.format_map(levels | {"analyzer": "a1"})
    with connected(scene.broker, "bob") as bob:
        assert bob.publish(topic, b"{}", retain=True) == NOT_AUTHORIZED


@pytest.mark.parametrize(
    "topic",
    ["sacmes/_system/raw/swv", "sacmes/_system/session", "sacmes/analyzer/raw/swv",
     "sacmes/admin/reply/x", "$SYS/broker/uptime", "sacmes", "sacmes/", "sacmes//raw/swv",
     f"{BOB}/", BOB, f"{BOB}//swv", f"{BOB}/raw/swv/more", f"{BOB}/reply/a/b"],
)  # fmt: skip
def test_reserved_and_crooked_topics_are_closed(scene: Scene, topic: str) -> None:
    with connected(scene.broker, "bob") as bob:
        if topic.startswith("$SYS"):
            # Mosquitto takes it and drops it: nobody but the broker writes there.
            with connected(scene.broker, "admin") as admin:
                admin.subscribe(topic)
                bob.mqtt.publish(topic, b"forged", qos=0)
                bob.settle()
                admin.settle()
                assert b"forged" not in [seen.payload for seen in admin.seen]
        else:
            assert bob.publish(topic) == NOT_AUTHORIZED


def test_retained_rubbish_in_ones_own_tree_is_carried_out_by_nobody(scene: Scene) -> None:
    """To whom is subscribed it is a message as any; to whom subscribes later it is rubbish."""
    topics = [f"{BOB}/{tail}" for tail in ("raw/swv", "query/sessions", "request/stop")]
    bob = Client(scene.broker, "bob")
    assert bob.connect(client_id="bob.test.kept", session_expiry_s=60) == SUCCESS
    bob.subscribe(f"{BOB}/reply/me")
    for topic in topics:
        bob.mqtt.publish(
            topic, b'{"schema": 1}', qos=1, retain=True,
            properties=properties(response=f"{BOB}/reply/me"),
        )  # fmt: skip
    for tail in ("presence/agent", "presence/viewers/v", "reply/x"):
        bob.publish(f"{BOB}/{tail}", b"\xff\x00 rubbish", retain=True)
    wait_until(lambda: len(bob.seen) == 2, what="the answers to two questions")
    bob.close()
    # By then the broker knows that they are answered, and asks neither again.
    scene.delay_s()
    scene.broker.restart()
    wait_until(lambda: scene.alice.link.connected, what="alice again")
    scene.delay_s()
    scene.is_unharmed()
    again = Client(scene.broker, "bob")
    assert again.connect(client_id="bob.test.kept", session_expiry_s=60) == SUCCESS
    again.settle()
    for topic in [*topics, f"{BOB}/presence/agent", f"{BOB}/presence/viewers/v", f"{BOB}/reply/x"]:
        again.publish(topic, b"", retain=True)
    again.close()
    assert again.seen == []


@pytest.mark.parametrize(
    "response",
    ["sacmes/alice/reply/victim", "sacmes/alice/session", "sacmes/_system/analyzers/a1",
     f"{BOB}/session", f"{BOB}/results", f"{BOB}/reply/../../alice/session", f"{BOB}/reply/",
     "sacmes/bob2/reply/x", "x" * 60_000],
)  # fmt: skip
def test_an_answer_goes_into_the_askers_own_replies_alone(scene: Scene, response: str) -> None:
    with connected(scene.broker, "admin") as witness, connected(scene.broker, "bob") as bob:
        witness.subscribe("sacmes/#")
        witness.settle()
        before = len(witness.seen)
        for verb in ("query/sessions", "request/start", "query/nonsense", "query/export"):
            bob.mqtt.publish(
                f"{BOB}/{verb}", b'{"schema": 1}', qos=1, properties=properties(response=response)
            )
        bob.mqtt.publish(
            f"{BOB}/query/sessions", b'{"schema": 1}', qos=1,
            properties=properties(response=f"{BOB}/reply/honest"),
        )  # fmt: skip
        wait_until(
            lambda: any(seen.topic == f"{BOB}/reply/honest" for seen in witness.seen[before:]),
            what="the answer to the honest question",
        )
        seen_since = witness.seen[before:]
        written = {seen.topic for seen in seen_since if not seen.topic.startswith("sacmes/alice/")}
        answered = {seen.topic for seen in seen_since if seen.correlation == CORRELATION}
        asked = {f"{BOB}/{verb}" for verb in ("query/sessions", "request/start", "query/nonsense")}
        allowed = asked | {f"{BOB}/query/export", f"{BOB}/reply/honest"}
        analyzers = {topic for topic in written if topic.startswith("sacmes/_system/analyzers/")}
        assert written - analyzers - {f"{BOB}/session"} <= allowed
        assert response not in answered
        assert f"{BOB}/reply/honest" in answered
    scene.is_unharmed()


def test_a_bomb_is_refused_before_it_is_large(scene: Scene) -> None:
    bomb = gzip.compress(bytes(4 * MAX_UPLOAD_BYTES))
    header = dict(packed(str(uuid.uuid4()), "bomb.txt", b"x").user_properties)
    assert len(bomb) < 1_000_000
    with connected(scene.broker, "bob") as bob:
        bob.subscribe(f"{BOB}/receipts")
        told = list((header | {"encoding": "gzip"}).items())
        for _ in range(10):
            bob.mqtt.publish(f"{BOB}/raw/swv", bomb, qos=1, properties=properties(user=told))
        wait_until(lambda: bob.seen, what="the refusal")
        receipt = json.loads(bob.seen[0].payload)["receipts"][0]
    assert receipt["status"] == "refused"
    assert "unpacks to more than" in receipt["reason"]
    assert scene.delay_s() < 10
    scene.is_unharmed()


LONG = "x" * 60_000
UPLOADS: dict[str, list[tuple[str, str]]] = {
    "nothing": [],
    "unknown schema": [("schema", "999999999999999999999")],
    "long values": [("schema", "1"), ("file", LONG), ("sha256", LONG), ("upload_id", LONG)],
    "many": [("file", str(number)) for number in range(2000)],
    "a climbing path": [("schema", "1"), ("file", "../../../etc/passwd")],
    "percent": [("schema", "1"), ("file", "%00%ff%0d%0a")],
    "numbers": [("schema", "1"), ("frequency_hz", "1e999"), ("number", "-1"), ("electrode", "nan")],
}


@pytest.mark.parametrize("kind", UPLOADS)
def test_crooked_descriptions_of_an_upload_are_refused(scene: Scene, kind: str) -> None:
    honest = dict(packed(str(uuid.uuid4()), "file.txt", b"x").user_properties)
    given = [*(honest.items() if kind in ("a climbing path", "percent", "numbers") else ())]
    crooked = [pair for pair in given if pair[0] not in dict(UPLOADS[kind])] + UPLOADS[kind]
    with connected(scene.broker, "bob") as bob:
        bob.mqtt.publish(f"{BOB}/raw/swv", b"x", qos=1, properties=properties(user=crooked))
        bob.settle()
    scene.is_unharmed()


@pytest.mark.parametrize("level", ["", "x" * 60_000, "SWV", "swv ", "…", "a" * 33])
def test_levels_that_are_none_of_ours_are_passed_over(scene: Scene, level: str) -> None:
    with connected(scene.broker, "bob") as bob:
        for tree in ("raw", "query", "request"):
            bob.mqtt.publish(f"{BOB}/{tree}/{level}", b"{}", qos=1)
        bob.settle()
    scene.is_unharmed()


@pytest.mark.parametrize(
    "payload",
    [b"\xff\xfe", b"[" * 100_000, b'{"schema": 1, "limit": 1e400}', b'{"schema": 1, "limit": -1}',
     b'{"schema": 1, "settings": null}', b'{"schema": 1, "session_id": "' + b"9" * 100_000 + b'"}',
     b'{"schema": 1, "session_id": "\\u0000"}', b"9" * 100_000, b'{"schema": true}'],
    ids=lambda payload: payload[:24].decode("latin-1"),
)  # fmt: skip
def test_crooked_questions_are_answered_with_a_problem_or_not_at_all(
    scene: Scene, payload: bytes
) -> None:
    with connected(scene.broker, "bob") as bob:
        for verb in ("query/history", "request/start", "request/settings"):
            bob.mqtt.publish(
                f"{BOB}/{verb}", payload, qos=1, properties=properties(response=f"{BOB}/reply/x")
            )
        bob.settle()
    scene.is_unharmed()


def test_text_that_is_none_ends_the_connection_of_its_sender(scene: Scene) -> None:
    # PUBLISH with a user property "f\xff" = "v", as no library would send it.
    topic, pair = f"{BOB}/raw/swv".encode(), b"\x26\x00\x02f\xff\x00\x01v"
    body = len(topic).to_bytes(2, "big") + topic + b"\x00\x07" + bytes([len(pair)]) + pair + b"x"
    with connected(scene.broker, "bob") as bob:
        sock = bob.mqtt.socket()
        assert isinstance(sock, socket.socket)
        sock.sendall(b"\x32" + bytes([len(body)]) + body)
        wait_until(bob.disconnected.is_set, what="the end of bob's connection")
    scene.is_unharmed()


def test_nobodys_client_id_is_seen_by_another_user(scene: Scene) -> None:
    """Who knew one could end its session: each has 96 random bits, and no topic says it."""
    with connected(scene.broker, "bob") as bob:
        bob.subscribe("#", "$SYS/#")
        scene.delay_s()
        bob.settle()
        seen = b" ".join(message.topic.encode() + message.payload for message in bob.seen)
    log = scene.broker.log.read_text("utf-8", "replace")
    assert "analyzer.ingest." in log
    assert b"analyzer.ingest." not in seen
    assert b"alice.test." not in seen
