"""The calibration page: doses, the curve through them, and concentrations for the session."""

from typing import Any, Final, cast

import pandas as pd
import streamlit as st

from dashboard import access, calibration_words, panels
from dashboard.blocks import Notice
from dashboard.connection import AskError
from dashboard.forms import FormError, description
from dashboard.live_plot import live_plot
from sacmes_core import questions
from sacmes_core.payloads.calibration import (
    CalibrateRequest,
    Calibration,
    CalibrationCurve,
    CalibrationQuantity,
    CalibrationQuery,
    CalibrationReply,
    EnteredCurve,
    Hill,
)
from sacmes_core.payloads.marks import Mark, MarkRequest, MarksQuery, MarksReply, UnmarkRequest
from sacmes_core.payloads.questions import SessionsQuery
from sacmes_core.payloads.replies import SessionsReply
from sacmes_core.payloads.session import SessionDocument

CHART_PX: Final = 380
PARAMETERS_PX: Final = 330
_SAID: Final = "calibration_said"
_HILL_NAMES: Final = {"one": "1, one binding site", "free": "fitted"}
_HERE: Final = "This session's doses"


def page() -> None:
    """Show the calibration of the session that holds."""
    said: Notice | None = st.session_state.pop(_SAID, None)
    if said is not None:
        panels.show_notice(said, key="calibration_notice")
    session = access.connection().state.session
    if session is None:
        panels.show_notice(
            Notice(
                "Nothing to calibrate yet",
                "Start a session, and mark the scans from which each concentration holds.",
            ),
            key="no_session",
            lone=True,
        )
        return
    st.subheader("Calibration")
    query = _options(session)
    try:
        answer = access.connection().ask(questions.CALIBRATION, query)
        marks = access.connection().ask(questions.MARKS, MarksQuery(session_id=session.session_id))
    except AskError as error:
        panels.show_notice(Notice("No answer", str(error), "attention"), key="no_answer")
        return
    assert isinstance(answer, CalibrationReply)
    assert isinstance(marks, MarksReply)
    _standing(session, answer.holds)
    left, right = st.columns([1.3, 1], gap="large")
    with left:
        _curve(answer, query)
    with right:
        _doses(session, marks.marks)
    with st.expander("Enter parameters by hand, or take another session's calibration"):
        by_hand, borrowed = st.columns([1.7, 1], gap="large")
        with by_hand:
            _by_hand(session, query.quantity)
        with borrowed:
            _borrow(session)


def _options(session: SessionDocument) -> CalibrationQuery:
    signal, hill, scans, again = st.columns([1.6, 1.2, 1, 0.8], vertical_alignment="bottom")
    chosen = signal.segmented_control(
        "Signal",
        list(calibration_words.QUANTITIES),
        default="normalised",
        required=True,
        format_func=calibration_words.QUANTITIES.__getitem__,
        key="calibration_quantity",
        help="What becomes a concentration. Normalised current and KDM take the sensor's size out; "
        "KDM takes slow drift out as well.",
    )
    h = hill.selectbox(
        "Hill coefficient",
        list(_HILL_NAMES),
        format_func=_HILL_NAMES.__getitem__,
        key="calibration_hill",
        help="How steep the curve is. 1 suits one binding site and needs three concentrations; "
        "fitted needs four or more about the middle of the curve.",
    )
    last = scans.number_input(
        "Scans per dose",
        min_value=1,
        max_value=1000,
        value=5,
        step=1,
        key="calibration_scans",
        help="The last so many scans before the next dose: the sensor has settled by then.",
    )
    again.button("Look again", icon=":material/refresh:", help="Take in the scans that have come.")
    return CalibrationQuery(
        session_id=session.session_id,
        quantity=chosen or "normalised",
        hill=cast(Hill, h),
        last_scans=int(last),
    )


def _standing(session: SessionDocument, holds: Calibration | None) -> None:
    text, button = st.columns([5, 1], vertical_alignment="center")
    tone = "idle" if holds is None else "good"
    with text:
        said = calibration_words.holds_words(holds)
        panels.show_notice(
            Notice("In use" if holds else "Not in use", said, "good" if holds else "idle"),
            key=f"calibration_{tone}",
        )
    if holds is not None and button.button(
        "Use none",
        disabled=not access.may_change(),
        help=_help("Take the concentrations away for everybody; the signals stay."),
        width="stretch",
    ):
        request = CalibrateRequest(session_id=session.session_id, source="none", by=_by())
        _calibrate(request, "No calibration holds any more.")


