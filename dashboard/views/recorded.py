"""A past session on the charts of the live page: whole, or as it was at any moment, or replayed."""

import time
from datetime import UTC, datetime
from typing import Final, cast

import streamlit as st

from dashboard import panels, replay, summary
from dashboard.blocks import Chip, Notice
from dashboard.charts import electrodes_in, trend_figure
from dashboard.live_plot import live_plot
from dashboard.recorded import Recording
from dashboard.replay import SPEEDS, Replay
from dashboard.series import Quantity, TrendView
from dashboard.session_rows import TECHNIQUES, duration_words, moment, name_of
from dashboard.standing import clock_words
from dashboard.trend import Trend
from dashboard.views import trend_choice
from dashboard.views.past import curves_of, forget, marks_of, recording
from dashboard.views.zone import viewer_zone
from dashboard.voltammogram import voltammogram_figure
from sacmes_core.payloads.marks import Mark
from sacmes_core.payloads.replies import SessionSummary

EVERY_S: Final = 0.5
CHART_PX: Final = 380
TABLE_PX: Final = 165
_QUANTITIES: Final[dict[Quantity, str]] = {
    "absolute": "Absolute",
    "normalised": "Normalised",
    "kdm": "KDM",
    "ratio": "Ratio",
    "concentration": "Concentration",
    "potential": "Potential",
}
_REPLAYS: Final = "replays"
_CUT: Final = "replayed_trend"


def show(chosen: SessionSummary) -> None:
    """Show a past session; nothing of the live view changes."""
    found = recording(chosen.session)
    if not found.loaded.over:
        st.fragment(_loading, run_every=EVERY_S)(chosen, found)
        return
    loaded = found.loaded
    if loaded.problem:
        panels.show_notice(Notice("Not everything is here", loaded.problem, "attention"))
        st.button("Load again", icon=":material/refresh:", on_click=forget, args=(chosen.session,))
    if loaded.trend is None or not loaded.trend.scans:
        _title(chosen, None, 0)
        panels.show_notice(
            Notice("No scans", "This session ended before its first scan.", "idle"), lone=True
        )
        return
    every_s = EVERY_S if _replay(loaded.trend).since is not None else None
    st.fragment(_head, run_every=every_s)(chosen, loaded.trend)
    _controls(loaded.trend)
    _player(loaded.trend, every_s)
    st.fragment(_charts, run_every=every_s)(loaded.trend, marks_of(chosen.session))


def _loading(chosen: SessionSummary, found: Recording) -> None:
    loaded = found.loaded
    if loaded.over:
        st.rerun()
    _title(chosen, None, 0)
    share = loaded.done / loaded.of if loaded.of else 0.0
    st.progress(min(share, 1.0), f"Loading {loaded.done:,} of {loaded.of or chosen.scans:,} files")


def _title(chosen: SessionSummary, trend: Trend | None, scans: int) -> None:
    zone, session = viewer_zone(), chosen.session
    last = chosen.last_result_at
    lasted = "" if last is None else duration_words((last - session.started_at).total_seconds())
    parts = (
        TECHNIQUES[session.technique],
        f"started {moment(session.started_at, zone)}",
        f"lasted {lasted}" if lasted else "",
        f"{chosen.scans:,} scans",
    )
    panels.show_title(name_of(session), " · ".join(p for p in parts if p), [_chip(trend, scans)])


def _chip(trend: Trend | None, scans: int) -> Chip:
    """Never to be taken for live: "Recorded" for the whole run, else "Replay"."""
    if trend is None or scans >= len(trend.scans):
        return Chip("Recorded", "idle", "A past session, whole; nothing here is live.")
    at = trend.scans[scans - 1].measured_at
    now = datetime.now(UTC).timestamp()
    when = "" if at is None else f" · {clock_words(at, now, viewer_zone())}"
    return Chip(f"Replay{when}", "attention", "A past session as it was then; nothing is live.")


def _controls(trend: Trend) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.segmented_control(
            "Quantity",
            list(_QUANTITIES),
            default="absolute",
            required=True,
            format_func=_QUANTITIES.__getitem__,
            key="recorded/quantity",
            label_visibility="collapsed",
        )
        trend_choice.show_abscissa("recorded/abscissa")
        trend_choice.show_electrodes(electrodes_in(trend), _electrodes_key(trend))


def _electrodes_key(trend: Trend) -> str:
    return f"recorded/electrodes/{trend.session_id}"


