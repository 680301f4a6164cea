"""The rules of the session document."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.sessions import (
    PLAUSIBLE_REVISION_MAX,
    Answer,
    DocumentSeen,
    Effect,
    Event,
    Publish,
    RevisionSeen,
    Save,
    SettingsChanged,
    Started,
    Stopped,
    UserSessions,
    step,
)
from sacmes_core.payloads.questions import SettingsRequest, StartRequest, StopRequest
from sacmes_core.payloads.replies import Problem, SessionReply
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.parts import Technique
from sacmes_core.settings.session import SessionSettings

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def session_id(k: int) -> str:
    return f"00000000-0000-4000-8000-{k:012d}"


def document(
    k: int, revision: int, *, state: str = "running", settings: SessionSettings | None = None
) -> SessionDocument:
    return SessionDocument.model_validate(
        {
            "session_id": session_id(k),
            "technique": "swv",
            "state": state,
            "revision": revision,
            "settings_revision": revision,
            "started_at": NOW,
            "changed_at": NOW,
            "changed_by": "",
            "settings": settings or SessionSettings(),
        }
    )


def of_kind(effects: tuple[Effect, ...], kind: type) -> list[Effect]:
    return [effect for effect in effects if isinstance(effect, kind)]


def start(
    state: UserSessions, k: int, **request: object
) -> tuple[UserSessions, tuple[Effect, ...]]:
    return step(state, Started(StartRequest.model_validate(request), session_id(k)), NOW)


def change(state: UserSessions, **assignments: object) -> tuple[UserSessions, tuple[Effect, ...]]:
    assert state.newest is not None
    settings = state.newest.settings.changed(dict(assignments))
    request = SettingsRequest(seen_revision=state.newest.revision, settings=settings)
    return step(state, SettingsChanged(request), NOW)


def test_start_saves_before_it_publishes_and_answers() -> None:
    state, effects = start(UserSessions(), 1)
    assert [type(effect) for effect in effects] == [Save, Publish, Answer]
    assert state.newest is not None
    assert (state.newest.state, state.newest.revision) == ("running", 1)
    assert effects[-1] == Answer(SessionReply(session=state.newest))


def test_start_ends_the_session_that_runs() -> None:
    state, _ = start(UserSessions(), 1)
    state, effects = start(state, 2, seen_revision=1)
    ended, begun = (effect.document for effect in of_kind(effects, Save))
    assert (ended.session_id, ended.state, ended.revision) == (session_id(1), "stopped", 2)
    assert (begun.session_id, begun.state, begun.revision) == (session_id(2), "running", 3)
    assert [effect.document for effect in of_kind(effects, Publish)] == [begun]


def test_who_saw_another_revision_is_told_which_one_holds() -> None:
    state, _ = start(UserSessions(), 1)
    for event in (
        Started(StartRequest(seen_revision=7), session_id(2)),
        Stopped(StopRequest(seen_revision=0)),
        SettingsChanged(SettingsRequest(seen_revision=2, settings=SessionSettings())),
    ):
        after, effects = step(state, event, NOW)
        assert after == state
        (answer,) = effects
        assert isinstance(answer, Answer)
        assert isinstance(answer.payload, Problem)
        assert (answer.payload.type, answer.payload.revision) == ("conflict", 1)


@pytest.mark.parametrize("technique", get_args(Technique))
def test_every_technique_is_started(technique: Technique) -> None:
    state, effects = start(UserSessions(), 1, technique=technique)
    assert state.newest is not None
    assert state.newest.technique == technique
    assert any(isinstance(effect, Answer) for effect in effects)


def test_only_reading_and_peak_settings_analyse_again() -> None:
    state, _ = start(UserSessions(), 1)
    for name, value, again, trend in (
        ("source.handle", "SWV", False, False),
        ("reading.delimiter", "tab", True, False),
        ("peak.smoothing", "off", True, False),
        ("trend.reference_number", 3, False, True),
    ):
        before = state.newest
        state, effects = change(state, **{name: value})
        (save,) = of_kind(effects, Save)
        assert before is not None
        assert state.newest is not None
        assert (save.analyse_again, save.trend_again) == (again, trend)
        assert (state.newest.settings_revision > before.settings_revision) is again


def test_equal_settings_change_nothing() -> None:
    state, _ = start(UserSessions(), 1)
    after, effects = change(state)
    assert after == state
    assert [type(effect) for effect in effects] == [Answer]


def test_stop_without_a_session_is_answered() -> None:
    _, effects = step(UserSessions(), Stopped(StopRequest()), NOW)
    assert isinstance(effects[0].payload, Problem)


def test_fresh_store_takes_over_what_the_broker_holds() -> None:
    held = document(1, 7)
    state, effects = step(UserSessions(), DocumentSeen(held, None), NOW)
    assert state == UserSessions(held, False, 7)
    assert effects == (Save(held), Publish(held))
    state, _ = start(state, 2, seen_revision=7)
    assert state.highest_revision == 9


def test_older_document_at_the_broker_is_replaced_by_the_newest() -> None:
    old, newest = document(1, 3), document(1, 5, state="stopped")
    state = UserSessions(newest, False, 5)
    after, effects = step(state, DocumentSeen(old, newest), NOW)
    assert after == state
    assert effects == (Publish(newest),)


@pytest.mark.parametrize("k", [1, 2], ids=["same session", "later session"])
def test_document_that_an_older_copy_of_the_store_does_not_know_is_retained_again(k: int) -> None:
    stored, held = document(1, 3), document(k, 7)
    seen = DocumentSeen(held, stored if k == 1 else None)
    state, effects = step(UserSessions(stored, False, 3), seen, NOW)
    assert state == UserSessions(held, False, 7)
    saved, published = effects
    assert isinstance(saved, Save)
    assert saved.document == held
    assert published == Publish(held)


def test_recovered_session_can_be_stopped_by_who_never_saw_it() -> None:
    state = UserSessions(document(1, 1, state="stopped"), True, 7)
    after, effects = step(state, Stopped(StopRequest(seen_revision=0)), NOW)
    assert after.newest is not None
    assert after.newest.revision == 8
    assert [type(effect) for effect in effects] == [Save, Publish, Answer]


def test_absurd_revision_of_an_agent_is_not_believed() -> None:
    state, _ = step(UserSessions(), RevisionSeen(PLAUSIBLE_REVISION_MAX + 1), NOW)
    assert state == UserSessions()


revisions = st.integers(0, 60)
settings = st.builds(
    lambda handle, smoothing, reference: SessionSettings().changed(
        {
            "source.handle": handle,
            "peak.smoothing": smoothing,
            "trend.reference_number": reference,
        }
    ),
    st.sampled_from(["", "a"]),
    st.sampled_from(["auto", "off"]),
    st.integers(0, 2),
)
fresh = count(100)
events = st.lists(
    st.one_of(
        st.builds(
            lambda seen, s: Started(
                StartRequest(seen_revision=seen, settings=s), session_id(next(fresh))
            ),
            revisions,
            settings,
        ),
        st.builds(lambda seen: Stopped(StopRequest(seen_revision=seen)), revisions),
        st.builds(
            lambda seen, s: SettingsChanged(SettingsRequest(seen_revision=seen, settings=s)),
            revisions,
            settings,
        ),
        st.builds(RevisionSeen, revisions),
        st.builds(
            lambda k, revision: DocumentSeen(document(k, revision), None),
            st.integers(1, 3),
            st.integers(1, 60),
        ),
        st.just("the right revision"),
    ),
    max_size=30,
)


def as_seen(event: object, state: UserSessions, stored: dict[str, SessionDocument]) -> Event:
    """The event as it would come: about what the store knows."""
    if event == "the right revision":
        seen = 0 if state.newest is None else state.newest.revision
        return Started(StartRequest(seen_revision=seen), session_id(next(fresh)))
    if isinstance(event, DocumentSeen):
        return DocumentSeen(event.document, stored.get(event.document.session_id))
    assert isinstance(event, Started | Stopped | SettingsChanged | RevisionSeen)
    return event


@given(events)
def test_revisions_only_grow_and_nothing_is_published_unsaved(sequence: list[object]) -> None:
    state = UserSessions()
    stored: dict[str, SessionDocument] = {}
    highest_published = 0
    now = NOW
    for item in sequence:
        now += timedelta(seconds=1)
        event = as_seen(item, state, stored)
        before = state
        state, effects = step(state, event, now)
        assert state.highest_revision >= before.highest_revision
        seen = event.revision if isinstance(event, RevisionSeen) else 0
        for effect in effects:
            match effect:
                case Save(saved):
                    known = stored.get(saved.session_id)
                    assert known is None or saved.revision > known.revision
                    stored[saved.session_id] = saved
                case Publish(published):
                    assert stored[published.session_id] == published
                    assert published == state.newest
                    assert published.revision >= highest_published
                    highest_published = published.revision
        assert state.newest is None or state.newest.revision <= state.highest_revision
        assert state.highest_revision >= seen