def _curve(answer: CalibrationReply, query: CalibrationQuery) -> None:
    choices = {_HERE: answer.found, "In use": answer.holds}
    there = {name: found for name, found in choices.items() if found is not None}
    if answer.problem is not None:
        panels.show_notice(
            Notice("No curve from the marks yet", answer.problem, "info"), key="no_curve"
        )
    if not there:
        return
    name = _HERE
    if len(there) > 1:
        name = (
            st.segmented_control(
                "Shown", list(there), default=_HERE, required=True, label_visibility="collapsed"
            )
            or _HERE
        )
    shown = there.get(name) or next(iter(there.values()))
    curve = _chosen_curve(shown)
    figure = calibration_words.curve_figure(curve, shown.quantity)
    said = f"Calibration curve of {calibration_words.series_words(curve)}"
    live_plot(figure, name="calibration", alt=said, height=CHART_PX)
    for sentence in calibration_words.warnings(curve):
        st.caption(f"▲ {sentence}")
    rows = calibration_words.parameter_rows(curve, shown.quantity)
    panels.show_table(calibration_words.COLUMNS, rows, label="Parameters", height=PARAMETERS_PX)
    usable = [c for c in shown.curves if c.problem is None]
    if shown is answer.found and st.button(
        "Use for this session",
        type="primary",
        icon=":material/check:",
        disabled=not (usable and access.may_change()),
        help=_help(
            "Every scan of this session gets a concentration with 95 % limits, for everybody: on "
            "the pages, in the results and in exports. No peak is computed anew."
        ),
    ):
        request = CalibrateRequest(**query.model_dump(exclude={"schema_number"}), by=_by())
        _calibrate(request, "The concentrations of the run are computed now.")


def _chosen_curve(calibration: Calibration) -> CalibrationCurve:
    curves = calibration.curves
    if len(curves) == 1:
        return curves[0]
    place = st.selectbox(
        "Curve",
        range(len(curves)),
        format_func=lambda k: calibration_words.series_words(curves[k]),
        help="Each electrode has a curve of its own at each frequency.",
    )
    return curves[place or 0]


def _doses(session: SessionDocument, marks: tuple[Mark, ...]) -> None:
    st.markdown("**Doses**")
    st.caption(
        "One line for each concentration: the first scan that shows it, and how much. Begin with "
        "the blank, 0. A wash without a concentration ends a dose."
    )
    column = st.column_config
    table = pd.DataFrame(
        calibration_words.dose_rows(marks),
        columns=["mark_id", "kind", "label", "number", "concentration", "unit"],
    ).astype({"number": "float64", "concentration": "float64"})
    with st.form(f"doses_{hash(marks)}"):
        edited = st.data_editor(
            table,
            num_rows="dynamic",
            hide_index=True,
            disabled=not access.may_change(),
            width="stretch",
            column_config={
                "mark_id": None,
                "kind": column.SelectboxColumn(
                    "Kind",
                    options=["injection", "event", "wash"],
                    default="injection",
                    width="small",
                ),
                "label": column.TextColumn("Label", width="small"),
                "number": column.NumberColumn(
                    "Scan",
                    min_value=0,
                    step=1,
                    width="small",
                    help=description(MarkRequest, "number"),
                ),
                "concentration": column.NumberColumn(
                    "Dose",
                    min_value=0.0,
                    width="small",
                    help="Concentration of the target from this scan on.",
                ),
                "unit": column.SelectboxColumn(
                    "Unit", options=list(calibration_words.UNITS), default="µM", width="small"
                ),
            },
        )
        pressed = st.form_submit_button(
            "Save doses",
            disabled=not access.may_change(),
            help=_help("Marks of the session, which everybody sees on the charts."),
        )
    if pressed:
        rows = [dict(zip(edited.columns, row, strict=True)) for row in edited.itertuples(False)]
        _save(session, marks, rows)


