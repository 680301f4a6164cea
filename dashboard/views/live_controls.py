"""What a viewer chooses on the live page; it stays while he looks at other pages."""

from datetime import tzinfo
from typing import Final, cast

import streamlit as st

from dashboard.columns import columns_of
from dashboard.live_state import LiveState
from dashboard.series import Arrangement, Quantity, TrendView
from dashboard.views import trend_choice, trend_form

QUANTITIES: Final = {
    "absolute": "Peak current",
    "normalised": "Normalised",
    "kdm": "KDM",
    "ratio": "Ratio high / low",
    "concentration": "Concentration",
    "potential": "Peak potential (drift)",
    "area": "Peak area",
    "charge": "Charge",
    "width": "Peak width",
    "snr": "Signal to noise",
}
_QUANTITY_HELP: Final = (
    "Peak current in A; normalised to the reference scan; KDM and ratio compare two frequencies; "
    "concentration in mol/L needs a calibration, its error is half the 95 % interval over 1.96; "
    "peak potential and width in V show drift; area in A·V; charge is peak current over frequency "
    "in C; signal to noise is the peak current over its standard error."
)
_ARRANGEMENTS: Final = {
    "overlaid": "Overlaid",
    "side_by_side": "Side by side",
    "averaged": "Mean ± SD",
}


def show(state: LiveState) -> None:
    """Show the choices in one row."""
    electrodes = columns_of(state.shown).electrodes if state.shown is not None else ()
    st.selectbox(
        "Quantity",
        list(QUANTITIES),
        format_func=QUANTITIES.__getitem__,
        key="quantity",
        label_visibility="collapsed",
        help=_QUANTITY_HELP,
        width=215,
        persist_state="session",
    )
    trend_choice.show_abscissa("abscissa", persist="session")
    trend_choice.show_electrodes(electrodes, "electrodes", persist="session")
    with st.popover("View", icon=":material/visibility:"):
        _view_choices(several=len(electrodes) > 1)
    with st.popover("Trend", icon=":material/functions:"):
        if state.session is not None:
            st.caption("Normalisation and KDM, for every viewer.")
            trend_form.show(state.session, border=False)


def trend_view(pale: bool, zone: tzinfo) -> TrendView:
    """What was chosen."""
    value = st.session_state.get
    return TrendView(
        quantity(),
        trend_choice.abscissa("abscissa"),
        electrodes(),
        pale,
        zone,
        cast(Arrangement, value("arrangement") or "overlaid"),
        int(value("group") or 1),
        bool(value("bands")),
    )


def quantity() -> Quantity:
    """The chosen quantity."""
    return cast(Quantity, st.session_state.get("quantity") or "absolute")


def electrodes() -> tuple[int, ...]:
    """The chosen electrodes; empty for all."""
    return trend_choice.electrodes("electrodes")


def _view_choices(*, several: bool) -> None:
    st.toggle(
        "Uncertainty (± 1 standard error)",
        key="bands",
        help="An area about each line; bars where points are means. About two of three true values "
        "lie within it.",
        persist_state="session",
    )
    if several:
        st.segmented_control(
            "Electrodes",
            list(_ARRANGEMENTS),
            default="overlaid",
            required=True,
            format_func=_ARRANGEMENTS.__getitem__,
            key="arrangement",
            help="In one chart; each in a chart of its own with equal axes; or their mean with the "
            "standard deviation between electrodes.",
            persist_state="session",
        )
    st.number_input(
        "Scans of a replicate group",
        min_value=1,
        max_value=1000,
        value=1,
        step=1,
        key="group",
        help="So many consecutive scan numbers become one point: their mean with its standard "
        "error. 1 draws each scan.",
        persist_state="session",
    )
