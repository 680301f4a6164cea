"""A look into one file of the agent's folder: asked anew when what it depends on changes."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard import access, panels
from dashboard.blocks import Cell, Column, Notice
from dashboard.connection import AskError
from dashboard.live_plot import live_plot
from dashboard.preview import Wanted, found_words, mistakes, preview_figure
from sacmes_core import questions
from sacmes_core.payloads.preview import PreviewQuery, PreviewReply

CHART_PX: Final = 300
_TABLE_PX: Final = 250
_ASKED: Final = "preview_asked"
_ANSWER: Final = "preview_answer"
_NEWEST: Final = "the newest that fits"


def show(
    query: PreviewQuery, wanted: Wanted, files: Sequence[str], segments: tuple[int, ...] = ()
) -> None:
    """Show what the agent reads in a file, with what is wrong.

    Parameters
    ----------
    query
        How it is read; the file is chosen here.
    files
        Files to choose from beside the newest.
    segments
        Sweeps of a cycle that the analysis is to take; empty for none chosen.
    """
    chosen = st.selectbox(
        "File to look at",
        [None, *files],
        format_func=lambda file: file or _NEWEST,
        key="preview_file",
        help="The agent reads this file as it would for the run. Nothing is stored.",
    )
    answer = _answer(query.model_copy(update={"file": chosen}))
    if isinstance(answer, str):
        panels.show_notice(Notice("No preview", answer, "attention"), key="preview_notice")
        return
    wrong = mistakes(answer, wanted)
    left, right = st.columns([1.5, 1], gap="medium")
    with left:
        if answer.scans and answer.scans[0].curves:
            live_plot(
                preview_figure(answer.scans[0], segments),
                name="preview",
                alt=f"Currents in {answer.file}",
                height=CHART_PX,
            )
    with right:
        rows = [[Cell(name, tone="muted"), Cell(words)] for name, words in found_words(answer)]
        if rows:
            columns = [Column("Found"), Column("In the file", "wrap")]
            panels.show_table(
                columns, rows, label="What was read", height=_TABLE_PX, key="preview_table"
            )
    if wrong:
        title = "Something to look at" if answer.scans else "The file cannot be read like this"
        notice = Notice(title, wrong[0], "attention", steps=tuple(wrong[1:]))
        panels.show_notice(notice, key="preview_notice")
    elif answer.scans:
        panels.show_notice(Notice("The file reads well", "", "good"), key="preview_notice")
    if answer.text:
        with st.expander("The beginning of the file"):
            st.code(answer.text, language=None, height=220)


def forget() -> None:
    """Ask again at the next turn, since the folder may hold something else by now."""
    st.session_state.pop(_ASKED, None)


def _answer(query: PreviewQuery) -> PreviewReply | str:
    """The agent's answer, or the sentence why there is none."""
    if st.session_state.get(_ASKED) != query:
        with st.spinner("Asking the agent …"):
            try:
                reply = access.connection().ask(questions.PREVIEW, query)
                answer = reply if isinstance(reply, PreviewReply) else "The agent said nothing."
            except AskError as error:
                answer = str(error)
        st.session_state[_ASKED], st.session_state[_ANSWER] = query, answer
    held: PreviewReply | str = st.session_state[_ANSWER]
    return held
