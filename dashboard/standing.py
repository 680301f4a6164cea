"""How agent, analyzer and numbers stand at a moment: judged by heartbeats, said in words."""

from datetime import datetime, tzinfo
from typing import Final, Literal

from dashboard.blocks import Chip
from dashboard.live_history import expected_interval_s, outdated, reanalysing
from dashboard.live_state import Heard, LiveState
from sacmes_core.protocol import PRESENCE_EXPIRY_S

STALE_INTERVALS: Final = 2.5
STALE_AT_LEAST_S: Final = 10.0
SILENT_INTERVALS: Final = 10.0
SILENT_AT_LEAST_S: Final = 120.0
INTERVAL_UNKNOWN_S: Final = 20.0
CLOCK_LAG_TOLD_S: Final = 60.0


def heard_lately(heard: Heard, now: float) -> bool:
    """Whether the heartbeat is fresh, by the time in it and the writer's clock as far as known."""
    beat: datetime = heard.presence.heartbeat_at
    return now - (beat.timestamp() + heard.clock_lag_s) <= PRESENCE_EXPIRY_S


def agent_kind(state: LiveState, now: float) -> Literal["online", "stopped", "lost", "never"]:
    """Where the agent stands; online only with a fresh heartbeat, whatever the broker retains."""
    if state.agent is None:
        return "never"
    if state.agent.presence.state != "online":
        return state.agent.presence.state
    return "online" if heard_lately(state.agent, now) else "lost"


def analyzer_online(state: LiveState, now: float) -> bool:
    """Whether some analyzer takes uploads and answers questions."""
    return any(
        heard.presence.state == "online"
        and heard.presence.role != "work"
        and heard_lately(heard, now)
        for heard in state.analyzers.values()
    )


def viewers(state: LiveState, now: float) -> int:
    """How many pages look at this user, over all dashboards."""
    return sum(h.presence.pages for h in state.viewers.values() if heard_lately(h, now))


def header_chips(state: LiveState, now: float, zone: tzinfo, username: str) -> list[Chip]:
    """What stands above every page: agent, analyzer, numbers, who looks, who may only look."""
    chips = [
        agent_chip(state, now, zone),
        analyzer_chip(state, now),
        live_chip(state, now, zone),
        viewers_chip(state, now, zone),
    ]
    if username != state.user_id:
        chips.append(
            Chip(
                f"Read only · {username}",
                "idle",
                f"{username} may look at everything and export it. Starting, stopping and "
                f"changing takes the key of {state.user_id} itself.",
            )
        )
    return chips


def viewers_chip(state: LiveState, now: float, zone: tzinfo) -> Chip:
    """How many pages are open, and for each dashboard connection how many since when."""
    fresh = [h.presence for h in state.viewers.values() if heard_lately(h, now)]
    lines = [
        f"{_pages_words(p.pages)} since {clock_words(p.since.timestamp(), now, zone)}"
        for p in sorted(fresh, key=lambda p: p.since)
        if p.pages
    ]
    detail = f"Open pages of {state.user_id}, this one included:"
    if not lines:
        detail, lines = f"This page is the only one of {state.user_id} that is open.", []
    return Chip(f"{max(viewers(state, now), 1)} viewing", "idle", "\n".join((detail, *lines)))


def agent_chip(state: LiveState, now: float, zone: tzinfo) -> Chip:
    """What the header says about the agent."""
    kind = agent_kind(state, now)
    if state.agent is None or kind == "never":
        detail = "Start sacmes-agent beside the instrument with this user_id."
        seen = state.shown is not None and state.shown.scans
        return Chip("Agent offline" if seen else "Agent never started", "idle", detail)
    presence = state.agent.presence
    beat = presence.heartbeat_at.timestamp() + state.agent.clock_lag_s
    if kind == "online":
        watched = f" watches {presence.source_name}" if presence.source_name else ""
        return Chip(
            f"Agent online · {presence.host}",
            "attention" if presence.problem else "good",
            presence.problem
            or f"Version {presence.version}{watched}, "
            f"since {clock_words(presence.since.timestamp(), now, zone)}.{_clock_words(state)}",
        )
    if kind == "stopped":
        when = clock_words(presence.heartbeat_at.timestamp(), now, zone)
        return Chip("Agent stopped", "idle", f"Stopped on {presence.host} at {when}.")
    when = clock_words(beat, now, zone)
    running = state.session is not None and state.session.state == "running"
    return Chip(
        f"Agent lost · {presence.host}",
        "attention" if running else "idle",
        f"Last heard of at {when}. Scans wait on its disk and come when it is back.",
    )


