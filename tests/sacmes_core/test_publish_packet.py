"""PUBLISH packets, beside paho's own slow way of taking them apart and putting them together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt._packet import decode_publish as decode_slowly
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from sacmes_core.messages import Message, Publication
from sacmes_core.publish_packet import MalformedError, decode_publish, encode_properties

texts = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0\ufeff"), max_size=200
)
publications = st.builds(
    Publication,
    topic=st.text("abc/ü", min_size=1, max_size=40),
    payload=st.binary(max_size=50),
    qos=st.integers(0, 1),
    retain=st.booleans(),
    content_type=st.none() | texts,
    user_properties=st.lists(st.tuples(texts, texts), max_size=5).map(tuple),
    response_topic=st.none() | texts,
    correlation_data=st.none() | st.binary(max_size=50),
    expiry_s=st.none() | st.integers(0, 2**32 - 1),
)


def packet(publication: Publication, mid: int = 513) -> tuple[int, bytes]:
    topic = publication.topic.encode()
    body = len(topic).to_bytes(2, "big") + topic
    body += mid.to_bytes(2, "big") if publication.qos else b""
    first = 0x30 | publication.qos << 1 | publication.retain
    return first, body + encode_properties(publication) + publication.payload


@given(publications)
def test_what_is_put_together_comes_apart_again(publication: Publication) -> None:
    incoming = decode_publish(*packet(publication))
    assert incoming.message == Message(
        publication.topic, publication.payload, publication.retain, publication.content_type,
        publication.user_properties, publication.response_topic, publication.correlation_data,
        publication.expiry_s,
    )  # fmt: skip
    assert (incoming.mid, incoming.qos) == (513 if publication.qos else 0, publication.qos)


@given(publications)
def test_paho_reads_the_same(publication: Publication) -> None:
    slow = decode_slowly(*packet(publication), MQTTProtocolVersion.MQTTv5)
    assert (slow.topic, slow.payload) == (publication.topic.encode(), publication.payload)
    properties = slow.properties
    assert getattr(properties, "ContentType", None) == publication.content_type
    assert getattr(properties, "ResponseTopic", None) == publication.response_topic
    assert getattr(properties, "CorrelationData", None) == publication.correlation_data
    assert getattr(properties, "MessageExpiryInterval", None) == publication.expiry_s
    assert tuple(getattr(properties, "UserProperty", ())) == publication.user_properties


@given(publications, st.integers(0, 2**32 - 1))
def test_paho_reads_a_last_will_with_its_delay(will: Publication, delay_s: int) -> None:
    properties = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]
    packed = encode_properties(will, will_delay_s=delay_s)
    assert properties.unpack(packed)[1] == len(packed)  # type: ignore[no-untyped-call]
    assert properties.WillDelayInterval == delay_s
    assert getattr(properties, "ContentType", None) == will.content_type
    assert tuple(getattr(properties, "UserProperty", ())) == will.user_properties


def test_properties_that_say_nothing_to_us_are_passed_over() -> None:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.PayloadFormatIndicator = 1
    properties.TopicAlias = 7
    properties.SubscriptionIdentifier = [200, 3]
    properties.ContentType = "text/csv"
    body = b"\0\1a" + properties.pack() + b"payload"  # type: ignore[no-untyped-call]
    message = decode_publish(0x30, body).message
    assert message == Message("a", b"payload", content_type="text/csv")


def test_a_packet_that_ends_too_early_is_malformed() -> None:
    first, body = packet(
        Publication("a", b"", content_type="b", user_properties=(("c", "d"),), expiry_s=3)
    )
    for end in range(len(body)):
        with pytest.raises(MalformedError):
            decode_publish(first, body[:end])


@pytest.mark.parametrize(
    "properties",
    [b"\xff\xff\xff\xff\x01", b"\x01\x26", b"\x02\x7f\0", b"\x06\x03\0\x09abc", b"\x04\x03\0\1\xff",
     b"\x02\x02\0"],
    ids=["a length of five bytes", "no value", "an unknown property", "a text too long", "no UTF-8",
         "a number too short"],
)  # fmt: skip
def test_other_bytes_are_malformed(properties: bytes) -> None:
    with pytest.raises(MalformedError):
        decode_publish(0x30, b"\0\1a" + properties)


def test_a_topic_that_is_no_text_gives_no_message() -> None:
    incoming = decode_publish(0x32, b"\0\1\xff\0\7\0")
    assert (incoming.message, incoming.mid, incoming.qos) == (None, 7, 1)


def test_a_text_that_no_packet_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="at most"):
        encode_properties(Publication("a", b"", content_type="x" * 65_536))
