"""The scan inspector: one scan large, its layers and numbers, its neighbours, the keyboard."""

from collections.abc import Sequence
from typing import Final, cast

import streamlit as st

from dashboard import access, inspection, panels
from dashboard.blocks import Notice
from dashboard.columns import columns_of
from dashboard.cycle_inspection import curve_figure, curve_rows
from dashboard.figures import frequency_label
from dashboard.inspection import LAYERS, LAYERS_FIRST, Around, Layer, Looked
from dashboard.live_plot import live_plot
from dashboard.trend import Scan
from dashboard.views import header, trend_choice, unit_choice
from dashboard.views.picking import FOLLOW, INSPECTED
from dashboard.views.scan_answers import ScanAnswers
from sacmes_core import questions
from sacmes_core.payloads.questions import ScanQuery, TrialQuery
from sacmes_core.payloads.replies import ScanReply
from sacmes_core.settings.parts import SQUARE_WAVES, Technique

CHART_PX: Final = 500
EVERY_S: Final = 1.0
_ANSWERS: Final = ScanAnswers("inspector_answers", 60, "Not there", "no_answer")
_FREQUENCY: Final = "inspector_frequency"
_TEXT: Final = "inspector_text"
_NOT_FOUND: Final = "inspector_not_found"


def page() -> None:
    """Show a scan; the newest one until another is chosen."""
    header.show()
    trend = access.connection().state.shown
    if trend is None or not trend.scans:
        text = "As soon as the run has a scan, it can be looked at here."
        panels.show_notice(Notice("No scan yet", text, "idle"), key="no_scan", lone=True)
        return
    _steps()
    _scan()


def _steps() -> None:
    """The way to another scan, and what is drawn of it."""
    st.session_state.setdefault(FOLLOW, INSPECTED not in st.session_state)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.button("◀", key="previous", shortcut="Left", on_click=_step, args=(-1,))
        st.button("▶", key="next", shortcut="Right", on_click=_step, args=(1,))
        _frequencies()
        st.text_input(
            "Scan number or file",
            key=_TEXT,
            placeholder="41, or part of a name",
            on_change=_jump,
            width=220,
        )
        st.toggle(
            "Follow the newest",
            key=FOLLOW,
            help="Shows each new scan as it comes; stepping ends it.",
            on_change=_followed,
            persist_state="session",
        )
        if _technique() in SQUARE_WAVES:
            st.toggle(
                f"Neighbours ± {inspection.NEIGHBOURS}",
                key="inspector_neighbours",
                help="The scans before and after, fainter the farther they are.",
                persist_state="session",
            )
    with st.container(horizontal=True, gap="medium"):
        _layers_and_electrodes()
    if st.session_state.pop(_NOT_FOUND, False):
        st.caption("No scan of this run has this number or name.")


def _layers_and_electrodes() -> None:
    trend = access.connection().state.shown
    there = columns_of(trend).electrodes if trend is not None else ()
    trend_choice.show_electrodes(there, "electrodes", persist="session")
    if _technique() not in SQUARE_WAVES:
        return
    st.pills(
        "Layers",
        list(LAYERS),
        selection_mode="multi",
        default=list(LAYERS_FIRST),
        format_func=LAYERS.__getitem__,
        key="inspector_layers",
        label_visibility="collapsed",
        persist_state="session",
    )


def _frequencies() -> None:
    trend = access.connection().state.shown
    frequencies = columns_of(trend).frequencies_hz if trend is not None else ()
    known = [f for f in frequencies if f is not None]
    if len(known) > 1:
        st.segmented_control(
            "Step through",
            [0.0, *known],
            default=0.0,
            required=True,
            format_func=lambda f: frequency_label(f) if f else "All",
            key=_FREQUENCY,
            help="Step through the scans of one frequency, or through all in turn.",
            persist_state="session",
        )


def _technique() -> Technique:
    session = access.connection().state.session
    return session.technique if session is not None else "swv"


def _frequency_hz() -> float | None:
    return st.session_state.get(_FREQUENCY) or None


def _found() -> Around | None:
    place = None if st.session_state.get(FOLLOW) else st.session_state.get(INSPECTED)
    return inspection.around(access.connection().state.shown, place, _frequency_hz())


def _step(by: int) -> None:
    found = _found()
    if found is None:
        return
    beside = found.previous if by < 0 else found.following
    _look_at(beside or found.scan)


def _look_at(scan: Scan) -> None:
    st.session_state[INSPECTED] = (scan.position, scan.index)
    st.session_state[FOLLOW] = False


def _jump() -> None:
    text = st.session_state.get(_TEXT) or ""
    scan = inspection.found_scan(access.connection().state.shown, text, _frequency_hz())
    if scan is not None:
        if _frequency_hz() not in (None, scan.frequency_hz):
            st.session_state[_FREQUENCY] = 0.0
        _look_at(scan)
    elif text.strip():
        st.session_state[_NOT_FOUND] = True


