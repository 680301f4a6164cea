"""Numbers with a unit as people type them, in SI."""

import re
from typing import Final

_QUANTITY: Final = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\d\s].*)?")
_PREFIXES: Final = {"": 0, "k": 3, "m": -3, "u": -6, "µ": -6, "μ": -6, "n": -9, "p": -12}
_TIMES: Final = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0, "h": 3600.0, "d": 86400.0}


def quantity(text: str, unit: str) -> float:
    """The value of a text in a unit, which may be left out; the unit may have a prefix.

    >>> quantity("1mV", "V"), quantity("-0.5", "V"), quantity("10 µA", "A"), quantity("2min", "s")
    (0.001, -0.5, 1e-05, 120.0)

    Raises
    ------
    ValueError
        With a sentence, if it is written otherwise.
    """
    match = _QUANTITY.fullmatch(text.strip().replace("−", "-"))
    if match is None:
        raise ValueError(f"{text!r} is no number in {unit}; write for example 0.5 or 500m{unit}")
    value, written = float(match[1]), (match[2] or unit).strip()
    if unit == "s" and written in _TIMES:
        return value * _TIMES[written]
    prefix = written.removesuffix(unit)
    if written == prefix or prefix not in _PREFIXES:
        raise ValueError(f"{text!r} has another unit than {unit}")
    exponent = _PREFIXES[prefix]
    return value / 10.0**-exponent if exponent < 0 else value * 10.0**exponent
