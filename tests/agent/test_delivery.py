import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent import delivery
from agent.delivery import (
    AnalyzerReturned,
    Closed,
    Deferred,
    Delivery,
    Offered,
    Opened,
    Send,
    Settled,
    Tick,
    Waiting,
    resend_after,
    step,
)


def uploads(first: int, count: int, wire_bytes: int = 1000) -> tuple[Waiting, ...]:
    return tuple(Waiting(k, f"id-{k}", wire_bytes, "one") for k in range(first, first + count))


def connected(*offered: Waiting, now: float = 0.0) -> Delivery:
    state, _ = step(Delivery(), Opened(), now)
    return step(state, Offered(offered), now)[0]


def test_what_is_offered_is_sent_in_order() -> None:
    state, _ = step(Delivery(), Opened(), 0.0)
    state, sends = step(state, Offered(uploads(1, 3)), 0.0)
    assert sends == (Send("id-1"), Send("id-2", "id-1"), Send("id-3", "id-2"))
    assert state.cursor == 3


def test_nothing_is_sent_without_a_connection() -> None:
    assert Delivery().room == 0
    state, sends = step(Delivery(), Offered(uploads(1, 3)), 0.0)
    assert (state.window, sends) == ((), ())


def test_the_window_holds_a_hundred_uploads() -> None:
    state = connected(*uploads(1, 150))
    assert len(state.window) == delivery.WINDOW_UPLOADS
    assert state.cursor == 100
    assert state.room == 0
    state, _ = step(state, Settled(frozenset({"id-7"})), 1.0)
    assert state.room == 1


def test_the_window_holds_eight_mebibytes() -> None:
    state = connected(*uploads(1, 20, wire_bytes=1_000_000))
    assert len(state.window) == 8
    assert state.wire_bytes <= delivery.WINDOW_BYTES


def test_one_upload_larger_than_the_window_is_sent_alone() -> None:
    state = connected(*uploads(1, 2, wire_bytes=delivery.WINDOW_BYTES + 1))
    assert len(state.window) == 1


def test_without_a_receipt_it_is_sent_again_ever_more_rarely() -> None:
    state = connected(*uploads(1, 1))
    waits, last = [], 0.0
    for _ in range(10):
        assert state.next_due is not None
        waits.append(state.next_due - last)
        last = state.next_due
        state, sends = step(state, Tick(), last)
        assert sends == (Send("id-1"),)
    assert waits[:4] == [5.0, 10.0, 20.0, 40.0]
    assert waits[-1] == delivery.RESEND_MAX_S
    assert resend_after(10_000) == delivery.RESEND_MAX_S


def test_nothing_is_sent_again_before_its_time() -> None:
    state = connected(*uploads(1, 1))
    assert step(state, Tick(), 4.9)[1] == ()


def test_after_a_reconnect_the_whole_window_is_sent_again_in_order() -> None:
    state = connected(*uploads(1, 4))
    state, _ = step(state, Settled(frozenset({"id-2"})), 1.0)
    state, sends = step(state, Closed(), 2.0)
    assert sends == ()
    assert step(state, Tick(), 100.0)[1] == ()
    state, sends = step(state, Opened(), 100.0)
    assert sends == (Send("id-1"), Send("id-3", "id-1"), Send("id-4", "id-3"))


def test_what_is_behind_a_lost_one_is_sent_again_with_it() -> None:
    state = connected(*uploads(1, 3))
    state, _ = step(state, Offered(uploads(4, 1)), 3.0)
    state, _ = step(state, Settled(frozenset({"id-1"})), 3.0)
    state, sends = step(state, Tick(), 5.0)
    assert sends == (Send("id-2"), Send("id-3", "id-2"), Send("id-4", "id-3"))
    assert {flight.due_at for flight in state.window} == {15.0}


def test_sessions_do_not_wait_for_one_another() -> None:
    several = (
        Waiting(1, "id-1", 1, "one"),
        Waiting(2, "id-2", 1, "other"),
        Waiting(3, "id-3", 1, "one"),
    )
    state, _ = step(Delivery(), Opened(), 0.0)
    sends = step(state, Offered(several), 0.0)[1]
    assert sends == (Send("id-1"), Send("id-2"), Send("id-3", "id-1"))


def test_one_that_never_gets_a_receipt_holds_up_the_others_for_a_minute() -> None:
    state = connected(*uploads(1, 1))
    for _ in range(delivery.NAMED_ATTEMPTS):
        assert state.next_due is not None
        now = state.next_due
        state, _ = step(state, Offered(uploads(2, 1)), now - 0.1)
        state, sends = step(state, Tick(), now)
    assert now == 75.0
    assert sends == (Send("id-1"), Send("id-2"))


def test_a_refusal_for_now_waits_longer_each_time_and_keeps_its_place() -> None:
    state = connected(*uploads(1, 1))
    waits = []
    now = 0.0
    for _ in range(3):
        state, sends = step(state, Deferred(frozenset({"id-1"})), now)
        assert sends == ()
        assert state.next_due is not None
        waits.append(state.next_due - now)
        now = state.next_due
        state, sends = step(state, Tick(), now)
        assert sends == (Send("id-1"),)
    assert waits == [5.0, 10.0, 20.0]


