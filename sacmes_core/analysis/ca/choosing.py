"""How many lifetimes a current supports, and what they are, averaged over what else is in it.

Each number of lifetimes (none, one, two) is fitted with and without the double layer's charging and
a diffusing species. Bayes' information criterion, χ²/s² + p·ln N over the N bins (Schwarz, Ann.
Stat. 6 (1978) 461), compares them, where s² ≥ 1 is what the richest model leaves: noise that is not
white, or a model that is not quite right, asks for more evidence and widens every interval. Within
the chosen number the lifetimes are averaged with the weights exp(−BIC/2), and the fits' spread is
part of the standard error.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sacmes_core.analysis.ca.coloured import with_all_noise
from sacmes_core.analysis.ca.exponentials import Fit, Model, Problem, fit
from sacmes_core.analysis.peaks import BoolArray, FloatArray, IntArray

DECAY_EVIDENCE: Final = 10.0
"""By how much BIC must fall for one lifetime."""
SECOND_EVIDENCE: Final = 6.0
"""By how much BIC must fall for a second lifetime that nobody asked for."""
WANTED_EVIDENCE: Final = 2.0
"""By how much BIC must fall for a second lifetime that the settings ask for."""
_DIFFUSION_COST: Final = 4.0
"""BIC that a diffusing species costs beside a couple, as a second population is likelier."""
_SHARE_MIN: Final = 0.01
_RATIO_MIN: Final = 1.3
_SIGMAS_MIN: Final = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """All fits with one number of lifetimes: BIC and what they say, a row for each variant.

    Attributes
    ----------
    models
        The variants, v of them.
    fits
        Their fits.
    bic
        Shape (v, n); infinite where a fit contradicts itself.
    """

    models: tuple[Model, ...]
    fits: tuple[Fit, ...]
    bic: FloatArray

    @property
    def best(self) -> FloatArray:
        """The smallest BIC of each decay, shape (n,)."""
        return np.asarray(self.bic.min(axis=0))

    @property
    def weights(self) -> FloatArray:
        """Weight of each variant, shape (v, n); 0 where no variant is left."""
        best = np.where(np.isfinite(self.best), self.best, 0.0)
        shares = np.exp((best - self.bic) / 2)
        total = np.maximum(shares.sum(axis=0), np.finfo(float).tiny)
        return np.asarray(shares / total)


@dataclass(frozen=True, slots=True, eq=False)
class Lifetimes:
    """Averages over a family's variants for n decays with k lifetimes.

    Attributes
    ----------
    log_lifetimes, log_lifetimes_se
        ln(τ/s) and its standard error, shape (n, k), fast first.
    amplitudes_a, amplitudes_se_a
        Currents of the exponentials at the step, shape (n, k).
    log_mean, log_mean_se
        ln of the lifetime averaged with the amplitudes as weights, Σaτ/Σa, shape (n,).
    offset_a
        Current at long times, shape (n,).
    """

    log_lifetimes: FloatArray
    log_lifetimes_se: FloatArray
    amplitudes_a: FloatArray
    amplitudes_se_a: FloatArray
    log_mean: FloatArray
    log_mean_se: FloatArray
    offset_a: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The three families, s² and the degrees of freedom that go with it, shapes (n,)."""

    none: Family
    one: Family
    two: Family
    scale2: FloatArray
    freedom: FloatArray


def choose(problem: Problem, *, charging: bool, diffusion: bool, two: bool) -> Choice:
    """Fit the families.

    Parameters
    ----------
    charging, diffusion
        Whether variants with these terms are tried.
    two
        Whether two lifetimes are tried.
    """
    bins = np.isfinite(problem.variance_a2).sum(axis=1).astype(np.float64)
    seed = np.sqrt(problem.charging_s * problem.shortest_s)
    nulls = _variants(0, charging, diffusion)
    groups = [_fits(problem, [nulls[0], nulls[-1]], seed)]
    for count in range(1, 3 if two else 2):
        model, richest = list(groups[-1].items())[-1]
        if model.charging:
            # What the simpler fit found is a better start for the charging than any grid.
            seed = np.exp(richest.log_lifetimes[:, 0])
        groups.append(_fits(problem, _variants(count, charging, diffusion), seed))
    scale2 = _scale2(groups, bins)
    groups, scale2 = with_all_noise(problem, groups, scale2)
    one = _family(groups[1], scale2, bins)
    double = _family(groups[2], scale2, bins) if two else _empty(len(bins))
    # The richest null has the smallest χ²: where even that is too much, no other need be tried.
    least = groups[0][nulls[-1]].chi2 / scale2 + np.log(np.maximum(bins, 2))
    rivals = np.flatnonzero(least < np.minimum(one.best, double.best) + DECAY_EVIDENCE)
    # That richest one, with drift and diffusion, is no rival itself: it imitates slow decays.
    fits = _fits_rows(problem, nulls, seed, groups[0], rivals)
    none = _family({m: f for m, f in fits.items() if m.plain}, scale2, bins)
    most = max(m.parameters for m in groups[-1])
    return Choice(none, one, double, scale2, np.maximum(bins - most, 1.0))


