"""The numbers of a cycle as results carry them, and as columns of a table."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from sacmes_core.analysis.cv.numbers import CyclicNumbers, Probe, SweepPeak
from sacmes_core.payloads.cv import CvPeak, CvProbe, CvResult

_DIGITS: Final = 8

Cell = float | str | None


def cv_result(numbers: CyclicNumbers) -> CvResult:
    """The payload of a cycle's numbers, to eight digits."""
    return CvResult(
        model=numbers.model,
        model_log_odds=_rounded(numbers.model_log_odds),
        segments=numbers.segments,
        scan_rate_v_s=numbers.scan_rate_v_s,
        forward=_peak(numbers.forward, numbers.scan_rate_v_s),
        reverse=_peak(numbers.reverse, numbers.scan_rate_v_s),
        peak_separation_v=_rounded(numbers.separation_v.value),
        peak_separation_se_v=_rounded(numbers.separation_v.error),
        half_wave_potential_v=_rounded(numbers.half_wave_v.value),
        half_wave_potential_se_v=_rounded(numbers.half_wave_v.error),
        probes=tuple(_probe(probe) for probe in numbers.probes),
    )


def cv_cells(result: CvResult | None) -> list[Cell]:
    """The cells of `CV_COLUMNS`; all empty where a scan is no cycle."""
    return [None if result is None else cell(result) for cell in _CELLS.values()]


def _peak(peak: SweepPeak | None, rate_v_s: float | None) -> CvPeak | None:
    if peak is None:
        return None
    charge = peak.charge_c(rate_v_s)
    return CvPeak(
        segment=peak.segment,
        peak_current_a=_rounded(peak.current_a.value),
        peak_current_se_a=_rounded(peak.current_a.error),
        peak_potential_v=_rounded(peak.potential_v.value),
        peak_potential_se_v=_rounded(peak.potential_v.error),
        half_peak_potential_v=_rounded(peak.half_potential_v.value),
        half_peak_potential_se_v=_rounded(peak.half_potential_v.error),
        fwhm_v=_rounded(peak.width_v.value),
        fwhm_se_v=_rounded(peak.width_v.error),
        charge_c=_rounded(charge.value),
        charge_se_c=_rounded(charge.error),
    )


def _probe(probe: Probe) -> CvProbe:
    return CvProbe(
        potential_v=probe.potential_v,
        forward_current_a=_rounded(probe.forward_a.value),
        forward_current_se_a=_rounded(probe.forward_a.error),
        reverse_current_a=_rounded(probe.reverse_a.value),
        reverse_current_se_a=_rounded(probe.reverse_a.error),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")


def _of_sweep(sweep: str, name: str) -> Callable[[CvResult], Cell]:
    return lambda result: getattr(getattr(result, sweep), name, None)


def _of_cycle(name: str) -> Callable[[CvResult], Cell]:
    return lambda result: getattr(result, name)


def _probes(result: CvResult) -> Cell:
    """Potential, forward and reverse current of each probe, for example ``-0.2:1e-06:-3e-07``."""
    return " ".join(
        ":".join(
            "" if value is None else repr(value)
            for value in (probe.potential_v, probe.forward_current_a, probe.reverse_current_a)
        )
        for probe in result.probes
    )


_SWEEP_NUMBERS: Final = tuple(CvPeak.model_fields)
_CYCLE_NUMBERS: Final = tuple(
    name for name in CvResult.model_fields if name not in ("forward", "reverse", "probes")
)
_CELLS: Final[Mapping[str, Callable[[CvResult], Cell]]] = MappingProxyType(
    {f"cv_{name}": _of_cycle(name) for name in _CYCLE_NUMBERS}
    | {
        f"cv_{sweep}_{name}": _of_sweep(sweep, name)
        for sweep in ("forward", "reverse")
        for name in _SWEEP_NUMBERS
    }
    | {"cv_probes": _probes}
)
CV_COLUMNS: Final = tuple(_CELLS)
"""Columns of a table for the numbers of cycles, named as in the payload."""
