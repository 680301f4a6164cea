"""The banner above every page while an alert is active, and a toast when one arrives."""

from typing import Final

import streamlit as st

from dashboard import access, alert_words, panels
from dashboard.navigation import link_to

EVERY_S: Final = 3.0
_SEEN: Final = "alerts_seen"
_PAGE: Final = "alerts"


@st.fragment(run_every=EVERY_S)
def show() -> None:
    """Show what is active now; nothing takes room while nothing is."""
    alerts = access.connection().state.alerts
    seen: frozenset[str] | None = st.session_state.get(_SEEN)
    if seen is not None:
        for alert in alert_words.arrived(alerts, seen)[:3]:
            # Only words of our own: a toast reads markdown.
            st.toast(
                f"**New alert:** {alert_words.title(alert)}",
                icon=":material/notification_important:",
            )
    st.session_state[_SEEN] = frozenset(a.alert_id for a in alerts) | (seen or frozenset())
    notice = alert_words.banner(alerts)
    if notice is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        panels.show_notice(notice, key="alert_banner")
        link_to(_PAGE, "See alerts", ":material/notifications:")
