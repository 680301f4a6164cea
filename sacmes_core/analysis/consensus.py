"""Method "median": what several fits and estimates that fail differently agree on.

Each member has its own idea of shape and baseline; where one is wrong the others seldom are. How
they differ says how far the number may be off, which no single fit knows.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sacmes_core import flags
from sacmes_core.analysis.checks import turns_other_way
from sacmes_core.analysis.filters import smooth_by
from sacmes_core.analysis.gridding import Binned, binned, on_grid
from sacmes_core.analysis.judge import Judged, judge, noise_of_height_a, odds
from sacmes_core.analysis.members import Members, find_members
from sacmes_core.analysis.misfits import Misfits, UprightPeaks, find_misfits
from sacmes_core.analysis.noise import point_noise_a
from sacmes_core.analysis.peaks import (
    BoolArray,
    FloatArray,
    PeakArrays,
    codes_of,
    nothing_found,
    over_grids,
)
from sacmes_core.analysis.smoothing import (
    noise_gain,
    remove_spikes,
    smoothing_windows,
    spike_windows,
)
from sacmes_core.settings.peak import PeakSettings

POINTS_MIN: Final = 20
AMBIGUOUS_SHARE: Final = 0.2
"""Standard error over the height from which on the members are said to disagree."""
_AMBIGUOUS_NOISES: Final = 3.0
"""As often what noise alone makes of the height: such an error needs no members that disagree."""
_BATCH: Final = 512
_ODDS_MIN: Final = 0.4
_ODDS_CLEAR: Final = 1.0
_ODDS_COLOURED: Final = 1.3
"""Logarithms of the odds of a peak below which there is none, below which it is doubtful, and
below which there is none where noise is coloured."""
_RESIDUALS_MIN: Final = 4.0
_COLOURED_MIN: Final = 4.5
"""Height over the coloured noise of a point: the mean of such points is hardly quieter than one."""
PEAK_WIDTH_MAX_V: Final = 0.25
_SLOW_GAIN: Final = 1.5
"""Noise that smoothing of degree two leaves, over that of a mean of as many points."""
EDGE_WIDTHS_MIN: Final = 0.45


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """The fit that is nearest to the number, shapes (n, K), upright, on the fits' grid."""

    peak_a: FloatArray
    baseline_a: FloatArray


def median_of_fits(
    potential_v: FloatArray, current_a: FloatArray, settings: PeakSettings
) -> PeakArrays:
    """Analyse n voltammograms of K points.

    Parameters
    ----------
    potential_v
        Shape (n, K), strictly ascending, in V.
    current_a
        Shape (n, K), difference current in A, finite.
    settings
        Spikes are removed first if the settings say so; smoothing is for the drawn curve only,
        the fits take the points as they are.

    Returns
    -------
    PeakArrays
        nan where a voltammogram has no peak: never 0.
    """
    count, points = current_a.shape
    if points < POINTS_MIN:
        return nothing_found(current_a, flags.TOO_FEW_POINTS)
    cleaned = remove_spikes(
        current_a, *spike_windows(potential_v, np.full(count, np.nan), settings)
    )

    def one_grid(x_v: FloatArray, origin_v: FloatArray, some_a: FloatArray) -> PeakArrays:
        return _one_grid(x_v, origin_v, some_a, settings)

    return over_grids(potential_v, cleaned, _BATCH, one_grid)


