"""Questions: answered in the asker's own tree, or refused with a reason."""

import json
from dataclasses import replace

import pytest

from sacmes_core.errors import ProtocolError
from sacmes_core.examples import EXAMPLES
from sacmes_core.messages import Message, Publication
from sacmes_core.payloads.questions import HistoryQuery, SessionsQuery, StopRequest
from sacmes_core.payloads.replies import Problem
from sacmes_core.protocol import PROBLEM_TYPE
from sacmes_core.questions import (
    EXPORT,
    HISTORY,
    QUESTIONS,
    START,
    STOP,
    file_reply,
    problem_reply,
    question,
    read_question,
    read_reply,
    reply,
)

PROBLEM = Problem(type="not_found", title="Not found", detail="There is no such session.")


def came(sent: Publication) -> Message:
    return Message(
        sent.topic, sent.payload, content_type=sent.content_type,
        user_properties=sent.user_properties, response_topic=sent.response_topic,
        correlation_data=sent.correlation_data, expiry_s=sent.expiry_s,
    )  # fmt: skip


def asked(user_id: str = "alice", client: str = "x1") -> Message:
    return came(
        question(
            HISTORY, HistoryQuery(after_position=7), user_id=user_id, client=client,
            correlation_data=b"42",
        )
    )  # fmt: skip


@pytest.mark.parametrize("kind", QUESTIONS, ids=lambda q: q.verb)
def test_every_question_is_read_back(kind: object) -> None:
    assert kind in QUESTIONS
    for one in QUESTIONS:
        if one is kind:
            payload = next(e for e in EXAMPLES if type(e) is one.payload)
            message = came(
                question(one, payload, user_id="alice", client="x1", correlation_data=b"1")
            )
            read = read_question(message)
            assert (read.user_id, read.question, read.payload) == ("alice", one, payload)
            assert read.ignored == ()


def test_an_answer_goes_to_the_response_topic_with_its_correlation() -> None:
    read = read_question(asked())
    answer = reply(read, PROBLEM)
    assert answer is not None
    assert (answer.topic, answer.correlation_data) == ("sacmes/alice/reply/x1", b"42")
    assert read_reply(HISTORY, came(answer)) == PROBLEM


def test_a_file_comes_back_as_its_bytes() -> None:
    answer = file_reply(
        read_question(asked()), b"a,b\r\n", content_type="text/csv", properties={"parts": "1"}
    )
    assert answer is not None
    assert read_reply(EXPORT, came(answer)) == b"a,b\r\n"
    assert answer.user_properties == (("parts", "1"),)


def test_an_empty_question_asks_with_every_default() -> None:
    read = read_question(Message("sacmes/alice/query/sessions", b""))
    assert read.payload == SessionsQuery()
    assert reply(read, PROBLEM) is None


@pytest.mark.parametrize(
    "response_topic",
    [
        "sacmes/bob/reply/x1", "sacmes/+/reply/x1", "sacmes/alice/reply/#", "sacmes/alice/results",
        "sacmes/alice/reply/", "sacmes/alice/reply/a/b", "$SYS/x", "", "sacmes/alice/session",
        "sacmes/_system/analyzers/x",
    ],
)  # fmt: skip
def test_a_response_topic_elsewhere_is_refused_and_not_even_told(response_topic: str) -> None:
    message = replace(asked(), response_topic=response_topic)
    with pytest.raises(ProtocolError, match="reply tree"):
        read_question(message)
    assert problem_reply(message, PROBLEM) is None


def test_a_retained_question_is_not_carried_out() -> None:
    message = replace(
        came(question(STOP, StopRequest(), user_id="alice", client="x", correlation_data=b"")),
        retain=True,
    )
    with pytest.raises(ProtocolError, match="retained"):
        read_question(message)
    assert problem_reply(message, PROBLEM) is None


def test_an_unknown_verb_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ProtocolError, match="sessions, history"):
        read_question(Message("sacmes/alice/query/everything", b""))


def test_a_verb_that_changes_is_not_found_among_the_queries() -> None:
    with pytest.raises(ProtocolError, match="start"):
        read_question(Message(f"sacmes/alice/query/{START.verb}", b""))


def test_a_request_to_the_instrument_needs_an_expiry() -> None:
    with pytest.raises(ProtocolError, match="expiry"):
        read_question(Message("sacmes/alice/agent/request/measure", b""))


def test_who_asked_well_formed_nonsense_is_told_so() -> None:
    message = replace(asked(), payload=b'{"schema":1,"limit":"many"}')
    with pytest.raises(ProtocolError, match="limit"):
        read_question(message)
    told = problem_reply(message, PROBLEM)
    assert told is not None
    assert told.content_type == PROBLEM_TYPE


def test_a_topic_that_carries_no_questions_is_refused() -> None:
    with pytest.raises(ProtocolError, match="no questions"):
        read_question(Message("sacmes/alice/results", b""))


def test_fields_that_are_not_known_are_named_in_the_answer() -> None:
    windows = [{"frequency_hz": 15.0, "from_v": 0}, {}]
    sent = {
        "schema": 1,
        "name": "known",
        "text": "misspelt",
        "a\n,é": 1,
        "settings": {"peak": {"windows": windows, "smooth": 1}},
    }
    message = replace(
        asked(), topic="sacmes/alice/request/start", payload=json.dumps(sent).encode()
    )
    answer = reply(read_question(message), PROBLEM)
    assert answer is not None
    (told,) = answer.user_properties
    assert told == (
        "ignored",
        "text,a%0A%2C%C3%A9,settings.peak.windows.from_v,settings.peak.smooth",
    )
    known = reply(read_question(asked()), PROBLEM)
    assert known is not None
    assert known.user_properties == ()
