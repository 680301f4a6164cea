"""The peak methods by name; a new one is a module with such a function and a line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sacmes_core.analysis.peaks import FloatArray, PeakArrays
from sacmes_core.analysis.swv import sacmes_web
from sacmes_core.settings import PeakSettings


@dataclass(frozen=True, slots=True)
class Method:
    """A way from voltammograms of equal length to peaks; `version` counts changes of numbers."""

    analyze: Callable[[FloatArray, FloatArray, PeakSettings], PeakArrays]
    version: int


METHODS: Final[Mapping[str, Method]] = MappingProxyType({"sacmes-web": Method(sacmes_web, 1)})
