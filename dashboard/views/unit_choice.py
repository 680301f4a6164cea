"""The choice of units that the pages of cycles and decays have in common."""

import streamlit as st

from dashboard.units import CURRENTS, POTENTIALS, Units


def show(*, potentials: bool) -> None:
    """Show the choice; pages read it with `chosen`."""
    with st.popover("Units", icon=":material/straighten:"):
        st.segmented_control(
            "Currents",
            CURRENTS,
            default="auto",
            required=True,
            key="units_current",
            help="auto takes the unit in which the numbers lie between 1 and 1000.",
        )
        if potentials:
            st.segmented_control(
                "Potentials", POTENTIALS, default="V", required=True, key="units_potential"
            )
        st.number_input(
            "Area of the electrode / cm²",
            value=None,
            min_value=1e-9,
            step=0.01,
            format="%g",
            placeholder="none: currents",
            key="units_area",
            help="With an area, currents become current densities and charges charge densities, "
            "on this page and in nothing that is stored.",
        )


def chosen() -> Units:
    """The units that were chosen."""
    held = st.session_state.get
    return Units(
        held("units_current") or "auto", held("units_potential") or "V", held("units_area")
    )
