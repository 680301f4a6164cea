"""The kinds of MethodSCRIPT instruments and what each can do."""

from dataclasses import dataclass
from typing import Final

from sacmes_core.instruments.limits import Limits
from sacmes_core.instruments.orders import Order

LOW_SPEED_SAMPLES_PER_S: Final = 50.0
"""Up to here the low speed mode of a Pico follows: its bandwidth ends at 100 Hz."""


@dataclass(frozen=True, slots=True)
class Mode:
    """A mode of the potentiostat: where it works and how fast.

    Attributes
    ----------
    span_v
        Largest difference between two potentials of one scan.
    """

    number: int
    min_v: float
    max_v: float
    span_v: float
    max_bandwidth_hz: float
    samples_per_s: float


@dataclass(frozen=True, slots=True)
class Device:
    """One kind of instrument; its modes, the preferred one first."""

    words: str
    modes: tuple[Mode, ...]
    smallest_range_a: float
    largest_range_a: float

    @property
    def limits(self) -> Limits:
        """The bounds of all modes together."""
        return Limits(
            min(mode.min_v for mode in self.modes),
            max(mode.max_v for mode in self.modes),
            self.largest_range_a,
        )

    def mode(self, order: Order) -> Mode | None:
        """The first mode that can measure a scan; None if there is none."""
        low, high = order.applied_v
        return next(
            (
                mode
                for mode in self.modes
                if mode.min_v <= low
                and high <= mode.max_v
                and high - low <= mode.span_v
                and order.samples_per_s <= mode.samples_per_s
            ),
            None,
        )

    def refusal(self, order: Order) -> str | None:
        """Why the instrument cannot measure a scan; None if it can."""
        if self.mode(order) is not None:
            return None
        low, high = order.applied_v
        modes = " or ".join(
            f"{mode.min_v:g} to {mode.max_v:g} V, {mode.span_v:g} V wide, at up to "
            f"{mode.samples_per_s:g} samples per second"
            for mode in self.modes
        )
        return (
            f"The {self.words} cannot measure {low:g} to {high:g} V at {order.samples_per_s:g} "
            f"samples per second; it can {modes}. Change the potentials or the frequency."
        )


_PICO: Final = Device(
    "EmStat Pico",
    (
        Mode(2, -1.25, 2.0, 2.2, 100.0, LOW_SPEED_SAMPLES_PER_S),
        Mode(3, -1.7, 2.0, 1.214, 200e3, 1e5),
    ),
    100e-9,
    5e-3,
)
_LOW_RANGE: Final = Device("EmStat4 LR", (Mode(3, -3.0, 3.0, 6.0, 500e3, 1e6),), 1e-9, 30e-3)
_HIGH_RANGE: Final = Device("EmStat4 HR", (Mode(3, -6.0, 6.0, 12.0, 500e3, 1e6),), 100e-9, 0.2)
_DEVICES: Final = {
    "espico": _PICO,
    "senswb": _PICO,
    "es4_lr": _LOW_RANGE,
    "es4_hr": _HIGH_RANGE,
    "mes4lr": _LOW_RANGE,
    "mes4hr": _HIGH_RANGE,
    "nexus1": _HIGH_RANGE,
}
BOOT_LOADER: Final = "espbl"


def device_of(firmware: str) -> Device:
    """The device of a firmware's answer, such as ``tespico1304#Oct 22 2021``.

    An unknown one is taken for the one with the narrowest limits.
    """
    name = firmware.removeprefix("t")
    return next((device for key, device in _DEVICES.items() if name.startswith(key)), _PICO)
