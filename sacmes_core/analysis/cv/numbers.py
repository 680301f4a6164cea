"""The numbers of a cycle, each with its standard error."""

from dataclasses import dataclass
from typing import Literal

ModelName = Literal["surface", "diffusing", "line"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and its standard error; None where there is none."""

    value: float | None = None
    error: float | None = None

    def times(self, factor: float) -> "Quantity":
        """The number in another unit or with another sign."""
        if self.value is None or self.error is None:
            return self
        return Quantity(self.value * factor, self.error * abs(factor))


NOTHING = Quantity()


@dataclass(frozen=True, slots=True)
class SweepPeak:
    """The peak of one sweep.

    Attributes
    ----------
    segment
        Its number in the file, from 1.
    current_a
        Height over the baseline; the sign is that of the current.
    potential_v
        Where the current of the couple is largest.
    half_potential_v
        Where it has reached half of its height ahead of the peak.
    width_v
        Full width at half height; None where the sweep ends before.
    area_av
        ∫ of the current over the baseline over the way of the sweep, with the sign of the current.
    """

    segment: int
    current_a: Quantity
    potential_v: Quantity
    half_potential_v: Quantity = NOTHING
    width_v: Quantity = NOTHING
    area_av: Quantity = NOTHING

    def charge_c(self, rate_v_s: float | None) -> Quantity:
        """∫ of the current over the baseline over time; none without a scan rate."""
        return NOTHING if rate_v_s is None else self.area_av.times(1 / rate_v_s)


@dataclass(frozen=True, slots=True)
class Probe:
    """The current of both sweeps at one potential, as measured; None outside a sweep."""

    potential_v: float
    forward_a: Quantity = NOTHING
    reverse_a: Quantity = NOTHING


@dataclass(frozen=True, slots=True)
class CyclicNumbers:
    """All numbers of one electrode's cycle.

    Attributes
    ----------
    model
        ``surface``, ``diffusing`` or ``line``.
    model_log_odds
        Natural logarithm of how much likelier a couple on the surface is than one that diffuses;
        negative for one that diffuses. None where one of the two cannot be fitted.
    segments
        How many segments the scan has.
    """

    model: ModelName
    model_log_odds: float | None
    segments: int
    scan_rate_v_s: float | None
    forward: SweepPeak | None
    reverse: SweepPeak | None
    separation_v: Quantity = NOTHING
    half_wave_v: Quantity = NOTHING
    probes: tuple[Probe, ...] = ()
