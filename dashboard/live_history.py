"""How the trend stays whole: results as they come, history for what is missing, revisions."""

from dataclasses import replace
from itertools import pairwise
from typing import Final

from dashboard.live_state import Ask, Effect, Fetch, LiveState
from dashboard.trend import Epoch, Scan, Trend, scan_of
from sacmes_core import questions
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.questions import HistoryQuery, ScanQuery
from sacmes_core.payloads.replies import HistoryReply, Problem
from sacmes_core.payloads.results import Curves, Result

PAGE: Final = 500
DEBOUNCE_S: Final = 1.0
ANSWER_S: Final = 5.0
ANSWER_MAX_S: Final = 30.0
GAP_AGAIN_S: Final = 30.0
"""A gap that history does not fill is a scan not analysed yet; it is asked for this rarely."""
PROGRESS_FRESH_S: Final = 10.0
INTERVALS: Final = 8
MAX_CURVES: Final = 64
CURVES_ASKED: Final = 8

NO_ANSWER: Final = "No analyzer answers; the history comes as soon as one does."


def result_came(state: LiveState, result: Result, retained: bool, now: float) -> LiveState:
    """Put a result where it belongs: in the trend, in the next revision's, or nowhere."""
    if state.session is None or result.session_id != state.session.session_id:
        return state.counting("late")
    state = _timed(state, result, retained, now)
    epoch = Epoch(result.settings_revision, result.trend_revision)
    scan = scan_of(result)
    newest = state.loading or state.shown
    if newest is None:
        first = Trend(result.session_id, epoch).with_scans([scan])
        return _gap(replace(state, shown=first), now)
    if epoch > newest.epoch:
        started = Trend(result.session_id, epoch).with_scans([scan])
        return want_history(replace(state, loading=started, history=None), now)
    if epoch == newest.epoch:
        grown = newest.with_scans([scan])
        if grown is newest:
            return state.counting("duplicate")
        return _gap(_with_newest(state, grown), now)
    if state.loading is not None and state.shown is not None and epoch == state.shown.epoch:
        return replace(state, shown=state.shown.with_scans([scan]))
    return state.counting("late")


def curve_came(state: LiveState, curves: Curves) -> LiveState:
    """Keep the newest voltammogram of each frequency."""
    if state.session is None or curves.session_id != state.session.session_id:
        return state.counting("late")
    frequency_hz = curves.scan.frequency_hz
    known = state.curves.get(frequency_hz)
    if known is None and len(state.curves) >= MAX_CURVES:
        return state
    if known is not None and _age(curves) < _age(known):
        return state.counting("late")
    return replace(state, curves={**state.curves, frequency_hz: curves})


def want_history(state: LiveState, now: float, *, delay_s: float = 0.0) -> LiveState:
    """Ask for history after a pause, unless it is being asked for or comes sooner anyway."""
    open_ = state.history
    if open_ is not None and (open_.token or open_.due_at <= now + delay_s):
        return state
    return replace(state, history=Fetch(now + delay_s))


def fetch_due(state: LiveState, now: float) -> tuple[LiveState, tuple[Effect, ...]]:
    """Ask what is due: a page of history, or the same again after a wait without an answer."""
    if state.link != "online":
        return state, ()
    state = _refresh_due(state, now)
    effects: list[Effect] = []
    fetch = state.history
    if fetch is not None and now >= fetch.due_at:
        if fetch.token:
            fetch = replace(fetch, attempts=fetch.attempts + 1)
            state = replace(state, history_problem=NO_ANSWER)
        state, ask = _ask_page(state, fetch, now)
        effects.append(ask)
    elif fetch is None or not fetch.token:
        state, curve_questions = _ask_curves(state)
        effects.extend(curve_questions)
    return state, tuple(effects)


def history_came(state: LiveState, reply: HistoryReply, now: float) -> LiveState:
    """Take a page of history; ask for the next, or declare the trend complete."""
    session = state.session
    again = replace(state, history=None, history_problem=None)
    if session is None or reply.session.session_id != session.session_id:
        return want_history(again, now, delay_s=DEBOUNCE_S)
    shown = reply.settings_revision
    epoch = Epoch(reply.session.settings_revision if shown is None else shown, reply.trend_revision)
    newest = state.loading or state.shown
    if newest is not None and epoch < newest.epoch:
        return want_history(again, now, delay_s=DEBOUNCE_S)
    fresh = newest is None or epoch > newest.epoch
    trend = Trend(session.session_id, epoch) if fresh or newest is None else newest
    trend = trend.with_scans(
        scan_of(r)
        for r in reply.results
        if r.session_id == session.session_id and r.settings_revision == epoch.settings_revision
    )
    if fresh and newest is not None:
        placed = replace(again, loading=trend)
        if state.history is not None and state.history.after:
            return want_history(placed, now)
    else:
        placed = _with_newest(again, trend) if newest is not None else replace(again, shown=trend)
    placed = _seen_before(placed, trend)
    if reply.more and reply.results:
        after, after_index = max((r.position, r.scan.index) for r in reply.results)
        return replace(placed, history=Fetch(now, after=after, after_index=after_index))
    return _complete(placed, now)


