"""Plays an instrument: writes the scans of a simulated sensor as files into a folder.

With `agent.simulator_service` the only module that reaches the simulation, and with it numpy.
"""

import logging
import re
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from sacmes_core.errors import ConfigError
from sacmes_core.simulate.acquisition import CurrentRange
from sacmes_core.simulate.backgrounds import Background
from sacmes_core.simulate.drift import Drift
from sacmes_core.simulate.isotherm import Addition
from sacmes_core.simulate.noise import Noise
from sacmes_core.simulate.potentiostat import Potentiostat, Run
from sacmes_core.simulate.sensor import Sensor
from sacmes_core.simulate.writers.kinds import write_files

logger = logging.getLogger(__name__)

PIECE_BYTES: Final = 4096
PIECE_PAUSE_S: Final = 0.02

_ADDITION: Final = re.compile(r"(\d{1,7})=(\d+(?:\.\d*)?) ?([pnuµm]?)M")
_PER_MOLAR: Final = {"p": 1e12, "n": 1e9, "u": 1e6, "µ": 1e6, "m": 1e3, "": 1.0}
_HANDLES: Final = {"swv": "SWV_", "cv": "CV_", "ca": "CA_"}


@dataclass(frozen=True, slots=True)
class Conditions:
    """What makes a measurement hard.

    Attributes
    ----------
    noise_a, mains_a
        Standard deviation of the white noise, and amplitude of the mains of 50 Hz.
    background
        Charging and oxygen currents of a square wave, in units of their usual size.
    loss_per_scan
        Share of the signal that is lost with each scan.
    range_a
        Full scale of the current range; None for no limit.
    """

    noise_a: float = 2e-9
    mains_a: float = 0.0
    background: float = 1.0
    loss_per_scan: float = 2e-4
    range_a: float | None = None


@dataclass(frozen=True, slots=True)
class Simulation:
    """What the instrument measures, and how fast.

    Attributes
    ----------
    handle
        Start of the file names; None for ``SWV_``, ``CV_`` or ``CA_``.
    frequencies_hz
        Of square waves; other techniques have none.
    scans
        Scans at each frequency.
    interval_s
        From the beginning of one scan to the beginning of the next.
    additions
        Of target; empty for one half-way.
    kind
        Of the files, a name of `sacmes_core.simulate.writers.kinds.KINDS`.
    """

    folder: Path
    handle: str | None = None
    frequencies_hz: tuple[float, ...] = (15.0, 200.0)
    electrodes: int = 2
    scans: int = 300
    interval_s: float = 1.0
    seed: int = 1
    additions: tuple[Addition, ...] = (Addition(150),)
    technique: Literal["swv", "cv", "ca"] = "swv"
    kind: str = "chi"
    conditions: Conditions = field(default_factory=Conditions)


def additions_of(texts: Sequence[str], event_at: int | None, scans: int) -> tuple[Addition, ...]:
    """The additions of a command line: those that it names, or one at a scan, by default half-way.

    Raises
    ------
    ConfigError
        If it names both, or an addition cannot be read.
    """
    if texts and event_at is not None:
        raise ConfigError("Give either --event-at or --add, which says when by itself.")
    if texts:
        return tuple(map(parse_addition, texts))
    return (Addition(event_at or max(1, scans // 2)),)


def parse_addition(text: str) -> Addition:
    """An addition as the command line names it: number of the scan = concentration.

    >>> parse_addition("150=30uM")
    Addition(number=150, concentration_m=3e-05)

    Raises
    ------
    ConfigError
        If it is written otherwise.
    """
    match = _ADDITION.fullmatch(text.strip())
    if match is None or int(match[1]) < 1:
        raise ConfigError(
            f"--add {text}: give the number of a scan and a concentration, such as 150=30uM."
        )
    return Addition(int(match[1]), float(match[2]) / _PER_MOLAR[match[3]])


def planned(simulation: Simulation) -> Iterator[list[tuple[str, bytes]]]:
    """The scans in the order they are measured, each as its files by name.

    Every frequency of a number comes in turn.

    Raises
    ------
    ConfigError
        If there is no such kind of file, or it cannot hold the technique.
    """
    potentiostat = Potentiostat(_run(simulation))
    handle = simulation.handle or _HANDLES[simulation.technique]
    for number in range(1, simulation.scans + 1):
        if simulation.technique != "swv":
            measure = potentiostat.cycle if simulation.technique == "cv" else potentiostat.step
            yield write_files(measure(number), simulation.kind, f"{handle}{number}")
            continue
        for frequency_hz in simulation.frequencies_hz:
            name = f"{handle}{frequency_hz:g}Hz_{number}"
            yield write_files(potentiostat.scan(number, frequency_hz), simulation.kind, name)


def write_scans(simulation: Simulation, stop: threading.Event) -> int:
    """Write the files one after the other until all are there or `stop` is set; how many.

    Raises
    ------
    ConfigError
        If the folder cannot be written, or the files cannot be of this kind.
    """
    written = 0
    due = time.monotonic()
    try:
        simulation.folder.mkdir(parents=True, exist_ok=True)
        for files in planned(simulation):
            if stop.wait(max(0.0, due - time.monotonic())):
                break
            due = max(due + simulation.interval_s, time.monotonic() - simulation.interval_s)
            for name, content in files:
                write_like_an_instrument(simulation.folder / name, content, stop)
                logger.info("%s", name)
                written += 1
    except OSError as error:
        raise ConfigError(f"{simulation.folder} cannot be written: {error.strerror}.") from None
    return written


def write_like_an_instrument(path: Path, content: bytes, stop: threading.Event) -> None:
    """Write to the final name at once, in pieces, so that a reader in a hurry sees half a file."""
    with path.open("wb") as file:
        for start in range(0, len(content), PIECE_BYTES):
            file.write(content[start : start + PIECE_BYTES])
            file.flush()
            stop.wait(PIECE_PAUSE_S)


def sensor_of(conditions: Conditions) -> Sensor:
    """The sensor that is measured under these conditions."""
    usual = Background()
    return Sensor(
        drift=Drift(loss_per_scan=conditions.loss_per_scan),
        background=Background(
            offset_a=usual.offset_a * conditions.background,
            slope_a_v=usual.slope_a_v * conditions.background,
            tail_a=usual.tail_a * conditions.background,
        ),
        noise=Noise(white_a=conditions.noise_a, mains_a=conditions.mains_a),
    )


def _run(simulation: Simulation) -> Run:
    kinds = len(simulation.frequencies_hz) if simulation.technique == "swv" else 1
    limit = simulation.conditions.range_a
    return Run(
        electrodes=tuple(range(1, simulation.electrodes + 1)),
        additions=simulation.additions,
        seconds_per_scan=simulation.interval_s * kinds,
        start=datetime.now().replace(microsecond=0),
        seed=simulation.seed,
        sensor=sensor_of(simulation.conditions),
        current_range=None if limit is None else CurrentRange(limit),
    )