def _one_grid(
    x_v: FloatArray, origin_v: FloatArray, current_a: FloatArray, settings: PeakSettings
) -> PeakArrays:
    scans = binned(x_v, current_a)
    members = find_members(scans)
    judged = judge(scans, members)
    drawn = _nearest(members, judged)
    found = UprightPeaks(judged.potential_v, judged.width_v, judged.height_a, members.sign)
    misfits = find_misfits(x_v, scans, found, drawn.peak_a + drawn.baseline_a, members.noise_a)
    odds_of_peak = odds(scans, members, judged)
    is_coloured = members.noise_a > scans.noise_a
    is_likely = odds_of_peak > np.where(is_coloured, _ODDS_COLOURED, _ODDS_MIN)
    has_peak, at_edge = _is_peak(x_v, is_likely, misfits, judged)
    is_doubtful_way = has_peak & turns_other_way(scans.x_v, scans.current_a, found)
    has_peak &= ~is_doubtful_way
    none = np.where(has_peak, 0.0, np.nan)
    grid_v = origin_v[:, np.newaxis] + x_v
    windows, degree = smoothing_windows(grid_v, judged.width_v + none, settings)
    white_a = point_noise_a(scans.repaired_a) * noise_gain(windows, degree)
    baseline = on_grid(scans.x_v, drawn.baseline_a * members.sign[:, np.newaxis], x_v)
    return PeakArrays(
        height_a=judged.height_a * members.sign + none,
        height_se_a=judged.height_se_a + none,
        potential_v=judged.potential_v + origin_v + none,
        area_av=judged.area_av * members.sign + none,
        fwhm_v=judged.width_v + none,
        smoothed_a=smooth_by("savitzky-golay", scans.repaired_a, windows, degree),
        smoothed_noise_a=np.maximum(white_a, _SLOW_GAIN * misfits.slow_noise_a),
        baseline_a=baseline + none[:, np.newaxis],
        potential_se_v=judged.potential_se_v + none,
        area_se_av=judged.area_se_av + none,
        fwhm_se_v=judged.width_se_v + none,
        flags=codes_of(
            {
                flags.PEAK_AT_EDGE: at_edge,
                flags.DOUBTFUL_PEAK: has_peak & (odds_of_peak < _ODDS_CLEAR),
                flags.SPIKES_REMOVED: scans.spikes > 0,
                flags.BASELINE_AMBIGUOUS: is_doubtful_way
                | (has_peak & _is_ambiguous(scans, members, judged)),
                flags.POOR_FIT: has_peak & misfits.is_slow,
                flags.CURRENT_STEP: has_peak & misfits.is_step,
                flags.DROPOUT: misfits.is_box | (has_peak & misfits.is_dropout),
                flags.SECOND_PEAK: has_peak & misfits.is_second,
            }
        ),
    )


def _nearest(members: Members, judged: Judged) -> _Drawn:
    """The fit whose height is nearest to the judged one, the rest of the way put in its scale."""
    fits = members.peak_a.shape[1]
    away = np.abs(members.height_a[:, :fits] - judged.height_a[:, np.newaxis])
    rows, nearest = np.arange(len(away)), away.argmin(axis=1)
    peak, baseline = members.peak_a[rows, nearest], members.baseline_a[rows, nearest]
    top = np.maximum(peak.max(axis=1), np.finfo(float).tiny)
    scaled = peak * (judged.height_a / top)[:, np.newaxis]
    return _Drawn(scaled, baseline + peak - scaled)


def _is_peak(
    x_v: FloatArray, is_likely: BoolArray, misfits: Misfits, judged: Judged
) -> tuple[BoolArray, BoolArray]:
    """Whether there is a peak at all, rather than noise, a tail, a step or a bend; shape (n,).

    All must hold: a peak is clearly likelier than none; the height stands out of the slow part
    of what the fit leaves, and out of the points' own noise where that is coloured; the peak is
    no wider than peaks are and no few points that lie off; and both of its flanks are in the
    window. The second answer is whether there may be one of which the window shows one flank only.
    """
    distance = np.minimum(judged.potential_v - x_v[0], x_v[-1] - judged.potential_v)
    is_inside = distance > EDGE_WIDTHS_MIN * judged.width_v
    is_there = (
        (judged.height_a > _RESIDUALS_MIN * misfits.slow_a)
        & (judged.height_a > _COLOURED_MIN * misfits.coloured_a)
        & is_likely
        & (judged.width_v < PEAK_WIDTH_MAX_V)
        & ~misfits.is_box
    )
    return np.asarray(is_there & is_inside), np.asarray(is_there & ~is_inside)


def _is_ambiguous(scans: Binned, members: Members, judged: Judged) -> BoolArray:
    """Whether the height is uncertain by more than noise explains; shape (n,)."""
    noise_a = noise_of_height_a(scans, members, judged.width_v)
    limit = np.hypot(AMBIGUOUS_SHARE * judged.height_a, _AMBIGUOUS_NOISES * noise_a)
    return np.asarray(judged.height_se_a > limit)
