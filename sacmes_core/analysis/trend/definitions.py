"""What trends are made of: the reference, the normalised current, KDM and the ratio."""

from dataclasses import dataclass, field
from math import hypot, sqrt
from typing import assert_never

from sacmes_core.analysis.trend.uncertainty import Estimate, Height, combined_se
from sacmes_core.settings.trend import KdmDefinition, TrendSettings


@dataclass(slots=True)
class Reference:
    """The plain mean of the peaks of a series' reference scans, growing as they come.

    Every scan has the same weight: the errors of one series hardly differ, and weights made of
    errors that grow with the height would pull the mean to the lower peaks.

    Attributes
    ----------
    members
        Numbers of the scans in it, each with the place of the scan in its series.
    """

    members: dict[int, int] = field(default_factory=dict)
    _sum_a: float = 0.0
    _own_variance_sum: float | None = 0.0
    _common_sum_a: float | None = 0.0

    @property
    def mean_a(self) -> float | None:
        """None without a scan, or where peaks of both signs cancel."""
        return self._sum_a / len(self.members) if self._sum_a else None

    def take(self, number: int, place: int, height: Height) -> None:
        """Take one more scan into the mean."""
        self.members[number] = place
        self._sum_a += height.current_a
        if height.own_se_a is None or height.common_se_a is None:
            self._own_variance_sum = self._common_sum_a = None
        elif self._own_variance_sum is not None and self._common_sum_a is not None:
            self._own_variance_sum += height.own_se_a**2
            self._common_sum_a += height.common_se_a

    def normalised(self, height: Height, *, is_member: bool) -> Estimate | None:
        """A peak over the mean; None without a mean.

        The standard error holds the mean's as well. For r = h/R with R the mean of m scans, own
        errors s and common errors c (C their mean over the m scans) it is
        √[(c − |r| C)² + s² + r² Σ s_j²/m²] / |R|; a scan that is in the mean itself has
        (1 − r/m)² s² instead of s², and is left out of the sum. The one scan that is the whole
        reference is 1 without error.
        """
        mean_a = self.mean_a
        if mean_a is None:
            return None
        value = height.current_a / mean_a
        if is_member and len(self.members) == 1:
            return Estimate(value, 0.0)
        own, common = height.own_se_a, height.common_se_a
        variance, common_sum_a = self._own_variance_sum, self._common_sum_a
        if own is None or common is None or variance is None or common_sum_a is None:
            return Estimate(value)
        share = value / len(self.members)
        shared = common - abs(share) * common_sum_a
        alone = own * (1.0 - share) if is_member else own
        others = max(variance - own**2, 0.0) if is_member else variance
        return Estimate(value, hypot(shared, alone, share * sqrt(others)) / abs(mean_a))


def adjusted_low(low: Estimate, number: int, settings: TrendSettings) -> Estimate:
    """The normalised current of the low frequency, shifted as SACMES does it.

    ``low_offset + low_slope_per_scan · number`` is added; both are taken as exact.
    """
    shift = settings.low_offset + settings.low_slope_per_scan * number
    return Estimate(low.value + shift, low.se)


def kdm(low: Estimate, high: Estimate, definition: KdmDefinition) -> Estimate | None:
    """The kinetic differential measurement of two normalised currents, as a fraction.

    Parameters
    ----------
    low, high
        Normalised currents of one scan number at both frequencies, the low one adjusted; their
        errors are taken as independent.
    definition
        ``difference_plus_one``: high − low + 1, as SACMES computes it. ``difference_over_mean``:
        (high − low) / ((high + low) / 2), after Ferguson et al., Sci. Transl. Med. 5 (2013)
        213ra165, doi:10.1126/scitranslmed.3007095.

    Returns
    -------
    Estimate or None
        None where the mean is not positive, so that nothing can be divided by it.
    """
    match definition:
        case "difference_plus_one":
            se = combined_se((1.0, high.se), (1.0, low.se))
            return Estimate(high.value - low.value + 1.0, se)
        case "difference_over_mean":
            total = high.value + low.value
            if total <= 0.0:
                return None
            se = combined_se(
                (4.0 * low.value / total**2, high.se), (4.0 * high.value / total**2, low.se)
            )
            return Estimate(2.0 * (high.value - low.value) / total, se)
        case _:
            assert_never(definition)


def ratio(low: Estimate, high: Estimate) -> Estimate | None:
    """The normalised current of the high frequency over that of the low one, adjusted.

    None where the low one is not positive.
    """
    if low.value <= 0.0:
        return None
    se = combined_se((1.0 / low.value, high.se), (high.value / low.value**2, low.se))
    return Estimate(high.value / low.value, se)
