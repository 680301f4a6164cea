"""What an instrument is told to measure: a run's rounds as single scans, in order."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sacmes_core.settings.method import MethodKind, MethodSettings
from sacmes_core.settings.session import SessionSettings

KINDS: Final[dict[str, MethodKind]] = {
    "swv": "swv",
    "frequency_map": "swv",
    "cv": "cv",
    "ca": "ca",
}
"""What is measured for each technique of a session."""

_HANDLES: Final = {"swv": "SWV", "cv": "CV", "ca": "CA"}


@dataclass(frozen=True, slots=True)
class Order:
    """One scan.

    Attributes
    ----------
    number
        Of the round, which all its frequencies and electrodes share.
    frequency_hz
        Of a square wave; None for other techniques.
    electrode
        Channel of the multiplexer; None without one.
    """

    kind: MethodKind
    method: MethodSettings
    number: int = 1
    frequency_hz: float | None = None
    electrode: int | None = None

    @property
    def name(self) -> str:
        """Name of the scan in the manner of SACMES, which says all of it again."""
        prefix = "" if self.electrode is None else f"E{self.electrode}_"
        frequency = "" if self.frequency_hz is None else f"{plain(self.frequency_hz)}Hz_"
        return f"{prefix}{_HANDLES[self.kind]}_{frequency}{self.number}"

    @property
    def start_v(self) -> float:
        """The potential at which the scan begins."""
        method = self.method
        if self.kind == "swv":
            return method.swv.start_v
        return method.cv.start_v if self.kind == "cv" else method.ca.potentials_v[0]

    @property
    def window_v(self) -> tuple[float, float]:
        """Lowest and highest potential of the scan itself, pulses included."""
        method = self.method
        if self.kind == "swv":
            pulse = method.swv.amplitude_v
            ends = (method.swv.start_v, method.swv.end_v)
            return min(ends) - pulse, max(ends) + pulse
        applied = (
            (method.cv.start_v, method.cv.vertex_1_v, method.cv.vertex_2_v)
            if self.kind == "cv"
            else method.ca.potentials_v
        )
        return min(applied), max(applied)

    @property
    def applied_v(self) -> tuple[float, float]:
        """Lowest and highest potential that the cell sees, conditioning included."""
        low, high = self.window_v
        if self.method.conditioning_s <= 0:
            return low, high
        return min(low, self.method.conditioning_v), max(high, self.method.conditioning_v)

    @property
    def samples_per_s(self) -> float:
        """Samples of the current per second; two a period of a square wave."""
        if self.kind == "swv":
            return 2 * (self.frequency_hz or 0.0)
        if self.kind == "cv":
            return self.method.cv.scan_rate_v_s / self.method.cv.step_v
        return 1 / self.method.ca.sample_interval_s

    @property
    def duration_s(self) -> float:
        """How long the scan takes, with conditioning and quiet time."""
        method = self.method
        before = method.conditioning_s + method.quiet_s
        if self.kind == "swv":
            return before + method.swv.points / (self.frequency_hz or 1.0)
        if self.kind == "cv":
            return before + method.cv.length_v * method.cv.cycles / method.cv.scan_rate_v_s
        return before + method.ca.duration_s * len(method.ca.potentials_v)


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a run: the number of a round and, from 0, a scan in it."""

    number: int
    scan: int = 0


def orders_of_round(technique: str, settings: SessionSettings, number: int) -> tuple[Order, ...]:
    """The scans of one round: on each electrode in turn, frequency by frequency.

    There is none without a method or, for a square wave, without a frequency.
    """
    method = settings.source.method
    if method is None:
        return ()
    return tuple(_orders(KINDS[technique], method, settings.source.frequencies_hz, number))


def plain(value: float) -> str:
    """A positive number without an exponent and without needless digits.

    >>> plain(12.5), plain(200.0), plain(1e6)
    ('12.5', '200', '1000000')
    """
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _orders(
    kind: MethodKind, method: MethodSettings, frequencies_hz: tuple[float, ...], number: int
) -> Iterator[Order]:
    electrodes: tuple[int | None, ...] = method.electrodes or (None,)
    frequencies: tuple[float | None, ...] = frequencies_hz if kind == "swv" else (None,)
    for electrode in electrodes:
        for frequency_hz in frequencies:
            yield Order(kind, method, number, frequency_hz, electrode)
