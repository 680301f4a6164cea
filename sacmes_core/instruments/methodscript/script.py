"""A scan as a MethodSCRIPT: integers with an SI prefix, one line a command, no blank line."""

from collections.abc import Iterator
from typing import Final, Literal

from sacmes_core.instruments.methodscript.devices import Device, Mode
from sacmes_core.instruments.orders import Order

Multiplexer = Literal["common", "separate"]
"""Whether the channels of a multiplexer share reference and counter electrode."""

CELL_OFF: Final = b"e\ncell_off\n\n"
"""Switches the cell off; the empty line ends the script."""

_PREFIXES: Final = (
    (6, "M"), (3, "k"), (0, ""), (-3, "m"), (-6, "u"), (-9, "n"), (-12, "p"), (-15, "f"),
)  # fmt: skip
_INTEGER_MAX: Final = 2**27
_BANDWIDTH_PER_SAMPLE: Final = 6.0
_PULSE_BANDWIDTH_PER_SAMPLE: Final = 20.0
_BANDWIDTH_MIN_HZ: Final = 40.0
_SETTLE_S: Final = 0.3


def number(value: float) -> str:
    """A value as MethodSCRIPT writes it: an integer with the largest prefix that loses nothing.

    >>> number(-0.5), number(12.5), number(0.0255), number(2e5), number(0.0)
    ('-500m', '12500m', '25500u', '200k', '0')
    """
    if value == 0:
        return "0"
    written = ""
    for exponent, prefix in _PREFIXES:
        scaled = value / 10.0**exponent if exponent >= 0 else value * 10.0**-exponent
        if abs(scaled) >= _INTEGER_MAX:
            break
        if abs(scaled) < 1e-6:
            continue
        written = f"{round(scaled)}{prefix}"
        if abs(scaled - round(scaled)) < 1e-7 * abs(scaled):
            break
    return written


def script(order: Order, device: Device, multiplexer: Multiplexer) -> bytes:
    """The script that measures one scan and switches the cell off after it."""
    mode = device.mode(order)
    assert mode is not None
    lines = [
        "e",
        *_variables(order),
        *_channel(order, multiplexer),
        *_potentiostat(order, device, mode),
    ]
    lines += [*_before(order), *_loops(order), "on_finished:", "cell_off"]
    return "\n".join([*lines, "", ""]).encode("ascii")


def _variables(order: Order) -> Iterator[str]:
    names = {"swv": "pcfr", "cv": "pc", "ca": "tpc"}[order.kind]
    yield from (f"var {name}" for name in names)
    if order.electrode is not None:
        yield "var e"
        yield f"store_var e {order.electrode}i ea"


def _channel(order: Order, multiplexer: Multiplexer) -> Iterator[str]:
    """Switch the multiplexer: bits 0 to 3 choose the working electrode, 4 to 7 the others."""
    if order.electrode is None:
        return
    index = order.electrode - 1
    address = index if multiplexer == "common" else index << 4 | index
    yield "set_gpio_cfg 0x3FFi 1i"
    yield f"set_gpio 0x{address:02X}i"
    yield f"wait {number(_SETTLE_S)}"


def _potentiostat(order: Order, device: Device, mode: Mode) -> Iterator[str]:
    low, high = order.applied_v
    method = order.method
    largest = method.current_range_a
    smallest = min(device.smallest_range_a, largest) if method.autorange else largest
    yield "set_pgstat_chan 0"
    yield f"set_pgstat_mode {mode.number}"
    yield f"set_max_bandwidth {number(_bandwidth_hz(order, mode))}"
    yield f"set_range_minmax da {number(low)} {number(high)}"
    # Firmware 1.6 takes no notice of the automatic range without the fixed one.
    yield f"set_range ba {number(largest)}"
    yield f"set_autoranging ba {number(smallest)} {number(largest)}"


def _bandwidth_hz(order: Order, mode: Mode) -> float:
    per_sample = _PULSE_BANDWIDTH_PER_SAMPLE if order.kind != "cv" else _BANDWIDTH_PER_SAMPLE
    wanted = max(_BANDWIDTH_MIN_HZ, per_sample * order.samples_per_s)
    return float(round(min(mode.max_bandwidth_hz, wanted)))


def _before(order: Order) -> Iterator[str]:
    """Conditioning and quiet time; the cell is switched on at the first of the potentials."""
    method = order.method
    if method.conditioning_s > 0:
        yield f"set_e {number(method.conditioning_v)}"
        yield "cell_on"
        yield f"wait {number(method.conditioning_s)}"
        yield f"set_e {number(order.start_v)}"
    else:
        yield f"set_e {number(order.start_v)}"
        yield "cell_on"
    if method.quiet_s > 0:
        yield f"wait {number(method.quiet_s)}"


def _loops(order: Order) -> Iterator[str]:
    if order.kind == "swv":
        wave = order.method.swv
        values = [
            wave.start_v,
            wave.end_v,
            wave.step_v,
            wave.amplitude_v,
            order.frequency_hz or 0.0,
        ]
        yield f"meas_loop_swv p c f r {' '.join(map(number, values))}"
        yield from _package(order, "pcfr")
    elif order.kind == "cv":
        cycle = order.method.cv
        ends = (cycle.start_v, cycle.vertex_1_v, cycle.vertex_2_v)
        values = [*ends, cycle.step_v, cycle.scan_rate_v_s]
        scans = f" nscans({cycle.cycles})" if cycle.cycles > 1 else ""
        yield f"meas_loop_cv p c {' '.join(map(number, values))}{scans}"
        yield from _package(order, "pc")
    else:
        steps = order.method.ca
        yield "timer_start"
        for potential_v in steps.potentials_v:
            values = [potential_v, steps.sample_interval_s, steps.duration_s]
            yield f"meas_loop_ca p c {' '.join(map(number, values))}"
            yield "timer_get t"
            yield from _package(order, "tpc")


def _package(order: Order, names: str) -> Iterator[str]:
    yield "pck_start"
    yield from (f"pck_add {name}" for name in ("e" if order.electrode else "") + names)
    yield "pck_end"
    yield "endloop"