def history_failed(state: LiveState, answer: Payload | bytes, detail: str, now: float) -> LiveState:
    """Take a problem instead of history: no session yet is none, anything else is asked again."""
    if isinstance(answer, Problem) and answer.type == "not_found":
        return replace(state, history=None, history_problem=None)
    attempts = state.history.attempts + 1 if state.history is not None else 1
    pause_s = min(ANSWER_S * 2**attempts, ANSWER_MAX_S)
    return replace(state, history=Fetch(now + pause_s, attempts=attempts), history_problem=detail)


def reanalysing(state: LiveState, now: float) -> bool:
    """Whether the run is being analysed anew at the moment, as the analyzer tells."""
    progress = state.progress
    return (
        progress is not None
        and progress.job == "analysis"
        and progress.done < progress.of
        and now - state.progress_at < PROGRESS_FRESH_S
    )


def outdated(state: LiveState) -> bool:
    """Whether the trend on the screen was made with settings that hold no longer."""
    if state.session is None or state.shown is None:
        return False
    newer = state.session.settings_revision > state.shown.epoch.settings_revision
    return newer or state.loading is not None


def expected_interval_s(state: LiveState) -> float | None:
    """Longest of the last intervals between results; None as long as fewer than three are known.

    The longest, since the frequencies of one measurement come together and then nothing for long.
    """
    if len(state.intervals_s) >= 2:
        return max(state.intervals_s)
    scans = state.shown.scans[-INTERVALS:] if state.shown is not None else ()
    times = sorted(s.measured_at for s in scans if s.measured_at is not None)
    intervals = [b - a for a, b in pairwise(times) if b > a]
    return max(intervals) if len(intervals) >= 2 else None


def _ask_page(state: LiveState, fetch: Fetch, now: float) -> tuple[LiveState, Ask]:
    newest = state.loading or state.shown
    after = fetch.after
    if after is None:
        after = newest.contiguous_to if newest is not None else 0
    session_id = state.session.session_id if state.session is not None else None
    wait_s = min(ANSWER_S * 2**fetch.attempts, ANSWER_MAX_S)
    asked = replace(fetch, token=state.next_token, due_at=now + wait_s, after=after)
    query = HistoryQuery(
        session_id=session_id,
        after_position=after,
        after_index=fetch.after_index,
        limit=PAGE,
    )
    ask = Ask(questions.HISTORY, query, asked.token)
    return replace(state, history=asked, next_token=state.next_token + 1), ask


def _ask_curves(state: LiveState) -> tuple[LiveState, list[Ask]]:
    """Ask for the newest voltammogram of each frequency that a late joiner has not seen."""
    if state.shown is None or state.session is None:
        return state, []
    newest: dict[float | None, int] = {}
    for scan in reversed(state.shown.scans[-10 * CURVES_ASKED :]):
        known = scan.frequency_hz in state.curves or scan.frequency_hz in state.curve_fetch
        if scan.error is None and not known:
            newest.setdefault(scan.frequency_hz, scan.position)
    if not newest:
        return state, []
    asked, asks = dict(state.curve_fetch), []
    token = state.next_token
    for frequency_hz, position in list(newest.items())[:CURVES_ASKED]:
        query = ScanQuery(session_id=state.session.session_id, position=position)
        asks.append(Ask(questions.SCAN, query, token))
        asked[frequency_hz] = token
        token += 1
    return replace(state, curve_fetch=asked, next_token=token), asks


def _refresh_due(state: LiveState, now: float) -> LiveState:
    if state.refresh_at and now >= state.refresh_at[0]:
        later = replace(state, refresh_at=state.refresh_at[1:])
        return want_history(later, now)
    if state.loading is not None and state.history is None and not reanalysing(state, now):
        return want_history(state, now, delay_s=DEBOUNCE_S)
    return state


def _complete(state: LiveState, now: float) -> LiveState:
    if state.loading is not None and not reanalysing(state, now):
        state = replace(state, shown=state.loading, loading=None)
    trend = state.loading or state.shown
    missing = trend.missing if trend is not None else 0
    state = replace(state, missing_known=missing)
    return want_history(state, now, delay_s=GAP_AGAIN_S) if missing else state


def _gap(state: LiveState, now: float) -> LiveState:
    trend = state.loading or state.shown
    missing = trend.missing if trend is not None else 0
    if missing > state.missing_known:
        return want_history(state, now, delay_s=DEBOUNCE_S)
    return state if missing == state.missing_known else replace(state, missing_known=missing)


def _with_newest(state: LiveState, trend: Trend) -> LiveState:
    if state.loading is not None:
        return replace(state, loading=trend)
    return replace(state, shown=trend)


def _timed(state: LiveState, result: Result, retained: bool, now: float) -> LiveState:
    """Note when a live result came."""
    if retained:
        return state
    before = state.last_result_at
    intervals = state.intervals_s
    if before is not None and now > before:
        intervals = (*intervals, now - before)[-INTERVALS:]
    return replace(state, last_result_at=now, intervals_s=intervals)


def _seen_before(state: LiveState, trend: Trend) -> LiveState:
    """For who joins late: the newest scan counts from when it was measured, within the session."""
    if state.last_result_at is not None or not trend.scans or state.session is None:
        return state
    newest: Scan = trend.scans[-1]
    started_at = state.session.started_at.timestamp()
    return replace(state, last_result_at=max(started_at, newest.measured_at or started_at))


def _age(curves: Curves) -> tuple[int, int]:
    return curves.settings_revision, curves.position
