"""Every topic and payload: there and back, cut anywhere, and as an enemy would send it."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sacmes_core.errors import ProtocolError
from sacmes_core.examples import EXAMPLES
from sacmes_core.messages import Message
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.presence import AgentPresence
from sacmes_core.payloads.questions import StopRequest
from sacmes_core.payloads.results import (
    Curves,
    ElectrodeCurves,
    ElectrodeResult,
    Result,
    ScanReference,
)
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.protocol import (
    AGENT_PRESENCE,
    CHANNELS,
    MAX_WIRE_BYTES,
    RAW,
    REPLY,
    RESERVED_NAMES,
    RESULTS,
    SESSION,
    check_user_id,
    clearing,
    decode,
    encode,
    parse_topic,
    publication,
    read,
)

LEVELS = {
    "user_id": "lab-7",
    "technique": "swv",
    "verb": "history",
    "viewer": "q7Gk2",
    "client": "x1",
    "analyzer": "server-1",
}
by_name = pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: type(e).__name__)


def levels_of(template: str) -> dict[str, str]:
    return {name: value for name, value in LEVELS.items() if f"{{{name}}}" in template}


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda c: c.name)
def test_a_topic_is_parsed_back_to_its_channel_and_levels(channel: Any) -> None:
    levels = levels_of(channel.template)
    place = parse_topic(channel.topic(**levels))
    assert (place.channel, place.levels) == (channel, levels)


def test_a_filter_has_a_plus_for_each_level_that_is_not_given() -> None:
    assert RAW.filter() == "sacmes/+/raw/+"
    assert RAW.filter(user_id="lab-7") == "sacmes/lab-7/raw/+"


@pytest.mark.parametrize(
    "topic",
    [
        "", "/", "sacmes", "sacmes//session", "sacmes/+/session", "sacmes/#", "sacmes/lab-7/raw/",
        "sacmes/lab-7/raw/+", "sacmes/lab-7/raw/swv/more", "sacmes/LAB/session",
        "sacmes/ab/session", "sacmes/lab-7/session/",
        "sacmes/lab-7\n/session", "sacmes/lab-7/reply/a b",
        "sacmes/lab-7/reply/+", "sacmes/analyzer/session", "sacmes/admin/raw/swv",
        "$SYS/broker/uptime", "sacmes/lab-7/raw/swv\x00", "x" * 100_000,
        "sacmes/" + "a" * 65 + "/session",
    ],
)  # fmt: skip
def test_hostile_topics_are_refused(topic: str) -> None:
    with pytest.raises(ProtocolError):
        parse_topic(topic)


@given(st.text(max_size=80))
def test_no_text_as_a_topic_does_more_than_be_refused(text: str) -> None:
    for topic in (text, f"sacmes/{text}/session", f"sacmes/lab-7/{text}"):
        try:
            place = parse_topic(topic)
        except ProtocolError:
            continue
        assert place.channel.topic(**place.levels) == topic


@pytest.mark.parametrize(
    "name", [*sorted(RESERVED_NAMES), "ab", "a" * 65, "Lab", "a b", "ä-lab", "-ab", "a/b", "abc\n"]
)
def test_names_that_are_no_user_ids_are_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(ProtocolError, match=r"\.$"):
        check_user_id(name)


@pytest.mark.parametrize("name", ["lab", "lab-7", "0b6f6c1e-5d0c-4c1e-9d43-2f1f0b1f8a55", "a" * 64])
def test_user_ids_are_accepted(name: str) -> None:
    assert check_user_id(name) == name


def test_a_topic_is_never_built_from_a_level_that_is_not_of_its_form() -> None:
    with pytest.raises(ProtocolError):
        REPLY.topic(user_id="lab-7", client="a/b")
    with pytest.raises(ProtocolError):
        SESSION.topic(user_id="admin")


@by_name
def test_an_example_comes_back_equal(example: Payload) -> None:
    assert decode(type(example), encode(example)) == example


@by_name
def test_an_example_shows_every_field(example: Payload) -> None:
    for name in type(example).model_fields:
        value = getattr(example, name)
        known_empty = {
            ("Result", "error"),
            ("ListReply", "truncated"),
            ("HistoryReply", "more"),
            ("HistoryReply", "results"),
            ("PreviewReply", "problem"),
        }
        if (type(example).__name__, name) not in known_empty:
            assert value not in (None, ()), f"{type(example).__name__}.{name} is not shown"


def test_every_payload_model_has_an_example() -> None:
    models = set(Payload.__subclasses__())
    assert models == {type(example) for example in EXAMPLES}


@by_name
def test_a_message_cut_at_any_byte_is_refused(example: Payload) -> None:
    whole = encode(example)
    for end in range(len(whole)) if len(whole) < 4000 else range(0, len(whole), 7):
        with pytest.raises(ProtocolError):
            decode(type(example), whole[:end])


@by_name
def test_wrong_types_and_impossible_numbers_in_any_field_never_crash(example: Payload) -> None:
    document = example.model_dump(mode="json")
    hostile: list[Any] = [
        None, True, -1, 0, 1e308, 10**40, "", "x" * 10_000, "\ud7ff\x00", [], {}, [[]], {"a": 1},
        "NaN", "1", [None] * 2000,
    ]  # fmt: skip
    for path in leaves(document):
        for value in hostile:
            changed = json.loads(json.dumps(document))
            put(changed, path, value)
            try:
                again = decode(type(example), json.dumps(changed).encode())
            except ProtocolError:
                continue
            assert decode(type(example), encode(again)) == again


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_number_that_is_not_finite_is_refused(number: str) -> None:
    whole = encode(result_example()).decode()
    assert "3.61e-7" in whole
    with pytest.raises(ProtocolError):
        decode(Result, whole.replace("3.61e-7", number).encode())


def test_a_number_is_not_read_from_a_string() -> None:
    whole = encode(result_example()).decode()
    with pytest.raises(ProtocolError, match="peak_current_a"):
        decode(Result, whole.replace("3.61e-7", '"3.61e-7"').encode())


@pytest.mark.parametrize("schema", ["2", "0", "null", '"1"', "true", "1.0", "[]"])
def test_an_unknown_schema_is_refused_and_named(schema: str) -> None:
    with pytest.raises(ProtocolError, match="schema"):
        decode(StopRequest, b'{"schema":%s}' % schema.encode())


def test_a_missing_schema_is_refused() -> None:
    with pytest.raises(ProtocolError, match="schema"):
        decode(StopRequest, b"{}")


def test_unknown_fields_are_ignored() -> None:
    assert decode(StopRequest, b'{"schema":1,"new":[1]}') == StopRequest()


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[]", b"1", b"\xff\xfe{\x00", b"[" * 100_000, b'{"a":' * 50_000,
     b"{" + b" " * 2_000_000],
    ids=["empty", "null", "list", "number", "utf-16", "deep list", "deep object", "too long"],
)  # fmt: skip
def test_what_is_no_json_object_is_refused(content: bytes) -> None:
    with pytest.raises(ProtocolError, match=r"\.$"):
        decode(StopRequest, content)


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(content: bytes) -> None:
    for model in (SessionDocument, Result, AgentPresence):
        with pytest.raises(ProtocolError):
            decode(model, content)


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(
    st.builds(
        ElectrodeResult,
        electrode=st.integers(1, 256),
        peak_current_a=st.none() | finite,
        peak_potential_v=st.none() | finite,
        normalised=st.none() | finite,
        kdm=st.none() | finite,
        flags=st.lists(st.sampled_from(["no_peak", "too_noisy"]), max_size=2).map(tuple),
    ),
    st.text(min_size=1, max_size=50).filter(lambda t: t.isprintable()),
    st.integers(0, 2**53),
    st.datetimes(
        timezones=st.just(UTC), min_value=datetime(1, 1, 2), max_value=datetime(9999, 1, 1)
    ),
)
def test_any_result_comes_back_to_the_last_bit(
    electrode: ElectrodeResult, file: str, position: int, at: datetime
) -> None:
    result = result_example().model_copy(
        update={
            "electrodes": (electrode,),
            "position": position,
            "scan": ScanReference(file=file, measured_at=at, measured_at_source="host"),
        }
    )
    assert decode(Result, encode(result)) == result


def test_a_result_has_about_one_kilobyte() -> None:
    assert len(encode(result_example())) < 1500


def test_what_is_too_large_for_the_wire_is_not_encoded() -> None:
    curve = ElectrodeCurves(
        electrode=1, potential_v=(math.pi,) * 90_000, current_a=(math.pi,) * 90_000
    )
    example = next(e for e in EXAMPLES if isinstance(e, Curves))
    with pytest.raises(ProtocolError, match=f"{MAX_WIRE_BYTES:,}"):
        encode(example.model_copy(update={"electrodes": (curve,)}))


def test_a_publication_follows_its_channel() -> None:
    presence = next(e for e in EXAMPLES if isinstance(e, AgentPresence))
    message = publication(AGENT_PRESENCE, presence, user_id="lab-7")
    assert (message.topic, message.qos, message.retain) == (
        "sacmes/lab-7/presence/agent", 1, True,
    )  # fmt: skip
    assert message.expiry_s == 90
    assert clearing(AGENT_PRESENCE, user_id="lab-7").payload == b""


def test_reading_a_message_needs_topic_and_payload_to_fit() -> None:
    topic = RESULTS.topic(user_id="lab-7")
    place, payload = read(Message(topic, encode(result_example())))
    assert (place.user_id, payload) == ("lab-7", result_example())
    with pytest.raises(ProtocolError):
        read(Message(SESSION.topic(user_id="lab-7"), encode(result_example())))
    with pytest.raises(ProtocolError, match="raw"):
        read(Message(RAW.topic(user_id="lab-7", technique="swv"), b"{}"))


def result_example() -> Result:
    return next(e for e in EXAMPLES if isinstance(e, Result))


def leaves(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(document, dict):
        return [p for k, v in document.items() for p in [(*path, k), *leaves(v, (*path, k))]]
    if isinstance(document, list) and document:
        return [(*path, 0), *leaves(document[0], (*path, 0))]
    return []


def put(document: Any, path: tuple[Any, ...], value: Any) -> None:
    for step in path[:-1]:
        document = document[step]
    document[path[-1]] = value
