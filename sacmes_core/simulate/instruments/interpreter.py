"""MethodSCRIPT: what an instrument does with a script, and what it says meanwhile."""

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from sacmes_core.simulate.instruments.cell import Cell
from sacmes_core.simulate.instruments.faults import Fault, FaultPlan
from sacmes_core.simulate.instruments.instrument import Say, Step, Steps, Wait, transmitted
from sacmes_core.simulate.instruments.measuring import (
    BAD_VALUE,
    Acquisition,
    acquire,
    swept_window,
)
from sacmes_core.simulate.instruments.ranges import (
    HIGH_SPEED,
    LOW_SPEED,
    Converter,
    smallest_range,
)
from sacmes_core.simulate.instruments.script import Argument, Number, Script, ScriptError, Statement
from sacmes_core.simulate.writers.methodscript import encoded

INVALID_POTENTIAL: Final = 0x000F
OVERFLOW: Final = 0x000E
CRITICAL_OVERLOAD: Final = 0x0032
NEEDS_CELL_ON: Final = 0x4027

_TYPED: Final = {"set_range": 2, "set_range_minmax": 3, "set_autoranging": 3}
"""Commands with a type before their values, and how many arguments they then have."""
_MULTIPLEXER_PINS: Final = 0x0F
"""Pins of a MUX16 that switch the working electrode, counted from 0."""
_ITERATION_S: Final = 1e-4
_ZERO: Final = 0x8000000
_LARGEST: Final = 1e24
_HIGH_SPEED_MODE: Final = 3
_WINDOWS: Final = {2: (-1.25, 2.0, 2.2), 3: (-1.7, 2.0, 1.214)}
"""Lowest and highest potential, and the width of what one setting spans, by mode."""
_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_COMPUTE: Final[Mapping[str, Callable[[float, float], float]]] = {
    "add_var": operator.add, "sub_var": operator.sub, "mul_var": operator.mul,
    "div_var": operator.truediv,
}  # fmt: skip


class AbortError(Exception):
    """The host has sent ``Z``."""


class EndLoopError(Exception):
    """The host has sent ``Y``."""


class _BreakLoopError(Exception):
    """The script leaves a loop."""


@dataclass(frozen=True, slots=True)
class Value:
    """What a variable holds: its type, and what goes with a measured current."""

    type: str = "aa"
    value: float = 0.0
    integer: bool = False
    metadata: str = ""

    def text(self) -> str:
        """As in a data package."""
        if not self.integer:
            return f"{self.type}{encoded(self.value)}{self.metadata}"
        if abs(self.value) >= _ZERO:
            raise ScriptError(OVERFLOW)
        return f"{self.type}{_ZERO + int(self.value):07X}i{self.metadata}"


@dataclass(slots=True)
class Settings:
    """How the instrument is set; it stays so from one script to the next."""

    cell_is_on: bool = False
    potential_v: float = 0.0
    mode: int = 2
    window_v: tuple[float, float] | None = None
    range_a: float = 0.0
    autoranging_a: tuple[float, float] | None = None
    channel: int = 0
    electrode: int = 1
    measuring: bool = False

    def converter(self) -> Converter:
        """The converter in the range that is set, with those that it may change to."""
        ranges = HIGH_SPEED if self.mode == _HIGH_SPEED_MODE else LOW_SPEED
        chosen = smallest_range(ranges, self.range_a) if self.range_a else ranges[-1]
        if self.autoranging_a is None:
            return Converter((chosen,), chosen)
        low, high = (
            smallest_range(ranges, current) for current in sorted(map(abs, self.autoranging_a))
        )
        allowed = ranges[ranges.index(low) : ranges.index(high) + 1]
        return Converter(allowed, chosen if chosen in allowed else allowed[-1])

    def set_ranges(self, command: str, values: Sequence[float]) -> None:
        """Set what a command says of ranges; of others, such as the bandwidth, nothing is seen."""
        match command, values:
            case (("set_cr" | "set_range ba"), [current_a]):
                self.range_a = current_a
            case (("set_autoranging" | "set_autoranging ba"), [low_a, high_a]):
                self.autoranging_a = low_a, high_a
            case (("set_range_minmax da" | "set_pot_range"), [low_v, high_v]):
                self.window_v = low_v, high_v

    def expect_potentials(self, lowest_v: float, highest_v: float) -> None:
        """Refuse what the mode cannot apply."""
        low_v, high_v, width_v = _WINDOWS.get(self.mode, _WINDOWS[2])
        spanned = (lowest_v, highest_v, *(self.window_v or ()))
        fits = low_v <= lowest_v and highest_v <= high_v
        if not fits or max(spanned) - min(spanned) > width_v + 1e-9:
            raise ScriptError(INVALID_POTENTIAL)


