"""Where the demo's scans come from: a simulated instrument on a line, or one that writes files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from sacmes_core.settings.parts import Technique

Instrument = Literal["methodscript", "rodeostat"]

SCANS: Final = 600
EVENT_AT: Final = 60
"""Two minutes in: late enough for a baseline, soon enough for whoever watches."""
MAP_EVENT_AT: Final = 5
_SPEED: Final = 20
"""A square wave of 15 Hz would take half of the interval by itself."""
_METHOD: Final = (
    "--from", "-0.1", "--to", "-0.5", "--step", "2mV", "--frequency", "15", "--frequency", "200",
    "--interval", "2s", "--repeats", str(SCANS),
)  # fmt: skip
_MAP_HZ: Final = (5, 10, 20, 40, 60, 100, 150, 200, 300, 500, 750, 1000)
_SCANNED: Final[dict[Technique, tuple[str, ...]]] = {
    "swv": (),
    "cv": ("--technique", "cv", "--interval", "3"),
    "ca": ("--technique", "ca", "--interval", "3"),
    "frequency_map": tuple(
        word for frequency_hz in _MAP_HZ for word in ("--frequency", str(frequency_hz))
    ),
}
"""What the simulated potentiostat is told for each technique."""


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A folder of files, the person's own or simulated ones."""

    files: Path
    simulated: bool
    technique: Technique = "swv"

    @property
    def label(self) -> tuple[str, str]:
        """What the demo calls it, and where it is."""
        plot = f", a new file every second or so; the target binds at scan {self.event_at}"
        return "files", f"{self.files}" + (plot if self.simulated else "")

    @property
    def event_at(self) -> int:
        """The scan at which the target binds; a whole sweep of a map is one."""
        return MAP_EVENT_AT if self.technique == "frequency_map" else EVENT_AT

    @property
    def simulator(self) -> tuple[str, ...] | None:
        """Arguments of the command that plays the instrument; None for the person's own files."""
        if not self.simulated:
            return None
        plan = ("--scans", str(SCANS), "--event-at", str(self.event_at), *_SCANNED[self.technique])
        return "simulate", str(self.files), *plan

    @property
    def agent(self) -> tuple[str, ...]:
        """Arguments of the agent."""
        return "watch", str(self.files), "--start", self.technique


@dataclass(frozen=True, slots=True)
class LineSource:
    """A simulated instrument on a TCP port, measured on by the agent itself."""

    instrument: Instrument
    port: int

    @property
    def label(self) -> tuple[str, str]:
        """What the demo calls it, and where it is."""
        where = f"socket://127.0.0.1:{self.port}, {self.instrument}, {_SPEED} times as fast"
        return "instrument", f"{where}; the target binds at scan {EVENT_AT}"

    @property
    def simulator(self) -> tuple[str, ...]:
        """Arguments of the command that plays the instrument."""
        plan = ("--scans", str(SCANS), "--event-at", str(EVENT_AT), "--speed", str(_SPEED))
        return "simulate", "--instrument", self.instrument, "--tcp", f"127.0.0.1:{self.port}", *plan

    @property
    def agent(self) -> tuple[str, ...]:
        """Arguments of the agent."""
        port = f"socket://127.0.0.1:{self.port}"
        told = ("--instrument", self.instrument, "--allow-remote")
        return "serial", port, *told, "--start", "swv", *_METHOD


Source = FolderSource | LineSource
