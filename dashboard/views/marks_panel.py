"""Marks of the run: set now or at a scan, listed, taken away, and brought back."""

import time
from typing import Any, Final

import streamlit as st

from dashboard import access, panels
from dashboard.blocks import Cell, Column, Notice
from dashboard.columns import columns_of
from dashboard.connection import AskError
from dashboard.live_state import LiveState
from dashboard.marks import KINDS, in_order, mark_words, request_again
from dashboard.standing import clock_words
from dashboard.views.zone import viewer_zone
from sacmes_core import questions
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.marks import Mark, MarkRequest, UnmarkRequest

_REMOVED: Final = "mark_removed"
_PROBLEM: Final = "mark_problem"
_TURN: Final = "mark_turn"
_COLUMNS: Final = (
    Column("Mark"),
    Column("Kind"),
    Column("Where"),
    Column("By"),
    Column(""),
)


def show(state: LiveState) -> None:
    """Show the form beside the list."""
    if state.session is None:
        return
    form, there = st.columns([1, 1.5], gap="large")
    with form:
        _form(state.session.session_id)
    with there:
        _list()


def _form(session_id: str) -> None:
    turn = st.session_state.setdefault(_TURN, 0)
    with st.form("mark", border=False):
        values = _fields(f"mark{turn}")
        pressed = st.form_submit_button(
            "Set mark",
            icon=":material/flag:",
            disabled=not access.may_change(),
            help="Every viewer sees it within seconds."
            if access.may_change()
            else access.LOOK_ONLY,
        )
    if pressed:
        if values["concentration"] is None:
            values["concentration_unit"] = ""
        who = access.credentials().username
        request = MarkRequest(session_id=session_id, by=who, **values)
        if _ask(questions.MARK, request):
            st.session_state[_TURN] = turn + 1
        st.rerun()


def _fields(prefix: str) -> dict[str, Any]:
    """What a mark says; another prefix empties the fields."""
    kind, label = st.columns([1, 1.6])
    values: dict[str, Any] = {
        "kind": kind.selectbox(
            "Kind", list(KINDS), format_func=KINDS.__getitem__, key=f"{prefix}_kind"
        ),
        "label": label.text_input(
            "Text", max_chars=200, placeholder="for example: target", key=f"{prefix}_label"
        ),
    }
    number, dose, unit = st.columns([1, 1, 0.8])
    values["number"] = number.number_input(
        "Before scan no.",
        value=None,
        min_value=0,
        step=1,
        placeholder="now",
        key=f"{prefix}_number",
        help="Number of the first scan that shows it; empty for this moment.",
    )
    values["concentration"] = dose.number_input(
        "Concentration",
        value=None,
        min_value=0.0,
        format="%g",
        placeholder="none",
        key=f"{prefix}_dose",
        help="Of the target from here on; a calibration takes its doses from here.",
    )
    units = ["nM", "pM", "µM", "mM", "ng/mL"]
    values["concentration_unit"] = unit.selectbox("Unit", units, key=f"{prefix}_unit")
    return values


@st.fragment(run_every=1.0)
def _list() -> None:
    problem = st.session_state.pop(_PROBLEM, None)
    if problem:
        panels.show_notice(Notice("Not done", problem, "attention"), key="mark_problem")
    removed: tuple[str, Mark] | None = st.session_state.get(_REMOVED)
    if removed is not None:
        _undo(*removed)
    state = access.connection().state
    if state.session is None or state.shown is None or not state.marks:
        st.caption(
            "No marks yet. Injections, washes and events stand in the charts as dotted lines."
        )
        return
    marks = in_order(state.marks, columns_of(state.shown))
    allowed = access.may_change()
    rows = [_row(mark, allowed=allowed) for mark in marks]
    names = [mark.mark_id for mark in marks] if allowed else []
    height = 230
    taken = panels.show_table(
        _COLUMNS, rows, label="Marks of the session", height=height, key="marks", opens=names
    )
    mark = next((m for m in marks if m.mark_id == taken), None)
    if mark is not None:
        session_id = state.session.session_id
        request = UnmarkRequest(session_id=session_id, mark_id=mark.mark_id)
        if _ask(questions.UNMARK, request):
            st.session_state[_REMOVED] = (session_id, mark)
        st.rerun(scope="fragment")


def _undo(session_id: str, mark: Mark) -> None:
    said, button = st.columns([3, 1], vertical_alignment="center")
    said.text(f"Taken away: {mark_words(mark)}")
    if button.button("Undo", key="mark_undo", icon=":material/undo:", width="stretch"):
        if _ask(questions.MARK, request_again(mark, session_id)):
            st.session_state.pop(_REMOVED)
        st.rerun(scope="fragment")


def _row(mark: Mark, *, allowed: bool) -> list[Cell]:
    if mark.number is not None:
        where = f"before scan {mark.number}"
    elif mark.at is not None:
        where = f"at {clock_words(mark.at.timestamp(), time.time(), viewer_zone())}"
    else:
        where = "–"
    return [
        Cell(mark_words(mark), title=mark.label),
        Cell(KINDS[mark.kind], tone="muted"),
        Cell(where),
        Cell(mark.by or "–", tone="muted"),
        Cell("Remove" if allowed else "", title="Click the row to take this mark away."),
    ]


def _ask(question: questions.Question, request: Payload) -> bool:
    try:
        access.connection().ask(question, request)
    except AskError as error:
        st.session_state[_PROBLEM] = str(error)
        return False
    return True
