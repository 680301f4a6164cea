"""The sessions page: every session of the user, to open, rename, delete, bring back, export."""

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
import streamlit as st

from dashboard import access, panels
from dashboard.blocks import Notice
from dashboard.connection import AskError
from dashboard.navigation import go_to
from dashboard.session_rows import found, name_of, table
from dashboard.views import compare, export_panel, recorded
from dashboard.views.past import list_again, listed, peeked
from dashboard.views.zone import viewer_zone
from sacmes_core import questions
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.questions import DeleteRequest, RenameRequest, UndeleteRequest
from sacmes_core.payloads.replies import GLIMPSED_FILES, SessionSummary
from sacmes_core.questions import Question

_OPENED: Final = "opened_session"
_SAID: Final = "sessions_said"
_UNDO: Final = "sessions_undo"
_TURN: Final = "sessions_turn"
_RUNS: Final = "It runs at the moment; stop it on the Session page first."
_COLUMNS: Final[dict[str, Any]] = {
    "State": st.column_config.TextColumn(width="small"),
    "Name": st.column_config.TextColumn(width="medium"),
    "Technique": st.column_config.TextColumn(),
    "Started": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", width="medium"),
    "Duration / h": st.column_config.NumberColumn(
        format="%.2f", width="small", help="From the start to the last result."
    ),
    "Scans": st.column_config.NumberColumn(width="small", help="Analysed scans."),
    "Trend": st.column_config.LineChartColumn(
        width="small", help="Peak current of one electrode at one frequency, over the run."
    ),
    "Flagged / %": st.column_config.NumberColumn(
        format="%.1f",
        width="small",
        help=f"Share of flagged scans: of all in a session of up to {GLIMPSED_FILES} files, else "
        "of so many spread over the run.",
    ),
    "Electrodes": st.column_config.TextColumn(
        width="small", help="Those that the settings name; all of the file where they name none."
    ),
    "Changed by": st.column_config.TextColumn(width="small"),
}


def page() -> None:
    """Show the list, or the session that was opened from it."""
    try:
        every = listed(deleted=bool(st.session_state.get("sessions_deleted")))
    except AskError as error:
        panels.show_notice(Notice("The sessions cannot be listed", str(error), "attention"))
        return
    opened = st.session_state.get(_OPENED)
    chosen = next((s for s in every if s.session.session_id == opened), None)
    if chosen is None:
        _list(every)
    else:
        st.button(
            "All sessions",
            icon=":material/arrow_back:",
            type="tertiary",
            on_click=_open,
            args=(None,),
        )
        recorded.show(chosen)


def _list(every: Sequence[SessionSummary]) -> None:
    zone = viewer_zone()
    panels.show_title("Sessions", "Every run that was measured. Choose one or more in the table.")
    _say()
    words, deleted = st.columns([3, 1], vertical_alignment="center")
    sought = words.text_input(
        "Search",
        placeholder="Search by name, technique, date …",
        key="sessions_search",
        label_visibility="collapsed",
    )
    deleted.toggle("Show deleted", key="sessions_deleted")
    shown = found(every, sought, zone)
    if not shown:
        panels.show_notice(_nothing(sought), lone=True)
        return
    event = st.dataframe(
        pd.DataFrame(table(shown, zone)),
        hide_index=True,
        column_config=_COLUMNS,
        on_select="rerun",
        selection_mode="multi-row",
        height=min(36 * (len(shown) + 1) + 2, 430),
        key=f"sessions_table/{sought}/{st.session_state.get(_TURN, 0)}",
    )
    rows = event["selection"]["rows"]
    _actions([shown[row] for row in rows if row < len(shown)])


def _nothing(sought: str) -> Notice:
    if sought:
        return Notice("Nothing found", f"No session has “{sought}” in it.", "idle")
    return Notice("No session yet", "The first appears here as soon as it is started.", "idle")


