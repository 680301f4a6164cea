"""Cards and tables of the numbers of a cycle or a decay."""

from collections.abc import Iterable, Sequence
from typing import Final

from dashboard.axes import with_error
from dashboard.blocks import Card, Cell, Column
from dashboard.figures import scan_label
from dashboard.quantities import CYCLE, DECAY, Measured, Quantity, with_probes
from dashboard.trend import Peak, Scan
from dashboard.units import Units
from sacmes_core.flags import SENTENCES

TRIED_COLUMNS: Final = (Column("Quantity"), Column("Now", "right"), Column("Tried", "right"))
_SWEEPS: Final = (
    ("Height", "height"),
    ("Peak potential", "potential"),
    ("Charge", "charge"),
    ("Width at half height", "width"),
)
_BOTH: Final = ("forward", "reverse")
_MODELS: Final = {
    "surface": "couple on the surface",
    "diffusing": "couple that diffuses",
    "line": "height over a line",
}
_SURE: Final = 5.0
_LIKELY: Final = 1.0
"""Natural logarithms of the odds: 150 to 1, and 2.7 to 1."""
_CYCLE_CARDS: Final = ("separation", "half_wave", "forward_height", "reverse_height", "ratio")
_DECAY_CARDS: Final = ("lifetime", "second_lifetime", "mean_lifetime", "amplitude", "offset")


def sweep_columns(scan: Scan) -> tuple[Column, ...]:
    """Headings for the numbers of the sweeps, the first of which says of which scan they are."""
    label = scan_label(scan, scan.position)
    return Column(label), Column("Forward", "right"), Column("Reverse", "right")


def cycle_cards(peak: Peak, units: Units, *, pale: bool) -> list[Card]:
    """What is asked of a cycle first."""
    return [_card(CYCLE[name], peak, units, pale=pale) for name in _CYCLE_CARDS]


def decay_cards(peak: Peak, units: Units, *, pale: bool) -> list[Card]:
    """What is asked of a decay first; 95 % intervals where there are such."""
    return [_card(DECAY[name], peak, units, pale=pale) for name in _DECAY_CARDS]


def sweep_rows(peak: Peak, units: Units) -> list[list[Cell]]:
    """The numbers of both sweeps with their standard errors, then the currents at the probes."""
    result = peak.cv
    if result is None:
        return []
    rows = [
        [Cell(title, tone="muted"), *(_of(CYCLE[f"{s}_{name}"], peak, units) for s in _BOTH)]
        for title, name in _SWEEPS
    ]
    segments = [getattr(result, s) for s in _BOTH]
    numbers = [Cell("–" if s is None else str(s.segment)) for s in segments]
    rows.insert(0, [Cell("Segment", tone="muted"), *numbers])
    every = with_probes(tuple(p.potential_v for p in result.probes))
    for place, probe in enumerate(result.probes):
        title = f"Current at {probe.potential_v:g} V".replace("-", "−")
        cells = [_of(every[f"probe_{place}_{s}"], peak, units) for s in _BOTH]
        rows.append([Cell(title, tone="muted"), *cells])
    return rows


def model_words(peak: Peak) -> str:
    """What the peaks were taken for, and how sure that is."""
    result = peak.cv
    if result is None:
        return ""
    words = f"Taken for a {_MODELS[result.model]}"
    if result.model_log_odds is not None:
        words += f", which the curve {_told(abs(result.model_log_odds))}"
    count = "1 segment" if result.segments == 1 else f"{result.segments} segments"
    rate = (
        "scan rate unknown, so no charge"
        if result.scan_rate_v_s is None
        else f"{result.scan_rate_v_s:g} V/s"
    )
    return f"{words}; {count} in the file; {rate}."


def _told(log_odds: float) -> str:
    """How surely a curve tells the two kinds of couple apart."""
    if log_odds > _SURE:
        return "tells clearly"
    return "makes likely" if log_odds > _LIKELY else "hardly tells from the other kind"


def flag_sentences(scan: Scan, peak: Peak) -> list[str]:
    """What is to be said of these numbers, for who has to judge them."""
    codes = dict.fromkeys((*scan.flags, *peak.flags))
    return [SENTENCES.get(code, code) for code in codes]


def tried_rows(
    now: Peak | None, tried: Peak | None, quantities: Sequence[Quantity], units: Units
) -> list[list[Cell]]:
    """The numbers that hold beside those of the settings that are tried."""
    rows = quantity_rows((now, tried), quantities, units)
    for row in rows:
        differs = row[1].text != row[2].text
        row[2] = Cell(row[2].text, tone="attention" if differs else "")
    return rows


def quantity_rows(
    peaks: Sequence[Peak | None], quantities: Iterable[Quantity], units: Units
) -> list[list[Cell]]:
    """The numbers beside each other; those that nobody has are left out."""
    rows = []
    for quantity in quantities:
        cells = [_of(quantity, peak, units) for peak in peaks]
        if any(cell.text != "–" for cell in cells):
            rows.append([Cell(quantity.title, tone="muted"), *cells])
    return rows


def _of(quantity: Quantity, peak: Peak | None, units: Units) -> Cell:
    found = quantity.read(peak) if peak is not None else Measured()
    scale = units.scale(quantity.dimension, [found.value])
    return Cell(with_error(found.value, found.se, scale), tone="" if found.value else "muted")


def _card(quantity: Quantity, peak: Peak, units: Units, *, pale: bool) -> Card:
    found = quantity.read(peak)
    scale = units.scale(quantity.dimension, [found.value])
    number, _, spread = with_error(found.value, found.se, scale).partition(" ± ")
    note = f"± {spread}" if spread else ""
    if found.low is not None and found.high is not None:
        ends = [f"{end * scale.factor:.3g}" for end in (found.low, found.high)]
        note = f"95 %: {ends[0]} to {ends[1]} {scale.unit}"
    if found.value is None:
        return Card(quantity.title, "–", pale=pale)
    return Card(quantity.title, number.partition(" ")[0], scale.unit, note=note, pale=pale)
