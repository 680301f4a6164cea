"""The layouts of SACMES Web for square-wave voltammetry: all electrodes, and the frequency map."""

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Final

from analyzer.exporting.grid import (
    MISSING,
    Grid,
    every_number,
    grid_of,
    hertz_text,
    mean_and_deviation,
    number_text,
    written,
)
from analyzer.exporting.material import Material, written_at
from sacmes_core.payloads.results import ElectrodeResult

Row = Sequence[object]

_FORMULAS: Final = {
    "difference_plus_one": "((High_Freq_Normalized - Low_Freq_Normalized) + 1) * 100",
    "difference_over_mean": "(High_Freq_Normalized - Low_Freq_Normalized) / mean of both * 100",
}
_current = attrgetter("peak_current_a")
_potential = attrgetter("peak_potential_v")
_normalised = attrgetter("normalised")


def swv_all_electrodes(material: Material) -> bytes:
    """The continuous monitor's table: a section for each frequency, KDM, summary, quality."""
    results = list(material.results)
    grid = grid_of(results)
    settings = material.document.settings
    numbers = every_number(grid.numbers, settings.source)
    head: list[Row] = [
        ["# SACMES Continuous Monitor Analysis Report - All Electrodes"],
        ["# Export Date:", f"{written_at(material.document, results):%Y-%m-%d %H:%M:%S}"],
        ["# Electrodes:", ", ".join(f"E{e}" for e in grid.electrodes)],
        ["# Number of Files:", len(numbers)],
        [],
    ]
    sections = (
        _peaks(grid, numbers),
        _normalised_peaks(grid, numbers),
        _kdm_section(grid, numbers, _FORMULAS[settings.trend.kdm_definition]),
        _summary(grid, numbers),
        _warnings(grid, numbers),
    )
    return written([*head, *(row for section in sections for row in section)])


def frequency_map(material: Material) -> bytes:
    """The frequency map's table: charge, peak current and potential over frequency.

    The first scan of a frequency counts, as in SACMES.
    """
    results = list(material.results)
    grid = grid_of(results, first_wins=True)
    first: dict[tuple[float, int], ElectrodeResult] = {}
    for (hertz, _, electrode), found in grid.cells.items():
        first.setdefault((hertz, electrode), found)
    head: list[Row] = [
        ["# SACMES Frequency Map Analysis Report"],
        ["# Export Date:", f"{written_at(material.document, results):%Y-%m-%d %H:%M:%S}"],
        ["# Electrodes:", ", ".join(f"Electrode {e}" for e in grid.electrodes)],
        ["# Number of Frequencies:", len(grid.frequencies_hz)],
        [],
    ]
    columns = ["Frequency (Hz)", "Averaged", *(f"Electrode {e}" for e in grid.electrodes), "Std"]
    rows = list(head)
    for title, name, form in (
        ("# Charge (C)", "charge_c", ".6e"),
        ("# Peak Current (A)", "peak_current_a", ".6e"),
        ("# Peak Potential (V)", "peak_potential_v", ".4f"),
    ):
        rows += [[title], columns]
        for hertz in grid.frequencies_hz:
            values = [getattr(first.get((hertz, e)), name, None) for e in grid.electrodes]
            mean, deviation = mean_and_deviation(values, form, zeros=True)
            cells = [number_text(value, form) for value in values]
            rows.append([hertz_text(hertz), mean, *cells, deviation])
        rows.append([])
    return written(rows[:-1])


def _peaks(grid: Grid, numbers: Sequence[int]) -> Iterator[Row]:
    for hertz in grid.frequencies_hz:
        yield [f"# Peak Current {hertz_text(hertz)}Hz (A) and Peak Potential (V)"]
        columns = [f"E{e}_Peak_{unit}" for e in grid.electrodes for unit in "AV"]
        yield ["File_Number", *columns, "Mean_Peak_A", "Std_Peak_A"]
        for number in numbers:
            currents = grid.values(hertz, number, _current)
            potentials = grid.values(hertz, number, _potential)
            cells = [
                cell
                for current, potential in zip(currents, potentials, strict=True)
                for cell in (number_text(current, ".6e"), number_text(potential, ".4f"))
            ]
            yield [number, *cells, *mean_and_deviation(currents, ".6e")]
        yield []


def _normalised_peaks(grid: Grid, numbers: Sequence[int]) -> Iterator[Row]:
    for hertz in grid.frequencies_hz:
        yield [f"# Normalized Peak {hertz_text(hertz)}Hz"]
        columns = [f"E{e}_Normalized" for e in grid.electrodes]
        yield ["File_Number", *columns, "Mean_Normalized", "Std_Normalized"]
        for number in numbers:
            yield _row(number, grid.values(hertz, number, _normalised))
        yield []


def _kdm_section(grid: Grid, numbers: Sequence[int], formula: str) -> Iterator[Row]:
    yield [f"# KDM (%) - Formula: {formula}"]
    columns = [f"E{e}_KDM_%" for e in grid.electrodes]
    yield ["File_Number", *columns, "Mean_KDM_%", "Std_KDM_%"]
    for number in numbers:
        yield _row(number, [_kdm_percent(grid, number, e) for e in grid.electrodes])
    yield []


def _row(number: int, values: Sequence[float | None]) -> Row:
    cells = [number_text(value, ".6f") for value in values]
    return [number, *cells, *mean_and_deviation(values, ".6f")]


def _kdm_percent(grid: Grid, number: int, electrode: int) -> float | None:
    fraction = grid.completed(number, electrode, attrgetter("kdm"))
    return None if fraction is None else 100 * fraction


def _summary(grid: Grid, numbers: Sequence[int]) -> Iterator[Row]:
    yield ["# Summary Statistics per Electrode"]
    columns = [
        f"{of}_Peak_{hertz_text(hertz)}Hz_A"
        for hertz in grid.frequencies_hz
        for of in ("Avg", "Std")
    ]
    yield ["Electrode", *columns, "Avg_KDM_%", "Std_KDM_%"]
    for electrode in grid.electrodes:
        row = [f"E{electrode}"]
        for hertz in grid.frequencies_hz:
            currents = [grid.value(hertz, n, electrode, _current) for n in numbers]
            row += mean_and_deviation(currents, ".6e", zeros=True)
        kdm = [_kdm_percent(grid, n, electrode) for n in numbers]
        yield [*row, *mean_and_deviation(kdm, ".6f", zeros=True)]
    yield []


def _warnings(grid: Grid, numbers: Sequence[int]) -> Iterator[Row]:
    """Scans with flags; the three measures of SACMES are none of ours."""
    yield ["# Quality Control Warnings"]
    yield ["# Only files/electrodes/frequencies with QC flags are listed below"]
    yield []
    flagged = [
        [f"E{e}", hertz_text(hertz), number, " ".join(found.flags), MISSING, MISSING, MISSING]
        for e in grid.electrodes
        for hertz in grid.frequencies_hz
        for number in numbers
        if (found := grid.cells.get((hertz, number, e))) is not None and found.flags
    ]
    if not flagged:
        yield ["No QC warnings detected. All data passed quality control."]
        return
    measures = ("SNR_Improvement", "Peak_Retention", "Residual_Metric")
    yield ["Electrode", "Frequency_Hz", "File_Number", "QC_Status", *measures]
    yield from flagged