def _actions(chosen: Sequence[SessionSummary]) -> None:
    if not chosen:
        st.caption("Tick one at its left to open, rename, delete or export it; several to compare.")
        return
    one = chosen[0] if len(chosen) == 1 else None
    with st.container(horizontal=True, vertical_alignment="center"):
        if one is not None and one.session.state == "running":
            if st.button("Open live", type="primary", icon=":material/show_chart:"):
                go_to("live")
            _rename_button(one)
        elif one is not None:
            st.button(
                "Open",
                type="primary",
                icon=":material/show_chart:",
                on_click=_open,
                args=(one,),
                help="Its charts, also as they were at any moment, and as a replay.",
            )
            _rename_button(one)
        elif st.button("Compare", type="primary", icon=":material/stacked_line_chart:"):
            st.session_state[compare.CHOSEN] = [s.session.session_id for s in chosen]
            go_to("compare")
        _delete_button(chosen)
    if one is not None:
        with st.expander("Export", icon=":material/download:"):
            what = export_panel.exportable(one.session, peeked(one.session))
            export_panel.show(what, place=f"sessions/{one.session.session_id}")


def _rename_button(one: SessionSummary) -> None:
    pressed = st.button(
        "Rename",
        icon=":material/edit:",
        disabled=not access.may_change(),
        help=None if access.may_change() else access.LOOK_ONLY,
    )
    if pressed:
        _rename(one)


def _delete_button(chosen: Sequence[SessionSummary]) -> None:
    gone = [s for s in chosen if s.deleted_at is not None]
    if gone:
        st.button(
            "Restore",
            icon=":material/restore_from_trash:",
            disabled=not access.may_change(),
            help=None if access.may_change() else access.LOOK_ONLY,
            on_click=_restore,
            args=(tuple(s.session.session_id for s in gone),),
        )
        return
    running = any(s.session.state == "running" for s in chosen)
    reason = _RUNS if running else "It is hidden, and can be brought back at any time."
    st.button(
        "Delete",
        icon=":material/delete:",
        disabled=running or not access.may_change(),
        help=reason if access.may_change() else access.LOOK_ONLY,
        on_click=_delete,
        args=(tuple(chosen),),
    )


@st.dialog("Rename the session")
def _rename(one: SessionSummary) -> None:
    name = st.text_input("Name", one.session.name, max_chars=200)
    if st.button("Rename it", type="primary"):
        by = access.credentials().username
        request = RenameRequest(session_id=one.session.session_id, name=name.strip(), by=by)
        problem = _asked(questions.RENAME, request)
        said = problem or Notice("Renamed", f"It is called {name.strip() or '–'} now.", "good")
        _finish(said)
        st.rerun()


def _delete(chosen: Sequence[SessionSummary]) -> None:
    gone: list[str] = []
    for one in chosen:
        request = DeleteRequest(session_id=one.session.session_id)
        problem = _asked(questions.DELETE, request)
        if problem is not None:
            _finish(problem, tuple(gone))
            return
        gone.append(one.session.session_id)
    names = ", ".join(name_of(one.session) for one in chosen)
    _finish(Notice("Deleted", f"{names}: hidden from now on.", "info"), tuple(gone))


def _restore(session_ids: Sequence[str]) -> None:
    for session_id in session_ids:
        problem = _asked(questions.UNDELETE, UndeleteRequest(session_id=session_id))
        if problem is not None:
            _finish(problem)
            return
    _finish(Notice("Restored", "It is in the list again.", "good"))


def _asked(question: Question, request: Payload) -> Notice | None:
    """Ask for a change; what went wrong, or None."""
    try:
        access.connection().ask(question, request)
    except AskError as error:
        return Notice("Not done", str(error), "attention")
    return None


def _finish(said: Notice, undo: tuple[str, ...] = ()) -> None:
    """Say what was done on the next turn, with a table in which nothing is chosen."""
    list_again()
    st.session_state[_SAID] = said
    st.session_state[_UNDO] = undo
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1


def _say() -> None:
    """What was last done stays until something else is, for who wants to undo it."""
    said: Notice | None = st.session_state.get(_SAID)
    if said is None:
        return
    undo = st.session_state.get(_UNDO) or ()
    text, button = st.columns([5, 1], vertical_alignment="center")
    with text:
        panels.show_notice(said, key="sessions_said")
    if undo:
        button.button(
            "Undo", icon=":material/undo:", on_click=_restore, args=(undo,), width="stretch"
        )


def _open(one: SessionSummary | None) -> None:
    st.session_state[_OPENED] = None if one is None else one.session.session_id