def _variants(lifetimes: int, charging: bool, diffusion: bool) -> list[Model]:
    """Models with and without the extras, each before those that add to it."""
    extras = [(c, d) for c in (False, True) for d in (False, True)]
    models = [Model(lifetimes, c, d) for c, d in extras if c <= charging and d <= diffusion]
    if lifetimes == 0:
        # A current without a couple can drift, which looks like a very slow decay.
        models += [replace(model, drift=True) for model in models]
    return models


def _fits(problem: Problem, models: list[Model], seed_s: FloatArray) -> dict[Model, Fit]:
    fits: dict[Model, Fit] = {}
    for model in models:
        simpler = fits.get(replace(model, diffusion=False, drift=False))
        fits[model] = fit(problem, model, seed_s, simpler)
    return fits


def _fits_rows(
    problem: Problem,
    models: list[Model],
    seed_s: FloatArray,
    known: dict[Model, Fit],
    rows: IntArray,
) -> dict[Model, Fit]:
    """Fits of some decays added to known ones; the others' χ² is infinite."""
    fits = dict(known)
    if len(rows):
        part = _fits(problem.rows(rows), [m for m in models if m not in known], seed_s[rows])
        fits |= {m: f.among(len(seed_s), rows) for m, f in part.items()}
    return fits


def _scale2(groups: list[dict[Model, Fit]], bins: FloatArray) -> FloatArray:
    """s²: what the best fit leaves, over what white noise would, shape (n,); at least 1."""
    reduced = [
        found.chi2 / np.maximum(bins - model.parameters, 1)
        for fits in groups
        for model, found in fits.items()
    ]
    return np.asarray(np.maximum(np.min(reduced, axis=0), 1.0))


def _family(fits: dict[Model, Fit], scale2: FloatArray, bins: FloatArray) -> Family:
    bic = []
    for model, found in fits.items():
        cost = model.parameters * np.log(np.maximum(bins, 2))
        if model.diffusion and model.lifetimes:
            cost = cost + _DIFFUSION_COST
        sound = ~_contradicts(model, found)
        bic.append(np.where(sound, found.chi2 / scale2 + cost, np.inf))
    return Family(tuple(fits), tuple(fits.values()), np.stack(bic))


def _empty(n: int) -> Family:
    """A family that was not tried."""
    return Family((), (), np.full((1, n), np.inf))


def averaged(family: Family) -> Lifetimes:
    """The family's lifetimes, averaged over its variants."""
    weights = family.weights
    lifetimes = [f.log_lifetimes[:, int(m.charging) :] for m, f in _pairs(family)]
    amplitudes = [f.factors[:, m.linear + int(m.charging) :] for m, f in _pairs(family)]
    errors = [_errors(m, f) for m, f in _pairs(family)]
    means = [_log_mean(m, f) for m, f in _pairs(family)]
    log_lifetimes, log_se = _mean(lifetimes, [e[0] for e in errors], weights)
    amplitudes_a, amplitudes_se = _mean(amplitudes, [e[1] for e in errors], weights)
    log_mean, log_mean_se = _mean([m[0] for m in means], [m[1] for m in means], weights)
    offsets = np.stack([f.factors[:, 0] for f in family.fits])
    return Lifetimes(
        log_lifetimes,
        log_se,
        amplitudes_a,
        amplitudes_se,
        log_mean[:, 0],
        log_mean_se[:, 0],
        np.asarray((weights * offsets).sum(axis=0)),
    )


def mean_of_all(one: Family, two: Family) -> tuple[FloatArray, FloatArray]:
    """Logarithm of the mean lifetime and its standard error over all fits, shapes (n,).

    Where a second lifetime is likely but not proven, what one alone would say is not enough.
    """
    both = Family(one.models + two.models, one.fits + two.fits, np.concatenate([one.bic, two.bic]))
    means = [_log_mean(m, f) for m, f in _pairs(both)]
    log_mean, log_mean_se = _mean([m[0] for m in means], [m[1] for m in means], both.weights)
    return log_mean[:, 0], log_mean_se[:, 0]


