"""What to make of members that disagree: a value and a standard error of each quantity.

The value is the median of the members, moved by what was learned on simulated scans:
which members are to be believed when they differ in a certain way (stacking: Wolpert, Neural
Networks 5 (1992) 241, doi:10.1016/S0893-6080(05)80023-1). The same small networks say how far off
such a value usually is, which is the standard error. Whether there is a peak at all is decided by
logistic regression on what tells peaks from blanks. Both see ratios only, so neither the unit nor
the size of the current matters. `scripts/learn_judge.py` learns them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sacmes_core.analysis import judge_weights
from sacmes_core.analysis.gridding import Binned
from sacmes_core.analysis.members import LINE, PHYSICAL, Members
from sacmes_core.analysis.peaks import FloatArray

QUANTITIES: Final = 4
"""ln height, potential over width, ln width, ln area."""
MARGIN: Final = 1.27
NOISE_MARGIN: Final = 1.05
"""Factors on the learned standard errors: on what lies below the peak, where real scans are not
quite the simulated ones and errors have long tails, and on what noise alone makes."""
SPREAD_SHARE: Final = 0.25
"""Share of the heights' scatter that is the least error: what was learned holds for scans like
those that it was learned from."""
CORRECTION_MAX: Final = 0.5
INPUT_MAX: Final = 4.0
_RATIO_MAX: Final = 2.5
_LEAST_SHARE: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Values and standard errors of n upright peaks, shapes (n,)."""

    height_a: FloatArray
    height_se_a: FloatArray
    potential_v: FloatArray
    potential_se_v: FloatArray
    width_v: FloatArray
    width_se_v: FloatArray
    area_av: FloatArray
    area_se_av: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Medians:
    """The members' medians, shapes (n,)."""

    height_a: FloatArray
    potential_v: FloatArray
    width_v: FloatArray
    area_av: FloatArray


def judge(scans: Binned, members: Members) -> Judged:
    """Weigh what the members say of n upright peaks."""
    middle = medians(members)
    found = learned(features(scans, members, middle))
    shift = np.clip(found[:, :QUANTITIES], -CORRECTION_MAX, CORRECTION_MAX)
    shift[:, 1] *= side(scans, middle)
    height = middle.height_a * np.exp(shift[:, 0])
    error = np.exp(found[:, QUANTITIES:])
    noise = noise_of_height_a(scans, members, middle.width_v)
    error *= _margins(noise, height * error[:, 0])[:, np.newaxis]
    scatter_a = members.height_a[:, LINE + 1 :].std(axis=1)
    height_se = np.maximum(np.abs(height) * error[:, 0], SPREAD_SHARE * scatter_a)
    width = middle.width_v * np.exp(shift[:, 2])
    area = middle.area_av * np.exp(shift[:, 3])
    return Judged(
        height_a=height,
        height_se_a=height_se,
        potential_v=middle.potential_v + shift[:, 1] * middle.width_v,
        potential_se_v=middle.width_v * error[:, 1],
        width_v=width,
        width_se_v=width * error[:, 2],
        area_av=area,
        area_se_av=np.abs(area) * error[:, 3],
    )


def noise_of_height_a(scans: Binned, members: Members, width_v: FloatArray) -> FloatArray:
    """What noise alone makes of heights, as of a mean of a quarter of the peak's points; (n,)."""
    points = np.maximum(width_v / np.median(np.diff(scans.x_v)), 1.0)
    return np.asarray(2 * members.noise_a / np.sqrt(points))


def _margins(noise_a: FloatArray, error_a: FloatArray) -> FloatArray:
    """Factors on learned errors, shape (n,): what noise has no part in gets the larger one."""
    share = np.minimum(noise_a, np.abs(error_a)) / np.maximum(np.abs(error_a), np.finfo(float).tiny)
    return np.asarray(np.hypot(MARGIN * np.sqrt(1 - share**2), NOISE_MARGIN * share))


def medians(members: Members) -> Medians:
    """Medians of what the members say; the fit over a plain line has no voice in them."""
    some = slice(LINE + 1, None)
    return Medians(
        np.median(members.height_a[:, some], axis=1),
        np.median(members.potential_v[:, some], axis=1),
        np.median(members.width_v[:, some], axis=1),
        np.median(members.area_av[:, some], axis=1),
    )


