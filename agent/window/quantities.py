"""Numbers for people: an SI prefix, so many digits as the uncertainty bears, a true minus."""

import math
from typing import Final

_PREFIXES: Final = ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"), (1e-15, "f"))
_NONE: Final = "–"


def measured(value: float | None, standard_error: float | None, unit: str) -> str:
    """A value with its standard error: ``5.231e-7, 4.2e-9, "A"`` is ``523.1 ± 4.2 nA``.

    The error has two digits and the value as many places; without an error the value has four
    digits, and no value is a dash.
    """
    if value is None or not math.isfinite(value):
        return _NONE
    size, prefix = next(
        ((size, letter) for size, letter in _PREFIXES if abs(value) >= size), _PREFIXES[-1]
    )
    if value == 0:
        size, prefix = _PREFIXES[0]
    scaled = value / size
    if standard_error is None or not math.isfinite(standard_error) or standard_error <= 0:
        text = f"{scaled:.{_places(scaled, 4)}f}"
    else:
        places = _places(standard_error / size, 2)
        text = f"{scaled:.{places}f} ± {standard_error / size:.{places}f}"
    return f"{text} {prefix}{unit}".replace("-", "−")


def potential(value_v: float | None) -> str:
    """A potential in volts, to the millivolt; a dash for none."""
    if value_v is None or not math.isfinite(value_v):
        return _NONE
    return f"{value_v:+.3f} V".replace("-", "−")


def count(number: int) -> str:
    """A whole number with thin spaces between its thousands."""
    return f"{number:,}".replace(",", "\u2009")


def scans(number: int) -> str:
    """So many scans, in words."""
    return "1 scan" if number == 1 else f"{count(number)} scans"


def _places(scaled: float, digits: int) -> int:
    """Decimal places that show so many significant digits."""
    if scaled == 0:
        return 0
    return max(0, digits - 1 - math.floor(math.log10(abs(scaled))))
