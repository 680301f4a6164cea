"""Settings of the running session tried on its newest scan, then applied for everyone."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import streamlit as st

from dashboard import access, forms, panels
from dashboard.blocks import Notice
from dashboard.connection import AskError
from dashboard.forms import FormError
from sacmes_core import questions
from sacmes_core.payloads.questions import SettingsRequest, TrialQuery
from sacmes_core.payloads.replies import ScanReply
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.peak import PeakSettings

ANSWER_S: Final = 30.0
"""A scan of many electrodes takes seconds where the machine is busy."""
_SAID: Final = "tried_outcome"
_KEPT: Final = 24
"""Answers of a page: enough to go back and forth between settings."""


def show(
    session: SessionDocument,
    fields: Callable[[str], Mapping[str, Any]],
    draw: Callable[[ScanReply, PeakSettings], None],
) -> None:
    """Show the fields, what they would make of the newest scan, and the button that applies them.

    Parameters
    ----------
    fields
        Shows the fields with keys of a prefix; says dotted names with values.
    draw
        Shows what came of trying.
    """
    said: Notice | None = st.session_state.pop(_SAID, None)
    if said is not None:
        panels.show_notice(said, key="tried_said")
    try:
        # The revision is in the keys, so that a change by somebody else shows here.
        changes = fields(f"try_{session.technique}_{session.revision}_")
        settings = forms.settings(session.settings, changes)
    except FormError as error:
        panels.show_notice(Notice("Not understood", str(error), "attention"), key="tried_notice")
        return
    differs = settings != session.settings
    allowed = access.may_change()
    if st.button(
        "Apply for everyone",
        type="primary",
        disabled=not (differs and allowed),
        help=access.LOOK_ONLY
        if not allowed
        else "Every scan of the run is analysed anew."
        if differs
        else "These settings hold already.",
        key="try_apply",
    ):
        _apply(session, changes)
    if differs:
        answer = tried(TrialQuery(session_id=session.session_id, peak=settings.peak))
        if isinstance(answer, str):
            panels.show_notice(Notice("No preview", answer, "attention"), key="tried_notice")
        else:
            draw(answer, settings.peak)


def tried(query: TrialQuery) -> ScanReply | str:
    """The analyzer's answer, kept as long as the question is the same; else why there is none."""
    kept: dict[str, ScanReply | str] = st.session_state.setdefault("tried", {})
    key = query.model_dump_json()
    held = kept.get(key)
    if held is not None:
        return held
    try:
        with st.spinner("Asking the analyzer …"):
            reply = access.connection().ask(questions.TRIAL, query, timeout_s=ANSWER_S)
    except AskError as error:
        return str(error)
    answer = reply if isinstance(reply, ScanReply) else "The analyzer said nothing."
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = answer
    return answer


def _apply(session: SessionDocument, changes: Mapping[str, Any]) -> None:
    request = SettingsRequest(
        seen_revision=session.revision,
        by=access.credentials().username,
        settings=forms.settings(session.settings, changes),
    )
    try:
        access.connection().ask(questions.CHANGE_SETTINGS, request)
        said = Notice("Applied", "The run is analysed anew for every viewer.", "good")
    except AskError as error:
        said = Notice("Not changed", str(error), "attention")
    st.session_state[_SAID] = said
    st.rerun()
