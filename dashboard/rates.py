"""The rates of electron transfer fitted to frequency maps, as curves and as a table."""

from collections.abc import Iterable, Sequence
from typing import Final

from dashboard.axes import quantity
from dashboard.blocks import Cell, Column
from sacmes_core.flags import SENTENCES
from sacmes_core.payloads.rates import ElectrodeRates, RatesReply

COLUMNS: Final = (
    Column("Map"),
    Column("Electrode", "right"),
    Column("Apparent rate / s⁻¹", "right"),
    Column("95 % interval", "right"),
    Column("Charge of the layer", "right"),
    Column("Charge is largest at", "right"),
    Column("To be judged", "wrap"),
)

Fit = tuple[int, tuple[float, ...], tuple[float, ...]]


def fits_of(rates: Sequence[ElectrodeRates], electrodes: tuple[int, ...]) -> tuple[Fit, ...]:
    """The fitted curves of the electrodes that are drawn, as a figure takes them."""
    return tuple(
        (r.electrode, r.frequency_hz, r.peak_current_a)
        for r in rates
        if r.frequency_hz and r.electrode in electrodes
    )


def rate_rows(maps: Iterable[tuple[str, Sequence[ElectrodeRates]]]) -> list[list[Cell]]:
    """A line for each population of each electrode of each map."""
    return [row for label, rates in maps for found in rates for row in _rows(label, found)]


def assumed_words(reply: RatesReply) -> str:
    """What was taken as known for the fit."""
    electrons = "1 electron" if reply.electrons == 1 else f"{reply.electrons} electrons"
    return (
        f"Taken as known: {electrons}, amplitude {1e3 * reply.amplitude_v:g} mV, step "
        f"{1e3 * reply.step_v:g} mV. What is wrong in them is in no interval."
    )


def _rows(label: str, found: ElectrodeRates) -> list[list[Cell]]:
    judged = " ".join(SENTENCES.get(flag, flag) for flag in found.flags)
    first = [Cell(label, title=label), Cell(f"E{found.electrode}")]
    last = [
        Cell(f"{found.maximum_hz:.3g} Hz" if found.maximum_hz is not None else "–"),
        Cell(judged, title=judged, tone="attention" if judged else ""),
    ]
    if not found.populations:
        nothing = [Cell("–", tone="muted") for _ in range(3)]
        return [[*first, *nothing, *last]]
    rows = []
    for one in found.populations:
        said = f"{one.rate_hz:.3g} ± {one.rate_se_hz:.2g}"
        interval = f"{one.rate_low_hz:.3g} to {one.rate_high_hz:.3g}"
        charge = f"{quantity(one.charge_c, 'C')}"
        rows.append([*first, Cell(said), Cell(interval), Cell(charge), *last])
    return rows
