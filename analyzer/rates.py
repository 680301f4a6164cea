"""The answer to `rates`: a frequency map of a session's results, and the rates fitted to it."""

import math
from collections.abc import Iterable

from sacmes_core.analysis.frequency_map import FrequencyMap, MapPoint, frequency_map
from sacmes_core.analysis.kinetics.rates import RateFit, fit_rates
from sacmes_core.analysis.kinetics.response import SquareWaveCouple
from sacmes_core.payloads.rates import ElectrodeRates, Population, RatesQuery, RatesReply
from sacmes_core.payloads.results import Result
from sacmes_core.payloads.session import SessionDocument

_DIGITS = 6


def rates_of(document: SessionDocument, results: Iterable[Result], query: RatesQuery) -> RatesReply:
    """Fit the rates of every electrode to the map of the results that are asked for."""
    couple = _couple(document, query)
    points = [
        MapPoint(e.electrode, result.scan.frequency_hz, e.peak_current_a, e.peak_current_se_a)
        for result in results
        if result.scan.frequency_hz is not None and query.number in (None, result.scan.number)
        for e in result.electrodes
    ]
    table = frequency_map(points)
    return RatesReply(
        session_id=document.session_id,
        amplitude_v=couple.amplitude_v,
        step_v=couple.step_v,
        electrons=couple.electrons,
        electrodes=tuple(_electrode(table, row, couple) for row in range(len(table.electrodes))),
    )


def _couple(document: SessionDocument, query: RatesQuery) -> SquareWaveCouple:
    """What is assumed: as asked, else as the session's method has it."""
    method = document.settings.source.method
    assumed = SquareWaveCouple(query.electrons, query.transfer_coefficient)
    wave = None if method is None else method.swv
    return SquareWaveCouple(
        query.electrons,
        query.transfer_coefficient,
        query.amplitude_v or (wave.amplitude_v if wave else assumed.amplitude_v),
        query.step_v or (wave.step_v if wave else assumed.step_v),
    )


def _electrode(table: FrequencyMap, row: int, couple: SquareWaveCouple) -> ElectrodeRates:
    fit = fit_rates(
        table.frequency_hz, table.peak_current_a[row], table.peak_current_se_a[row], couple
    )
    return ElectrodeRates(
        electrode=table.electrodes[row],
        populations=tuple(_population(fit, k) for k in range(fit.populations)),
        maximum_hz=float(fit.maximum_hz) if math.isfinite(fit.maximum_hz) else None,
        frequency_hz=_rounded(fit.frequency_hz.tolist()),
        peak_current_a=_rounded(fit.peak_current_a.tolist()),
        flags=fit.flags,
    )


def _population(fit: RateFit, place: int) -> Population:
    return Population(
        rate_hz=float(fit.rate_hz[place]),
        rate_se_hz=float(fit.rate_se_hz[place]),
        rate_low_hz=float(fit.rate_low_hz[place]),
        rate_high_hz=float(fit.rate_high_hz[place]),
        charge_c=float(fit.charge_c[place]),
        charge_se_c=float(fit.charge_se_c[place]),
    )


def _rounded(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(float(f"{value:.{_DIGITS}g}") for value in values)
