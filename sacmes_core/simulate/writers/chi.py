"""CH Instruments text: a header in words, then the columns of one or more electrodes."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sacmes_core.formats.scan import Curve, Role, Scan
from sacmes_core.simulate.writers.programme import NO_DATE, Programme, programme_of

_TECHNIQUES: Final = {
    "swv": "Square Wave Voltammetry",
    "cv": "Cyclic Voltammetry",
    "ca": "Amperometric i-t Curve",
}
_LETTERS: Final[dict[Role, str]] = {"difference": "d", "forward": "f", "reverse": "r", "total": ""}
_MONTHS: Final = (
    "Jan.", "Feb.", "March", "April", "May", "June",
    "July", "Aug.", "Sept.", "Oct.", "Nov.", "Dec.",
)  # fmt: skip
_EOL: Final = "\r\n"


def chi_text(scan: Scan) -> bytes:
    """Write a voltammogram, or the current at a held potential, of any electrodes.

    Numbers have the instrument's four digits where these are exact and all digits elsewhere, so
    that reading the file gives the same potentials and currents again. The curves share their
    potentials.
    """
    head = _header(scan)
    first = scan.curves[0]
    axis = first.potential_v if scan.technique != "ca" else first.time_s or ()
    name = "Potential/V" if scan.technique != "ca" else "Time/sec"
    headings = ", ".join([name, *(_heading(curve) for curve in scan.curves)])
    rows = (
        ", ".join([_place(place), *(_current(value) for value in row)])
        for place, row in zip(
            axis, zip(*(curve.current_a for curve in scan.curves), strict=True), strict=True
        )
    )
    return (_EOL.join([*head, "", headings, "", *rows]) + _EOL).encode("ascii", "replace")


def _header(scan: Scan) -> Iterator[str]:
    programme = programme_of(scan)
    yield _date(scan.measured_at or NO_DATE)
    yield _TECHNIQUES[scan.technique or "swv"]
    yield f"File: c:\\data\\f={programme.frequency_hz:g}, m{scan.number or 1}.txt"
    yield "Data Source:  Simulation"
    yield "Instrument Model:  CHI1040C"
    yield "Header:  "
    yield "Note:  "
    yield ""
    yield f"Init E (V) = {programme.initial_v:g}"
    if scan.technique == "ca":
        yield f"Sample Interval (s) = {programme.point_s:g}"
        yield f"Run Time (sec) = {programme.point_s * len(scan.curves[0].current_a):g}"
    else:
        yield from _sweep(programme) if scan.technique == "cv" else _pulses(programme)
    yield "Quiet Time (sec) = 2"
    yield "Sensitivity (A/V) = 1e-6"


def _pulses(programme: Programme) -> Iterator[str]:
    yield f"Final E (V) = {programme.final_v:g}"
    yield f"Incr E (V) = {programme.step_v:g}"
    yield f"Amplitude (V) = {programme.amplitude_v:g}"
    yield f"Frequency (Hz) = {programme.frequency_hz:g}"


def _sweep(programme: Programme) -> Iterator[str]:
    path = (programme.initial_v, *programme.corners_v)
    yield f"High E (V) = {max(path):g}"
    yield f"Low E (V) = {min(path):g}"
    yield f"Final E (V) = {programme.final_v:g}"
    yield f"Init P/N = {'P' if path[1] > path[0] else 'N'}"
    yield f"Scan Rate (V/s) = {programme.scan_rate_v_s:g}"
    yield f"Segment = {len(programme.corners_v)}"
    yield f"Sample Interval (V) = {programme.step_v:g}"


def _date(time: datetime) -> str:
    return f"{_MONTHS[time.month - 1]} {time.day}, {time.year}   {time:%H:%M:%S}"


def _heading(curve: Curve) -> str:
    return f"i{curve.electrode}{_LETTERS[curve.role]}/A"


def _place(value: float) -> str:
    text = f"{value:.3f}"
    return text if float(text) == value else repr(value)


def _current(value: float) -> str:
    mantissa, _, exponent = f"{value:.3e}".partition("e")
    text = f"{mantissa}e{int(exponent)}"
    return text if float(text) == value else repr(value)
