from hypothesis import given
from hypothesis import strategies as st
from support.agents import session_document

from agent.session import Follow, Ignore, Obedience, from_bytes, step, to_bytes, told


def test_the_first_document_is_followed() -> None:
    document = session_document(4)
    state, effects = step(Obedience(), document)
    assert effects == (Follow(document),)
    assert state.revision == 4
    assert state.running


def test_an_older_one_is_ignored_with_a_sentence() -> None:
    state = Obedience(session_document(4))
    after, (effect,) = step(state, session_document(3))
    assert after == state
    assert isinstance(effect, Ignore)
    assert "older" in effect.reason


def test_the_same_one_again_changes_nothing() -> None:
    state = Obedience(session_document(4))
    assert step(state, session_document(4)) == (state, ())


def test_a_stopped_one_is_followed_and_not_running() -> None:
    state, effects = step(Obedience(session_document(1)), session_document(2, state="stopped"))
    assert len(effects) == 1
    assert not state.running


def test_the_answer_of_a_store_that_counts_anew_holds() -> None:
    document = session_document(1)
    state, effects = told(document)
    assert state.document == document
    assert effects == (Follow(document),)


@given(st.lists(st.integers(1, 50), min_size=1))
def test_an_older_one_never_wins(revisions: list[int]) -> None:
    state = Obedience()
    followed = []
    for revision in revisions:
        state, effects = step(state, session_document(revision))
        followed += [e.document.revision for e in effects if isinstance(e, Follow)]
    assert state.revision == max(revisions)
    assert followed == sorted(set(followed))


def test_it_survives_the_disk() -> None:
    document = session_document(7, source={"handle": "SWV_µ", "frequencies_hz": (15.0, 0.5)})
    assert from_bytes(to_bytes(document)) == document


@given(st.integers(0, 400))
def test_a_damaged_file_is_no_document(length: int) -> None:
    content = to_bytes(session_document(7))
    assert from_bytes(content[: min(length, len(content) - 1)]) is None
