"""Writing a scan in the text layout of CH Instruments, the one that `chi` reads."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sacmes_core.formats.scan import Curve, Role, Scan

_TECHNIQUES: Final = {
    "swv": "Square Wave Voltammetry",
    "cv": "Cyclic Voltammetry",
    "lsv": "Linear Sweep Voltammetry",
    "dpv": "Differential Pulse Voltammetry",
}
_LETTERS: Final[dict[Role, str]] = {"difference": "d", "forward": "f", "reverse": "r", "total": ""}
_MONTHS: Final = (
    "Jan.", "Feb.", "March", "April", "May", "June",
    "July", "Aug.", "Sept.", "Oct.", "Nov.", "Dec.",
)  # fmt: skip
_EOL: Final = "\r\n"


def chi_text(scan: Scan, *, file_name: str = "") -> bytes:
    """Render a scan as a CH Instruments text file.

    Numbers have the instrument's four digits where these are exact and all digits elsewhere, so
    that reading the file gives the same potentials and currents again.

    Parameters
    ----------
    scan
        Of a technique swv, cv, lsv or dpv, whose curves share their potentials.
    file_name
        What the header's ``File:`` line says.
    """
    head = _header(scan, file_name)
    potentials = scan.curves[0].potential_v
    headings = ", ".join(["Potential/V", *(_heading(curve) for curve in scan.curves)])
    rows = (
        ", ".join([_potential(potential), *(_current(value) for value in row)])
        for potential, row in zip(
            potentials, zip(*(curve.current_a for curve in scan.curves), strict=True), strict=True
        )
    )
    return (_EOL.join([*head, "", headings, "", *rows]) + _EOL).encode("ascii", "replace")


def _header(scan: Scan, file_name: str) -> Iterator[str]:
    yield _date(scan.measured_at or datetime(2000, 1, 1))
    yield _TECHNIQUES[scan.technique or "swv"]
    yield f"File: c:\\data\\{file_name}"
    yield "Data Source:  Simulation"
    yield f"Instrument Model:  {scan.parameters.get('Instrument Model', 'CHI1040C')}"
    yield "Header:  "
    yield "Note:  "
    yield ""
    for name, value in scan.parameters.items():
        if name != "Instrument Model":
            yield f"{name} = {value}"


def _date(time: datetime) -> str:
    return f"{_MONTHS[time.month - 1]} {time.day}, {time.year}   {time:%H:%M:%S}"


def _heading(curve: Curve) -> str:
    return f"i{curve.electrode}{_LETTERS[curve.role]}/A"


def _potential(value: float) -> str:
    text = f"{value:.3f}"
    return text if float(text) == value else repr(value)


def _current(value: float) -> str:
    mantissa, _, exponent = f"{value:.3e}".partition("e")
    text = f"{mantissa}e{int(exponent)}"
    return text if float(text) == value else repr(value)
