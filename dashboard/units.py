"""Units that a page shows numbers in: prefixes, millivolts, and current density over an area."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from dashboard.axes import Prefix, prefix_for

Dimension = Literal["A", "V", "C", "s", "1"]

CURRENTS: Final = ("auto", "A", "mA", "µA", "nA", "pA")
POTENTIALS: Final = ("V", "mV")
_FACTORS: Final = {"A": 1.0, "mA": 1e3, "µA": 1e6, "nA": 1e9, "pA": 1e12}


@dataclass(frozen=True, slots=True)
class Units:
    """What a page chose.

    Attributes
    ----------
    current
        A unit of `CURRENTS`; auto for the one in which numbers lie between 1 and 1000.
    area_cm2
        Area of the electrode, by which currents and charges are divided; None for none known.
    """

    current: str = "auto"
    potential: str = "V"
    area_cm2: float | None = None

    def scale(self, dimension: Dimension, values: Iterable[float | None]) -> Prefix:
        """The unit for these values, and the factor from SI to it."""
        if dimension == "V":
            return Prefix("mV", 1e3) if self.potential == "mV" else Prefix("V", 1.0)
        if dimension == "1":
            return Prefix("", 1.0)
        if dimension == "s":
            return prefix_for(values, "s")
        share = 1.0 if self.area_cm2 is None else 1 / self.area_cm2
        per = "" if self.area_cm2 is None else " cm⁻²"
        if dimension == "A" and self.current != "auto":
            return Prefix(self.current + per, share * _FACTORS[self.current])
        found = prefix_for((None if v is None else v * share for v in values), dimension)
        return Prefix(found.unit + per, share * found.factor)
