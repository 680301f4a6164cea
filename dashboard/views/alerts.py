"""The alerts page: what needs a look, what did before, and when somebody is to be told."""

import time
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from dashboard import access, alert_words, forms, panels
from dashboard.blocks import Notice
from dashboard.connection import AskError
from dashboard.forms import FormError, description
from dashboard.views.zone import viewer_zone
from sacmes_core import questions
from sacmes_core.payloads.alerts import AcknowledgeRequest, Alert, AlertsQuery, AlertsReply
from sacmes_core.payloads.questions import SettingsRequest
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.alerts import BANDS_MAX, AlertSettings, BandRule

EVERY_S: Final = 1.0
OPEN_MAX: Final = 20
HISTORY_PX: Final = 320
_SAID: Final = "alerts_said"
_HISTORY: Final = "alerts_history"


def page() -> None:
    """Show the alerts that are open, those that are over, and the rules."""
    said: Notice | None = st.session_state.pop(_SAID, None)
    if said is not None:
        panels.show_notice(said, key="alerts_notice")
    st.subheader("Alerts now")
    _open()
    st.subheader("Alerts so far")
    _history()
    st.subheader("When to tell")
    session = access.connection().state.session
    if session is None:
        st.info(
            "Rules belong to a session. Start one on the Session page; it begins with two: "
            "no scans for 5 minutes, and agent lost for a minute."
        )
    else:
        _rules(session)


@st.fragment(run_every=EVERY_S)
def _open() -> None:
    alerts = access.connection().state.alerts
    if not alerts:
        panels.show_notice(
            Notice("Nothing needs a look", "No alert is active.", "good"), key="no_alert"
        )
        return
    now, zone = time.time(), viewer_zone()
    for alert in alerts[:OPEN_MAX]:
        text, button = st.columns([5, 1], vertical_alignment="center")
        with text:
            panels.show_notice(
                alert_words.open_notice(alert, now, zone), key=f"alert_{alert.alert_id}"
            )
        if alert.state == "active":
            button.button(
                "Acknowledge",
                key=f"acknowledge_{alert.alert_id}",
                on_click=_acknowledge,
                args=(alert.alert_id,),
                disabled=not access.may_change(),
                help="Tell everybody that you have seen it: the banner goes away for all who look. "
                "The alert stays here until its reason is over."
                if access.may_change()
                else access.LOOK_ONLY,
                width="stretch",
            )
    if len(alerts) > OPEN_MAX:
        st.caption(f"And {len(alerts) - OPEN_MAX} more; the history has all of them.")


def _acknowledge(alert_id: str) -> None:
    request = AcknowledgeRequest(alert_id=alert_id, by=access.credentials().username)
    try:
        access.connection().ask(questions.ACKNOWLEDGE, request)
    except AskError as error:
        st.session_state[_SAID] = Notice("Not acknowledged", str(error), "attention")


@st.fragment(run_every=EVERY_S)
def _history() -> None:
    """All alerts; asked for again only when one has come or changed."""
    state = access.connection().state
    mark = (state.link, tuple((a.alert_id, a.state) for a in state.alerts))
    known: tuple[object, tuple[Alert, ...], str] | None = st.session_state.get(_HISTORY)
    if known is None or known[0] != mark:
        known = (mark, *_asked())
        st.session_state[_HISTORY] = known
    _, alerts, problem = known
    if problem:
        st.caption(problem)
    elif not alerts:
        st.caption("There has been no alert yet.")
    else:
        table = alert_words.rows(alerts, time.time(), viewer_zone())
        panels.show_table(
            alert_words.COLUMNS, table, label="Alerts, newest first", height=HISTORY_PX
        )


def _asked() -> tuple[tuple[Alert, ...], str]:
    try:
        answer = access.connection().ask(questions.ALERT_LIST, AlertsQuery(limit=200))
    except AskError as error:
        return (), str(error)
    return (answer.alerts, "") if isinstance(answer, AlertsReply) else ((), "")


