"""Uploads: bytes untouched, described, and refused when they do not fit their description."""

import gzip
import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sacmes_core.errors import ProtocolError
from sacmes_core.example_run import CONTENT, UPLOAD_HEADER
from sacmes_core.messages import Message, Publication
from sacmes_core.protocol import MAX_UPLOAD_BYTES
from sacmes_core.upload import UploadHeader, UploadRefusedError, pack, unpack, upload_id

SESSION_ID = UPLOAD_HEADER.session_id


def came(sent: Publication) -> Message:
    return Message(sent.topic, sent.payload, user_properties=sent.user_properties)


def header_for(content: bytes, file: str = "a.txt") -> UploadHeader:
    return UploadHeader(
        session_id=SESSION_ID,
        upload_id=upload_id(SESSION_ID, file, content),
        file=file,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def packed(content: bytes) -> Message:
    return came(pack(header_for(content), content, user_id="lab-7"))


def with_property(message: Message, name: str, value: str | None) -> Message:
    kept = [(n, v) for n, v in message.user_properties if n != name]
    added = [] if value is None else [(name, value)]
    return replace(message, user_properties=(*kept, *added))


def test_the_example_comes_back_whole() -> None:
    message = came(pack(UPLOAD_HEADER, CONTENT, user_id="lab-7"))
    assert unpack(message) == ("lab-7", UPLOAD_HEADER, CONTENT)
    assert message.payload == CONTENT


@given(
    st.binary(max_size=2000),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=60),
    st.floats(min_value=1e-3, max_value=1e6),
)
def test_any_bytes_under_any_name_come_back(content: bytes, file: str, frequency_hz: float) -> None:
    header = header_for(content, file).model_copy(update={"frequency_hz": frequency_hz})
    sent = pack(header, content, user_id="lab-7")
    assert all(v.isprintable() for n, v in sent.user_properties if n == "file")
    assert unpack(came(sent)) == ("lab-7", header, content)


@pytest.mark.parametrize("size", [64 * 1024, 64 * 1024 + 1])
def test_bytes_above_64_kib_are_packed(size: int) -> None:
    content = b"0.001, 1e-7\n" * (size // 12) + b" " * (size % 12)
    message = packed(content)
    assert (len(message.payload) < size) == (size > 64 * 1024)
    assert unpack(message)[2] == content


def test_the_id_of_an_upload_depends_on_session_path_and_bytes() -> None:
    other = "1" + SESSION_ID[1:]
    ids = {
        upload_id(SESSION_ID, "a", b"1"), upload_id(other, "a", b"1"),
        upload_id(SESSION_ID, "b", b"1"), upload_id(SESSION_ID, "a", b"2"),
        upload_id(SESSION_ID, "a\nb", b"c"), upload_id(SESSION_ID, "a", b"b\nc"),
        upload_id(SESSION_ID, "a", b"1", returned=1), upload_id(SESSION_ID, "a", b"1", returned=2),
    }  # fmt: skip
    assert len(ids) == 8


def test_what_is_too_large_is_refused_at_the_sender_with_a_sentence() -> None:
    with pytest.raises(ProtocolError, match="Export fewer scans"):
        pack(UPLOAD_HEADER, bytes(MAX_UPLOAD_BYTES + 1), user_id="lab-7")
    noise = hashlib.shake_256(b"x").digest(2_000_000)
    with pytest.raises(ProtocolError, match="Export fewer scans"):
        pack(UPLOAD_HEADER, noise, user_id="lab-7")


@pytest.mark.parametrize(
    ("name", "value", "retry"),
    [
        ("schema", "2", True), ("schema", None, True), ("sha256", "0" * 64, True),
        ("encoding", "zip", False), ("session_id", "x", False), ("session_id", None, False),
        ("file", "", False), ("file", "%00" * 2000, False), ("number", "many", False),
        ("number", "1" * 5000, False), ("frequency_hz", "nan", False),
        ("frequency_hz", "-1", False), ("frequency_hz", "1e999", False),
        ("measured_at", "yesterday", False), ("measured_at", "2026-03-02T10:15:20", False),
        ("electrode", "0", False), ("complete", "perhaps", False),
    ],
)  # fmt: skip
def test_a_wrong_description_is_refused_with_the_id_for_its_receipt(
    name: str, value: str | None, retry: bool
) -> None:
    message = packed(b"1,2\n")
    known = dict(message.user_properties)["upload_id"]
    with pytest.raises(UploadRefusedError) as refused:
        unpack(with_property(message, name, value))
    assert (refused.value.upload_id, refused.value.retry) == (known, retry)


def test_an_id_that_does_not_fit_is_refused() -> None:
    with pytest.raises(UploadRefusedError):
        unpack(with_property(packed(b"1,2\n"), "upload_id", "0" * 64))
    with pytest.raises(UploadRefusedError) as refused:
        unpack(with_property(packed(b"1,2\n"), "upload_id", "../../etc/passwd"))
    assert refused.value.upload_id is None


def test_a_bomb_is_refused_before_it_unpacks() -> None:
    bomb = gzip.compress(bytes(64 * 1024 * 1024), compresslevel=9, mtime=0)
    message = with_property(replace(packed(b"1,2\n"), payload=bomb), "encoding", "gzip")
    with pytest.raises(UploadRefusedError, match="unpacks to more"):
        unpack(message)


def test_a_packed_upload_cut_at_any_byte_is_refused() -> None:
    whole = with_property(
        replace(packed(b"1,2\n"), payload=gzip.compress(b"1,2\n", mtime=0)), "encoding", "gzip"
    )
    assert unpack(whole)[2] == b"1,2\n"
    for end in range(len(whole.payload)):
        with pytest.raises(UploadRefusedError):
            unpack(replace(whole, payload=whole.payload[:end]))


@given(
    st.lists(st.tuples(st.text(max_size=20), st.text(max_size=40)), max_size=6),
    st.binary(max_size=50),
)
def test_no_properties_do_more_than_be_refused(
    properties: list[tuple[str, str]], payload: bytes
) -> None:
    with pytest.raises(UploadRefusedError):
        unpack(Message("sacmes/lab-7/raw/swv", payload, user_properties=tuple(properties)))
