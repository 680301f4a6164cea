"""The compare page: trends of several sessions over one another, and their numbers."""

from collections.abc import Sequence
from typing import BinaryIO, Final

import streamlit as st

from dashboard import access, panels
from dashboard.blocks import Notice
from dashboard.charts import electrodes_in
from dashboard.columns import columns_of
from dashboard.compare_figure import compare_figure, prefix_of, table_columns, table_rows
from dashboard.comparison import (
    Alignment,
    CompareView,
    Member,
    Summary,
    hours_of,
    lines_of,
    points_csv,
    summaries_csv,
    summary_of,
    unaligned,
    unlike,
)
from dashboard.connection import AskError
from dashboard.exporting import Heard, Make
from dashboard.figures import frequency_label
from dashboard.live_plot import live_plot
from dashboard.marks import in_order, mark_words
from dashboard.recorded import Recording
from dashboard.series import Quantity
from dashboard.session_rows import label_of, name_of
from dashboard.views import export_panel, trend_choice
from dashboard.views.past import listed, marks_of, recording
from dashboard.views.zone import viewer_zone
from sacmes_core.payloads.marks import Mark
from sacmes_core.payloads.replies import SessionSummary

CHOSEN: Final = "compared_sessions"
EVERY_S: Final = 0.5
CHART_PX: Final = 420
TABLE_PX: Final = 300
SESSIONS_MAX: Final = 12
_CSV: Final = "text/csv; charset=utf-8"
_QUANTITIES: Final[dict[Quantity, str]] = {
    "absolute": "Absolute",
    "normalised": "Normalised",
    "kdm": "KDM",
}
_ALIGNMENTS: Final[dict[Alignment, str]] = {
    "number": "Scan #",
    "elapsed": "Elapsed",
    "mark_number": "Scans from mark",
    "mark_elapsed": "Time from mark",
}


def page() -> None:
    """Choose sessions, then see them over one another."""
    panels.show_title("Compare", "Trends of several sessions over one another, with their numbers.")
    try:
        every = {s.session.session_id: s for s in listed()}
    except AskError as error:
        panels.show_notice(Notice("The sessions cannot be listed", str(error), "attention"))
        return
    chosen = _chosen(every)
    if not chosen:
        hint = "Choose them above, or tick them on the Sessions page."
        panels.show_notice(Notice("No session is chosen yet", hint, "idle"), lone=True)
        return
    recordings = [recording(one.session) for one in chosen]
    if not all(found.loaded.over for found in recordings):
        st.fragment(_loading, run_every=EVERY_S)(recordings)
        return
    for one, found in zip(chosen, recordings, strict=True):
        if found.loaded.problem:
            text = f"{name_of(one.session)}: {found.loaded.problem}"
            panels.show_notice(Notice("Not everything is here", text, "attention"), key=text[:80])
    _compared(chosen, recordings)


def _chosen(every: dict[str, SessionSummary]) -> list[SessionSummary]:
    zone = viewer_zone()
    before = st.session_state.setdefault(CHOSEN, [])
    known = [s for s in before if s in every]
    # What is set here replaces what is chosen meanwhile: only where it must.
    if known != before:
        st.session_state[CHOSEN] = known
    picked = st.multiselect(
        "Sessions",
        list(every),
        format_func=lambda session_id: label_of(every[session_id].session, zone),
        placeholder="Choose sessions to compare",
        max_selections=SESSIONS_MAX,
        key=CHOSEN,
        label_visibility="collapsed",
        persist_state="session",
    )
    return [every[session_id] for session_id in picked]


def _loading(recordings: Sequence[Recording]) -> None:
    if all(found.loaded.over for found in recordings):
        st.rerun()
    done = sum(found.loaded.done for found in recordings)
    of = sum(found.loaded.of for found in recordings)
    st.progress(min(1.0, done / of) if of else 0.0, f"Loading {done:,} of {of:,} files")


