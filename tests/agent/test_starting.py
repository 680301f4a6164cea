from hypothesis import given
from hypothesis import strategies as st
from support.agents import SESSION_ID, session_document

from agent.starting import (
    ASK_AGAIN_S,
    AnalyzerReturned,
    Answered,
    Ask,
    Closed,
    Event,
    Failed,
    Granted,
    Holds,
    Looked,
    Met,
    Starting,
    Tick,
    Wish,
    step,
)
from sacmes_core.payloads.replies import Problem, SessionReply
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings

SOURCE = {"handle": "SWV_", "frequencies_hz": (15.0, 200.0)}
WISH = Wish("swv", SessionSettings(source=SourceSettings(**SOURCE)))


def conflict(revision: int) -> Answered:
    return Answered(
        Problem(type="conflict", title="Conflict", detail="Changed.", revision=revision)
    )


def asked(state: Starting | None = None) -> Starting:
    state, (effect,) = step(state or Starting(WISH), Looked(), 0.0)
    assert isinstance(effect, Ask)
    return state


def test_it_asks_once_it_knows_what_the_broker_had() -> None:
    state = Starting(WISH)
    assert step(state, Tick(), 100.0)[1] == ()
    assert step(state, Looked(), 0.0)[1] == (Ask(0),)


def test_it_names_the_revision_it_saw() -> None:
    state, _ = step(Starting(WISH), Holds(session_document(8, state="stopped")), 0.0)
    assert step(state, Looked(), 0.1)[1] == (Ask(8),)


def test_an_equal_session_that_runs_is_gone_on_with() -> None:
    document = session_document(3, source=SOURCE)
    state, _ = step(Starting(WISH), Holds(document), 0.0)
    state, effects = step(state, Looked(), 0.1)
    assert effects == (Met(document, new=False),)
    assert step(state, Tick(), 100.0)[1] == ()


def test_another_name_asks_for_another_session() -> None:
    document = session_document(3, source=SOURCE, name="monday")
    for name, effect in (
        ("tuesday", Ask(3)),
        ("monday", Met(document, new=False)),
        ("", Met(document, new=False)),
    ):
        wish = Wish("swv", WISH.settings, name)
        assert step(Starting(wish, document=document), Looked(), 0.1)[1] == (effect,)


def test_another_or_a_stopped_session_is_not() -> None:
    for document in (
        session_document(3, source={"handle": "other"}),
        session_document(3, source=SOURCE, state="stopped"),
        session_document(3, source=SOURCE, technique="cv"),
    ):
        assert step(Starting(WISH, document=document), Looked(), 0.1)[1] == (Ask(3),)


def test_a_restart_goes_on_with_its_session_though_a_viewer_changed_its_settings() -> None:
    granted = Granted(WISH, SESSION_ID)
    document = session_document(9, source={"handle": "swv", "last_number": 7})
    state = Starting(WISH, granted, document)
    assert step(state, Looked(), 0.0)[1] == (Met(document, new=False),)


def test_a_restart_with_another_wish_asks() -> None:
    granted = Granted(Wish("cv", SessionSettings()), SESSION_ID)
    document = session_document(9, source={"handle": "swv"})
    assert step(Starting(WISH, granted, document), Looked(), 0.0)[1] == (Ask(9),)


def test_without_an_answer_it_asks_again_and_again() -> None:
    state = asked()
    assert step(state, Tick(), ASK_AGAIN_S - 0.1)[1] == ()
    for k in range(1, 20):
        state, effects = step(state, Tick(), k * ASK_AGAIN_S)
        assert effects == (Ask(0),)


def test_an_analyzer_that_comes_online_is_asked_at_once() -> None:
    assert step(asked(), AnalyzerReturned(), 1.0)[1] == (Ask(0),)
    assert step(Starting(WISH), AnalyzerReturned(), 1.0)[1] == ()


def test_nothing_is_asked_without_a_connection() -> None:
    state, _ = step(asked(), Closed(), 1.0)
    assert step(state, Tick(), 100.0)[1] == ()
    assert step(state, Looked(), 101.0)[1] == (Ask(0),)


def test_the_answer_meets_the_wish() -> None:
    document = session_document(1, source=SOURCE)
    state, effects = step(asked(), Answered(SessionReply(session=document)), 1.0)
    assert effects == (Met(document, new=True),)
    assert step(state, conflict(1), 1.1)[1] == ()


def test_after_a_conflict_it_looks_again_and_asks_once_more() -> None:
    state, effects = step(asked(), conflict(4), 1.0)
    assert effects == ()
    assert step(state, Tick(), 1.5)[1] == ()
    other = session_document(4, source={"handle": "other"})
    state, effects = step(state, Holds(other), 2.0)
    assert effects == (Ask(4),)
    _, (effect,) = step(state, conflict(5), 3.0)
    assert isinstance(effect, Failed)


def test_a_conflict_with_its_own_earlier_question_meets_the_wish() -> None:
    state, _ = step(asked(), conflict(1), 1.0)
    document = session_document(1, source=SOURCE)
    assert step(state, Holds(document), 1.1)[1] == (Met(document, new=True),)


def test_the_session_may_come_before_the_answer() -> None:
    document = session_document(1, source=SOURCE)
    assert step(asked(), Holds(document), 1.0)[1] == (Met(document, new=True),)


def test_a_store_that_counts_anew_is_asked_with_its_own_number() -> None:
    state = asked(Starting(WISH, document=session_document(57, state="stopped")))
    state, effects = step(state, conflict(3), 1.0)
    assert effects == (Ask(3),)


def test_a_refusal_is_final_and_says_why() -> None:
    problem = Problem(type="invalid", title="Invalid", detail="The handle is too long.")
    state, (effect,) = step(asked(), Answered(problem), 1.0)
    assert isinstance(effect, Failed)
    assert "The handle is too long." in effect.sentence
    assert step(state, Tick(), 100.0)[1] == ()


def test_an_analyzer_that_cannot_now_is_asked_later() -> None:
    problem = Problem(type="unavailable", title="Busy", detail="Later.")
    state, effects = step(asked(), Answered(problem), 1.0)
    assert effects == ()
    assert step(state, Tick(), 1.0 + ASK_AGAIN_S)[1] == (Ask(0),)


EVENTS: list[Event] = [
    Looked(),
    Closed(),
    Tick(),
    AnalyzerReturned(),
    conflict(1),
    conflict(7),
    Holds(session_document(7)),
    Answered(SessionReply(session=session_document(8, source=SOURCE))),
]


@given(st.lists(st.sampled_from(EVENTS)))
def test_a_wish_is_settled_once(events: list[Event]) -> None:
    state, ends = Starting(WISH), 0
    for k, event in enumerate(events):
        settled = state.settled
        state, effects = step(state, event, float(k))
        assert not (settled and effects)
        ends += sum(isinstance(effect, Met | Failed) for effect in effects)
    assert ends <= 1
    assert state.settled == (ends == 1)
