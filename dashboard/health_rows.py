"""What the health page says of one user's chain: cards, tables and messages, from the state."""

import json
from datetime import datetime, tzinfo
from typing import Any, Final

from dashboard.blocks import Card, Cell, Column
from dashboard.journal import Trouble, quantile
from dashboard.live_state import Heard, LiveState
from dashboard.standing import age_words, agent_kind, clock_words, heard_lately
from sacmes_core import __version__

COMPONENTS: Final = (
    Column("Component"),
    Column("Where"),
    Column("Stands"),
    Column("Version"),
    Column("Clock"),
    Column("Heard"),
    Column("Since"),
    Column("Says", "wrap"),
)
TROUBLES: Final = (
    Column("Last time"),
    Column("Where"),
    Column("What", "wrap"),
    Column("Times", "right"),
)
SCAN_ERRORS: Final = 20
TROUBLES_SHOWN: Final = 40
CLOCK_TOLD_S: Final = 2.0
_COUNTED: Final = ("malformed", "late", "duplicate", "unasked")


def cards(state: LiveState, now: float) -> list[Card]:
    """The numbers that tell whether scans get through."""
    return [
        _rate_card(state, now),
        _delay_card(state),
        *_agent_cards(state),
        _queue_card(state, now),
        _missing_card(state),
        _dropped_card(state),
    ]


def component_rows(state: LiveState, now: float, zone: tzinfo) -> list[list[Cell]]:
    """Agent, analyzers, other dashboards and this one: version, clock and last heartbeat."""
    rows = []
    if state.agent is not None:
        agent = state.agent.presence
        watched = agent.instrument or agent.source_name
        row = ("Agent", agent.host, agent_kind(state, now), agent.problem or watched)
        rows.append(_component_row(state.agent, row, now, zone))
    for heard in sorted(state.analyzers.values(), key=lambda h: h.presence.analyzer):
        analyzer = heard.presence
        state_now = analyzer.state if heard_lately(heard, now) else "not heard of"
        said = analyzer.problem or ""
        words = (f"Analyzer ({analyzer.role})", analyzer.analyzer, state_now, said)
        rows.append(_component_row(heard, words, now, zone))
    for viewer in sorted(state.viewers.values(), key=lambda h: h.presence.since):
        pages = viewer.presence.pages
        row = ("Dashboard", f"{pages} open page{'s' * (pages != 1)}", "online", "")
        if heard_lately(viewer, now):
            rows.append(_component_row(viewer, row, now, zone))
    here = ("This dashboard", "", state.link, __version__, "reference", "", "", state.link_reason)
    return [*rows, [Cell(text) for text in here]]


def troubles(state: LiveState) -> list[Trouble]:
    """What went wrong, newest first: on the way here, and in scans that have no numbers."""
    scans = state.shown.newest_revisions() if state.shown is not None else ()
    failed = [s for s in scans if s.error is not None][-SCAN_ERRORS:]
    of_scans = [Trouble(s.measured_at or 0.0, s.file, s.error or "") for s in failed]
    everything = (*state.journal.troubles, *of_scans)
    return sorted(everything, key=lambda t: -t.at)[:TROUBLES_SHOWN]


def trouble_rows(state: LiveState, now: float, zone: tzinfo) -> list[list[Cell]]:
    """The troubles as a table."""
    return [
        [
            Cell(clock_words(t.at, now, zone, seconds=True) if t.at else "no time", tone="muted"),
            Cell(t.where, title=t.where),
            Cell(t.sentence),
            Cell(str(t.times)),
        ]
        for t in troubles(state)
    ]


def raw_messages(state: LiveState, zone: tzinfo) -> list[dict[str, Any]]:
    """The last messages as they came, newest first, as text."""
    return [
        {
            "number": m.number,
            "time": datetime.fromtimestamp(m.at, zone).strftime("%H:%M:%S.%f")[:-3],
            "topic": m.topic,
            "size": size_words(m.size_bytes),
            "retained": m.retained,
            "text": payload_text(m.head, m.size_bytes),
        }
        for m in reversed(state.journal.messages)
    ]


def payload_text(head: bytes, size_bytes: int) -> str:
    """A payload to be read: JSON over several lines where it is whole, else its beginning."""
    if not size_bytes:
        return "(empty: clears what was retained)"
    if len(head) == size_bytes:
        try:
            return json.dumps(json.loads(head), indent=1, ensure_ascii=False)
        except ValueError:
            return head.decode("utf-8", "backslashreplace")
    rest = size_words(size_bytes - len(head))
    return f"{head.decode('utf-8', 'backslashreplace')} … ({rest} more)"


