"""Cards, table and heading of the live page, made from the live state."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

import numpy as np

from dashboard.axes import Prefix, prefix_for, quantity, significant
from dashboard.blocks import Card, Cell, Column
from dashboard.columns import UNREADABLE, Columns, FloatArray, columns_of
from dashboard.figures import frequency_label
from dashboard.flag_words import flag_name, flag_sentences
from dashboard.live_state import LiveState
from dashboard.session_rows import TECHNIQUES
from dashboard.standing import clock_words, dimmed, expected_scans
from dashboard.trend import Peak, Scan, Trend

SPARK_SCANS: Final = 60
CHANGE_SCANS: Final = 20
TABLE_ROWS: Final = 40


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
        TECHNIQUES[session.technique],
        frequencies,
        f"{state_words}, started {started}",
        f"changed by {session.changed_by}" if session.changed_by else "",
    )
    return " · ".join(part for part in parts if part)


def cards(state: LiveState, electrodes: tuple[int, ...], now: float) -> list[Card]:
    """The five numbers of the live page."""
    columns = columns_of(state.shown) if state.shown is not None else None
    lead = lead_line(columns, electrodes)
    pale = dimmed(state, now)
    return [
        _scans_card(state, columns),
        _current_card(lead, pale=pale),
        _potential_card(lead, pale=pale),
        _relative_card(columns, lead, pale=pale),
        _flagged_card(columns),
    ]


@dataclass(frozen=True, slots=True, eq=False)
class Lead:
    """The last points of the line that the cards speak of, oldest first."""

    electrode: int
    frequency_hz: float | None
    current_a: tuple[float | None, ...]
    potential_v: tuple[float | None, ...]
    normalised: tuple[float | None, ...]

    @property
    def words(self) -> str:
        """Which line it is."""
        return f"E{self.electrode} · {frequency_label(self.frequency_hz)}"


def lead_line(columns: Columns | None, electrodes: tuple[int, ...]) -> Lead | None:
    """The line that the cards speak of: first chosen electrode, highest frequency."""
    if columns is None or not (electrodes or columns.electrodes):
        return None
    electrode = (electrodes or columns.electrodes)[0]
    known = [f for f in columns.frequencies_hz if f is not None]
    highest = max(known, default=None)
    at = np.isnan(columns.frequency_hz) if highest is None else columns.frequency_hz == highest
    rows = np.flatnonzero(at & (columns.electrode == electrode) & ~columns.old)[-SPARK_SCANS:]
    if not rows.size:
        return None
    names = ("current_a", "potential_v", "normalised")
    return Lead(electrode, highest, *(_known(columns.values(n)[rows]) for n in names))


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
    return prefix_for((p.current_a for s in last_scans(trend) for p in s.peaks), "A")


def table_rows(
    trend: Trend, electrodes: tuple[int, ...], now: float, zone: tzinfo
) -> list[list[Cell]]:
    """The newest results first, one line for each electrode, flags in words."""
    unit = table_unit(trend)
    return [
        _row(scan, peak, unit, _time(scan, now, zone)) for scan, peak in _lines(trend, electrodes)
    ]


def table_places(trend: Trend, electrodes: tuple[int, ...]) -> list[tuple[int, int]]:
    """Position and index of the scan of each row of the table."""
    return [(scan.position, scan.index) for scan, _ in _lines(trend, electrodes)]


def _lines(trend: Trend, electrodes: tuple[int, ...]) -> list[tuple[Scan, Peak | None]]:
    lines: list[tuple[Scan, Peak | None]] = []
    for scan in reversed(last_scans(trend)):
        shown: list[Peak | None] = [
            p for p in scan.peaks if not electrodes or p.electrode in electrodes
        ]
        lines += [(scan, peak) for peak in shown or [None]]
    return lines[:TABLE_ROWS]


def last_scans(trend: Trend) -> tuple[Scan, ...]:
    """The newest scans, which are those of the table."""
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
    words = ", ".join(flag_name(flag) for flag in flags)
    return Cell(words, title=flag_sentences(flags), tone="attention")


def _time(scan: Scan, now: float, zone: tzinfo) -> str:
    if scan.measured_at is None:
        return "–"
    words = clock_words(scan.measured_at, now, zone)
    return f"{words}:{int(scan.measured_at % 60):02d}"


def _scans_card(state: LiveState, columns: Columns | None) -> Card:
    expected = expected_scans(state)
    scans = columns.scans if columns is not None else 0
    note = ""
    if columns is not None and scans:
        electrodes = _number(len(columns.electrodes), "electrode")
        note = f"{electrodes}, {_number(len(columns.frequencies_hz), 'frequency')}"
    return Card(
        "Scans",
        f"{scans:,}",
        unit=f"of {expected:,}" if expected else "",
        note=note,
        fraction=scans / expected if expected else None,
    )


def _current_card(lead: Lead | None, *, pale: bool) -> Card:
    if lead is None:
        return Card("Peak current", "–", pale=pale)
    value, unit = _split(quantity(lead.current_a[-1], "A"))
    return Card(
        f"Peak current · {lead.words}",
        value,
        unit,
        note=_change_words(lead.current_a),
        spark=lead.current_a,
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


def _potential_card(lead: Lead | None, *, pale: bool) -> Card:
    if lead is None:
        return Card("Peak potential", "–", pale=pale)
    last = lead.potential_v[-1]
    recent = [v for v in lead.potential_v[-CHANGE_SCANS:] if v is not None]
    note = ""
    if len(recent) > 1:
        note = f"within {1e3 * (max(recent) - min(recent)):.1f} mV over {len(recent)} scans"
    return Card(
        f"Peak potential · {lead.words}",
        "–" if last is None else f"{last:.4f}".replace("-", "−"),
        "" if last is None else "V",
        note=note,
        pale=pale,
    )


def _relative_card(columns: Columns | None, lead: Lead | None, *, pale: bool) -> Card:
    """KDM where there is one, else the normalised current."""
    if columns is None or lead is None:
        return Card("Normalised", "–")
    kdm = columns.values("kdm")
    rows = np.flatnonzero((columns.electrode == lead.electrode) & np.isfinite(kdm) & ~columns.old)[
        -SPARK_SCANS:
    ]
    if rows.size:
        found = _known(kdm[rows])
        value = f"{found[-1] or 0:.4f}".replace("-", "−")
        words = _pair_words(columns)
        return Card(f"KDM · E{lead.electrode}", value, note=words, spark=found, pale=pale)
    known = [v for v in lead.normalised if v is not None]
    if not known:
        return Card("Normalised", "–", note="waits for the reference scan")
    value = f"{known[-1]:.4f}".replace("-", "−")
    return Card(f"Normalised · {lead.words}", value, spark=lead.normalised, pale=pale)


def _pair_words(columns: Columns) -> str:
    """Which frequencies the KDM compares, as far as the trend shows it."""
    found = [f for f in columns.frequencies_hz if f is not None]
    if len(found) != 2:
        return "high against low frequency"
    return f"{frequency_label(found[1])} against {frequency_label(found[0])}"


def _flagged_card(columns: Columns | None) -> Card:
    if columns is None or not columns.scans:
        return Card("Flagged", "–")
    flagged = len(set().union(*columns.reasons.values()))
    errors = len(columns.reasons.get(UNREADABLE, ()))
    share = f"{100 * flagged / columns.scans:.1f}"
    note = f"{flagged:,} of {columns.scans:,} scans"
    return Card("Flagged", share, "%", note=f"{note}, {errors} unreadable" if errors else note)


def _known(values: FloatArray) -> tuple[float | None, ...]:
    return tuple(v if math.isfinite(v) else None for v in values.tolist())


def _split(text: str) -> tuple[str, str]:
    value, _, unit = text.partition(" ")
    return value, unit


def _number(count: int, what: str) -> str:
    plural = what[:-1] + "ies" if what.endswith("y") else what + "s"
    return f"{count} {what if count == 1 else plural}"
