"""A frequency map from files: peaks and charges over frequency, and rate constants."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from analyzer.inspection import Line, content_of
from analyzer.pipeline import Numbers, Source, analyse
from analyzer.tables import quantity
from sacmes_core.analysis.frequency_map import FrequencyMap, MapPoint, frequency_map
from sacmes_core.analysis.kinetics.rates import RateFit, fit_rates
from sacmes_core.analysis.kinetics.response import SquareWaveCouple
from sacmes_core.settings.session import SessionSettings


@dataclass(frozen=True, slots=True, eq=False)
class MappedFiles:
    """The map of many files, a fit for each electrode, and the files that gave no scan."""

    table: FrequencyMap
    rates: tuple[RateFit, ...]
    couple: SquareWaveCouple
    errors: tuple[tuple[str, str], ...]


def map_files(
    paths: Iterable[Path], settings: SessionSettings, couple: SquareWaveCouple
) -> MappedFiles:
    """Map the square waves of files.

    Parameters
    ----------
    couple
        What is assumed where the files' headers do not say the amplitude and the step.

    Raises
    ------
    AnalysisError
        If a square wave has no frequency.
    """
    named = [(str(path), content_of(path)) for path in paths]
    errors = [(name, content) for name, content in named if isinstance(content, str)]
    sources = [Source(name, content) for name, content in named if isinstance(content, bytes)]
    points: list[MapPoint] = []
    found: list[Numbers] = []
    for source, scans in zip(sources, analyse(sources, settings), strict=True):
        for numbers in scans:
            if numbers.scan is None or numbers.scan.technique != "swv" or numbers.error:
                errors.append((source.file, numbers.error or "The scan is no square wave."))
                continue
            found.append(numbers)
            points += _points(numbers)
    table = frequency_map(points)
    held = _declared(found, couple)
    rates = tuple(
        fit_rates(table.frequency_hz, table.peak_current_a[k], table.peak_current_se_a[k], held)
        for k in range(len(table.electrodes))
    )
    return MappedFiles(table, rates, held, tuple(errors))


def map_lines(mapped: MappedFiles) -> Iterable[Line]:
    """A line for each electrode and frequency, then one with the rates of each electrode."""
    table = mapped.table
    for row, electrode in enumerate(table.electrodes):
        for column, frequency_hz in enumerate(table.frequency_hz):
            yield {
                "electrode": electrode,
                "frequency_hz": float(frequency_hz),
                "scans": int(table.scans[row, column]),
                "peak_current_a": _known(table.peak_current_a[row, column]),
                "peak_current_se_a": _known(table.peak_current_se_a[row, column]),
                "charge_c": _known(table.charge_c[row, column]),
                "charge_se_c": _known(table.charge_se_c[row, column]),
            }
    for electrode, fit in zip(table.electrodes, mapped.rates, strict=True):
        populations = [
            {
                "rate_hz": float(fit.rate_hz[k]),
                "rate_se_hz": float(fit.rate_se_hz[k]),
                "rate_low_hz": float(fit.rate_low_hz[k]),
                "rate_high_hz": float(fit.rate_high_hz[k]),
                "charge_c": float(fit.charge_c[k]),
                "charge_se_c": float(fit.charge_se_c[k]),
            }
            for k in range(fit.populations)
        ]
        maximum = _known(fit.maximum_hz)
        yield {
            "electrode": electrode,
            "populations": populations,
            "maximum_hz": maximum,
            "flags": list(fit.flags),
        }
    for file, error in mapped.errors:
        yield {"file": file, "error": error}


def print_map(lines: Iterable[Line]) -> int:
    """Print the map and the rates as tables; return how many files have an error."""
    peaks = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("electrode", "Hz", "scans", "peak current", "±", "charge", "±"):
        peaks.add_column(name, justify="right", no_wrap=True)
    rates = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("electrode", "rate 1/s", "from", "to", "charge", "±", "maximum Hz"):
        rates.add_column(name, justify="right", no_wrap=True)
    rates.add_column("flags", overflow="fold")
    errors = []
    for line in lines:
        if "error" in line:
            errors.append(line)
        elif "frequency_hz" in line:
            peaks.add_row(*_peak_cells(line))
        else:
            for cells in _rate_cells(line):
                rates.add_row(*cells)
    console = Console()
    console.print(peaks)
    console.print(rates)
    for line in errors:
        console.print(f"{line['file']}: {line['error']}", style="red", markup=False)
    return len(errors)


def _points(numbers: Numbers) -> list[MapPoint]:
    frequency_hz = (numbers.scan.frequency_hz if numbers.scan else None) or 0.0
    return [
        MapPoint(found.electrode, frequency_hz, found.peak_current_a, found.peak_current_se_a)
        for found in numbers.electrodes
    ]


def _declared(found: Sequence[Numbers], assumed: SquareWaveCouple) -> SquareWaveCouple:
    """What is assumed, with the amplitude and step that all headers agree on."""
    amplitudes, steps = set(), set()
    for numbers in found:
        assert numbers.scan is not None
        amplitudes.add(_number(numbers.scan.parameters.get("Amplitude (V)")))
        step_v = numbers.scan.declared.step_v
        steps.add(abs(step_v) if step_v else None)
    (amplitude,) = amplitudes if len(amplitudes) == 1 else (None,)
    (step,) = steps if len(steps) == 1 else (None,)
    return SquareWaveCouple(
        assumed.electrons,
        assumed.transfer_coefficient,
        amplitude or assumed.amplitude_v,
        step or assumed.step_v,
        assumed.spread_v,
    )


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _peak_cells(line: Line) -> list[str]:
    return [
        str(line["electrode"]),
        f"{line['frequency_hz']:g}",
        str(line["scans"]),
        quantity(line["peak_current_a"], "A"),
        quantity(line["peak_current_se_a"], "A", digits=2),
        quantity(line["charge_c"], "C"),
        quantity(line["charge_se_c"], "C", digits=2),
    ]


def _rate_cells(line: Line) -> list[list[str]]:
    electrode, said = str(line["electrode"]), ", ".join(line["flags"])
    rows = [
        [
            electrode,
            *(f"{found[name]:.4g}" for name in ("rate_hz", "rate_low_hz", "rate_high_hz")),
            quantity(found["charge_c"], "C"),
            quantity(found["charge_se_c"], "C", digits=2),
            f"{line['maximum_hz']:.4g}",
            said,
        ]
        for found in line["populations"]
    ]
    return rows or [[electrode, *["–"] * 6, said]]
