"""Standard errors of trends: which part is a scan's own and which all scans of a series share.

The standard error of a peak height holds errors of two kinds. Noise is another one in each scan.
The error of the model (a peak shape or a baseline that is not quite right) is nearly the same
fraction of the height in all scans of one sensor at one frequency, and cancels where two of them
are divided. Both are propagated to first order (JCGM 100:2008, 5.1 and 5.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot, sqrt
from types import MappingProxyType
from typing import Final

COMMON_ERRORS: Final[Mapping[str, float]] = MappingProxyType({"median": 0.01, "classic": 0.025})
"""Relative error of the height that a method makes alike in all scans of a series.

Such that the errors of normalised currents stay on the safe side in `benchmarks/trend.py`; 0 for a
method whose standard errors hold noise alone.
"""
COMMON_SHARE_MAX: Final = 0.5
"""Share of a height's variance that is taken for common at most: nothing cancels altogether."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and its standard error, None where that is not known."""

    value: float
    se: float | None = None


@dataclass(frozen=True, slots=True)
class Height:
    """A peak current with the two parts of its standard error, None where they are not known.

    Attributes
    ----------
    own_se_a
        The part that is independent of every other scan.
    common_se_a
        The part that all scans of the series share, in proportion to their heights.
    """

    current_a: float
    own_se_a: float | None = None
    common_se_a: float | None = None


def common_error_of(method: str | None) -> float:
    """Relative error that all heights of a method share; 0 where nothing is known of it.

    Parameters
    ----------
    method
        Name of a peak method, with or without ``/version``.
    """
    return COMMON_ERRORS.get((method or "").partition("/")[0], 0.0)


def height_of(current_a: float, se_a: float | None, common_error: float) -> Height:
    """A peak current whose standard error is parted into its own and the common one.

    Parameters
    ----------
    se_a
        Standard error of the current in A, both parts in quadrature.
    common_error
        The common part as a fraction of the current, 0 for none; at most `COMMON_SHARE_MAX` of the
        variance is taken for it.
    """
    if se_a is None:
        return Height(current_a)
    common_a = min(common_error * abs(current_a), sqrt(COMMON_SHARE_MAX) * se_a)
    return Height(current_a, sqrt(se_a**2 - common_a**2), common_a)


def combined_se(*parts: tuple[float, float | None]) -> float | None:
    """Standard error of a function of independent numbers: derivative and error of each.

    None where an error is not known, unless the number has no influence.
    """
    total = 0.0
    for derivative, se in parts:
        if derivative == 0.0:
            continue
        if se is None:
            return None
        total = hypot(total, derivative * se)
    return total
