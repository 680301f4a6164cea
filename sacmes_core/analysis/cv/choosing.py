"""Which way is up, and which model the cycle follows."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sacmes_core import flags
from sacmes_core.analysis.cv.bank import best_candidates
from sacmes_core.analysis.cv.diffusing import best_start, find_waves, fit_cycle, place
from sacmes_core.analysis.cv.errors import sigma_of
from sacmes_core.analysis.cv.line import heights_over_line
from sacmes_core.analysis.cv.numbers import NOTHING
from sacmes_core.analysis.cv.preparing import Cycle
from sacmes_core.analysis.cv.results import ModelResult, SweepResult
from sacmes_core.analysis.cv.steady import is_crossed, looks_steady, steady_evidence
from sacmes_core.analysis.cv.surface import fit_surface
from sacmes_core.analysis.cv.waves import cycle_result
from sacmes_core.settings.cv import CvSettings

CLEAR_LOG_ODDS: Final = 5.0
"""Odds of 150 to 1, from which on one model is said to be the right one."""
POOR_FIT_SHARE: Final = 0.06
_ELECTRONS: Final = (1, 2)
_LOOP_POINTS: Final = 100
_LOOP_SHARE: Final = 0.02
_LOOP_SIGMAS: Final = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """The model that counts, how much likelier the surface's is, and what to say of it."""

    result: ModelResult
    log_odds: float | None
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Search:
    """What a first look finds, for both orientations: 1 where oxidation is positive, or −1."""

    heights_a: dict[int, float]
    gains: dict[int, float]
    middles_v: dict[int, float]


def choose(cycle: Cycle, settings: CvSettings) -> Chosen:
    """Analyse a cycle with at least one usable sweep."""
    search = _search(cycle)
    placed = [place(cycle, settings, n, 0.0) for n in _electrons(settings)]
    waves = [find_waves(p) for p in placed]
    orientation = _orientation(cycle)
    if orientation is None:
        gains = {o: max(search.gains[o], *(w[o][1] for w in waves)) for o in (1, -1)}
        orientation = max(gains, key=lambda o: gains[o])
    scale_a = search.heights_a[orientation]
    if scale_a == 0:
        scale_a = max(float(np.ptp(s.bin_a)) for s in cycle.sweeps)
    starts = []
    for electrons, wave in zip(_electrons(settings), waves, strict=True):
        laid = place(cycle, settings, electrons, scale_a)
        at_v, middle_v = wave[orientation][0], search.middles_v[orientation]
        starts.append(best_start(laid, orientation, at_v, middle_v))
    surface = fit_surface(cycle, orientation, scale_a)
    diffusing = cycle_result(cycle, fit_cycle(starts, scale_a))
    log_odds = surface.evidence - diffusing.evidence
    known = log_odds if np.isfinite(log_odds) else None
    if settings.model == "line":
        return Chosen(heights_over_line(cycle, settings, orientation), known, ())
    likelier = surface if log_odds > 0 else diffusing
    result = {"auto": likelier, "surface": surface, "diffusing": diffusing}[settings.model]
    crossed = is_crossed(cycle, likelier)
    if crossed or looks_steady(cycle, likelier):
        steady = steady_evidence(cycle, likelier, scale_a)
        # Peaks that no couple has are to be much likelier than steps; others the reverse.
        needed = -CLEAR_LOG_ODDS if crossed else CLEAR_LOG_ODDS
        if steady > likelier.evidence + needed:
            return Chosen(_without_peaks(result), known, (flags.STEADY_STATE,))
    doubt = (flags.DOUBTFUL_PEAK,) if crossed else ()
    return Chosen(result, known, (*doubt, *_codes(result, likelier, log_odds)))


def _electrons(settings: CvSettings) -> tuple[int, ...]:
    return _ELECTRONS if settings.electrons is None else (settings.electrons,)


def _orientation(cycle: Cycle) -> int | None:
    """1 where oxidation is positive, −1 where reduction is; None if the loop does not tell.

    Charging, a couple on the surface and one that diffuses all make the current of the sweep
    towards higher potentials the larger one, if oxidation is positive.
    """
    if len(cycle.sweeps) < 2:
        return None
    low, high = sorted(cycle.sweeps, key=lambda s: s.segment.direction)
    first = max(float(s.bin_v.min()) for s in cycle.sweeps)
    last = min(float(s.bin_v.max()) for s in cycle.sweeps)
    at_v = np.linspace(first, last, _LOOP_POINTS)
    if last <= first:
        return None
    up_a = np.interp(at_v, high.bin_v, high.bin_a)
    down_a = np.interp(at_v, low.bin_v[::-1], low.bin_a[::-1])
    open_a = float(np.mean(up_a - down_a))
    noise_a = max(s.noise_a for s in cycle.sweeps)
    range_a = float(np.ptp(np.concatenate([up_a, down_a])))
    if abs(open_a) < max(_LOOP_SHARE * range_a, _LOOP_SIGMAS * noise_a / np.sqrt(_LOOP_POINTS)):
        return None
    return 1 if open_a > 0 else -1


def _search(cycle: Cycle) -> _Search:
    heights = {1: 0.0, -1: 0.0}
    gains = {1: 0.0, -1: 0.0}
    places: dict[int, list[float]] = {1: [], -1: []}
    for sweep in cycle.sweeps:
        upwards, downwards = best_candidates(sweep, "line")
        variance = float(np.mean(sigma_of(sweep, 0.0) ** 2) * np.mean(sweep.counts))
        segment = sweep.segment
        for orientation in (1, -1):
            best = upwards if orientation * segment.direction > 0 else downwards
            heights[orientation] = max(heights[orientation], abs(best.height_a))
            gains[orientation] += best.gain / 2 / variance
            places[orientation].append(segment.start_v + segment.direction * best.way_v)
    middles = {o: float(np.mean(at)) for o, at in places.items()}
    return _Search(heights, gains, middles)


def _without_peaks(result: ModelResult) -> ModelResult:
    sweeps = tuple(SweepResult(None, s.fitted_a, s.fitted_a) for s in result.sweeps)
    return replace(result, sweeps=sweeps, half_wave_v=NOTHING, separation_v=NOTHING)


def _codes(result: ModelResult, likelier: ModelResult, log_odds: float) -> tuple[str, ...]:
    if all(sweep.peak is None for sweep in likelier.sweeps):
        return ()
    codes = []
    if abs(log_odds) < CLEAR_LOG_ODDS:
        codes.append(flags.MODEL_UNCLEAR)
    elif result is not likelier:
        codes.append(flags.MODEL_MISMATCH)
    if result.misfit > POOR_FIT_SHARE:
        codes.append(flags.POOR_FIT)
    if result.quasi_reversible:
        codes.append(flags.QUASI_REVERSIBLE)
    return tuple(codes)
