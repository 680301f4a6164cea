"""Cards, table and heading of the live page, made from the live state."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Final

from dashboard.axes import Prefix, prefix_for, quantity, significant
from dashboard.blocks import Card, Cell, Column
from dashboard.charts import electrodes_in
from dashboard.figures import frequency_label
from dashboard.live_state import LiveState
from dashboard.standing import clock_words, dimmed, expected_scans
from dashboard.trend import Peak, Scan, Trend
from sacmes_core.flags import SENTENCES

SPARK_SCANS: Final = 60
CHANGE_SCANS: Final = 20
TABLE_ROWS: Final = 40

Line = Sequence[tuple[Scan, Peak]]


def subtitle(state: LiveState, now: float, zone: tzinfo) -> str:
    """What runs: name, technique, frequencies, since when and by whom."""
    session = state.session
    if session is None:
        return "No session yet"
    frequencies = " and ".join(frequency_label(f) for f in session.settings.source.frequencies_hz)
    started = clock_words(session.started_at.timestamp(), now, zone)
    state_words = "running" if session.state == "running" else "stopped"
    parts = (
        session.name,
        session.technique.upper().replace("_", " "),
        frequencies,
        f"{state_words}, started {started}",
        f"changed by {session.changed_by}" if session.changed_by else "",
    )
    return " · ".join(part for part in parts if part)


def cards(state: LiveState, electrodes: tuple[int, ...], now: float) -> list[Card]:
    """The five numbers of the live page."""
    trend = state.shown
    scans = trend.newest_revisions() if trend is not None else ()
    line = lead_line(trend, electrodes)
    place = _place(line)
    pale = dimmed(state, now)
    return [
        _scans_card(state, scans),
        _current_card(line, place, pale=pale),
        _potential_card(line, place, pale=pale),
        _relative_card(trend, line, electrodes, pale=pale),
        _flagged_card(scans),
    ]


def lead_line(trend: Trend | None, electrodes: tuple[int, ...]) -> Line:
    """The line that the cards speak of: first chosen electrode, highest frequency."""
    if trend is None or not trend.scans:
        return ()
    scans = trend.newest_revisions()
    wanted = (electrodes or electrodes_in(trend))[:1]
    frequencies = [s.frequency_hz for s in scans if s.frequency_hz is not None]
    highest = max(frequencies, default=None)
    return [
        (scan, peak)
        for scan in scans
        if scan.frequency_hz == highest
        for peak in scan.peaks
        if peak.electrode in wanted
    ]


def table_columns(unit: Prefix) -> list[Column]:
    """Headings of the table of results, with the unit of its currents."""
    return [
        Column("Time"),
        Column("Scan", "right"),
        Column("Frequency", "right"),
        Column("Electrode", "right"),
        Column(f"Peak current / {unit.unit}", "right"),
        Column("Peak potential / V", "right"),
        Column("Normalised", "right"),
        Column("KDM", "right"),
        Column("Flags"),
    ]


def table_unit(trend: Trend) -> Prefix:
    """One SI prefix for all currents of the table."""
    return prefix_for((p.current_a for s in _last(trend) for p in s.peaks), "A")


def table_rows(
    trend: Trend, electrodes: tuple[int, ...], now: float, zone: tzinfo
) -> list[list[Cell]]:
    """The newest results first, one line for each electrode, flags in words."""
    unit = table_unit(trend)
    rows: list[list[Cell]] = []
    for scan in reversed(_last(trend)):
        shown: list[Peak | None] = [
            p for p in scan.peaks if not electrodes or p.electrode in electrodes
        ]
        rows += [_row(scan, peak, unit, _time(scan, now, zone)) for peak in shown or [None]]
    return rows[:TABLE_ROWS]


def _last(trend: Trend) -> tuple[Scan, ...]:
    return trend.newest_revisions()[-TABLE_ROWS:]


def _row(scan: Scan, peak: Peak | None, unit: Prefix, time: str) -> list[Cell]:
    def number(value: float | None, text: str, error: float | None = None) -> Cell:
        if value is None:
            return Cell("–", tone="muted")
        return Cell(text.replace("-", "−"), title="" if error is None else f"± {error:.2g}")

    current_a = peak.current_a if peak is not None else None
    potential_v = peak.potential_v if peak is not None else None
    normalised = peak.normalised if peak is not None else None
    kdm = peak.kdm if peak is not None else None
    return [
        Cell(time, title=scan.file),
        Cell(f"{scan.number if scan.number is not None else scan.position}", title=scan.file),
        Cell(frequency_label(scan.frequency_hz)),
        Cell(f"{peak.electrode}" if peak is not None else "–"),
        number(current_a, significant((current_a or 0) * unit.factor, 4)),
        number(potential_v, f"{potential_v or 0:.4f}"),
        number(normalised, f"{normalised or 0:.4f}", peak.normalised_se if peak else None),
        number(kdm, f"{kdm or 0:.4f}", peak.kdm_se if peak else None),
        _flags_cell(scan, peak),
    ]


def _flags_cell(scan: Scan, peak: Peak | None) -> Cell:
    if scan.error is not None:
        return Cell(scan.error, title=scan.error, tone="attention")
    flags = tuple(dict.fromkeys((*scan.flags, *(peak.flags if peak is not None else ()))))
    if not flags:
        return Cell("")
    words = ", ".join(flag.replace("_", " ").capitalize() for flag in flags)
    return Cell(words, title=" ".join(SENTENCES.get(f, f) for f in flags), tone="attention")


def _time(scan: Scan, now: float, zone: tzinfo) -> str:
    if scan.measured_at is None:
        return "–"
    words = clock_words(scan.measured_at, now, zone)
    return f"{words}:{int(scan.measured_at % 60):02d}"


def _place(line: Line) -> str:
    if not line:
        return ""
    scan, peak = line[-1]
    return f"E{peak.electrode} · {frequency_label(scan.frequency_hz)}"


def _scans_card(state: LiveState, scans: Sequence[Scan]) -> Card:
    expected = expected_scans(state)
    electrodes = len(electrodes_in(state.shown))
    frequencies = len({s.frequency_hz for s in scans})
    note = ""
    if scans:
        note = f"{_number(electrodes, 'electrode')}, {_number(frequencies, 'frequency')}"
    return Card(
        "Scans",
        f"{len(scans):,}",
        unit=f"of {expected:,}" if expected else "",
        note=note,
        fraction=len(scans) / expected if expected else None,
    )


def _current_card(line: Line, place: str, *, pale: bool) -> Card:
    values = [peak.current_a for _, peak in line]
    value, unit = _split(quantity(values[-1] if values else None, "A"))
    return Card(
        f"Peak current · {place}" if place else "Peak current",
        value,
        unit,
        note=_change_words(values),
        spark=_spark(values),
        pale=pale,
    )


def _change_words(values: Sequence[float | None]) -> str:
    """By how much the last value differs from the one a few scans before."""
    known = [v for v in values if v is not None]
    if len(known) < 2:
        return ""
    back = min(CHANGE_SCANS, len(known) - 1)
    before, last = known[-1 - back], known[-1]
    if before == 0:
        return ""
    change = 100 * (last - before) / abs(before)
    return f"{change:+.1f} % over {back} scans".replace("-", "−")


def _potential_card(line: Line, place: str, *, pale: bool) -> Card:
    values = [peak.potential_v for _, peak in line]
    last = values[-1] if values else None
    recent = [v for v in values[-CHANGE_SCANS:] if v is not None]
    note = ""
    if len(recent) > 1:
        note = f"within {1e3 * (max(recent) - min(recent)):.1f} mV over {len(recent)} scans"
    return Card(
        f"Peak potential · {place}" if place else "Peak potential",
        "–" if last is None else f"{last:.4f}".replace("-", "−"),
        "" if last is None else "V",
        note=note,
        pale=pale,
    )


def _relative_card(
    trend: Trend | None, line: Line, electrodes: tuple[int, ...], *, pale: bool
) -> Card:
    """KDM where there is one, else the normalised current."""
    wanted = (electrodes or electrodes_in(trend))[:1]
    scans = trend.scans if trend is not None else ()
    kdm = [p.kdm for s in scans for p in s.peaks if p.electrode in wanted and p.kdm is not None]
    if kdm:
        value = f"{kdm[-1]:.4f}".replace("-", "−")
        name = f"KDM · E{wanted[0]}"
        return Card(name, value, note=_pair_words(scans), spark=_spark(kdm), pale=pale)
    normalised = [peak.normalised for _, peak in line]
    known = [v for v in normalised if v is not None]
    if not known:
        return Card("Normalised", "–", note="waits for the reference scan" if line else "")
    value = f"{known[-1]:.4f}".replace("-", "−")
    return Card(f"Normalised · {_place(line)}", value, spark=_spark(normalised), pale=pale)


def _pair_words(scans: Sequence[Scan]) -> str:
    """Which frequencies the KDM compares, as far as the trend shows it."""
    found = sorted({s.frequency_hz for s in scans if s.frequency_hz is not None})
    if len(found) != 2:
        return "high against low frequency"
    return f"{frequency_label(found[1])} against {frequency_label(found[0])}"


def _flagged_card(scans: Sequence[Scan]) -> Card:
    flagged = [s for s in scans if s.flags or s.error or any(p.flags for p in s.peaks)]
    if not scans:
        return Card("Flagged", "–")
    share = f"{100 * len(flagged) / len(scans):.1f}"
    errors = sum(s.error is not None for s in scans)
    note = f"{len(flagged)} of {len(scans):,} scans"
    return Card("Flagged", share, "%", note=f"{note}, {errors} unreadable" if errors else note)


def _spark(values: Sequence[float | None]) -> tuple[float | None, ...]:
    return tuple(values[-SPARK_SCANS:])


def _split(text: str) -> tuple[str, str]:
    value, _, unit = text.partition(" ")
    return value, unit


def _number(count: int, what: str) -> str:
    plural = what[:-1] + "ies" if what.endswith("y") else what + "s"
    return f"{count} {what if count == 1 else plural}"
