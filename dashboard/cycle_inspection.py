"""Cycles and decays in the inspector: one scan's curve and its numbers."""

from collections.abc import Mapping
from typing import Final

from dashboard.blocks import Cell
from dashboard.cycle_charts import CycleView, cycle_figure
from dashboard.decay_charts import DecayView, decay_figure
from dashboard.number_panels import quantity_rows
from dashboard.quantities import CYCLE, DECAY, Quantity
from dashboard.trend import peaks_of
from dashboard.units import Units
from sacmes_core.payloads.replies import ScanReply
from sacmes_core.settings.parts import Technique

_QUANTITIES: Final[Mapping[Technique, Mapping[str, Quantity]]] = {"cv": CYCLE, "ca": DECAY}


def curve_figure(
    reply: ScanReply, technique: Technique, electrodes: tuple[int, ...], units: Units
) -> bytes | None:
    """The cycle of the first electrode that has one, or the decays of all; None without curves."""
    peaks = peaks_of(reply.result)
    every = reply.curves.electrodes if reply.curves is not None else ()
    curves = [c for c in every if c.electrode in electrodes]
    if technique == "ca":
        decays = [c for c in curves if c.time_s]
        numbers = {e: peak.ca for e, peak in peaks.items()}
        view = DecayView("inspector/decay", log_time=True, log_current=True, units=units)
        return decay_figure(decays, numbers, view) if decays else None
    cycle = next((c for c in curves if c.potential_v), None)
    if cycle is None:
        return None
    peak = peaks.get(cycle.electrode)
    result = peak.cv if peak is not None else None
    return cycle_figure(cycle, CycleView("inspector/cycle", result, units=units))


def curve_rows(
    reply: ScanReply, technique: Technique, electrodes: tuple[int, ...], units: Units
) -> list[list[Cell]]:
    """Each number with its standard error, one column for each electrode."""
    peaks = peaks_of(reply.result)
    beside = [peaks.get(electrode) for electrode in electrodes]
    return quantity_rows(beside, _QUANTITIES[technique].values(), units)
