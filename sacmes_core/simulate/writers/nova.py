"""Metrohm Autolab Nova text: named columns with any delimiter."""

from typing import Final

from sacmes_core.errors import ConfigError
from sacmes_core.formats.scan import Decimal, Role, Scan
from sacmes_core.simulate.writers.programme import programme_of, times_of, with_decimal

_SIGNALS: Final[dict[Role, str]] = {
    "difference": "δ.Current (A)",
    "forward": "Forward.Current (A)",
    "reverse": "Backward.Current (A)",
    "total": "Current (A)",
}
_ELECTRODES_MAX: Final = 2


def nova_text(scan: Scan, delimiter: str = ";", decimal: Decimal = "point") -> bytes:
    """Write a scan with all digits, UTF-8; a second electrode is the bipotentiostat's WE(2).

    Raises
    ------
    ConfigError
        If there are more than two electrodes, or comma is both delimiter and decimal sign.
    """
    if max(scan.electrodes) > _ELECTRODES_MAX:
        raise ConfigError("A Nova file has the electrodes 1 and 2; write a file for each.")
    if delimiter == "," and decimal == "comma":
        raise ConfigError("With commas as decimal signs choose semicolons or tabs as delimiter.")
    first = scan.curves[0]
    times = times_of(first, programme_of(scan))
    headings = ["Potential applied (V)", "Time (s)"]
    headings += [f"WE({curve.electrode}).{_SIGNALS[curve.role]}" for curve in scan.curves]
    lines = [delimiter.join([*headings, "Index", "Current range"])]
    for k, potential in enumerate(first.potential_v):
        numbers = [potential, times[k], *(curve.current_a[k] for curve in scan.curves)]
        cells = [with_decimal(repr(number).upper(), decimal) for number in numbers]
        lines.append(delimiter.join([*cells, str(k + 1), "100 µA"]))
    return "\r\n".join([*lines, ""]).encode()