def test_a_returning_analyzer_is_not_kept_waiting() -> None:
    state = connected(*uploads(1, 1))
    for _ in range(6):
        assert state.next_due is not None
        state, _ = step(state, Tick(), state.next_due)
    now = 1000.0
    state, _ = step(state, AnalyzerReturned(), now)
    assert state.next_due is not None
    assert state.next_due <= now + delivery.RESEND_FIRST_S


@given(st.lists(st.integers(1, 3_000_000), max_size=300))
def test_offering_never_breaks_the_bounds(sizes: list[int]) -> None:
    offered = tuple(Waiting(k + 1, f"id-{k}", size, "one") for k, size in enumerate(sizes))
    state = connected(*offered)
    assert len(state.window) <= delivery.WINDOW_UPLOADS
    assert state.wire_bytes <= max(delivery.WINDOW_BYTES, max(sizes, default=0))
    assert [f.upload for f in state.window] == list(offered[: len(state.window)])


class LossyWorld(RuleBasedStateMachine):
    """An outbox, an unreliable wire and an analyzer that stores what arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.outbox: dict[str, Waiting] = {}
        self.added = 0
        self.stored: dict[str, None] = {}
        self.named = True
        self.wire: list[Send] = []
        self.receipts: list[str] = []
        self.state = Delivery()

    def apply(self, event: delivery.Event) -> None:
        self.state, sends = step(self.state, event, self.now)
        if self.state.connected:
            self.wire += sends
        else:
            assert sends == ()

    def fill(self) -> None:
        waiting = sorted(self.outbox.values(), key=lambda w: w.sequence)
        offered = tuple(w for w in waiting if w.sequence > self.state.cursor)
        self.apply(Offered(offered[: self.state.room]))

    @rule(count=st.integers(1, 60), wire_bytes=st.integers(1, 900_000))
    def take(self, count: int, wire_bytes: int) -> None:
        for one in uploads(self.added + 1, count, wire_bytes):
            self.outbox[one.upload_id] = one
        self.added += count
        self.fill()

    @rule()
    def connect(self) -> None:
        self.apply(Opened())
        self.fill()

    @rule()
    def lose_the_connection(self) -> None:
        self.apply(Closed())
        self.wire.clear()

    @rule()
    def restart(self) -> None:
        self.state = Delivery()
        self.wire.clear()

    @precondition(lambda self: self.wire)
    @rule(data=st.data(), lost=st.booleans())
    def arrive(self, data: st.DataObject, lost: bool) -> None:
        send = self.wire.pop(data.draw(st.integers(0, len(self.wire) - 1)))
        if not lost and self.store(send):
            self.receipts.append(send.upload_id)

    def store(self, send: Send) -> bool:
        """Do as the analyzer: leave unanswered what is to follow one that is not stored."""
        if send.upload_id in self.stored or send.after is None or send.after in self.stored:
            self.stored.setdefault(send.upload_id)
            return True
        return False

    @precondition(lambda self: self.receipts)
    @rule(data=st.data(), lost=st.booleans())
    def receipt(self, data: st.DataObject, lost: bool) -> None:
        upload_id = self.receipts.pop(data.draw(st.integers(0, len(self.receipts) - 1)))
        if not lost:
            self.outbox.pop(upload_id, None)
            self.apply(Settled(frozenset({upload_id})))
            self.fill()

    @rule(seconds=st.floats(0.1, 400))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.apply(Tick())

    @invariant()
    def the_bounds_hold(self) -> None:
        assert len(self.state.window) <= delivery.WINDOW_UPLOADS
        assert self.state.wire_bytes <= delivery.WINDOW_BYTES

    @invariant()
    def what_is_struck_off_is_stored(self) -> None:
        everything = {f"id-{k}" for k in range(1, self.added + 1)}
        assert everything - self.outbox.keys() <= self.stored.keys()

    @invariant()
    def what_is_stored_is_in_order(self) -> None:
        attempts = max((flight.attempts for flight in self.state.window), default=0)
        self.named = self.named and attempts <= delivery.NAMED_ATTEMPTS
        order = [int(upload_id.partition("-")[2]) for upload_id in self.stored]
        assert not self.named or order == sorted(order)

    @invariant()
    def the_window_is_in_order(self) -> None:
        sequences = [flight.upload.sequence for flight in self.state.window]
        assert sequences == sorted(set(sequences))

    def teardown(self) -> None:
        """On a wire that works from now on, everything is stored in the end."""
        self.connect()
        for _ in range(50 * (self.added // delivery.WINDOW_UPLOADS + 1)):
            if not self.outbox:
                break
            done = [send.upload_id for send in self.wire if self.store(send)]
            for upload_id in done:
                self.outbox.pop(upload_id, None)
                self.apply(Settled(frozenset({upload_id})))
            self.wire.clear()
            self.now += delivery.RESEND_MAX_S
            self.apply(Tick())
            self.fill()
        assert not self.outbox
        assert self.stored.keys() == {f"id-{k}" for k in range(1, self.added + 1)}


TestLossyWorld = LossyWorld.TestCase


def test_states_are_values() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Delivery().cursor = 1  # type: ignore[misc]
