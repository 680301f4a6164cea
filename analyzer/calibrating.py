"""From marks with concentrations to calibration curves, and from signals to concentrations."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Final

import numpy as np

from sacmes_core.analysis.calibration.detection import detection_limits, usable_range
from sacmes_core.analysis.calibration.entered import CurveErrors, band_of, concentrations_by
from sacmes_core.analysis.calibration.fitting import Calibration as Fit
from sacmes_core.analysis.calibration.fitting import calibrate
from sacmes_core.analysis.calibration.inversion import Concentrations, concentrations_of
from sacmes_core.analysis.calibration.isotherm import FloatArray, HillCurve
from sacmes_core.analysis.calibration.limits import Limits
from sacmes_core.analysis.calibration.prediction import Signals, signals_of
from sacmes_core.errors import AnalysisError
from sacmes_core.payloads.calibration import (
    DOSES_MAX,
    DRAWN_POINTS,
    Calibration,
    CalibrationCurve,
    CalibrationQuantity,
    Dose,
    Drawn,
    EnteredCurve,
    Hill,
    Limited,
)
from sacmes_core.payloads.marks import Mark
from sacmes_core.payloads.results import ElectrodeResult, Result
from sacmes_core.settings.quantities import quantity as parse_quantity

Series = tuple[int, float | None]
"""Electrode and frequency; KDM has no frequency."""

_DRAWN_BEYOND: Final = 3.0


class DosesError(AnalysisError):
    """Marks that give no doses; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Plateau:
    """Scans at one known concentration, from one position on; None where it is not known."""

    first_position: int
    concentration_molar: float | None


def molar(concentration: float, unit: str) -> float:
    """A concentration in mol/L.

    Raises
    ------
    DosesError
        If the unit is none of mol/L.
    """
    written = unit.strip().replace("mol/L", "M").replace("mol/l", "M")
    try:
        if not written:
            raise ValueError("no unit")
        return parse_quantity(f"{concentration!r} {written}", "M")
    except ValueError:
        said = f"the unit {unit!r}" if unit.strip() else "no unit"
        raise DosesError(
            f"A mark has the concentration {concentration:g} and {said}; write M, mM, µM, nM or pM."
        ) from None


def plateaus(marks: Iterable[Mark], results: Sequence[Result]) -> list[Plateau]:
    """Where each concentration begins, in the order of the scans.

    A wash without a concentration ends a plateau; an event without one changes nothing.

    Raises
    ------
    DosesError
        If a concentration has no unit that can be read.
    """
    found = []
    for mark in marks:
        if mark.concentration is None and mark.kind == "event":
            continue
        begun = (r.position for r in results if _has_begun(mark, r))
        first = min(begun, default=None)
        if first is None:
            continue
        known = mark.concentration
        found.append(
            Plateau(first, None if known is None else molar(known, mark.concentration_unit))
        )
    return sorted(found, key=lambda plateau: plateau.first_position)


def doses_of(
    results: Sequence[Result],
    marks: Iterable[Mark],
    quantity: CalibrationQuantity,
    last_scans: int,
) -> dict[Series, list[Dose]]:
    """The signals of the last scans of each plateau, by electrode and frequency.

    Raises
    ------
    DosesError
        If no mark has a concentration, or none of its scans a signal.
    """
    levels = plateaus(marks, results)
    if not any(level.concentration_molar is not None for level in levels):
        raise DosesError(
            "No mark of this session has a concentration with scans after it. Mark the scan from "
            "which each concentration holds, the blank with 0 among them."
        )
    ends = [level.first_position for level in levels[1:]] + [2**62]
    doses: dict[Series, list[Dose]] = defaultdict(list)
    for level, end in zip(levels, ends, strict=True):
        if level.concentration_molar is None:
            continue
        of_series: dict[Series, list[Dose]] = defaultdict(list)
        for result in results:
            if level.first_position <= result.position < end:
                for electrode in result.electrodes:
                    signal = signal_of(electrode, quantity)
                    if signal is not None:
                        series = series_of(electrode.electrode, result, quantity)
                        of_series[series].append(_dose(level.concentration_molar, signal, result))
        for series, those in of_series.items():
            doses[series] += those[-last_scans:]
    if not doses:
        raise DosesError(
            "The scans after the marks have no such signal yet: a normalised current needs its "
            "reference scan, a KDM a pair of frequencies."
        )
    return dict(sorted(doses.items(), key=lambda item: (item[0][0], item[0][1] or 0.0)))


def fitted(series: Series, doses: Sequence[Dose], hill: Hill) -> CalibrationCurve:
    """The curve of one series with all that can be said of it; a problem where there is none."""
    electrode, frequency_hz = series
    plain = CalibrationCurve(
        electrode=electrode, frequency_hz=frequency_hz, doses=tuple(doses[-DOSES_MAX:])
    )
    try:
        fit = fit_of(plain.doses, hill)
        return plain.model_copy(update=_described(fit, plain.doses))
    except AnalysisError as error:
        return plain.model_copy(update={"problem": str(error)})


def fit_of(doses: Sequence[Dose], hill: Hill) -> Fit:
    """The fit of doses; the same doses give the same fit, so that these alone are kept."""
    return calibrate(
        [dose.concentration_molar for dose in doses], [dose.signal for dose in doses], hill=hill
    )


