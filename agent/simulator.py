"""Plays an instrument: writes square-wave scans as CH Instruments text files into a folder.

The only module of the agent that reaches the simulation, and with it numpy.
"""

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sacmes_core.errors import ConfigError
from sacmes_core.simulate.isotherm import Addition
from sacmes_core.simulate.potentiostat import Potentiostat, Run, file_name

logger = logging.getLogger(__name__)

PIECE_BYTES: Final = 4096
PIECE_PAUSE_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class Simulation:
    """What the instrument measures, and how fast.

    Attributes
    ----------
    scans
        Scans at each frequency.
    interval_s
        From the beginning of one file to the beginning of the next.
    event_at
        Scan number at which the target binds.
    """

    folder: Path
    handle: str = "SWV_"
    frequencies_hz: tuple[float, ...] = (15.0, 200.0)
    electrodes: int = 2
    scans: int = 300
    interval_s: float = 1.0
    seed: int = 1
    event_at: int = 150


def planned(simulation: Simulation) -> Iterator[tuple[str, bytes]]:
    """The files in the order they are measured, by name: every frequency of a number in turn."""
    frequencies = simulation.frequencies_hz
    run = Run(
        electrodes=tuple(range(1, simulation.electrodes + 1)),
        additions=(Addition(simulation.event_at),),
        seconds_per_scan=simulation.interval_s * len(frequencies),
        start=datetime.now().replace(microsecond=0),
        seed=simulation.seed,
    )
    potentiostat = Potentiostat(run)
    for number in range(1, simulation.scans + 1):
        for frequency_hz in frequencies:
            name = file_name(number, frequency_hz, handle=simulation.handle)
            yield name, potentiostat.file(number, frequency_hz)


def write_scans(simulation: Simulation, stop: threading.Event) -> int:
    """Write the files one after the other until all are there or `stop` is set; how many.

    Raises
    ------
    ConfigError
        If the folder cannot be written.
    """
    written = 0
    due = time.monotonic()
    try:
        simulation.folder.mkdir(parents=True, exist_ok=True)
        for name, content in planned(simulation):
            if stop.wait(max(0.0, due - time.monotonic())):
                break
            due = max(due + simulation.interval_s, time.monotonic() - simulation.interval_s)
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
