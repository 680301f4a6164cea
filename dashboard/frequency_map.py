"""The frequency map of a session: sweeps of its scans, held maps, and what is shown as a table."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from dashboard.axes import quantity
from dashboard.blocks import Card
from dashboard.live_state import LiveState
from dashboard.trend import Scan, Trend
from sacmes_core.payloads.rates import ElectrodeRates


@dataclass(frozen=True, slots=True)
class MapPoint:
    """The peak of one electrode at one frequency, with standard errors."""

    electrode: int
    frequency_hz: float
    current_a: float | None
    current_se_a: float | None
    potential_v: float | None
    flags: tuple[str, ...]

    @property
    def charge_c(self) -> float | None:
        """Peak current over frequency."""
        return None if self.current_a is None else self.current_a / self.frequency_hz

    @property
    def charge_se_c(self) -> float | None:
        """Standard error of it."""
        return None if self.current_se_a is None else self.current_se_a / self.frequency_hz


@dataclass(frozen=True, slots=True)
class Map:
    """One sweep over the frequencies.

    Attributes
    ----------
    sweep
        Number of its scans; None for files without a number.
    points
        By electrode, then by frequency.
    expected_hz
        The frequencies that a whole sweep has.
    """

    name: str
    session_id: str
    sweep: int | None
    points: tuple[MapPoint, ...]
    expected_hz: tuple[float, ...]

    @property
    def electrodes(self) -> tuple[int, ...]:
        """The electrodes of the map."""
        return tuple(sorted({p.electrode for p in self.points}))

    @property
    def frequencies_hz(self) -> tuple[float, ...]:
        """The frequencies that are there."""
        return tuple(sorted({p.frequency_hz for p in self.points}))

    @property
    def whole(self) -> bool:
        """Whether every frequency is there."""
        return len(self.frequencies_hz) >= len(self.expected_hz)

    def of(self, electrode: int) -> tuple[MapPoint, ...]:
        """The points of one electrode, by frequency."""
        return tuple(p for p in self.points if p.electrode == electrode)


@dataclass(frozen=True, slots=True)
class Held:
    """A map that stays on the page beside the running one, with the rates fitted to it if any."""

    label: str
    map: Map
    rates: tuple[ElectrodeRates, ...] = ()


def sweeps(trend: Trend | None) -> tuple[int | None, ...]:
    """The sweeps of a run, in order; files without a number are one sweep."""
    numbers = {s.number for s in _square_waves(trend)}
    return tuple(sorted(numbers, key=lambda n: (n is not None, n or 0)))


def map_of(state: LiveState, sweep: int | None = None) -> Map | None:
    """The map of a sweep, or of the newest; None where there is no square wave.

    Of several scans of a sweep at one frequency the newest counts.
    """
    scans = _square_waves(state.shown)
    if state.shown is None or not scans:
        return None
    chosen = sweep if sweep is not None else sweeps(state.shown)[-1]
    newest: dict[tuple[int, float], MapPoint] = {}
    for scan in scans:
        if scan.number != chosen:
            continue
        frequency_hz = scan.frequency_hz or 0.0
        for peak in scan.peaks:
            newest[peak.electrode, frequency_hz] = MapPoint(
                peak.electrode,
                frequency_hz,
                peak.current_a,
                peak.current_se_a,
                peak.potential_v,
                tuple(dict.fromkeys((*scan.flags, *peak.flags))),
            )
    session = state.session
    named = session.settings.source.frequencies_hz if session is not None else ()
    expected = named or tuple(sorted({s.frequency_hz or 0.0 for s in scans}))
    name = (session.name if session is not None else "") or "this run"
    points = tuple(newest[place] for place in sorted(newest))
    return Map(name, state.shown.session_id, chosen, points, expected)


def before_of(state: LiveState, shown: Map) -> Map | None:
    """The sweep before the newest, as long as the newest is not whole: what to compare it with."""
    known = sweeps(state.shown)
    if shown.whole or len(known) < 2 or shown.sweep != known[-1]:
        return None
    return map_of(state, known[-2])


def held_with(
    held: Sequence[Held], label: str, shown: Map, rates: tuple[ElectrodeRates, ...] = ()
) -> tuple[Held, ...]:
    """The held maps with one more, under a label that no other has."""
    known = {each.label for each in held}
    wanted = label.strip() or suggested_label(shown)
    unique, count = wanted, 2
    while unique in known:
        unique, count = f"{wanted} ({count})", count + 1
    return (*held, Held(unique, shown, rates))


def suggested_label(shown: Map) -> str:
    """What a map is called if nobody names it."""
    return shown.name if shown.sweep is None else f"{shown.name}, sweep {shown.sweep}"


def progress_card(shown: Map) -> Card:
    """How far the sweep is."""
    done, of = len(shown.frequencies_hz), len(shown.expected_hz)
    sweep = "Sweep" if shown.sweep is None else f"Sweep {shown.sweep}"
    note = "whole" if shown.whole else f"{of - done} to come"
    return Card(sweep, f"{done}", f"of {of} frequencies", note=note, fraction=done / max(of, 1))


def largest_cards(shown: Map, electrode: int, *, pale: bool) -> list[Card]:
    """Where the charge and the peak current of an electrode are largest."""
    charges = [(p.charge_c, p.frequency_hz) for p in shown.of(electrode)]
    currents = [(p.current_a, p.frequency_hz) for p in shown.of(electrode)]
    return [
        _largest("Largest charge", "C", charges, electrode, pale=pale),
        _largest("Largest current", "A", currents, electrode, pale=pale),
    ]


def map_csv(shown: Map, held: Sequence[Held]) -> bytes:
    """What the page shows as a table, the running map first, in UTF-8."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(
        (
            "map",
            "session_id",
            "sweep",
            "electrode",
            "frequency_hz",
            "peak_current_a",
            "peak_current_se_a",
            "charge_c",
            "charge_se_c",
            "peak_potential_v",
            "flags",
        )
    )
    for label, each in ((suggested_label(shown), shown), *((h.label, h.map) for h in held)):
        for p in each.points:
            numbers = (p.current_a, p.current_se_a, p.charge_c, p.charge_se_c, p.potential_v)
            rows.writerow(
                (
                    label,
                    each.session_id,
                    "" if each.sweep is None else each.sweep,
                    p.electrode,
                    f"{p.frequency_hz:g}",
                    *("" if n is None else f"{n:.8g}" for n in numbers),
                    " ".join(p.flags),
                )
            )
    return out.getvalue().encode()


def _largest(
    title: str,
    unit: str,
    values: Sequence[tuple[float | None, float]],
    electrode: int,
    *,
    pale: bool,
) -> Card:
    known = [(value, frequency_hz) for value, frequency_hz in values if value is not None]
    value, frequency_hz = max(known, key=lambda one: abs(one[0]), default=(None, 0.0))
    number, _, name = quantity(value, unit).partition(" ")
    note = "" if value is None else f"at {frequency_hz:g} Hz · E{electrode}"
    return Card(title, number, name, note=note, pale=pale)


@lru_cache(maxsize=4)
def _square_waves(trend: Trend | None) -> tuple[Scan, ...]:
    """The scans of a map; looked for once for all that a page makes of them."""
    if trend is None:
        return ()
    return tuple(s for s in trend.newest_revisions() if s.frequency_hz and s.error is None)
