"""The peak methods by name; a new one is a module with such a function and a line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sacmes_core.analysis.classic import classic
from sacmes_core.analysis.consensus import median_of_fits
from sacmes_core.analysis.fast import fast
from sacmes_core.analysis.peaks import FloatArray, PeakArrays
from sacmes_core.analysis.preparing import Preparation, ascending
from sacmes_core.analysis.sacmes_desktop import sacmes_desktop, without_zeros
from sacmes_core.analysis.sacmes_web import sacmes_web, sorted_within
from sacmes_core.settings.peak import PeakSettings


@dataclass(frozen=True, slots=True)
class Method:
    """A way from voltammograms of equal length to peaks.

    `version` counts changes of numbers; a height below `sigmas_min` of its standard errors is
    too noisy: seven where the error is that of the noise alone. `prepare` brings the points of a
    scan into the order that the method works on; `sorts` says that this is by potential.
    """

    analyze: Callable[[FloatArray, FloatArray, PeakSettings], PeakArrays]
    version: int
    sigmas_min: float = 7.0
    prepare: Preparation = ascending
    sorts: bool = True


METHODS: Final[Mapping[str, Method]] = MappingProxyType(
    {
        "median": Method(median_of_fits, 7, sigmas_min=4.0),
        "fast": Method(fast, 4, sigmas_min=5.0),
        "classic": Method(classic, 1, sigmas_min=5.0),
        "sacmes-web": Method(sacmes_web, 2, prepare=sorted_within),
        "sacmes-desktop": Method(sacmes_desktop, 2, prepare=without_zeros, sorts=False),
    }
)
