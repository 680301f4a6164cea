import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.settling import (
    LOCKED_MAX_S,
    Outlook,
    Patience,
    Sighting,
    WatchedFile,
    again,
    done,
    examined,
    locked,
    see,
)

PATIENCE = Patience()
SEEN = Sighting(100, 1)


def test_a_new_file_is_read_after_a_moment() -> None:
    file = see(None, SEEN, 10.0, PATIENCE)
    assert file == WatchedFile(SEEN, 10.0, 10.0 + PATIENCE.proven_s, arrived=10.0)


def test_the_same_sighting_does_not_begin_anew() -> None:
    file = see(None, SEEN, 10.0, PATIENCE)
    assert see(file, SEEN, 11.0, PATIENCE) is file


@pytest.mark.parametrize("other", [Sighting(101, 1), Sighting(100, 2)])
def test_a_change_begins_anew_also_when_it_was_done(other: Sighting) -> None:
    file = done(see(None, SEEN, 10.0, PATIENCE), 11.0)
    assert file.due_at is None
    assert see(file, other, 20.0, PATIENCE).unchanged_since == 20.0


@pytest.mark.parametrize(
    ("outlook", "needed_s"),
    [
        ("proven", 0.25),
        ("complete", 2.0),
        ("binary", 2.0),
        ("unreadable", 10.0),
        ("unfinished", 60),
    ],
)
def test_each_outlook_has_its_patience(outlook: Outlook, needed_s: float) -> None:
    file = see(None, SEEN, 0.0, PATIENCE)
    if needed_s > PATIENCE.proven_s:
        waiting, ready = examined(file, outlook, PATIENCE.proven_s, PATIENCE)
        assert not ready
        assert waiting.due_at == needed_s
        assert not examined(waiting, outlook, needed_s - 0.01, PATIENCE)[1]
    taken, ready = examined(file, outlook, needed_s, PATIENCE)
    assert ready
    assert taken.due_at is None


def test_a_locked_file_is_tried_again_ever_more_rarely() -> None:
    file, now, waits = see(None, SEEN, 0.0, PATIENCE), 0.0, []
    for _ in range(12):
        file = locked(file, now)
        assert file.due_at is not None
        waits.append(file.due_at - now)
        now = file.due_at
    assert waits[:3] == [0.5, 1.0, 2.0]
    assert waits[-1] == LOCKED_MAX_S
    assert examined(file, "proven", now, PATIENCE)[0].refusals == 0


def test_a_time_in_whole_seconds_may_hide_a_change_and_is_looked_at_once_more() -> None:
    file = see(None, Sighting(100, 4_000_000_000), 10.0, PATIENCE)
    file, ready = examined(file, "proven", 10.3, PATIENCE)
    assert ready
    assert file.due_at == 12.5
    file, ready = examined(file, "proven", 12.5, PATIENCE)
    assert ready
    assert file.due_at is None


def test_a_file_that_changed_under_the_reader_begins_anew() -> None:
    assert again(see(None, SEEN, 0.0, PATIENCE), 5.0, PATIENCE).unchanged_since == 5.0


def test_another_quiet_time_keeps_the_proportions() -> None:
    assert Patience.of(2.0) == Patience()
    assert Patience.of(0.1).proven_s == 0.1


@given(
    st.lists(
        st.tuples(st.floats(0.01, 30), st.booleans(), st.sampled_from(["unfinished", "complete"])),
        max_size=60,
    )
)
def test_nothing_is_taken_that_was_not_left_alone_long_enough(
    polls: list[tuple[float, bool, Outlook]],
) -> None:
    now, changed_at, size = 0.0, 0.0, 0
    file: WatchedFile | None = None
    for wait_s, changes, outlook in polls:
        now += wait_s
        if changes:
            size, changed_at = size + 1, now
        file = see(file, Sighting(size, 0), now, PATIENCE)
        if file.due_at is not None and now >= file.due_at:
            file, ready = examined(file, outlook, now, PATIENCE)
            if ready:
                assert now - changed_at >= PATIENCE.needed_s(outlook)
