"""The trend settings of the newest session as a form, for every page that offers them."""

from typing import Final

import streamlit as st

from dashboard import access
from dashboard.forms import FormError, description, settings
from dashboard.views.applying import apply_for_everyone, refuse
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.trend import TrendSettings

_KDM_NAMES: Final = {
    "difference_plus_one": "high − low + 1 (SACMES)",
    "difference_over_mean": "(high − low) / mean (literature)",
}


def show(session: SessionDocument, *, border: bool = True) -> None:
    """Show the form; applying computes the trend anew for every viewer."""
    with st.form(f"trend_{session.revision}", border=border):
        changes = _trend_fields(session.settings.trend)
        pressed = st.form_submit_button(
            "Apply for everyone",
            disabled=not access.may_change(),
            help=None if access.may_change() else access.LOOK_ONLY,
        )
    if not pressed:
        return
    try:
        wanted = settings(session.settings, changes)
    except FormError as error:
        refuse(str(error))
    else:
        apply_for_everyone(session, wanted)
    st.rerun()


def _trend_fields(trend: TrendSettings) -> dict[str, object]:
    return _reference_fields(trend) | _kdm_fields(trend)


def _reference_fields(trend: TrendSettings) -> dict[str, object]:
    left, right = st.columns(2)
    first = left.number_input(
        "Normalise to scan no.",
        min_value=0,
        step=1,
        value=trend.reference_number,
        help=description(TrendSettings, "reference_number"),
    )
    last = right.number_input(
        "to the mean up to no.",
        min_value=0,
        step=1,
        value=trend.reference_last_number,
        placeholder="that scan alone",
        help=description(TrendSettings, "reference_last_number"),
    )
    return {"trend.reference_number": first, "trend.reference_last_number": last}


def _kdm_fields(trend: TrendSettings) -> dict[str, object]:
    definition = st.selectbox(
        "KDM",
        list(_KDM_NAMES),
        index=list(_KDM_NAMES).index(trend.kdm_definition),
        format_func=_KDM_NAMES.__getitem__,
        help=description(TrendSettings, "kdm_definition"),
    )
    left, right = st.columns(2)
    columns: dict[str, object] = {
        "low_frequency_hz": left.number_input(
            "KDM low / Hz",
            value=trend.low_frequency_hz,
            placeholder="lowest",
            help=description(TrendSettings, "low_frequency_hz"),
        ),
        "high_frequency_hz": right.number_input(
            "KDM high / Hz",
            value=trend.high_frequency_hz,
            placeholder="highest",
            help=description(TrendSettings, "high_frequency_hz"),
        ),
        "low_offset": left.number_input(
            "Low offset",
            value=trend.low_offset,
            format="%.4f",
            step=0.01,
            help=description(TrendSettings, "low_offset"),
        ),
        "low_slope_per_scan": right.number_input(
            "Low slope per scan",
            value=trend.low_slope_per_scan,
            format="%.5f",
            step=0.001,
            help=description(TrendSettings, "low_slope_per_scan"),
        ),
    }
    fields: dict[str, object] = {f"trend.{name}": value for name, value in columns.items()}
    return fields | {"trend.kdm_definition": definition}