def _rules(session: SessionDocument) -> None:
    rules = session.settings.alerts
    with st.form(f"alert_rules_{session.revision}"):
        changes = _time_fields(rules)
        bands = _band_editor(rules)
        pressed = st.form_submit_button(
            "Apply for everyone",
            type="primary",
            disabled=not access.may_change(),
            help=None if access.may_change() else access.LOOK_ONLY,
        )
    if pressed:
        _change(session, changes, bands)


def _time_fields(rules: AlertSettings) -> dict[str, object]:
    silence, offline, dead = st.columns(3)
    silent_min = silence.number_input(
        "No scans for / min",
        min_value=0.1,
        step=1.0,
        value=None if rules.no_scans_s is None else rules.no_scans_s / 60,
        placeholder="never",
        help="Alert when no scan has come for so many minutes while the session runs; empty: "
        "never. For an instrument on a serial line it waits at least 2.5 intervals.",
    )
    away_s = offline.number_input(
        "Agent lost for / s",
        min_value=0.0,
        step=10.0,
        value=rules.agent_offline_s,
        placeholder="never",
        help=description(AlertSettings, "agent_offline_s"),
    )
    dead_scans = dead.number_input(
        "Electrode without peak for / scans",
        min_value=1,
        step=1,
        value=rules.dead_after_scans,
        placeholder="never",
        help=description(AlertSettings, "dead_after_scans"),
    )
    return {
        "alerts.no_scans_s": None if silent_min is None else round(60 * silent_min, 3),
        "alerts.agent_offline_s": away_s,
        "alerts.dead_after_scans": dead_scans,
    }


def _band_editor(rules: AlertSettings) -> list[dict[str, Any]]:
    st.caption(
        "Bands that signals should stay in, from the next scan on. Write limits with their unit, "
        "for example 120 nA, 0.8 or 5 µM; leave one of them empty for no such limit."
    )
    column = st.column_config
    table = pd.DataFrame(alert_words.band_rows(rules.bands) or [dict(alert_words.EMPTY_BAND)])
    edited = st.data_editor(
        # A column without a number would be taken for one of texts.
        table.astype(dict.fromkeys(("electrode", "frequency_hz", "scans"), "float64")),
        num_rows="dynamic",
        hide_index=True,
        disabled=not access.may_change(),
        width="stretch",
        column_config={
            "quantity": column.SelectboxColumn(
                "Quantity",
                options=list(alert_words.QUANTITIES.values()),
                help=description(BandRule, "quantity"),
            ),
            "electrode": column.NumberColumn(
                "Electrode", min_value=1, step=1, help=description(BandRule, "electrode")
            ),
            "frequency_hz": column.NumberColumn(
                "Frequency / Hz", min_value=0.0, help=description(BandRule, "frequency_hz")
            ),
            "low": column.TextColumn("Below", help="Alert when the signal falls below this."),
            "high": column.TextColumn("Above", help="Alert when the signal rises above this."),
            "hysteresis": column.TextColumn("Hysteresis", help=description(BandRule, "hysteresis")),
            "scans": column.NumberColumn(
                "Scans in a row", min_value=1, step=1, help=description(BandRule, "scans")
            ),
        },
    )
    return [dict(zip(edited.columns, row, strict=True)) for row in edited.itertuples(index=False)]


def _change(
    session: SessionDocument, changes: Mapping[str, object], table: list[dict[str, Any]]
) -> None:
    try:
        bands = alert_words.bands_of(table)
        if len(bands) > BANDS_MAX:
            raise FormError(f"There may be {BANDS_MAX} bands at most.")
        settings = forms.settings(session.settings, {**changes, "alerts.bands": bands})
        if settings == session.settings:
            said = Notice("Nothing differs", "These rules hold already.", "idle")
        else:
            request = SettingsRequest(
                seen_revision=session.revision,
                by=access.credentials().username,
                settings=settings,
            )
            access.connection().ask(questions.CHANGE_SETTINGS, request)
            said = Notice(
                "Applied",
                "The rules hold from the next scan on; no number of the run is computed anew.",
                "good",
            )
    except (AskError, FormError) as error:
        said = Notice("Not changed", str(error), "attention")
    st.session_state[_SAID] = said
    st.rerun()