def size_words(size_bytes: int) -> str:
    """A size as people say it: 812 B, 1.2 kB, 3.4 MB."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1000:.3g} kB"
    return f"{size_bytes / 1e6:.3g} MB"


def delay_words(delay_s: float) -> tuple[str, str]:
    """A delay with its unit: 240 ms, 1.8 s, and beyond that as ages are said."""
    if delay_s < 1:
        return f"{1000 * delay_s:.0f}", "ms"
    if delay_s < 60:
        return f"{delay_s:.1f}", "s"
    number, unit = age_words(delay_s).split()
    return number, unit


def _rate_card(state: LiveState, now: float) -> Card:
    journal = state.journal
    note = (
        f"{journal.received:,} since this page's connection · {size_words(journal.received_bytes)}"
    )
    return Card("Messages", f"{journal.rate_hz(now):.2g}", "per s", note)


def _delay_card(state: LiveState) -> Card:
    delays_s = state.journal.delays_s
    middle, high = quantile(delays_s, 0.5), quantile(delays_s, 0.95)
    if middle is None or high is None:
        return Card("Measurement to here", "–", note="no live result yet")
    value, unit = delay_words(middle)
    note = f"median of {len(delays_s)} results · 95 % within {' '.join(delay_words(high))}"
    return Card("Measurement to here", value, unit, note, spark=delays_s[-60:])


def _agent_cards(state: LiveState) -> list[Card]:
    if state.agent is None:
        return [Card("Waiting at the agent", "–", note="no agent"), Card("Refused uploads", "–")]
    c = state.agent.presence.counters
    done = c.confirmed / c.seen if c.seen else None
    return [
        Card(
            "Waiting at the agent",
            f"{c.waiting:,}",
            note=f"{c.confirmed:,} of {c.seen:,} files stored",
            fraction=done,
        ),
        Card(
            "Refused uploads",
            f"{c.refused:,}",
            note="the agent lists them with reasons" if c.refused else "none",
        ),
    ]


def _queue_card(state: LiveState, now: float) -> Card:
    fresh = [h.presence for h in state.analyzers.values() if heard_lately(h, now)]
    if not fresh:
        return Card("Queue at the analyzer", "–", note="no analyzer is heard")
    waiting = max(p.waiting for p in fresh)
    analysed = sum(p.analysed for p in fresh)
    return Card("Queue at the analyzer", f"{waiting:,}", note=f"{analysed:,} scans since its start")


def _missing_card(state: LiveState) -> Card:
    trend = state.shown
    missing = trend.missing if trend is not None else 0
    note = "are asked for again" if missing else "the trend is complete"
    if state.history is not None and state.history.token:
        note = "history is being fetched"
    return Card("Missing results", f"{missing:,}", note=note)


def _dropped_card(state: LiveState) -> Card:
    counted = {name: state.count(name) for name in _COUNTED}
    note = " · ".join(f"{n:,} {name}" for name, n in counted.items() if n)
    return Card("Messages not used", f"{sum(counted.values()):,}", note=note or "all were used")


def _component_row(
    heard: Heard, row: tuple[str, str, str, str], now: float, zone: tzinfo
) -> list[Cell]:
    name, where, stands, says = row
    presence = heard.presence
    return [
        Cell(name),
        Cell(where, title=where),
        Cell(stands, tone="" if stands == "online" else "attention"),
        Cell(presence.version, tone="" if presence.version == __version__ else "attention"),
        Cell(_clock(heard)),
        Cell(f"{age_words(max(0.0, now - heard.heard_at))} ago"),
        Cell(clock_words(presence.since.timestamp(), now, zone)),
        Cell(says, title=says),
    ]


def _clock(heard: Heard) -> str:
    """How a writer's clock stands to ours, where a live heartbeat has told."""
    lag_s = heard.clock_lag_s
    if getattr(heard.presence, "clock_synced", None) is False:
        return "no time server"
    if abs(lag_s) < CLOCK_TOLD_S:
        return "agrees" if lag_s else "not known yet"
    return f"{age_words(abs(lag_s))} {'slow' if lag_s > 0 else 'fast'}"