def _followed() -> None:
    """Stay where one is when following ends."""
    newest = inspection.around(access.connection().state.shown, None, _frequency_hz())
    if not st.session_state[FOLLOW] and newest is not None:
        st.session_state[INSPECTED] = (newest.scan.position, newest.scan.index)


@st.fragment(run_every=EVERY_S)
def _scan() -> None:
    found = _found()
    if found is None:
        st.caption("The run has no scan of this frequency.")
        return
    looked = _looked(found)
    _ANSWERS.show_problem()
    if looked is None:
        st.text(inspection.heading(found))
        return
    # The numbers of a cycle have many digits.
    wide = 1.1 if _technique() == "cv" else 1.8
    chart, numbers = st.columns([wide, 1], gap="medium")
    with chart:
        if _technique() in SQUARE_WAVES:
            _chart(found, looked)
        else:
            _curve(found, looked)
    with numbers:
        _numbers(looked.reply, looked.electrodes)


def _looked(found: Around) -> Looked | None:
    """What is drawn of a scan; None if the analyzer does not answer."""
    reply = _answer(found.scan)
    if reply is None:
        return None
    electrodes = _electrodes(inspection.electrodes_of(reply))
    if _technique() not in SQUARE_WAVES:
        return Looked(reply, LAYERS_FIRST, electrodes, {}, ())
    layers = cast(Sequence[Layer], st.session_state.get("inspector_layers") or LAYERS_FIRST)
    sides = {
        side: read
        for side in ("forward", "reverse")
        if side in layers and (read := _answer(found.scan, side)) is not None
    }
    neighbours: list[tuple[int, ScanReply]] = []
    if st.session_state.get("inspector_neighbours"):
        neighbours = [(k, read) for k, s in found.near if (read := _answer(s)) is not None]
    return Looked(reply, layers, electrodes, sides, neighbours)


def _electrodes(there: tuple[int, ...]) -> tuple[int, ...]:
    """Those chosen on the live page, as far as the scan has them."""
    chosen = tuple(e for e in st.session_state.get("electrodes") or () if e in there)
    return tuple(sorted(chosen or there))[: inspection.ELECTRODES_MAX]


def _chart(found: Around, looked: Looked) -> None:
    _plot(found, inspection.inspection_figure(looked))
    without = [side for side, read in looked.sides.items() if read.curves is None]
    if without:
        st.caption(f"The file holds no {' and no '.join(without)} current.")


def _curve(found: Around, looked: Looked) -> None:
    """The curve of a scan that is no square wave."""
    units = unit_choice.chosen()
    figure = curve_figure(looked.reply, _technique(), looked.electrodes, units)
    if figure is None:
        st.text(inspection.heading(found))
        st.caption("The analyzer has no curve of this scan.")
        return
    _plot(found, figure)
    if _technique() == "cv" and len(looked.electrodes) > 1:
        st.caption(f"The cycle of electrode {looked.electrodes[0]}; choose another above.")


def _plot(found: Around, figure: bytes) -> None:
    said = inspection.heading(found)
    title = f"{said}  ·  {found.place:,} of {found.of:,}"
    live_plot(figure, name="inspector", alt=said, height=CHART_PX, title=title)


def _numbers(reply: ScanReply, electrodes: tuple[int, ...]) -> None:
    technique = _technique()
    panels.show_table(
        inspection.number_columns(reply, electrodes),
        inspection.number_rows(reply, electrodes)
        if technique in SQUARE_WAVES
        else curve_rows(reply, technique, electrodes, unit_choice.chosen()),
        label="Numbers of the scan",
        height=330,
        key="scan_numbers",
    )
    for place, (name, sentence) in enumerate(inspection.flag_lines(reply, electrodes)):
        panels.show_notice(Notice(name, sentence, "attention"), key=f"flag_{place}")
    session = access.connection().state.session
    held = session is not None and session.settings_revision == reply.result.settings_revision
    peak = session.settings.peak if session is not None and held else None
    st.caption("Made with")
    st.text(inspection.made_with(reply, peak))


def _answer(scan: Scan, current: str | None = None) -> ScanReply | None:
    """The scan from the analyzer, asked for once; read as another current where one is named."""
    state = access.connection().state
    if state.session is None or state.shown is None:
        return None
    key = (state.session.session_id, state.shown.epoch, scan.position, scan.index, current)
    known = _ANSWERS.known(key)
    if known is not None:
        return known
    query = ScanQuery(session_id=state.session.session_id, position=scan.position, index=scan.index)
    if current is None:
        return _ANSWERS.ask(key, questions.SCAN, query)
    peak = state.session.settings.peak.model_copy(update={"current": current})
    tried = TrialQuery(peak=peak, **query.model_dump(exclude={"schema_number"}))
    return _ANSWERS.ask(key, questions.TRIAL, tried)
