"""The choice of what is exported of a session and how, and the way of the file to the browser.

A file is made in a thread of its own (`FileJob`), so that live charts go on meanwhile; the page
keeps the job under the name of the place that asked for it.
"""

import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, TypeVar

import streamlit as st

from dashboard import access, panels, runtime
from dashboard.blocks import Notice
from dashboard.charts import electrodes_in
from dashboard.eln import write_eln
from dashboard.export_formats import KINDS, file_name, kinds_for, size_words
from dashboard.exporting import FileJob, Heard, Make, fetch
from dashboard.figures import frequency_label
from dashboard.save_file import save_file
from dashboard.trend import Trend
from sacmes_core import questions
from sacmes_core.payloads.marks import MarksQuery, MarksReply
from sacmes_core.payloads.questions import ExportFormat, ExportQuery
from sacmes_core.payloads.session import SessionDocument

T = TypeVar("T")

_JOBS: Final = "file_jobs"
_EVERY_S: Final = 0.4


@dataclass(frozen=True, slots=True)
class Exportable:
    """A session with what may be chosen of it."""

    session: SessionDocument
    electrodes: tuple[int, ...] = ()
    frequencies_hz: tuple[float, ...] = ()


def exportable(session: SessionDocument, trend: Trend | None) -> Exportable:
    """A session with the electrodes and frequencies of what is known of it."""
    scans = trend.scans if trend is not None else ()
    seen = {s.frequency_hz for s in scans if s.frequency_hz is not None}
    return Exportable(
        session,
        electrodes_in(trend) or session.settings.reading.electrodes,
        tuple(sorted(seen)) or session.settings.source.frequencies_hz,
    )


def show(what: Exportable, *, place: str, told: bool = True) -> None:
    """Show the choice and the buttons, and where `told`, how far the files are."""
    left, right = st.columns([1.5, 1], gap="large")
    with left:
        kind = _kind(what, place)
    with right:
        query = _selection(what, kind, place)
        name = KINDS[kind].title
        button(f"Download {name}", what.session, query, place=place, primary=True)
        _eln_button(what.session, place=f"{place}/eln")
    if told:
        tell(place)


def tell(place: str) -> None:
    """How far the files are that were chosen at a place."""
    status(place)
    status(f"{place}/eln")


def _eln_button(session: SessionDocument, *, place: str) -> None:
    connection = access.connection()
    whole = ExportQuery(session_id=session.session_id)

    def make(into: BinaryIO, heard: Heard) -> None:
        asked = connection.ask(questions.MARKS, MarksQuery(session_id=session.session_id))
        marks = asked.marks if isinstance(asked, MarksReply) else ()
        table = io.BytesIO()
        fetch(connection.export_part, whole, table, heard)
        with tempfile.TemporaryFile() as raw:
            fetch(connection.export_part, whole.model_copy(update={"format": "raw"}), raw, heard)
            write_eln(into, session, marks, table.getvalue(), raw)

    name = file_name(access.credentials().user_id, session, ".eln")
    file_button("ELN archive", (name, "application/vnd.eln+zip"), make, place=place)
    st.caption(
        "For electronic lab notebooks (eLabFTW, Kadi4Mat, RSpace …): table, settings, marks and "
        "the raw files of the whole session in one .eln file."
    )


def button(
    label: str, session: SessionDocument, query: ExportQuery, *, place: str, primary: bool = False
) -> None:
    """A button that makes an export and lets the browser save it; while it is made, it ends it."""
    kind = KINDS[query.format]
    ask_part = access.connection().export_part

    def make(into: BinaryIO, heard: Heard) -> None:
        fetch(ask_part, query, into, heard)

    name = file_name(access.credentials().user_id, session, kind.ending)
    file_button(label, (name, kind.content_type), make, place=place, primary=primary)


def file_button(
    label: str, file: tuple[str, str], make: Make, *, place: str, primary: bool = False
) -> None:
    """The same for a file of any making; `file` is its name and content type."""
    job = _jobs().get(place)
    if job is not None and not job.progress.over:
        st.button("Cancel", icon=":material/close:", key=f"{place}/cancel", on_click=job.cancel)
        return
    st.button(
        label,
        icon=":material/download:",
        key=f"{place}/download",
        type="primary" if primary else "secondary",
        on_click=_start,
        args=(place, file, make),
    )


def status(place: str) -> None:
    """How far the file of a place is; it saves the file as soon as it is there."""
    job = _jobs().get(place)
    if job is None:
        return
    busy = not job.progress.over
    st.fragment(_status, run_every=_EVERY_S if busy else None)(place, busy)


def _status(place: str, busy: bool) -> None:
    job = _jobs().get(place)
    if job is None:
        return
    progress = job.progress
    if busy and progress.over:
        st.rerun()
    if progress.problem:
        panels.show_notice(
            Notice("Nothing was saved", progress.problem, "attention"), key=f"{place}/notice"
        )
    elif progress.token:
        save_file(progress.token, job.file_name, key=f"{place}/save")
        st.caption(f"Saved · {size_words(progress.size_bytes)}")
    elif progress.of:
        st.progress(progress.done / progress.of, f"Part {progress.done} of {progress.of}")
    else:
        st.progress(0.0, "The analyzer writes the file …")


def _kind(what: Exportable, place: str) -> ExportFormat:
    offered = kinds_for(what.session.technique)
    chosen: ExportFormat = st.radio(
        "File",
        offered,
        format_func=lambda kind: KINDS[kind].title,
        captions=[KINDS[kind].caption for kind in offered],
        key=f"{place}/kind",
    )
    return chosen


def _selection(what: Exportable, kind: ExportFormat, place: str) -> ExportQuery:
    whole = ExportQuery(session_id=what.session.session_id, format=kind)
    if not KINDS[kind].selects:
        st.caption("Every file of the session, whichever electrode or frequency it is of.")
        return whole
    electrodes = _choice(
        "Electrodes", what.electrodes, [f"E{e}" for e in what.electrodes], f"{place}/electrodes"
    )
    frequencies = _choice(
        "Frequencies",
        what.frequencies_hz,
        [frequency_label(f) for f in what.frequencies_hz],
        f"{place}/frequencies",
    )
    first, last = _numbers(place)
    return whole.model_copy(
        update={
            "electrodes": tuple(sorted(electrodes)),
            "frequencies_hz": tuple(sorted(frequencies)),
            "first_number": first,
            "last_number": last,
        }
    )


def _choice(label: str, options: Sequence[T], names: Sequence[str], key: str) -> Sequence[T]:
    if len(options) < 2:
        return ()
    by_option = dict(zip(options, names, strict=True))
    chosen = st.pills(
        label,
        list(options),
        selection_mode="multi",
        format_func=by_option.__getitem__,
        key=key,
        help="None chosen takes all of them.",
    )
    return chosen or ()


def _numbers(place: str) -> tuple[int | None, int | None]:
    first_column, last_column = st.columns(2)
    first = first_column.number_input(
        "From scan no.", min_value=0, step=1, value=None, placeholder="first", key=f"{place}/first"
    )
    last = last_column.number_input(
        "to scan no.", min_value=0, step=1, value=None, placeholder="last", key=f"{place}/last"
    )
    return first, last


def _jobs() -> dict[str, FileJob]:
    jobs: dict[str, FileJob] = st.session_state.setdefault(_JOBS, {})
    return jobs


def _start(place: str, file: tuple[str, str], make: Make) -> None:
    job = FileJob(access.lease(), *file, make, runtime.downloads())
    _jobs()[place] = job
    job.start()