def _player(trend: Trend, every_s: float | None) -> None:
    if len(trend.scans) < 2:
        return
    end_s = float(replay.times_of(trend)[-1])
    playing = every_s is not None
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        # Another key, another element: the one that was clicked would take the space bar as well.
        # Without a help: that of an element that goes stays in a corner of the page.
        st.button(
            "Pause" if playing else "Replay",
            icon=":material/pause:" if playing else ":material/play_arrow:",
            key="recorded/pause" if playing else "recorded/play",
            on_click=_toggle,
            args=(trend, end_s),
            shortcut="Space",
        )
        st.segmented_control(
            "Speed",
            SPEEDS,
            default=_replay(trend).speed,
            required=True,
            format_func="{}×".format,
            key=f"recorded/speed/{trend.session_id}",
            on_change=_hasten,
            args=(trend, end_s),
            label_visibility="collapsed",
        )
        st.fragment(_bar, run_every=every_s)(trend)


def _head(chosen: SessionSummary, trend: Trend) -> None:
    _title(chosen, trend, _count(trend))


def _bar(trend: Trend) -> None:
    """A bar to pull while the replay rests; one that only shows, while it plays."""
    count, scans = _count(trend), len(trend.scans)
    if _replay(trend).since is not None:
        st.progress(count / scans, f"Scan {count:,} of {scans:,}")
        return
    key = f"recorded/bar/{trend.session_id}/{count}"
    st.slider(
        "Scans so far",
        1,
        scans,
        value=count,
        key=key,
        format=f"scan %d of {scans}",
        on_change=_seek,
        args=(trend, key),
        label_visibility="collapsed",
    )


def _charts(trend: Trend, marks: tuple[Mark, ...]) -> None:
    standing, end_s = _replay(trend), float(replay.times_of(trend)[-1])
    if standing.since is not None and replay.moment_s(standing, time.time(), end_s) >= end_s:
        _keep(trend, replay.paused(standing, time.time(), end_s))
        st.rerun()
    then = _cut(trend, _count(trend))
    # Asked for before anything is drawn: what waits for an answer would be shown pale meanwhile.
    curves = curves_of(then)
    view = TrendView(
        cast(Quantity, st.session_state.get("recorded/quantity") or "absolute"),
        trend_choice.abscissa("recorded/abscissa"),
        trend_choice.electrodes(_electrodes_key(trend)),
        zone=viewer_zone(),
    )
    left, right = st.columns([2, 1], gap="medium")
    with left:
        said = f"{_QUANTITIES[view.quantity]} over {len(then.scans)} scans of a past session"
        figure = trend_figure(then, view, marks)
        live_plot(figure, name="recorded_trend", alt=said, height=CHART_PX)
    with right:
        figure = voltammogram_figure(curves, view.electrodes)
        live_plot(figure, name="recorded_voltammogram", alt="Voltammograms then", height=CHART_PX)
    panels.show_table(
        summary.table_columns(summary.table_unit(then)),
        summary.table_rows(then, view.electrodes, datetime.now(UTC).timestamp(), viewer_zone()),
        label="Last results",
        height=TABLE_PX,
    )


def _count(trend: Trend) -> int:
    """How many scans there are at this moment of the replay."""
    times = replay.times_of(trend)
    return replay.scans_until(times, replay.moment_s(_replay(trend), time.time(), float(times[-1])))


def _replay(trend: Trend) -> Replay:
    kept: dict[str, Replay] = st.session_state.setdefault(_REPLAYS, {})
    return kept.get(trend.session_id) or Replay(float("inf"))


def _keep(trend: Trend, standing: Replay) -> None:
    st.session_state.setdefault(_REPLAYS, {})[trend.session_id] = standing


def _cut(trend: Trend, count: int) -> Trend:
    """The same object for the same count, so that figures are drawn once."""
    kept: tuple[Trend, int, Trend] | None = st.session_state.get(_CUT)
    if kept is None or kept[0] is not trend or kept[1] != count:
        kept = (trend, count, replay.as_it_was(trend, count))
        st.session_state[_CUT] = kept
    return kept[2]


def _toggle(trend: Trend, end_s: float) -> None:
    standing, now = _replay(trend), time.time()
    move = replay.played if standing.since is None else replay.paused
    _keep(trend, move(standing, now, end_s))


def _hasten(trend: Trend, end_s: float) -> None:
    speed = int(st.session_state[f"recorded/speed/{trend.session_id}"])
    _keep(trend, replay.hastened(_replay(trend), speed, time.time(), end_s))


def _seek(trend: Trend, key: str) -> None:
    at_s = float(replay.times_of(trend)[int(st.session_state[key]) - 1])
    _keep(trend, replay.sought(_replay(trend), at_s, time.time()))
