"""The choices of abscissa and of electrodes, for every page that shows a trend."""

from collections.abc import Sequence
from typing import Final, Literal, cast

import streamlit as st

from dashboard.series import Abscissa

Persistence = Literal["session"] | None

_ABSCISSAE: Final[dict[Abscissa, str]] = {
    "number": "Scan #",
    "elapsed": "Elapsed",
    "clock": "Clock",
}


def show_abscissa(key: str, *, label: str = "Abscissa", persist: Persistence = None) -> None:
    """Show the choice of what a trend is over; `persist` keeps it while other pages are shown."""
    st.segmented_control(
        label,
        list(_ABSCISSAE),
        default="number",
        required=True,
        format_func=_ABSCISSAE.__getitem__,
        key=key,
        label_visibility="collapsed",
        persist_state=persist,
    )


def abscissa(key: str) -> Abscissa:
    """What a trend is over."""
    return cast(Abscissa, st.session_state.get(key) or "number")


def show_electrodes(
    there: Sequence[int], key: str, *, persist: Persistence = None
) -> tuple[int, ...]:
    """Show the choice of electrodes where there are several; the chosen ones, empty for all."""
    if len(there) < 2:
        return ()
    chosen = st.pills(
        "Electrodes",
        there,
        selection_mode="multi",
        format_func="E{}".format,
        key=key,
        label_visibility="collapsed",
        persist_state=persist,
    )
    return tuple(sorted(chosen))


def electrodes(key: str) -> tuple[int, ...]:
    """What `show_electrodes` was last told on the page; empty for all."""
    return tuple(sorted(st.session_state.get(key) or ()))
