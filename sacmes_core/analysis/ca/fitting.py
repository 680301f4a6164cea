"""Lifetimes of many decays at once: weights, fits, how many lifetimes, single outliers."""

from dataclasses import dataclass, fields
from typing import Final, Literal

import numpy as np
from scipy.stats import t as student

from sacmes_core.analysis.ca import choosing
from sacmes_core.analysis.ca.binning import Binned, binned, row_medians
from sacmes_core.analysis.ca.choosing import Choice, Family, Lifetimes
from sacmes_core.analysis.ca.exponentials import Problem, fitted
from sacmes_core.analysis.peaks import BoolArray, FloatArray, IntArray
from sacmes_core.settings.ca import CaSettings

MODEL_ERROR: Final = 0.002
"""What stands for the model's own error, as a share of the local current over the offset."""
_MISFIT: Final = 4.0
"""Reduced χ² from which a decay is not exponential enough."""
_SE_MAX: Final = 0.5
"""Largest standard error of ln τ of a lifetime that is given."""
_SPIKE_SIGMAS: Final = 6.0
_SPIKES_MAX: Final = 0.02
"""Largest share of points that can be single outliers."""
_SURE: Final = 0.9
_TAIL_BINS: Final = 12
_SIGMAS_MIN: Final = 4.0
_SEEN_BEFORE: Final = 5.0
"""How much shorter than the first point's time a lifetime can be to be fitted."""
_CHARGING_SEEN: Final = 3.0
"""Charging lifetimes after which a fit that starts later need not look for it."""


@dataclass(frozen=True, slots=True, eq=False)
class Decays:
    """What the fits of n decays found; nan where there is no number.

    Attributes
    ----------
    count
        Number of lifetimes, 0 to 2, shape (n,).
    log_lifetimes, log_lifetimes_se, amplitudes_a, amplitudes_se_a
        ln(τ/s), fast first, and currents at the step with standard errors, shape (n, 2).
    log_mean, log_mean_se
        ln of the amplitude-weighted mean lifetime, shape (n,).
    quantile
        Of Student's distribution, by which standard errors become 95 % intervals.
    fit_a
        The likeliest fit, shape (n, K).
    bounded, second_possible, diffusing, charged, misfit
        Whether the lifetime is at a bound; a second one is likely but not proven; a term 1/√t is
        supported; charging is not excluded; the fits leave more than noise.
    spikes
        Points left out as single outliers, shape (n, K).
    """

    count: IntArray
    log_lifetimes: FloatArray
    log_lifetimes_se: FloatArray
    amplitudes_a: FloatArray
    amplitudes_se_a: FloatArray
    log_mean: FloatArray
    log_mean_se: FloatArray
    quantile: FloatArray
    offset_a: FloatArray
    noise_a: FloatArray
    fit_a: FloatArray
    bounded: BoolArray
    second_possible: BoolArray
    diffusing: BoolArray
    charged: BoolArray
    misfit: BoolArray
    spikes: BoolArray

    @classmethod
    def nothing(cls, n: int, points: int) -> "Decays":
        """No numbers at all."""

        def missing(*shape: int) -> FloatArray:
            return np.full(shape, np.nan)

        def false(*shape: int) -> BoolArray:
            return np.zeros(shape, dtype=bool)

        return cls(
            count=np.zeros(n, dtype=np.intp),
            log_lifetimes=missing(n, 2),
            log_lifetimes_se=missing(n, 2),
            amplitudes_a=missing(n, 2),
            amplitudes_se_a=missing(n, 2),
            log_mean=missing(n),
            log_mean_se=missing(n),
            quantile=missing(n),
            offset_a=missing(n),
            noise_a=missing(n),
            fit_a=missing(n, points),
            bounded=false(n),
            second_possible=false(n),
            diffusing=false(n),
            charged=false(n),
            misfit=false(n),
            spikes=false(n, points),
        )

    def put(self, rows: IntArray, part: "Decays") -> None:
        """Set some rows."""
        for field in fields(self):
            getattr(self, field.name)[rows] = getattr(part, field.name)