@dataclass(slots=True)
class ScanCounter:
    """How many scans the instrument has begun; a conditioning without packages is none."""

    begun: int = 0


@dataclass(slots=True)
class Run:
    """One run of a script."""

    cell: Cell
    settings: Settings
    plan: FaultPlan
    scans: ScanCounter
    _variables: dict[str, Value] = field(default_factory=dict)
    _package: list[str] = field(default_factory=list)
    _faults: tuple[Fault, ...] = ()
    _time_s: float = 0.0
    _started_s: float = 0.0

    def run(self, script: Script) -> Steps:
        """What happens; `AbortError` thrown in goes on with the end of the script."""
        try:
            with suppress(AbortError):
                yield from self._block(script.main)
            yield from self._block(script.finish)
        except AbortError:
            pass
        except ScriptError as error:
            # Nothing of the script's end is done: the cell stays as it is.
            yield Say(f"{error}\n".encode("ascii"))
            return
        yield Say(b"\n")

    def _block(self, statements: Sequence[Statement]) -> Steps:
        for statement in statements:
            try:
                if statement.command.startswith("meas_loop"):
                    yield from self._measure(statement)
                elif statement.command == "loop":
                    yield from self._loop(statement)
                else:
                    yield from self._simple(statement)
            except ScriptError as error:
                raise ScriptError(error.code, error.line or statement.line) from None

    def _loop(self, statement: Statement) -> Steps:
        left, comparison, right = statement.arguments
        yield Say(b"L\n")
        try:
            while _COMPARE[str(comparison)](self._value(left), self._value(right)):
                yield self._wait(_ITERATION_S)
                yield from self._block(statement.body)
        except _BreakLoopError:
            pass
        except AbortError:
            yield Say(b"+\n")
            raise
        yield Say(b"+\n")

    def _measure(self, statement: Statement) -> Steps:
        settings = self.settings
        if not settings.cell_is_on:
            raise ScriptError(NEEDS_CELL_ON)
        names = [argument for argument in statement.arguments if isinstance(argument, str)]
        count = 4 if statement.command == "meas_loop_swv" else 2
        values = [self._value(argument) for argument in statement.arguments[count:]]
        cycles = min(statement.options.get("nscans", 1), 1_000)
        settings.expect_potentials(*swept_window(statement.command, values))
        site = (self.cell, settings.electrode)
        found = acquire(statement.command, values, max(1, cycles), site, settings.potential_v)
        yield Say(f"M{found.technique:04X}\n".encode("ascii"))
        settings.measuring = True
        try:
            yield from self._points(statement, found, names[:count])
        except (_BreakLoopError, EndLoopError):
            pass
        except AbortError:
            yield Say(b"*\n")
            raise
        finally:
            settings.measuring = False
            self._faults = ()
        yield Say(b"*\n")

    def _points(self, statement: Statement, found: Acquisition, names: Sequence[str]) -> Steps:
        points = len(found.potential_v)
        converter = self.settings.converter()
        converter.adapt(*found.current_a[:, 0])
        several = len(found.scans) > 1
        reports = any(inner.command == "pck_end" for inner in _all(statement.body))
        self.scans.begun += reports
        faults = self.plan.of_scan(self.scans.begun, points)
        for k in range(points):
            if several and k in found.scans:
                yield Say(f"C{found.scans.index(k):04X}\n".encode("ascii"))
            yield self._wait(found.interval_s)
            self.settings.potential_v = float(found.potential_v[k])
            self._faults = faults.at(k) if reports else ()
            kinds = {fault.kind for fault in self._faults}
            if "error" in kinds:
                raise ScriptError(CRITICAL_OVERLOAD)
            currents = [float(current) for current in found.current_a[:, k]]
            if "overload" in kinds:
                currents = [
                    math.copysign(2 * converter.allowed[-1].full_scale_a, c) for c in currents
                ]
            self._variables |= _readings(names, found.potential_v[k], converter, currents)
            if "nan" in kinds:
                self._variables |= {
                    name: replace(self._variables[name], value=math.nan) for name in names[1:]
                }
            yield from self._block(statement.body)
            if several and k + 1 in (*found.scans[1:], points):
                yield Say(b"-\n")

    def _simple(self, statement: Statement) -> Iterator[Step]:
        arguments = statement.arguments
        match statement.command:
            case "var":
                self._variables[str(arguments[0])] = Value()
            case "store_var" | "copy_var" | "add_var" | "sub_var" | "mul_var" | "div_var":
                self._store(statement)
            case "wait":
                yield self._wait(max(0.0, self._value(arguments[0])))
            case "timer_start":
                self._started_s = self._time_s
            case "timer_get":
                self._variables[str(arguments[0])] = Value("eb", self._time_s - self._started_s)
            case "send_string":
                yield Say(f"T{arguments[0]}\n".encode("ascii"))
            case "pck_start":
                self._package = []
            case "pck_add":
                self._package.append(self._held(arguments[0]).text())
            case "pck_end":
                yield from transmitted(f"P{';'.join(self._package)}\n".encode(), self._faults)
            case "breakloop":
                raise _BreakLoopError
            case "abort":
                raise AbortError
            case "mux_get_channel_count":
                count = len(self.cell.electrodes)
                self._variables[str(arguments[0])] = Value("ja", count, integer=True)
            case command:
                self._set(command, arguments)

    def _store(self, statement: Statement) -> None:
        first, second, *rest = statement.arguments
        match statement.command:
            case "store_var":
                given = self._held(second)
                value = Value(str(rest[0]), given.value, given.integer)
                self._variables[str(first)] = value
            case "copy_var":
                self._variables[str(second)] = self._held(first)
            case command:
                before, other = self._held(first), self._held(second)
                if command == "div_var" and other.value == 0:
                    raise ScriptError(BAD_VALUE)
                number = _COMPUTE[command](before.value, other.value)
                if not abs(number) < _LARGEST:
                    raise ScriptError(OVERFLOW)
                number = math.trunc(number) if before.integer else number
                self._variables[str(first)] = Value(before.type, number, before.integer)

    def _set(self, command: str, arguments: Sequence[Argument]) -> None:
        if len(arguments) == _TYPED.get(command) and isinstance(arguments[0], str):
            command, arguments = f"{command} {arguments[0]}", arguments[1:]
        settings, values = self.settings, [self._value(argument) for argument in arguments]
        if any(math.isnan(value) for value in values):
            raise ScriptError(BAD_VALUE)
        match command:
            case "cell_on" | "cell_off":
                settings.cell_is_on = command == "cell_on"
            case "set_e":
                settings.expect_potentials(values[0], values[0])
                settings.potential_v = values[0]
            case "set_pgstat_chan":
                settings.channel = _whole(values[0])
            case "set_pgstat_mode" if settings.channel == 0:
                settings.mode = _whole(values[0])
            case "set_gpio":
                settings.electrode = 1 + (_whole(values[0]) & _MULTIPLEXER_PINS)
            case "mux_set_channel":
                settings.electrode = _whole(values[0])
            case _:
                settings.set_ranges(command, values)

    def _wait(self, seconds: float) -> Wait:
        self._time_s += seconds
        return Wait(seconds)

    def _held(self, argument: Argument) -> Value:
        if isinstance(argument, Number):
            return Value("ja", argument.value, argument.integer)
        return self._variables.get(argument, Value())

    def _value(self, argument: Argument) -> float:
        return self._held(argument).value


def _readings(
    names: Sequence[str], potential_v: float, converter: Converter, currents_a: Sequence[float]
) -> dict[str, Value]:
    """The variables of a point: potential and current, of pulses also the two it differs in."""
    number = converter.chosen.number
    digits, status = converter.read(*currents_a)
    converter.adapt(*currents_a)
    if len(digits) > 1:
        digits = (digits[0] - digits[1], *digits)
    metadata = f",1{status:X},2{number:02X}"
    values = [Value("da", float(potential_v))]
    values += [Value("ba", current_a, metadata=metadata) for current_a in digits]
    return dict(zip(names, values, strict=True))


def _whole(value: float) -> int:
    if not 0 <= value < _ZERO:
        raise ScriptError(BAD_VALUE)
    return int(value)


def _all(statements: Sequence[Statement]) -> Iterator[Statement]:
    for statement in statements:
        yield statement
        yield from _all(statement.body)
