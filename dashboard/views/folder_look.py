"""A look into the agent's folder: what it holds is offered, and a choice fills the start form."""

from typing import Final

import streamlit as st

from dashboard import access, forms, panels
from dashboard.blocks import Notice
from dashboard.connection import AskError
from dashboard.forms import Found
from dashboard.views import file_preview
from sacmes_core import questions
from sacmes_core.payloads.questions import ListQuery
from sacmes_core.payloads.replies import ListReply

PREVIEW: Final = "start_preview"
"""Key of the switch for the preview, which a choice turns on."""
_FOUND: Final = "found_files"
_FOLDER_SAID: Final = "folder_said"


def show(*, online: bool) -> None:
    """Show the button, what the agent said, and the kinds of files to fill the form from."""
    if st.button(
        "Look at the agent's folder",
        icon=":material/folder_open:",
        disabled=not online,
        help="Asks the agent which files it sees, and fills the form from one kind of them."
        if online
        else "The agent is not online.",
    ):
        _ask_list()
    said: Notice | None = st.session_state.get(_FOLDER_SAID)
    if said is not None:
        panels.show_notice(said, key="list_problem")
    found: list[Found] = st.session_state.get(_FOUND) or []
    if found:
        choice = st.selectbox(
            "Files in the agent's folder",
            range(len(found)),
            index=None,
            format_func=lambda place: found[place].words,
            placeholder="Choose one to fill the form from it",
            key="found_choice",
            on_change=_prefill,
        )
        if choice is not None:
            st.caption("The form below is filled from this choice; change what differs.")


def _ask_list() -> None:
    st.session_state.pop(_FOLDER_SAID, None)
    file_preview.forget()
    try:
        reply = access.connection().ask(questions.LIST, ListQuery())
    except AskError as error:
        st.session_state[_FOLDER_SAID] = Notice("No list", str(error), "attention")
        return
    if isinstance(reply, ListReply):
        st.session_state[_FOUND] = forms.found_by_handle(reply.found)
        if not reply.found:
            said = f"The agent sees no measurement in {reply.source_name} yet."
            st.session_state[_FOLDER_SAID] = Notice("The folder is empty", said, "idle")


def _prefill() -> None:
    kind = chosen()
    if kind is None:
        return
    words = [f"{f:g}" for f in kind.frequencies_hz]
    st.session_state["start_handle"] = kind.handle
    st.session_state["start_extension"] = kind.extension
    st.session_state["start_frequencies"] = ", ".join(words)
    st.session_state["start_map_frequencies"] = words
    st.session_state[PREVIEW] = True
    if kind.first_number is not None:
        st.session_state["start_first"] = kind.first_number


def chosen() -> Found | None:
    """The kind of files that was chosen from the agent's list."""
    found: list[Found] = st.session_state.get(_FOUND) or []
    place = st.session_state.get("found_choice")
    return None if place is None or place >= len(found) else found[place]
