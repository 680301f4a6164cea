"""The layout of SACMES Web for cyclic voltammetry: all electrodes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from analyzer.exporting.grid import MISSING, Values, mean_and_deviation, number_text, written
from analyzer.exporting.material import ExportError, Material, written_at
from sacmes_core.payloads.cv import CvPeak, CvResult
from sacmes_core.payloads.results import Result

Row = Sequence[object]
Take = Callable[[CvResult], float | None]

_TRANSPORT: Final = {"surface": "surface", "diffusing": "solution"}


@dataclass(frozen=True, slots=True)
class _Section:
    title: str
    column: str
    take: Take
    form: str = ".6e"
    over: str = ""
    """Name in the columns of mean and deviation, where it is another one."""


def _of_peak(sweep: str, name: str) -> Take:
    def take(result: CvResult) -> float | None:
        peak: CvPeak | None = getattr(result, sweep)
        return None if peak is None else getattr(peak, name)

    return take


_SECTIONS: Final = (
    _Section("Forward Peak Current (A)", "Forward_Peak_A", _of_peak("forward", "peak_current_a")),
    _Section("Forward AUC Charge (C)", "Forward_Charge_C", _of_peak("forward", "charge_c")),
    _Section("Reverse Peak Current (A)", "Reverse_Peak_A", _of_peak("reverse", "peak_current_a")),
    _Section("Reverse AUC Charge (C)", "Reverse_Charge_C", _of_peak("reverse", "charge_c")),
    _Section("Peak Separation (V)", "Peak_Sep_V", lambda r: r.peak_separation_v, ".6f"),
)


def cv_all_electrodes(material: Material) -> bytes:
    """The table of cycles: a section for each quantity and probe, and a summary.

    Raises
    ------
    ExportError
        If the session has no analysed cycle.
    """
    results = list(material.results)
    cycles = _cycles(results)
    if not cycles:
        raise ExportError(
            "not_found",
            "The session has no analysed cyclic voltammogram, which this layout is made of; "
            "choose csv, which has every scan.",
        )
    numbers, electrodes = (sorted(set(k)) for k in zip(*cycles, strict=True))
    rows: list[Row] = [
        ["# SACMES CV Analysis Report - All Electrodes"],
        ["# Export Date:", f"{written_at(material.document, results):%Y-%m-%d %H:%M:%S}"],
        ["# Electrodes:", ", ".join(f"E{e}" for e in electrodes)],
        [],
        *_parameters(material, cycles),
        [],
    ]
    probes = material.document.settings.peak.cv.probe_potentials_v
    for section in (*_SECTIONS, *_probe_sections(probes)):
        over = section.over or section.column
        columns = [f"E{e}_{section.column}" for e in electrodes]
        rows.append([f"# {section.title}"])
        rows.append(["File_Number", *columns, f"Mean_{over}", f"Std_{over}"])
        for number in numbers:
            values = [_value(cycles, number, e, section.take) for e in electrodes]
            cells = [number_text(value, section.form) for value in values]
            rows.append([number, *cells, *mean_and_deviation(values, section.form)])
        rows.append([])
    return written([*rows, *_summary(cycles, numbers, electrodes)])


def _cycles(results: Sequence[Result]) -> dict[tuple[int, int], CvResult]:
    """The numbers of cycles by scan number and electrode; without a number, by their order."""
    found: dict[tuple[int, int], CvResult] = {}
    for k, result in enumerate(results, start=1):
        number = k if result.scan.number is None else result.scan.number
        for electrode in result.electrodes:
            if electrode.cv is not None:
                found[number, electrode.electrode] = electrode.cv
    return found


def _value(
    cycles: dict[tuple[int, int], CvResult], number: int, electrode: int, take: Take
) -> float | None:
    cycle = cycles.get((number, electrode))
    return None if cycle is None else take(cycle)


def _parameters(material: Material, cycles: dict[tuple[int, int], CvResult]) -> Iterator[Row]:
    """What SACMES was set to; where nothing here corresponds to it, it is not applicable."""
    settings = material.document.settings.peak.cv
    rates = {cycle.scan_rate_v_s for cycle in cycles.values()} - {None}
    models = {cycle.model for cycle in cycles.values()}
    probes = ", ".join(f"{v} V" for v in settings.probe_potentials_v)
    yield ["# Analysis Parameters"]
    yield ["Scan Rate (V/s):", rates.pop() if len(rates) == 1 else MISSING]
    yield [
        "Mass Transport:",
        _TRANSPORT.get(models.pop(), MISSING) if len(models) == 1 else MISSING,
    ]
    yield ["Analysis Type:", MISSING]
    yield ["SG Filter Mode:", MISSING]
    yield ["SG Window:", MISSING]
    yield ["SG Degree:", MISSING]
    yield ["Probe Voltages:", probes or "None"]


def _probe_sections(potentials_v: Sequence[float]) -> Iterator[_Section]:
    for sweep, short in (("forward", "Fwd"), ("reverse", "Rev")):
        for k, potential_v in enumerate(potentials_v):
            yield _Section(
                f"Probe {k + 1} {sweep.title()} Current at {potential_v}V (A)",
                f"Probe{k + 1}_{short}_A",
                _of_probe(k, f"{sweep}_current_a"),
                over=f"Probe_{short}_A",
            )


def _of_probe(k: int, name: str) -> Take:
    return lambda r: getattr(r.probes[k], name) if k < len(r.probes) else None


def _summary(
    cycles: dict[tuple[int, int], CvResult], numbers: Sequence[int], electrodes: Sequence[int]
) -> Iterator[Row]:
    yield ["# Summary Statistics per Electrode"]
    yield ["Electrode", *(f"{of}_{s.column}" for s in _SECTIONS for of in ("Avg", "Std"))]
    for electrode in electrodes:
        row = [f"E{electrode}"]
        for section in _SECTIONS:
            values: Values = [_value(cycles, n, electrode, section.take) for n in numbers]
            row += mean_and_deviation(values, section.form, zeros=True)
        yield row