def _save(session: SessionDocument, marks: tuple[Mark, ...], rows: list[dict[str, Any]]) -> None:
    connection = access.connection()
    try:
        wanted, gone = calibration_words.changed_marks(marks, rows)
        for content in wanted:
            request = MarkRequest(session_id=session.session_id, **({"by": _by()} | content))
            connection.ask(questions.MARK, request)
        for identity in gone:
            unmark = UnmarkRequest(session_id=session.session_id, mark_id=identity)
            connection.ask(questions.UNMARK, unmark)
        said = Notice("Saved", "The curve takes the doses as they are now.", "good")
    except (AskError, FormError, ValueError) as error:
        said = Notice("Not saved", str(error), "attention")
    st.session_state[_SAID] = said
    st.rerun()


def _by_hand(session: SessionDocument, quantity: CalibrationQuantity) -> None:
    st.markdown("**Parameters by hand**")
    with st.form(f"entered_{quantity}"):
        texts = _entered_fields(quantity)
        pressed = st.form_submit_button(
            "Use these for this session", disabled=not access.may_change(), help=_help(None)
        )
    if not pressed:
        return
    try:
        curve = calibration_words.entered_curve(texts, quantity)
    except FormError as error:
        st.session_state[_SAID] = Notice("Not used", str(error), "attention")
        st.rerun()
    request = CalibrateRequest(
        session_id=session.session_id,
        source="entered",
        quantity=quantity,
        entered=(curve,),
        by=_by(),
    )
    _calibrate(request, "The concentrations of the run are computed now.")


def _entered_fields(quantity: CalibrationQuantity) -> dict[str, Any]:
    example = calibration_words.example(quantity)
    found: dict[str, Any] = {}
    pairs = (
        ("baseline", "Baseline, without target", example, "baseline"),
        (
            "gain",
            "Gain, saturation less baseline",
            calibration_words.example_gain(quantity),
            "gain",
        ),
        ("half_concentration", "Half saturation K", "40 µM", "half_concentration_molar"),
        ("hill", "Hill coefficient h", "1", "hill_coefficient"),
    )
    for name, label, shown, field in pairs:
        value, error = st.columns([1.6, 1])
        found[name] = value.text_input(
            label, placeholder=shown, help=description(EnteredCurve, field) or None
        )
        found[f"{name}_se"] = error.text_input(
            "± standard error",
            placeholder="0",
            key=f"{name}_se_{quantity}",
            help="Of the number beside it; it widens the limits of each concentration.",
        )
    signal, electrode, frequency = st.columns(3)
    found["signal_se"] = signal.text_input(
        "Scatter of one signal",
        placeholder="that of each scan",
        help=description(EnteredCurve, "signal_se"),
    )
    found["electrode"] = electrode.number_input(
        "Electrode", min_value=1, step=1, value=None, placeholder="every one"
    )
    found["frequency_hz"] = frequency.number_input(
        "Frequency / Hz",
        min_value=0.0,
        value=None,
        placeholder="every one",
        disabled=quantity == "kdm",
    )
    return found


def _borrow(session: SessionDocument) -> None:
    st.markdown("**Another session's calibration**")
    try:
        answer = access.connection().ask(questions.SESSIONS, SessionsQuery(limit=200))
    except AskError as error:
        st.caption(str(error))
        return
    assert isinstance(answer, SessionsReply)
    others = {
        s.session.session_id: s.session.name or f"{s.session.started_at:%Y-%m-%d %H:%M}"
        for s in answer.sessions
        if s.session.session_id != session.session_id
    }
    chosen = st.selectbox(
        "Session",
        list(others),
        index=None,
        format_func=others.__getitem__,
        placeholder="choose one" if others else "there is no other",
        help="Its curves, with their doses, hold for this session too: same electrodes and "
        "frequencies, same signal.",
    )
    if st.button("Use it here", disabled=chosen is None or not access.may_change()):
        request = CalibrateRequest(
            session_id=session.session_id, source="session", from_session_id=chosen, by=_by()
        )
        _calibrate(request, "The concentrations of the run are computed now.")


def _calibrate(request: CalibrateRequest, done: str) -> None:
    try:
        access.connection().ask(questions.CALIBRATE, request)
        said = Notice("Done", done, "good")
    except AskError as error:
        said = Notice("Not changed", str(error), "attention")
    st.session_state[_SAID] = said
    st.rerun()


def _by() -> str:
    return access.credentials().username


def _help(text: str | None) -> str | None:
    return text if access.may_change() else access.LOOK_ONLY
