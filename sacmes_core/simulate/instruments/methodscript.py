"""An EmStat Pico: the commands of its serial line, and the scripts that it runs."""

from typing import Final

from sacmes_core.simulate.instruments.cell import Cell
from sacmes_core.simulate.instruments.faults import FaultPlan
from sacmes_core.simulate.instruments.instrument import Instrument
from sacmes_core.simulate.instruments.interpreter import (
    AbortError,
    EndLoopError,
    Run,
    ScanCounter,
    Settings,
)
from sacmes_core.simulate.instruments.script import Script, ScriptError, parse_script

UNKNOWN_COMMAND: Final = 0x0003
UNKNOWN_REGISTER: Final = 0x0004
WRONG_MODE: Final = 0x0006
TOO_LONG: Final = 0x0008
NO_SCRIPT: Final = 0x000C

FIRMWARE: Final = b"tespico1304#Oct 22 2021 14:38:26\nR*\n"
SERIAL_NUMBER: Final = "00A1B2C3D4E5F607"
LANGUAGE: Final = "0105"

_LINE_MAX: Final = 256
_SCRIPT_LINES_MAX: Final = 500
_FLOW_CONTROL: Final = b"\x11\x13"
_REGISTERS: Final = {"06": SERIAL_NUMBER, "04": "0000000000000000"}


class EmStatPico(Instrument):
    """Speaks the communication protocol and a part of MethodSCRIPT.

    Lines end with LF alone. An answer begins with the letter of its command; an error is
    ``<letter>!XXXX``.
    """

    def __init__(self, cell: Cell, plan: FaultPlan | None = None) -> None:
        super().__init__(cell, plan)
        self._settings = Settings()
        self._scans = ScanCounter()
        self._line = bytearray()
        self._overlong = False
        self._letter: str | None = None
        self._lines: list[str] = []
        self._too_long = False
        self._loaded: Script | None = None
        self._halted_s: float | None = None

    @property
    def cell_is_on(self) -> bool:
        """Whether a script has switched the cell on and none has switched it off."""
        return self._settings.cell_is_on

    @property
    def potential_v(self) -> float:
        """The potential that was set last."""
        return self._settings.potential_v

    @property
    def scans(self) -> int:
        """Measurement loops that were begun and send packages."""
        return self._scans.begun

    @property
    def due_s(self) -> float | None:
        """When there will be something to say, None while halted or idle."""
        return super().due_s if self._halted_s is None else None

    def _received(self, data: bytes, now_s: float) -> None:
        for byte in data:
            if byte in _FLOW_CONTROL:
                continue
            if byte != ord("\n"):
                if len(self._line) < _LINE_MAX:
                    self._line.append(byte)
                else:
                    self._overlong = True
                continue
            line, self._line = self._line.decode("latin-1"), bytearray()
            overlong, self._overlong = self._overlong, False
            if self._letter is not None:
                self._script_line(line, overlong, now_s)
            elif line:
                self._command(line, overlong, now_s)

    def _command(self, line: str, overlong: bool, now_s: float) -> None:
        letter = line[0]
        running = self.is_running
        if overlong:
            self._refuse(letter, TOO_LONG)
        elif line in ("Z", "Y", "h", "H"):
            self._steer(letter, now_s)
        elif line in ("t", "i", "v") or letter == "G":
            self._tell(line)
        elif line in ("e", "l", "r", "Lmscr"):
            if running:
                self._refuse(letter, WRONG_MODE)
            elif line in ("e", "l"):
                self._letter = letter
            elif self._loaded is None or letter == "L":
                self._refuse(letter, NO_SCRIPT)
            else:
                self._say(b"r\n")
                self._run(self._loaded, now_s)
        else:
            self._refuse(letter, UNKNOWN_COMMAND)

    def _tell(self, line: str) -> None:
        letter, rest = line[0], line[1:]
        if self.is_running:
            self._refuse(letter, WRONG_MODE)
        elif letter == "t":
            self._say(FIRMWARE)
        elif letter == "i":
            self._say(f"i{SERIAL_NUMBER}\n".encode("ascii"))
        elif letter == "v":
            self._say(f"v{LANGUAGE}\n".encode("ascii"))
        elif rest in _REGISTERS:
            self._say(f"G{_REGISTERS[rest]}\n".encode("ascii"))
        else:
            self._refuse(letter, UNKNOWN_REGISTER)

    def _steer(self, letter: str, now_s: float) -> None:
        """Abort the script, end its measurement, halt or resume it."""
        halted_s = self._halted_s
        possible = (
            self.is_running
            and {
                "Z": True,
                "Y": self._settings.measuring,
                "h": halted_s is None,
                "H": halted_s is not None,
            }[letter]
        )
        if not possible:
            self._refuse(letter, WRONG_MODE)
            return
        self._say(f"{letter}\n".encode("ascii"))
        if letter == "h":
            self._halted_s = now_s
            return
        self._halted_s = None
        if letter == "H" and halted_s is not None:
            self._due_s += now_s - halted_s
        elif letter == "Z":
            self._interrupt(AbortError(), now_s)
        elif letter == "Y":
            self._interrupt(EndLoopError(), now_s)

    def _script_line(self, line: str, overlong: bool, now_s: float) -> None:
        """Take a line of a script; the empty one ends it."""
        if line:
            if len(self._lines) <= _SCRIPT_LINES_MAX:
                self._lines.append("" if overlong else line)
            self._too_long |= overlong or len(self._lines) > _SCRIPT_LINES_MAX
            return
        letter, self._letter = self._letter or "", None
        lines, self._lines = self._lines, []
        too_long, self._too_long = self._too_long, False
        if too_long:
            self._refuse(letter, TOO_LONG)
            return
        try:
            script = parse_script(lines)
        except ScriptError as error:
            self._say(f"{letter}{error}\n".encode("ascii"))
            return
        self._say(f"{letter}\n".encode("ascii"))
        self._loaded = script
        if letter == "e":
            self._run(script, now_s)

    def _run(self, script: Script, now_s: float) -> None:
        run = Run(self._cell, self._settings, self._plan, self._scans)
        self._start(run.run(script), now_s)

    def _refuse(self, letter: str, code: int) -> None:
        shown = letter if " " < letter <= "~" else "?"
        self._say(f"{shown}!{code:04X}\n".encode("ascii"))