def _compared(chosen: Sequence[SessionSummary], recordings: Sequence[Recording]) -> None:
    quantity, alignment = _how()
    members = [
        Member(name_of(one.session), one.session.session_id, found.loaded.trend)
        for one, found in zip(chosen, recordings, strict=True)
        if found.loaded.trend is not None
    ]
    if alignment in ("mark_number", "mark_elapsed"):
        members = _at_marks(chosen, members)
    view = _view(quantity, alignment, members)
    left_out = unaligned(members, view)
    if left_out:
        text = f"{', '.join(left_out)}: no mark to be aligned at. Mark an injection on the run."
        panels.show_notice(Notice("Left out", text, "attention"), key="left_out")
    lines = lines_of(members, view)
    if not lines and left_out:
        return
    if not lines:
        hint = "None of the chosen sessions has such numbers; choose another quantity."
        panels.show_notice(Notice("Nothing to draw", hint, "idle"), lone=True)
        return
    without = [name for name in unlike(members, lines) if name not in left_out]
    if without:
        st.text(f"Without such numbers: {', '.join(without)}.")
    said = f"{_QUANTITIES[quantity]} of {len(members)} sessions"
    live_plot(compare_figure(lines, view), name="compare", alt=said, height=CHART_PX)
    summaries = [summary_of(line, hours_of(members[line.member], line)) for line in lines]
    _numbers(summaries, view)
    _downloads(points_csv(lines, view), summaries_csv(summaries, quantity), view)


def _how() -> tuple[Quantity, Alignment]:
    with st.container(horizontal=True, gap="medium"):
        quantity = st.segmented_control(
            "Quantity",
            list(_QUANTITIES),
            default="normalised",
            required=True,
            format_func=_QUANTITIES.__getitem__,
            key="compare/quantity",
            label_visibility="collapsed",
        )
        alignment = st.segmented_control(
            "Alignment",
            list(_ALIGNMENTS),
            default="number",
            required=True,
            format_func=_ALIGNMENTS.__getitem__,
            key="compare/alignment",
            label_visibility="collapsed",
        )
    return quantity or "normalised", alignment or "number"


def _view(quantity: Quantity, alignment: Alignment, members: Sequence[Member]) -> CompareView:
    electrodes = sorted({e for m in members for e in electrodes_in(m.trend)})
    frequencies = sorted(
        {f for m in members for f in columns_of(m.trend).frequencies_hz if f is not None}
    )
    with st.container(horizontal=True, gap="medium"):
        wanted = trend_choice.show_electrodes(electrodes, "compare/electrodes")
        frequencies_wanted = None
        if len(frequencies) > 1:
            frequencies_wanted = st.pills(
                "Frequencies",
                frequencies,
                selection_mode="multi",
                format_func=frequency_label,
                key="compare/frequencies",
                label_visibility="collapsed",
            )
    return CompareView(
        quantity,
        alignment,
        wanted,
        tuple(sorted(frequencies_wanted or ())),
    )


def _at_marks(chosen: Sequence[SessionSummary], members: Sequence[Member]) -> list[Member]:
    """Each session with the mark that it is aligned at: its first, or the one chosen."""
    by_id = {one.session.session_id: one.session for one in chosen}
    places = st.columns(min(4, len(members)))
    found: list[Member] = []
    for number, member in enumerate(members):
        marks = in_order(marks_of(by_id[member.session_id]), columns_of(member.trend))
        mark: Mark | None = places[number % len(places)].selectbox(
            f"Mark of {_plain(member.name)}",
            marks,
            format_func=mark_words,
            key=f"compare/mark/{member.session_id}",
            placeholder="It has no marks",
            disabled=not marks,
        )
        found.append(Member(member.name, member.session_id, member.trend, mark))
    return found


def _plain(text: str) -> str:
    r"""A text from outside as Streamlit shows it unchanged: its markdown escaped."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()#+-.!|~$:<>" else c for c in text)


def _numbers(summaries: Sequence[Summary], view: CompareView) -> None:
    prefix = prefix_of([found.line for found in summaries], view.quantity)
    panels.show_table(
        table_columns(view.quantity, prefix),
        table_rows(summaries, prefix),
        label="Start, end, slope and change of each session",
        height=TABLE_PX,
    )
    st.caption(
        "Start and end: means of the first and the last 10 scans (of a fifth of them where there "
        "are fewer than 50). Slope: straight line over time through all scans. Change: end against "
        "start. After ± stands the standard error, from the scatter of the scans."
    )


def _downloads(points: bytes, table: bytes, view: CompareView) -> None:
    user_id = access.credentials().user_id
    with st.container(horizontal=True):
        for label, what, content in (
            ("Download points", "points", points),
            ("Download table", "table", table),
        ):
            name = f"{user_id}_compare_{view.quantity}_{what}.csv"
            place = f"compare/{what}"
            export_panel.file_button(label, (name, _CSV), _writing(content), place=place)
            export_panel.status(place)


def _writing(content: bytes) -> Make:
    def make(into: BinaryIO, _heard: Heard) -> None:
        into.write(content)

    return make