def bounded(family: Family) -> BoolArray:
    """Whether the likeliest variant has a lifetime at its bound, shape (n,)."""
    near = np.stack([f.bounded for f in family.fits])
    best = family.bic.argmin(axis=0)
    return np.asarray(np.take_along_axis(near, best[np.newaxis], axis=0)[0])


def drifting(family: Family) -> BoolArray:
    """Whether the likeliest variant changes steadily to the end, shape (n,)."""
    drifts = np.array([model.drift for model in family.models])
    return np.asarray(drifts[family.bic.argmin(axis=0)])


def _pairs(family: Family) -> list[tuple[Model, Fit]]:
    return list(zip(family.models, family.fits, strict=True))


def _contradicts(model: Model, found: Fit) -> BoolArray:
    """Whether a fit is against the physics of a step, shape (n,).

    What a step reduces it reduces all: a couple and a diffusing species have currents of one sign,
    and so have two populations of one couple.
    """
    first = model.linear + int(model.charging)
    amplitudes = found.factors[:, first:]
    wrong = np.zeros(len(found.chi2), dtype=bool)
    if model.lifetimes and model.diffusion:
        wrong |= (amplitudes * found.factors[:, 1:2] < 0).any(axis=1)
    return wrong | _no_two(model, found) if model.lifetimes == 2 else wrong


def _no_two(model: Model, found: Fit) -> BoolArray:
    """Whether two exponentials are no two populations of one couple, shape (n,)."""
    first = model.linear + int(model.charging)
    fast, slow = found.factors[:, first], found.factors[:, first + 1]
    variance = found.covariance[:, [first, first + 1], [first, first + 1]]
    errors = np.sqrt(np.maximum(variance, 0.0))
    small = np.minimum(np.abs(fast), np.abs(slow)) < _SHARE_MIN * np.abs(fast + slow)
    unsure = (np.abs(np.stack([fast, slow], axis=1)) < _SIGMAS_MIN * errors).any(axis=1)
    close = np.abs(np.diff(found.log_lifetimes[:, -2:], axis=1)[:, 0]) < np.log(_RATIO_MIN)
    return np.asarray((fast * slow <= 0) | small | unsure | close | found.bounded)


def _errors(model: Model, found: Fit) -> tuple[FloatArray, FloatArray]:
    """Standard errors of ln τ and of the amplitudes, shapes (n, k)."""
    diagonal = np.diagonal(found.covariance, axis1=1, axis2=2)
    errors = np.sqrt(np.maximum(diagonal, 0.0))
    k = model.lifetimes
    terms = model.linear + model.exponentials
    return errors[:, errors.shape[1] - k :], errors[:, terms - k : terms]


def _log_mean(model: Model, found: Fit) -> tuple[FloatArray, FloatArray]:
    """Logarithm of Σaτ/Σa and its standard error by the delta method, shapes (n, 1)."""
    k = model.lifetimes
    terms = model.linear + model.exponentials
    amplitudes = found.factors[:, terms - k :]
    lifetimes = np.exp(found.log_lifetimes[:, model.exponentials - k :])
    charge = (amplitudes * lifetimes).sum(axis=1, keepdims=True)
    total = amplitudes.sum(axis=1, keepdims=True)
    gradient = np.zeros(found.covariance.shape[:2])
    gradient[:, terms - k : terms] = lifetimes / charge - 1 / total
    gradient[:, -k:] = amplitudes * lifetimes / charge
    variance = np.einsum("ni,nij,nj->n", gradient, found.covariance, gradient)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.log(charge / total), np.sqrt(np.maximum(variance, 0.0))[:, np.newaxis]


def _mean(
    values: list[FloatArray], errors: list[FloatArray], weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Weighted mean over variants, and the root of mean variance plus variance of the means."""
    share = weights[:, :, np.newaxis]
    stacked, spread = np.stack(values), np.stack(errors)
    # A variant without weight may hold no number at all.
    stacked = np.where(share > 0, stacked, 0.0)
    spread = np.where(share > 0, spread, 0.0)
    mean = (share * stacked).sum(axis=0)
    variance = (share * (spread**2 + (stacked - mean) ** 2)).sum(axis=0)
    return mean, np.sqrt(variance)
