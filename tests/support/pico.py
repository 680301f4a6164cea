"""A simulated EmStat Pico in a test's hand, without a line and without real time."""

from collections.abc import Sequence

from sacmes_core.simulate.electrodes import Electrodes
from sacmes_core.simulate.instruments.cell import Cell
from sacmes_core.simulate.instruments.faults import FaultPlan, parse_fault
from sacmes_core.simulate.instruments.instrument import Effect, Instrument, Say
from sacmes_core.simulate.isotherm import Addition
from sacmes_core.simulate.noise import Noise
from sacmes_core.simulate.sensor import Sensor

LONG_S = 1e5
"""Longer than any script of the tests takes."""

QUIET = Sensor(noise=Noise(white_a=0.0))


def make_cell(
    electrodes: Sequence[int] = (1, 2),
    additions: Sequence[Addition] = (),
    sensor: Sensor = QUIET,
) -> Cell:
    return Cell(Electrodes(sensor, electrodes, additions, seed=1))


def fault_plan(*faults: str, seed: int = 0) -> FaultPlan:
    return FaultPlan(tuple(map(parse_fault, faults)), seed)


def said(effects: Sequence[Effect]) -> bytes:
    return b"".join(effect.data for effect in effects if isinstance(effect, Say))


class Host:
    """Sends to an instrument and reads all that it says until nothing more is due."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.now_s = 0.0

    def ask(self, text: str | bytes, seconds: float = LONG_S) -> bytes:
        data = text if isinstance(text, bytes) else text.encode("latin-1")
        self.instrument.receive(data, self.now_s)
        return self.listen(seconds)

    def listen(self, seconds: float) -> bytes:
        self.now_s += seconds
        heard = b""
        while effects := self.instrument.advance(self.now_s):
            heard += said(effects)
        return heard


def square_wave_script(
    *,
    ends: tuple[str, str] = ("0", "-500m"),
    frequency: str = "15",
    before: Sequence[str] = (),
    ranges: Sequence[str] = ("set_range ba 1u", "set_autoranging ba 100n 6u"),
    finish: Sequence[str] = ("on_finished:", "cell_off"),
) -> str:
    """A script as a host sends it, from the command to the empty line."""
    lines = [
        "e", "var p", "var c", "var f", "var r", "set_pgstat_chan 0", "set_pgstat_mode 3",
        "set_max_bandwidth 200", *ranges, f"set_e {ends[0]}", "cell_on", *before,
        f"meas_loop_swv p c f r {ends[0]} {ends[1]} 2m 25m {frequency}",
        "pck_start", "pck_add p", "pck_add c", "pck_add f", "pck_add r", "pck_end", "endloop",
        *finish, "", "",
    ]  # fmt: skip
    return "\n".join(lines)