def analyzer_chip(state: LiveState, now: float) -> Chip:
    """What the header says about the analyzer."""
    if analyzer_online(state, now):
        problems = [h.presence.problem for h in state.analyzers.values() if h.presence.problem]
        return Chip("Analyzer online", "attention" if problems else "good", " ".join(problems))
    return Chip(
        "Analyzer away",
        "attention",
        "Scans wait at the agent until an analyzer is back; none is lost.",
    )


def live_chip(state: LiveState, now: float, zone: tzinfo) -> Chip:
    """How old the numbers on the screen are."""
    if state.link != "online":
        return Chip("Broker away · reconnecting", "attention", state.link_reason)
    session = state.session
    if session is None:
        return Chip("No session", "idle")
    if session.state == "stopped":
        when = clock_words(session.changed_at.timestamp(), now, zone)
        return Chip(f"Stopped at {when}", "idle", f"Stopped by {session.changed_by}.")
    if reanalysing(state, now) and state.progress is not None:
        return Chip(f"Analysing {state.progress.done} of {state.progress.of}", "info")
    last = state.last_result_at
    if last is None or state.shown is None or not state.shown.scans:
        return Chip("Waiting for the first scan", "info")
    age_s = max(0.0, now - last)
    interval_s = expected_interval_s(state) or INTERVAL_UNKNOWN_S
    if age_s > max(SILENT_INTERVALS * interval_s, SILENT_AT_LEAST_S):
        return Chip(f"No data since {clock_words(last, now, zone)}", "attention")
    if age_s > max(STALE_INTERVALS * interval_s, STALE_AT_LEAST_S):
        return Chip(f"Stale · {age_words(age_s)}", "attention")
    return Chip(f"Live · {age_words(age_s)} ago", "info")


def dimmed(state: LiveState, now: float) -> bool:
    """Whether the charts show something that is not the present and are to be drawn pale."""
    if outdated(state) or state.link != "online":
        return True
    if state.session is None or state.session.state == "stopped" or state.last_result_at is None:
        return False
    interval_s = expected_interval_s(state) or INTERVAL_UNKNOWN_S
    return now - state.last_result_at > max(STALE_INTERVALS * interval_s, STALE_AT_LEAST_S)


def expected_scans(state: LiveState) -> int | None:
    """How many scans the session will have, where its numbers and frequencies say so."""
    if state.session is None:
        return None
    source = state.session.settings.source
    if source.last_number is None:
        return None
    frequencies = len(source.frequencies_hz) or len(
        {s.frequency_hz for s in (state.shown.scans if state.shown is not None else ())}
    )
    return (source.last_number - source.first_number + 1) * max(frequencies, 1)


def age_words(age_s: float) -> str:
    """An age as people say it: 2 s, 3 min, 5 h, 2 d."""
    steps: tuple[tuple[float, float, str], ...] = (
        (90, 1, "s"),
        (90 * 60, 60, "min"),
        (36 * 3600, 3600, "h"),
    )
    for limit_s, unit_s, name in steps:
        if age_s < limit_s:
            return f"{age_s / unit_s:.0f} {name}"
    return f"{age_s / 86400:.0f} d"


def clock_words(moment: float, now: float, zone: tzinfo, *, seconds: bool = False) -> str:
    """A moment on the viewer's clock, with the date where it is not today."""
    then, today = datetime.fromtimestamp(moment, zone), datetime.fromtimestamp(now, zone)
    time = then.strftime("%H:%M:%S" if seconds else "%H:%M")
    if then.date() == today.date():
        return time
    year = "" if then.year == today.year else f" {then.year}"
    return f"{then.day} {then:%b}{year} {time}"


def _pages_words(pages: int) -> str:
    return "1 page" if pages == 1 else f"{pages} pages on one connection"


def _clock_words(state: LiveState) -> str:
    lag_s = state.agent.clock_lag_s if state.agent is not None else 0.0
    if abs(lag_s) < CLOCK_LAG_TOLD_S:
        return ""
    return f" Its clock is {age_words(abs(lag_s))} {'slow' if lag_s > 0 else 'fast'}."
