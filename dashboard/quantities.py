"""The numbers of cycles and decays that a trend can show, each with its uncertainty."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from dashboard.trend import Peak
from dashboard.units import Dimension
from sacmes_core.payloads.cv import CvResult


@dataclass(frozen=True, slots=True)
class Measured:
    """A number; with a standard error, or with the ends of its 95 % interval."""

    value: float | None = None
    se: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def below(self) -> float | None:
        """How far the number may be too high: to the end of the interval, or a standard error."""
        if self.value is not None and self.low is not None:
            return self.value - self.low
        return self.se

    @property
    def above(self) -> float | None:
        """How far it may be too low."""
        if self.value is not None and self.high is not None:
            return self.high - self.value
        return self.se


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number of a scan's electrode: what it is called, its dimension, how it is read."""

    title: str
    dimension: Dimension
    read: Callable[[Peak], Measured]


NOTHING: Final = Measured()


def height_ratio(result: CvResult) -> Measured:
    """The reverse height over the forward one, without signs, with its standard error."""
    if result.forward is None or result.reverse is None:
        return NOTHING
    forward, reverse = result.forward.peak_current_a, result.reverse.peak_current_a
    if not forward or reverse is None:
        return NOTHING
    ratio = abs(reverse / forward)
    errors = (result.forward.peak_current_se_a, result.reverse.peak_current_se_a)
    if errors[0] is None or errors[1] is None or not reverse:
        return Measured(ratio)
    return Measured(ratio, ratio * math.hypot(errors[0] / forward, errors[1] / reverse))


def probe(place: int, sweep: str) -> Callable[[Peak], Measured]:
    """How the current of a sweep at one of the probe potentials is read."""

    def read(peak: Peak) -> Measured:
        probes = () if peak.cv is None else peak.cv.probes
        if place >= len(probes):
            return NOTHING
        found = probes[place]
        return Measured(
            getattr(found, f"{sweep}_current_a"), getattr(found, f"{sweep}_current_se_a")
        )

    return read


def _sweep(sweep: str, name: str, unit: str) -> Callable[[Peak], Measured]:
    def read(peak: Peak) -> Measured:
        found: Any = None if peak.cv is None else getattr(peak.cv, sweep)
        if found is None:
            return NOTHING
        return Measured(getattr(found, f"{name}_{unit}"), getattr(found, f"{name}_se_{unit}"))

    return read


def _cycle(name: str) -> Callable[[Peak], Measured]:
    def read(peak: Peak) -> Measured:
        if peak.cv is None:
            return NOTHING
        return Measured(getattr(peak.cv, f"{name}_v"), getattr(peak.cv, f"{name}_se_v"))

    return read


def _lifetime(name: str) -> Callable[[Peak], Measured]:
    def read(peak: Peak) -> Measured:
        ends = ("_s", "_se_s", "_low_s", "_high_s")
        return Measured(*(getattr(peak.ca, name + end, None) for end in ends))

    return read


def _decay_current(name: str) -> Callable[[Peak], Measured]:
    return lambda peak: Measured(
        getattr(peak.ca, f"{name}_a", None), getattr(peak.ca, f"{name}_se_a", None)
    )


def _ratio(peak: Peak) -> Measured:
    return NOTHING if peak.cv is None else height_ratio(peak.cv)


CYCLE: Final[Mapping[str, Quantity]] = {
    "separation": Quantity("Peak separation", "V", _cycle("peak_separation")),
    "half_wave": Quantity("Half-wave potential", "V", _cycle("half_wave_potential")),
    "forward_height": Quantity("Forward height", "A", _sweep("forward", "peak_current", "a")),
    "reverse_height": Quantity("Reverse height", "A", _sweep("reverse", "peak_current", "a")),
    "ratio": Quantity("Reverse over forward height", "1", _ratio),
    "forward_potential": Quantity(
        "Forward peak potential", "V", _sweep("forward", "peak_potential", "v")
    ),
    "reverse_potential": Quantity(
        "Reverse peak potential", "V", _sweep("reverse", "peak_potential", "v")
    ),
    "forward_charge": Quantity("Forward charge", "C", _sweep("forward", "charge", "c")),
    "reverse_charge": Quantity("Reverse charge", "C", _sweep("reverse", "charge", "c")),
    "forward_width": Quantity("Forward width", "V", _sweep("forward", "fwhm", "v")),
    "reverse_width": Quantity("Reverse width", "V", _sweep("reverse", "fwhm", "v")),
}
DECAY: Final[Mapping[str, Quantity]] = {
    "lifetime": Quantity("Lifetime", "s", _lifetime("lifetime")),
    "second_lifetime": Quantity("Second lifetime", "s", _lifetime("second_lifetime")),
    "mean_lifetime": Quantity("Mean lifetime", "s", _lifetime("mean_lifetime")),
    "amplitude": Quantity("Amplitude", "A", _decay_current("amplitude")),
    "second_amplitude": Quantity("Second amplitude", "A", _decay_current("second_amplitude")),
    "offset": Quantity("Current at long times", "A", _decay_current("offset")),
}


def with_probes(potentials_v: tuple[float, ...]) -> dict[str, Quantity]:
    """The numbers of a cycle, and the currents of both sweeps at the probes."""
    probes = {
        f"probe_{place}_{sweep}": Quantity(
            f"{sweep.capitalize()} at {potential_v:g} V".replace("-", "−"),
            "A",
            probe(place, sweep),
        )
        for place, potential_v in enumerate(potentials_v)
        for sweep in ("forward", "reverse")
    }
    return {**CYCLE, **probes}
