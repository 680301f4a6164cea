"""Instruments that print lines of potential and current: in the manner of KickStat and ACEstat."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from sacmes_core.simulate.acquisition import CurrentRange, digitised
from sacmes_core.simulate.instruments.cell import Cell, SweepPath
from sacmes_core.simulate.instruments.faults import FaultPlan
from sacmes_core.simulate.instruments.instrument import Instrument, Say, Steps, Wait, transmitted
from sacmes_core.simulate.square_wave import FloatArray, SquareWave

CURRENT_RANGE: Final = CurrentRange(20e-6)
KICKSTAT_WAVE: Final = SquareWave(0.0, -0.5, 0.002, 0.025)
KICKSTAT_HZ: Final = 60.0

BOOT_S: Final = 1.0
"""From the reset to the first words; what comes meanwhile is not heard."""

_READY: Final = b"Ready!\r\n"
_MICROAMPERE: Final = 1e6
_POINTS_MAX: Final = 20_000
_ANSWER_MAX: Final = 16


@dataclass(frozen=True, slots=True)
class _Measured:
    """Potentials and currents, shape (K,), and the time from one point to the next."""

    potential_v: FloatArray
    current_a: FloatArray
    interval_s: float


class LineInstrument(Instrument):
    """What both have in common: one electrode, one current, no command to stop.

    The cell is on while they measure. Opening their port resets them.
    """

    def __init__(self, cell: Cell, plan: FaultPlan | None = None) -> None:
        super().__init__(cell, plan)
        self._scans = 0
        self._measuring = False
        self._potential_v = 0.0

    @property
    def cell_is_on(self) -> bool:
        """Whether it measures."""
        return self._measuring

    @property
    def potential_v(self) -> float:
        """The potential of the last point."""
        return self._potential_v

    @property
    def scans(self) -> int:
        """Scans that were begun."""
        return self._scans

    def _points(self, measured: _Measured, written: Callable[[float, float], str]) -> Steps:
        """Each point's line at its time; an error hangs the instrument with the cell on."""
        points = len(measured.potential_v)
        self._scans += 1
        self._measuring = True
        faults = self._plan.of_scan(self._scans, points)
        currents, _ = digitised(measured.current_a, CURRENT_RANGE)
        for k in range(points):
            yield Wait(measured.interval_s)
            self._potential_v = float(measured.potential_v[k])
            current_a = float(currents[k])
            kinds = {fault.kind for fault in faults.at(k)}
            while "error" in kinds:
                yield Wait(math.inf)
            if "overload" in kinds:
                current_a = math.copysign(CURRENT_RANGE.full_scale_a, current_a)
            if "nan" in kinds:
                current_a = math.nan
            line = written(self._potential_v, current_a * _MICROAMPERE) + "\r\n"
            yield from transmitted(line.encode("ascii"), faults.at(k))
        self._measuring = False


class KickStat(LineInstrument):
    """Runs the square wave that is compiled in when any character comes."""

    def opened(self, now_s: float) -> None:
        """Begin anew."""
        self._measuring = False
        self._start(self._boot(), now_s)

    def _received(self, data: bytes, now_s: float) -> None:
        if data and not self.is_running:
            self._start(self._scan(), now_s)

    def _boot(self) -> Steps:
        yield Wait(BOOT_S)
        yield Say(_READY)

    def _scan(self) -> Steps:
        wave = KICKSTAT_WAVE
        forward, reverse = self._cell.square_wave(1, wave, KICKSTAT_HZ)
        measured = _Measured(wave.potentials_v, forward - reverse, 1 / KICKSTAT_HZ)
        yield Say(b"Voltage,Current\r\n")
        yield from self._points(measured, lambda v, ua: f"{v:.3f},{ua:.4f}")
        peak = int(np.abs(measured.current_a).argmax())
        height_ua = measured.current_a[peak] * _MICROAMPERE
        yield Say(f"Ep: {wave.potentials_v[peak]:.3f}\r\nIp: {height_ua:.4f}\r\n".encode("ascii"))
        yield Say(_READY)


