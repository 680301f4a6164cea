"""What waits to be answered is bounded, whoever asks and however many users there are."""

import pytest

from analyzer.inbox import QUESTIONS_MAX, QUESTIONS_OF_ONE_MAX, Inbox
from sacmes_core.link_events import Received
from sacmes_core.messages import Message
from sacmes_core.protocol import AGENT_PRESENCE, QUERY


def question(user_id: str, number: int = 0) -> Received:
    topic = QUERY.topic(user_id=user_id, verb="sessions")
    return Received(Message(topic, str(number).encode()), (1, number, 0))


def presence(user_id: str, payload: bytes) -> Received:
    return Received(Message(AGENT_PRESENCE.topic(user_id=user_id), payload), (1, 0, 0))


def drained(inbox: Inbox) -> list[tuple[str, bytes]]:
    found = []
    while not inbox.is_empty:
        item = inbox.take(0)
        assert item is not None
        found.append((item.message.topic.split("/")[1], item.message.payload))
    assert inbox.take(0) is None
    return found


def test_who_asks_too_much_leaves_room_for_others() -> None:
    inbox = Inbox()
    taken = [inbox.put(question("alice", k)) for k in range(QUESTIONS_OF_ONE_MAX + 1)]
    assert taken == [True] * QUESTIONS_OF_ONE_MAX + [False]
    assert inbox.put(question("bobby"))
    assert inbox.take(0) is not None
    assert inbox.put(question("alice", -1))
    assert [user for user, _ in drained(inbox)][-2:] == ["bobby", "alice"]
    assert inbox.put(question("alice"))


def test_all_together_may_not_ask_without_end() -> None:
    inbox = Inbox()
    users = QUESTIONS_MAX // QUESTIONS_OF_ONE_MAX
    for user in range(users):
        assert all(inbox.put(question(f"user{user}", k)) for k in range(QUESTIONS_OF_ONE_MAX))
    assert not inbox.put(question("bobby"))


def test_of_what_the_broker_holds_the_newest_waits_of_any_number_of_users() -> None:
    inbox = Inbox()
    users = [f"user{k:05d}" for k in range(2 * QUESTIONS_MAX)]
    for payload in (b"old", b"new"):
        assert all(inbox.put(presence(user, payload)) for user in users)
    assert inbox.put(question("alice"))
    assert drained(inbox) == [*((user, b"new") for user in users), ("alice", b"0")]


@pytest.mark.parametrize("newer", [(), (b"newer",)])
def test_what_could_not_be_looked_at_waits_again_unless_there_is_newer(
    newer: tuple[bytes, ...],
) -> None:
    inbox = Inbox()
    inbox.put(presence("alice", b"first"))
    item = inbox.take(0)
    assert item is not None
    for payload in newer:
        inbox.put(presence("alice", payload))
    inbox.put_back(item)
    assert drained(inbox) == [("alice", newer[0] if newer else b"first")]