def entered(parameters: EnteredCurve) -> CalibrationCurve:
    """The curve of parameters that somebody gives."""
    p = parameters
    curve, errors = _curve(p), _errors(p)
    k = p.half_concentration_molar
    c = np.concatenate([[0.0], np.geomspace(k / 1e3, k * 1e3, DRAWN_POINTS - 1)])
    return CalibrationCurve(
        electrode=p.electrode,
        frequency_hz=p.frequency_hz,
        entered=p,
        baseline=_about(p.baseline, p.baseline_se),
        gain=_about(p.gain, p.gain_se),
        half_concentration_molar=_about(k, p.half_concentration_se_molar, least=0.0),
        hill_coefficient=_about(p.hill_coefficient, p.hill_coefficient_se, least=0.0),
        signal_sd=p.signal_se,
        drawn=_drawn(c, band_of(curve, errors, c)),
    )


@dataclass(slots=True)
class Converter:
    """Signals into concentrations by one calibration; fits are made when they are first needed."""

    calibration: Calibration
    _fits: dict[int, Fit | None] = field(default_factory=dict)

    def concentrations(
        self, series: Series, signals: Sequence[float], signal_se: Sequence[float | None]
    ) -> Concentrations | None:
        """The concentrations of signals of one series; None where it has no curve."""
        place = self._place(series)
        if place is None:
            return None
        curve = self.calibration.curves[place]
        if curve.entered is not None:
            p = curve.entered
            own = [np.nan if se is None else se for se in signal_se]
            errors = own if p.signal_se is None else np.full(len(own), p.signal_se)
            return concentrations_by(_curve(p), _errors(p), signals, errors)
        if place not in self._fits:
            self._fits[place] = _fit_or_none(curve, self.calibration.hill)
        fit = self._fits[place]
        return None if fit is None else concentrations_of(fit, signals)

    def _place(self, series: Series) -> int | None:
        """The curve of a series: that of its electrode and frequency before one of all."""
        electrode, frequency_hz = series
        fitting = [
            (curve.electrode is None, curve.frequency_hz is None, place)
            for place, curve in enumerate(self.calibration.curves)
            if curve.electrode in (None, electrode) and curve.frequency_hz in (None, frequency_hz)
        ]
        return min(fitting)[2] if fitting else None


def signal_of(electrode: ElectrodeResult, quantity: CalibrationQuantity) -> float | None:
    """The signal of an electrode that is calibrated."""
    if quantity == "peak_current":
        return electrode.peak_current_a
    return electrode.normalised if quantity == "normalised" else electrode.kdm


def series_of(electrode: int, result: Result, quantity: CalibrationQuantity) -> Series:
    """The series that a signal belongs to."""
    return electrode, None if quantity == "kdm" else result.scan.frequency_hz


def _has_begun(mark: Mark, result: Result) -> bool:
    scan = result.scan
    if mark.number is not None and scan.number is not None:
        return scan.number >= mark.number
    return mark.at is not None and scan.measured_at is not None and scan.measured_at >= mark.at


def _dose(concentration: float, signal: float, result: Result) -> Dose:
    return Dose(
        concentration_molar=concentration,
        signal=signal,
        position=result.position,
        number=result.scan.number,
    )


def _fit_or_none(curve: CalibrationCurve, hill: Hill) -> Fit | None:
    if curve.problem is not None:
        return None
    try:
        return fit_of(curve.doses, hill)
    except AnalysisError:
        return None


def _described(fit: Fit, doses: Sequence[Dose]) -> dict[str, object]:
    blanks = [dose.signal for dose in doses if dose.concentration_molar == 0.0]
    limits = detection_limits(fit, blanks if len(blanks) > 1 else None)
    usable = usable_range(fit)
    highest = max(dose.concentration_molar for dose in doses)
    lowest = min(d.concentration_molar for d in doses if d.concentration_molar > 0)
    ends = lowest / _DRAWN_BEYOND, highest * _DRAWN_BEYOND
    c = np.concatenate([[0.0], np.geomspace(*ends, DRAWN_POINTS - 1)])
    parameters = fit.parameters
    return {
        "baseline": _limited(parameters.baseline),
        "gain": _limited(parameters.gain),
        "half_concentration_molar": _limited(parameters.half_concentration),
        "hill_coefficient": _limited(parameters.hill),
        "r_squared": fit.quality.r_squared,
        "signal_sd": fit.quality.reading_sd,
        "detection_molar": _limited(limits.detection),
        "quantification_molar": _limited(limits.quantification),
        "usable_low_molar": None if usable is None else usable.low,
        "usable_high_molar": None if usable is None else usable.high,
        "flags": fit.flags,
        "drawn": _drawn(c, signals_of(fit, c)),
    }


def _drawn(concentrations: FloatArray, band: Signals) -> Drawn:
    return Drawn(
        concentration_molar=tuple(_short(v) for v in concentrations.tolist()),
        signal=tuple(_short(v) for v in band.value.tolist()),
        low=tuple(_short(v) if isfinite(v) else None for v in band.low.tolist()),
        high=tuple(_short(v) if isfinite(v) else None for v in band.high.tolist()),
    )


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def _limited(limits: Limits) -> Limited:
    def finite(value: float | None) -> float | None:
        return None if value is None or not isfinite(value) else float(value)

    return Limited(value=finite(limits.value), low=finite(limits.low), high=finite(limits.high))


def _about(value: float, error: float, least: float | None = None) -> Limited:
    low = value - 1.959964 * error
    return Limited(
        value=value,
        low=low if least is None else max(low, least),
        high=value + 1.959964 * error,
    )


def _curve(p: EnteredCurve) -> HillCurve:
    return HillCurve(p.baseline, p.gain, p.half_concentration_molar, p.hill_coefficient)


def _errors(p: EnteredCurve) -> CurveErrors:
    return CurveErrors(
        p.baseline_se, p.gain_se, p.half_concentration_se_molar, p.hill_coefficient_se
    )