_MENU: Final = {"S": "SWV", "C": "CV"}
_QUESTIONS: Final = {
    "SWV": ("SVI", "SVF", "SVS", "SVA", "SVQ"),
    "CV": ("CVI", "CVV", "CVS", "CVR"),
}
"""What is asked for each technique: initial and final potential (or vertex), step, amplitude in mV,
frequency in Hz, scan rate in mV/s."""


class AceStat(LineInstrument):
    """Asks for the technique and its numbers one by one, then measures.

    A prompt has no line's end. A number may have zeros before it, and ends with a line.
    """

    def __init__(self, cell: Cell, plan: FaultPlan | None = None) -> None:
        super().__init__(cell, plan)
        self._typed = bytearray()
        self._technique: str | None = None
        self._numbers: list[int] = []

    def opened(self, now_s: float) -> None:
        """Begin anew."""
        self._measuring = False
        self._forget()
        self._start(self._boot(), now_s)

    def _boot(self) -> Steps:
        yield Wait(BOOT_S)
        yield Say(self._prompt())

    def _received(self, data: bytes, now_s: float) -> None:
        for byte in data:
            if self.is_running:
                return
            if byte not in b"\r\n":
                if len(self._typed) < _ANSWER_MAX:
                    self._typed.append(byte)
                continue
            answer, self._typed = self._typed.decode("latin-1").strip(), bytearray()
            if answer:
                self._take_answer(answer, now_s)

    def _take_answer(self, answer: str, now_s: float) -> None:
        if self._technique is None and answer in _MENU:
            self._technique = _MENU[answer]
        elif self._technique is not None and re.fullmatch(r"[+-]?[0-9]{1,6}", answer):
            self._numbers.append(int(answer))
        else:
            self._say(b"[ERROR:INPUT]\r\n")
        if self._technique and len(self._numbers) == len(_QUESTIONS[self._technique]):
            technique, numbers = self._technique, self._numbers
            self._forget()
            self._begin(technique, numbers, now_s)
        else:
            self._say(self._prompt())

    def _prompt(self) -> bytes:
        asked = (
            "MENU" if self._technique is None else _QUESTIONS[self._technique][len(self._numbers)]
        )
        return f"[:{asked}]".encode("ascii")

    def _forget(self) -> None:
        self._technique, self._numbers = None, []

    def _begin(self, technique: str, numbers: list[int], now_s: float) -> None:
        measured = self._square_wave(numbers) if technique == "SWV" else self._cycle(numbers)
        if measured is None:
            self._say(b"[ERROR:RANGE]\r\n" + self._prompt())
            return
        self._start(self._results(technique, numbers[:2], measured), now_s)

    def _results(self, technique: str, ends_mv: list[int], measured: _Measured) -> Steps:
        first, last = ends_mv
        head = f"[START:{technique}][RANGE:{first},{last}][RGAIN:10000][RESULTS:\n"
        yield Say(head.encode("ascii"))
        yield from self._points(measured, lambda v, ua: f"{v * 1e3:.4f},{ua:.4f}")
        yield Say(f"][END:{technique}]\r\n".encode("ascii") + self._prompt())

    def _square_wave(self, numbers: list[int]) -> _Measured | None:
        initial, final, step, amplitude, frequency = numbers
        if not _possible(initial, final, step) or amplitude < 0 or not 0 < frequency <= 1000:
            return None
        wave = SquareWave(initial / 1e3, final / 1e3, step / 1e3, amplitude / 1e3)
        forward, reverse = self._cell.square_wave(1, wave, float(frequency))
        return _Measured(wave.potentials_v, forward - reverse, 1 / frequency)

    def _cycle(self, numbers: list[int]) -> _Measured | None:
        initial, vertex, step, rate = numbers
        if not _possible(initial, vertex, step) or not 0 < rate <= 10_000:
            return None
        path_v = (initial / 1e3, vertex / 1e3, initial / 1e3)
        path = SweepPath.along(path_v, step / 1e3, rate / 1e3)
        return _Measured(path.potentials_v(), self._cell.sweep(1, path)[0], step / rate)


def _possible(initial_mv: int, final_mv: int, step_mv: int) -> bool:
    """Whether there are steps between the ends, and none of them beyond 2 V."""
    span_mv = abs(final_mv - initial_mv)
    return max(abs(initial_mv), abs(final_mv)) <= 2000 and 1 <= step_mv <= span_mv <= _POINTS_MAX