def fit_decays(
    since_s: FloatArray, current_a: FloatArray, used: BoolArray, settings: CaSettings
) -> Decays:
    """Fit decays of which enough points are used.

    Parameters
    ----------
    since_s, current_a, used
        Time since the step, current, and which points count, shape (n, K).
    settings
        Which models are tried.
    """
    all_decays = Decays.nothing(*current_a.shape)
    first = np.where(used, since_s, np.inf).min(axis=1)
    seen = first < _CHARGING_SEEN * settings.charging_max_s
    for charging in (False, True):
        rows = np.flatnonzero(seen == charging)
        if not len(rows):
            continue
        points = (since_s[rows], current_a[rows])
        part = _once(*points, used[rows], settings, charging=charging)
        all_decays.put(rows, part)
        kept = used[rows] & ~_spikes(part, points[1], used[rows])
        again = np.flatnonzero((kept != used[rows]).any(axis=1))
        if len(again):
            second = _once(
                points[0][again], points[1][again], kept[again], settings, charging=charging
            )
            second.spikes[...] = used[rows][again] & ~kept[again]
            all_decays.put(rows[again], second)
    return all_decays


def _once(
    since_s: FloatArray,
    current_a: FloatArray,
    used: BoolArray,
    settings: CaSettings,
    *,
    charging: bool,
) -> Decays:
    bins = binned(since_s, current_a, used)
    problem = _problem(bins, settings, charging=charging)
    choice = choosing.choose(
        problem,
        charging=charging,
        diffusion=settings.diffusion,
        two=settings.exponentials != "mono",
    )
    decays = Decays.nothing(*current_a.shape)
    one = choosing.averaged(choice.one)
    two = choosing.averaged(choice.two) if choice.two.fits else None
    count, possible = _count(choice, settings, one, two)
    for number, found in ((1, one), (2, two)):
        rows = np.flatnonzero(count == number)
        if found is None or not len(rows):
            continue
        for name in ("log_lifetimes", "log_lifetimes_se", "amplitudes_a", "amplitudes_se_a"):
            getattr(decays, name)[rows, :number] = getattr(found, name)[rows]
        for name in ("log_mean", "log_mean_se", "offset_a"):
            getattr(decays, name)[rows] = getattr(found, name)[rows]
    if two is not None:
        rows = np.flatnonzero(count == 1)
        log_mean, log_mean_se = choosing.mean_of_all(choice.one, choice.two)
        decays.log_mean[rows], decays.log_mean_se[rows] = log_mean[rows], log_mean_se[rows]
    families = (choice.none, choice.one, choice.two)
    decays.count[...] = count
    decays.quantile[...] = student.ppf(0.975, choice.freedom)
    decays.noise_a[...] = bins.noise_a
    decays.fit_a[...] = _likeliest(families, count, since_s)
    decays.bounded[...] = np.where(
        _gain(choice) > 0, choosing.bounded(choice.one), choosing.drifting(choice.none)
    )
    decays.second_possible[...] = possible
    decays.diffusing[...] = _share(families, count, "diffusion") > _SURE
    decays.charged[...] = _share(families, count, "charging") > 1 - _SURE
    decays.misfit[...] = choice.scale2 > _MISFIT
    return decays


def _problem(bins: Binned, settings: CaSettings, *, charging: bool) -> Problem:
    """Weights of the bins and bounds of the lifetimes."""
    occupied = bins.count > 0
    time = np.where(occupied, bins.time_s, np.nan)
    last, first = np.nanmax(time, axis=1), np.nanmin(time, axis=1)
    tail = np.nanmedian(np.where(occupied, bins.current_a, np.nan)[:, -_TAIL_BINS:], axis=1)
    over = np.abs(bins.current_a - tail[:, np.newaxis])
    noise = np.maximum(bins.noise_a, 1e-7 * over.max(axis=1))[:, np.newaxis]
    variance = noise**2 / np.maximum(bins.count, 1) + (MODEL_ERROR * over) ** 2
    shortest = first / _SEEN_BEFORE
    limit = settings.charging_max_s
    if charging:
        shortest = np.maximum(shortest, limit)
    fastest = np.minimum(np.maximum(first / _SEEN_BEFORE, limit / 100), shortest / 2)
    longest = np.maximum(last, 2 * shortest)
    return Problem(bins, np.where(occupied, variance, np.inf), fastest, shortest, longest)


