"""How the marks of the session come to every viewer: asked for when somebody has set one.

Who marks asks the analyzer, and all viewers overhear that and ask for the marks anew.
"""

from dataclasses import replace
from typing import Final

from dashboard.live_state import Ask, Effect, LiveState
from sacmes_core import questions
from sacmes_core.payloads.marks import MarksQuery, MarksReply
from sacmes_core.protocol import Place

OVERHEARD_S: Final = 0.3
"""From hearing that somebody marks to asking: the analyzer commits the mark meanwhile."""
ANSWER_S: Final = 5.0
AGAIN_S: Final = 60.0
"""Marks are asked for this often besides, should a message have been lost."""


def overheard(state: LiveState, place: Place, now: float) -> LiveState:
    """Take in that somebody has asked the analyzer for something."""
    if place.levels["verb"] not in (questions.MARK.verb, questions.UNMARK.verb):
        return state
    return replace(state, marks_due_at=now + OVERHEARD_S, marks_token=0)


def marks_due(state: LiveState, now: float) -> tuple[LiveState, tuple[Effect, ...]]:
    """Ask for the marks if it is time."""
    if state.link != "online" or state.session is None or now < state.marks_due_at:
        return state, ()
    token = state.next_token
    asked = replace(
        state, marks_token=token, marks_due_at=now + ANSWER_S, next_token=state.next_token + 1
    )
    query = MarksQuery(session_id=state.session.session_id)
    return asked, (Ask(questions.MARKS, query, token),)


def marks_came(state: LiveState, answer: object, now: float) -> LiveState:
    """Take the answer; a session that is not the one on the screen has none here."""
    waiting = replace(state, marks_token=0, marks_due_at=now + AGAIN_S)
    session = state.session
    if not isinstance(answer, MarksReply) or session is None:
        return waiting
    if answer.session_id != session.session_id:
        return waiting
    return waiting if answer.marks == state.marks else replace(waiting, marks=answer.marks)
