"""A scan as the commands of a Rodeostat: milliseconds, volts, and ranges by their names."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sacmes_core.instruments.orders import Order

PERIOD_TOLERANCE: Final = 0.01
"""By how much of itself a period may differ from whole milliseconds, which it is rounded to."""
SAMPLE_WINDOW: Final = 0.2
"""Last part of each pulse of a square wave in which the current is averaged."""

_MICRO: Final = ("1uA", "10uA", "100uA", "1000uA")
_RANGES: Final = {
    "nanoAmp": ("60nA", "100nA", "1uA", "10uA"),
    "microAmp": _MICRO,
    "10MilliAmp": ("10uA", "100uA", "1000uA", "10000uA"),
    "24MilliAmp": ("100uA", "1000uA", "12000uA", "24000uA"),
    "milliAmp": ("100uA", "1000uA", "12000uA", "24000uA"),
}


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes
    ----------
    required
        Whether it must succeed; older boards do not know them all.
    otherwise
        What is sent where it does not.
    """

    name: str
    arguments: Mapping[str, Any]
    required: bool = True
    otherwise: "Command | None" = None

    @property
    def line(self) -> bytes:
        """The command as it is sent."""
        message = {"command": self.name, **self.arguments}
        return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"


STOP: Final = Command("stopTest", {}, required=False)
REST: Final = (
    STOP,
    # Boards before 0.2 have no switch: nothing is nearer to off than no potential.
    Command(
        "setAllElectConnected",
        {"connected": False},
        required=False,
        otherwise=Command("setVolt", {"v": 0.0}, required=False),
    ),
)
"""Switches the cell off."""
IDENTIFY: Final = (
    Command("getVersion", {}),
    Command("getVariant", {}, required=False),
)


def ranges_of(variant: str) -> dict[str, float]:
    """The current ranges of a board by their names, in A; of an unknown one the usual."""
    names = next((names for key, names in _RANGES.items() if key in variant), _MICRO)
    return {name: _amperes(name) for name in names}


def commands_of(order: Order, variant: str) -> tuple[Command, ...]:
    """The commands that measure one scan, the last of which starts it."""
    return tuple(_commands(order, variant))


def refusal(orders: Sequence[Order], variant: str) -> str | None:
    """Why a Rodeostat cannot measure these; None if it can."""
    for order in orders:
        if order.method.conditioning_s > 0:
            return (
                "The Rodeostat has no conditioning; set its time to 0 and use the quiet time, "
                "which holds the first potential."
            )
        if order.method.current_range_a > max(ranges_of(variant).values()):
            return (
                f"The Rodeostat's largest range is {max(ranges_of(variant).values()):g} A; choose "
                "a smaller current range."
            )
        period_ms = 1e3 * _period_s(order)
        whole = max(1, round(period_ms))
        if abs(whole - period_ms) > PERIOD_TOLERANCE * period_ms:
            return _of_whole_milliseconds(order, period_ms)
    return None


def _of_whole_milliseconds(order: Order, period_ms: float) -> str:
    low, high = max(1, int(period_ms)), max(1, int(period_ms) + 1)
    if order.frequency_hz is not None:
        return (
            f"The Rodeostat counts whole milliseconds, so that {order.frequency_hz:g} Hz cannot be "
            f"measured; choose {1e3 / high:.6g} or {1e3 / low:.6g} Hz."
        )
    return (
        f"The Rodeostat takes a sample every whole millisecond, and not every {period_ms:g} ms; "
        f"choose step and rate, or the sample interval, so that it is {low} or {high} ms."
    )


def _commands(order: Order, variant: str) -> Iterator[Command]:
    yield Command("setElectAutoConnect", {"autoConnect": True}, required=False)
    if order.electrode is None:
        # It stays as the run before has left it; boards without one do not know it.
        yield Command("setMuxEnabled", {"muxEnabled": False}, required=False)
    else:
        yield Command("setMuxEnabled", {"muxEnabled": True})
        yield Command("setEnabledMuxChannels", {"muxChannel": [order.electrode]})
    ranges = ranges_of(variant)
    fitting = min(
        (name for name in ranges if ranges[name] >= 0.999 * order.method.current_range_a),
        key=ranges.__getitem__,
    )
    yield Command("setCurrRange", {"currRange": fitting})
    yield Command("setSamplePeriod", {"samplePeriod": max(1, round(1e3 * _period_s(order)))})
    test, parameters = _test(order)
    yield Command("setParam", {"test": test, "param": parameters})
    yield Command("runTest", {"test": test})


def _period_s(order: Order) -> float:
    """From one sample to the next: a square wave gives one a period."""
    return 1 / (order.frequency_hz or 1.0) if order.kind == "swv" else 1 / order.samples_per_s


def _test(order: Order) -> tuple[str, dict[str, Any]]:
    method = order.method
    quiet = {"quietValue": order.start_v, "quietTime": round(1e3 * method.quiet_s)}
    if order.kind == "swv":
        wave = method.swv
        return "squareWave", quiet | {
            "amplitude": wave.amplitude_v,
            "startValue": wave.start_v,
            "finalValue": wave.end_v,
            "stepValue": wave.step_v,
            "window": SAMPLE_WINDOW,
        }
    if order.kind == "cv":
        return "cyclic", quiet | _triangle(order)
    steps = [[round(1e3 * method.ca.duration_s), volts] for volts in method.ca.potentials_v]
    return ("chronoamp" if len(steps) == 2 else "multiStep"), quiet | {"step": steps}


def _triangle(order: Order) -> dict[str, Any]:
    """A triangle by its middle and height; its phase is 0 at the lowest potential, rising."""
    cycle = order.method.cv
    low, high = order.window_v
    rising = cycle.vertex_1_v > cycle.start_v
    share = (cycle.start_v - low) / (2 * (high - low))
    return {
        "amplitude": round((high - low) / 2, 6),
        "offset": round((high + low) / 2, 6),
        "period": round(1e3 * 2 * (high - low) / cycle.scan_rate_v_s),
        "numCycles": cycle.cycles,
        "shift": round(share if rising else (1 - share) % 1, 6),
    }


def _amperes(name: str) -> float:
    number, unit = name[:-2], name[-2:]
    return int(number) / {"nA": 1e9, "uA": 1e6}[unit]
