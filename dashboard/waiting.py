"""What to do next while there is nothing to draw: one notice for each reason."""

from dashboard.blocks import Notice
from dashboard.figures import frequency_label
from dashboard.live_history import outdated
from dashboard.live_state import LiveState
from dashboard.standing import agent_kind, analyzer_online
from sacmes_core.settings.source import DEFAULT_EXTENSIONS, SourceSettings

_ANY_EXTENSION = f"ending {', '.join(DEFAULT_EXTENSIONS[:-1])} or {DEFAULT_EXTENSIONS[-1]}"


def waiting_notice(state: LiveState, now: float) -> Notice | None:
    """Why there is no chart, and what helps; None as soon as there is something to draw."""
    if state.shown is not None and state.shown.scans:
        return None
    if state.session is None:
        return _no_session(state, now)
    if state.session.state == "stopped":
        return Notice(
            "The session was stopped before its first scan",
            "Start another on the Session page.",
            "idle",
        )
    if not analyzer_online(state, now):
        return _no_analyzer()
    kind = agent_kind(state, now)
    if kind != "online":
        return _no_agent(state, kind)
    return _no_scans(state)


def state_notice(state: LiveState) -> Notice | None:
    """What the charts do not show by themselves, above them; None when all is well."""
    presence = state.agent.presence if state.agent is not None else None
    if presence is not None and presence.problem and presence.state == "online":
        return Notice("The agent needs a hand", presence.problem, "attention")
    if outdated(state):
        return _computing(state)
    return None


def _computing(state: LiveState) -> Notice:
    """That the run is analysed anew, and how far that is."""
    text = "Until that is done, the charts show the numbers of the previous settings, pale."
    progress, session = state.progress, state.session
    current = (
        progress is not None
        and session is not None
        and progress.job == "analysis"
        and progress.settings_revision == session.settings_revision
    )
    if not current or progress is None or progress.of == 0:
        return Notice("The run is being computed anew", text, "info")
    done = f"{progress.done:,} of {progress.of:,} files are done. "
    fraction = progress.done / progress.of
    return Notice("The run is being computed anew", done + text, "info", fraction=fraction)


def watched_words(source: SourceSettings) -> str:
    """Which files belong to a session, in words."""
    names = f"names that start with {source.handle}" if source.handle else "any name"
    kind = f"ending {source.extension}" if source.extension else _ANY_EXTENSION
    words = f"files with {names}, {kind}"
    if source.frequencies_hz:
        words += ", at " + " and ".join(frequency_label(f) for f in source.frequencies_hz)
    if source.last_number is not None:
        return f"{words}, numbers {source.first_number} to {source.last_number}"
    if source.first_number:
        return f"{words}, from number {source.first_number}"
    return words


def _no_session(state: LiveState, now: float) -> Notice:
    if not analyzer_online(state, now):
        return _no_analyzer()
    if agent_kind(state, now) == "online":
        return Notice(
            "Ready for a session",
            "The agent is online and the analyzer waits. On the Session page, say which files "
            "belong to the run and press Start.",
            "good",
        )
    return Notice(
        "Nothing has been measured here yet",
        "Two things are needed, in either order:",
        "info",
        steps=(
            "Start the agent on the computer beside the instrument, with this user_id.",
            "Start a session on the Session page: it says which files belong to the run.",
        ),
        commands=("sacmes-agent watch FOLDER --broker mqtts://USER_ID:KEY@HOST:8883",),
    )


def _no_analyzer() -> Notice:
    return Notice(
        "No analyzer is online",
        "Scans wait safely at the agent and appear here as soon as an analyzer is back. If this "
        "lasts, tell the administrator that sacmes-analyzer is not running.",
        "attention",
    )


def _no_agent(state: LiveState, kind: str) -> Notice:
    if state.agent is None:
        return Notice(
            "The session waits for an agent",
            "Start the agent on the computer beside the instrument; it picks the session up by "
            "itself, also the files that are there already.",
            "attention",
            commands=("sacmes-agent watch FOLDER --broker mqtts://USER_ID:KEY@HOST:8883",),
        )
    host = state.agent.presence.host
    if kind == "stopped":
        return Notice(
            "The agent was stopped",
            f"Start it again on {host}; it goes on where it was.",
            "attention",
        )
    return Notice(
        "The agent is not heard of",
        f"{host} may be asleep, switched off or without network. Nothing is lost: what it "
        "measures meanwhile waits on its disk.",
        "attention",
    )


def _no_scans(state: LiveState) -> Notice:
    assert state.session is not None
    assert state.agent is not None
    presence = state.agent.presence
    where = f" in {presence.source_name}" if presence.source_name else ""
    counters = presence.counters
    seen = (
        f"So far it has seen {counters.seen} that fit, {counters.waiting} of them on their way."
        if counters.seen
        else "None has fitted so far."
    )
    return Notice(
        "Waiting for the first scan",
        f"The agent on {presence.host} watches{where} for "
        f"{watched_words(state.session.settings.source)}. {seen}",
        "info",
        steps=(
            "Start the measurement on the instrument, if it is not running.",
            "If files are there already, compare their names with the Session page.",
        ),
    )
