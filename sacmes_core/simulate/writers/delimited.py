"""Columns of numbers with any delimiter, decimal sign and unit, with headings or without."""

from dataclasses import dataclass
from typing import Final

from sacmes_core.formats.scan import (
    CURRENT_UNITS,
    POTENTIAL_UNITS,
    Curve,
    Decimal,
    Delimiter,
    Scan,
)
from sacmes_core.simulate.writers.programme import with_decimal

_SIGNS: Final[dict[Delimiter, str]] = {"tab": "\t", "semicolon": ";", "comma": ",", "space": " "}
_NAMES: Final = {
    "swv": "Square Wave Voltammetry",
    "cv": "Cyclic Voltammetry",
    "ca": "Chronoamperometry",
}


@dataclass(frozen=True, slots=True)
class DelimitedText:
    """How the columns are written.

    Attributes
    ----------
    bare
        Without headings, as SACMES writes them; a reader then takes volts and amperes.
    """

    delimiter: Delimiter = "tab"
    decimal: Decimal = "point"
    potential_unit: str = "V"
    current_unit: str = "A"
    bare: bool = False


def delimited_text(scan: Scan, layout: DelimitedText | None = None) -> bytes:
    """Write a scan of any electrodes as columns, seven digits each, UTF-8.

    Commas between numbers with a decimal comma are told apart by quotes. Blanks between columns
    leave none for headings, which then go without.
    """
    layout = layout or DelimitedText()
    sign = _SIGNS[layout.delimiter]
    quote = '"' if (layout.delimiter, layout.decimal) == ("comma", "comma") else ""
    first = scan.curves[0]
    axis, axis_by = first.potential_v, POTENTIAL_UNITS[layout.potential_unit]
    if scan.technique == "ca":
        axis, axis_by = first.time_s or (), 1.0
    current_by = CURRENT_UNITS[layout.current_unit]
    lines = [] if layout.bare else _header(scan, layout)
    for k, place in enumerate(axis):
        numbers = [place / axis_by]
        numbers += [curve.current_a[k] / current_by for curve in scan.curves]
        cells = [with_decimal(f"{number:.7g}", layout.decimal) for number in numbers]
        lines.append(sign.join(f"{quote}{cell}{quote}" for cell in cells))
    return "\n".join([*lines, ""]).encode()


def _header(scan: Scan, layout: DelimitedText) -> list[str]:
    lines = [f"# {_NAMES[scan.technique or 'swv']}"]
    if scan.frequency_hz is not None:
        lines.append(f"# Frequency: {scan.frequency_hz:g} Hz")
    over_time = scan.technique == "ca"
    headings = ["Time (s)" if over_time else f"Potential ({layout.potential_unit})"]
    headings += [_heading(curve, layout.current_unit) for curve in scan.curves]
    if layout.delimiter == "space":
        headings = [heading.replace(" ", "") for heading in headings]
    return [*lines, _SIGNS[layout.delimiter].join(headings)]


def _heading(curve: Curve, unit: str) -> str:
    letter = {"difference": "d", "forward": "f", "reverse": "r"}.get(curve.role, "")
    return f"i{curve.electrode}{letter} ({unit})"