def _gain(choice: Choice) -> FloatArray:
    """By how much a decay's BIC is below that of everything without one, shape (n,)."""
    return np.asarray(choice.none.best - np.minimum(choice.one.best, choice.two.best))


def _count(
    choice: Choice, settings: CaSettings, one: Lifetimes, two: Lifetimes | None
) -> tuple[IntArray, BoolArray]:
    """Number of lifetimes, shape (n,), and whether a second is likely but not proven."""
    decays = _gain(choice) > choosing.DECAY_EVIDENCE
    single = ~choosing.bounded(choice.one) & (one.log_lifetimes_se[:, 0] < _SE_MAX)
    single &= np.abs(one.amplitudes_a[:, 0]) > _SIGMAS_MIN * one.amplitudes_se_a[:, 0]
    count = np.where(decays & single, 1, 0)
    if two is None:
        return count, np.zeros(len(count), dtype=bool)
    gain = choice.one.best - choice.two.best
    wanted = settings.exponentials == "bi"
    least = choosing.WANTED_EVIDENCE if wanted else choosing.SECOND_EVIDENCE
    sure = (two.log_lifetimes_se < _SE_MAX).all(axis=1)
    count = np.where(decays & sure & (gain > least), 2, count)
    return count, (count == 1) & (gain > 0)


def _likeliest(families: tuple[Family, ...], count: IntArray, since_s: FloatArray) -> FloatArray:
    """The best fit with the chosen number of lifetimes, shape (n, K)."""
    curve = np.full(since_s.shape, np.nan)
    for number, family in enumerate(families):
        best = family.bic.argmin(axis=0)
        for k, (model, found) in enumerate(zip(family.models, family.fits, strict=True)):
            rows = np.flatnonzero((count == number) & (best == k))
            if len(rows):
                curve[rows] = fitted(
                    since_s[rows], found.factors[rows], found.log_lifetimes[rows], model
                )
    return curve


def _share(
    families: tuple[Family, ...], count: IntArray, term: Literal["diffusion", "charging"]
) -> FloatArray:
    """Weight of the variants with a term, among those with the chosen number of lifetimes."""
    share = np.zeros(len(count))
    for number, family in enumerate(families):
        if family.fits:
            chosen = [getattr(model, term) for model in family.models]
            share += np.where(count == number, family.weights[chosen].sum(axis=0), 0.0)
    return share


def _spikes(decays: Decays, current_a: FloatArray, used: BoolArray) -> BoolArray:
    """Single points far off the fit whose neighbours are not, shape (n, K)."""
    residual = np.where(used, current_a - decays.fit_a, 0.0)
    usual = row_medians(np.abs(residual), used & np.isfinite(residual)) / 0.6745
    over = np.abs(decays.fit_a - decays.offset_a[:, np.newaxis])
    allowed = np.maximum(usual, decays.noise_a)[:, np.newaxis] + 5 * MODEL_ERROR * np.nan_to_num(
        over
    )
    far = np.abs(residual) > _SPIKE_SIGMAS * allowed
    near = np.abs(residual) > _SPIKE_SIGMAS / 2 * allowed
    alone = far.copy()
    alone[:, 1:] &= ~near[:, :-1]
    alone[:, :-1] &= ~near[:, 1:]
    alone[:, 0] = False
    few = alone.sum(axis=1) <= np.maximum(1, _SPIKES_MAX * used.sum(axis=1))
    return np.asarray(alone & few[:, np.newaxis])