def features(scans: Binned, members: Members, middle: Medians) -> FloatArray:
    """What the networks see of n voltammograms, shape (n, P): logarithms of ratios, bounded."""
    height = _positive(middle.height_a, members.height_a)[:, np.newaxis]
    width = middle.width_v[:, np.newaxis]
    area = _positive(middle.area_av, members.area_av)[:, np.newaxis]
    heights = np.log(np.clip(members.height_a / height, 1 / _RATIO_MAX, _RATIO_MAX))
    widths = np.log(np.clip(members.width_v / width, 1 / _RATIO_MAX, _RATIO_MAX))
    areas = np.log(np.clip(members.area_av / area, 1 / _RATIO_MAX, _RATIO_MAX))
    errors = np.log(np.clip(members.height_se_a / height, 3e-3, 1))
    physical = members.evidence[:, PHYSICAL]
    lacking = physical.max(axis=1, keepdims=True) - members.evidence
    places = np.clip((members.potential_v - middle.potential_v[:, np.newaxis]) / width, -0.5, 0.5)
    places *= side(scans, middle)[:, np.newaxis]
    span = scans.x_v[-1] - scans.x_v[0]
    below = np.minimum((middle.potential_v - scans.x_v[0]) / middle.width_v, 4.0)
    above = np.minimum((scans.x_v[-1] - middle.potential_v) / middle.width_v, 4.0)
    white, noise = (
        np.log(np.clip(some.noise_a / height[:, 0], 1e-3, 1)) for some in (scans, members)
    )
    return np.column_stack(
        [
            heights,
            errors,
            -np.log1p(np.maximum(lacking, 0)),
            widths,
            areas,
            places,
            np.minimum(below, above),
            np.maximum(below, above),
            np.log(middle.width_v / span),
            white,
            noise,
        ]
    )


def _positive(middle: FloatArray, all_said: FloatArray) -> FloatArray:
    """Medians (n,) as divisors: where they are none, so little that ratios are at their bound."""
    least = _LEAST_SHARE * np.abs(all_said).max(axis=1)
    return np.asarray(np.maximum(middle, np.maximum(least, np.finfo(float).tiny)))


def side(scans: Binned, middle: Medians) -> FloatArray:
    """1 where a peak is nearer to the lower end of its window, else −1; shape (n,).

    The networks see every scan with its nearer end on the same side.
    """
    middle_v = (scans.x_v[0] + scans.x_v[-1]) / 2
    return np.where(middle.potential_v <= middle_v, 1.0, -1.0)


def odds(scans: Binned, members: Members, judged: Judged) -> FloatArray:
    """Logarithm of the odds that there is a peak, shape (n,); 0 is as likely as not."""
    return np.asarray(traits(scans, members, judged) @ judge_weights.PRESENCE[:-1]) + float(
        judge_weights.PRESENCE[-1]
    )


def traits(scans: Binned, members: Members, judged: Judged) -> FloatArray:
    """What tells a peak from none, shape (n, 5).

    By how much it raises the likelihood; how far it stands out of its own error; what the member
    that sees least of it sees; how large the current's range is beside it; and how coloured the
    noise is.
    """
    tiny = np.finfo(float).tiny
    height = _positive(judged.height_a, members.height_a)
    lowest = np.min(members.height_a[:, LINE + 1 :], axis=1)
    error = np.maximum(judged.height_se_a, tiny)
    spread = np.maximum(np.ptp(scans.current_a, axis=1), tiny)
    return np.column_stack(
        [
            np.log(np.clip(members.gain, 1e-3, 1e6)),
            np.log(np.clip(height / error, 1e-2, 1e2)),
            np.clip(lowest / height, -1, 1),
            np.log(np.clip(spread / height, 0.1, 1e3)),
            np.log(np.clip(members.noise_a / np.maximum(scans.noise_a, tiny), 1, 1e2)),
        ]
    )


def learned(inputs: FloatArray) -> FloatArray:
    """Corrections of the four quantities and logarithms of their errors, shape (n, 8)."""
    scaled = np.clip((inputs - judge_weights.CENTRES) / judge_weights.SCALES, -INPUT_MAX, INPUT_MAX)
    both = np.broadcast_to(scaled, (len(judge_weights.FIRST), *scaled.shape))
    first = np.tanh(_through(both, judge_weights.FIRST, judge_weights.FIRST_OFFSETS))
    second = np.tanh(_through(first, judge_weights.SECOND, judge_weights.SECOND_OFFSETS))
    said = _through(second, judge_weights.OUTPUT, judge_weights.OUTPUT_OFFSETS)
    return np.asarray(said.mean(axis=0))


def _through(rows: FloatArray, weights: FloatArray, offsets: FloatArray) -> FloatArray:
    """One layer of k networks: rows (k, n, p), weights (k, p, h), offsets (k, h)."""
    # Sums by einsum, not by a matrix product: a scan must give the same digits alone and in a
    # batch, and BLAS adds in an order that depends on the number of rows.
    return np.asarray(np.einsum("knp,kph->knh", rows, weights) + offsets[:, np.newaxis])
