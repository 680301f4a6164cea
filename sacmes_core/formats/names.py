"""What a file's name says: handle, frequency, number and electrode, in the SACMES manner."""

import re
from dataclasses import dataclass
from typing import Final

NUMBER_MAX: Final = 10_000_000
ELECTRODE_MAX: Final = 256

_SUFFIX: Final = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,9}$")
_ELECTRODE: Final = re.compile(r"^E(\d{1,3})_", re.IGNORECASE)
_FREQUENCY: Final = re.compile(r"(?<![\d.])(\d{1,7}(?:\.\d{1,6})?)\s?([kKm]?)(?i:Hz)")
_AFTER_FREQUENCY: Final = re.compile(r"^_{0,2}#?(\d{1,9})_?$")
_AT_END: Final = re.compile(r"(?:_{1,2}#?|#)(\d{1,9})$")
_DIGITS: Final = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class ScanName:
    """The parts of a file's name; None where the name does not say."""

    handle: str
    frequency_hz: float | None = None
    number: int | None = None
    electrode: int | None = None


def parse_name(name: str) -> ScanName:
    """Read what the name of a scan's file says; never fails.

    Understood are the names of SACMES on the web and on the desktop (``SWV_60Hz_12.txt``,
    ``__12``, ``_#12``, ``__#12``, ``60Hz12``, a map's ``60Hz`` and ``60Hz_``, the prefix ``E2_``
    of one file for each electrode), also with a fraction of a hertz, and any name that ends in an
    underscore and a number.
    """
    if not name:
        return ScanName("")
    stem = _stem(name)
    electrode = None
    match = _ELECTRODE.match(stem)
    if match and 1 <= int(match[1]) <= ELECTRODE_MAX:
        electrode = int(match[1])
        stem = stem[match.end() :]
    frequencies = list(_FREQUENCY.finditer(stem))
    if not frequencies:
        at_end = _AT_END.search(stem)
        handle = stem[: at_end.start()] if at_end else stem
        return ScanName(handle, None, _number(at_end), electrode)
    frequency = frequencies[-1]
    scale = {"k": 1e3, "K": 1e3, "m": 1e-3}.get(frequency[2], 1.0)
    rest = stem[frequency.end() :]
    number = _number(_AFTER_FREQUENCY.match(rest) or _AT_END.search(rest))
    frequency_hz = float(frequency[1]) * scale or None
    return ScanName(stem[: frequency.start()], frequency_hz, number, electrode)


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Key that sorts names as people count: ``_2`` before ``_10``."""
    return tuple(
        (0, int(part), "") if part.isdecimal() and len(part) < 20 else (1, 0, part.casefold())
        for part in _DIGITS.split(name)
        if part
    )


def _stem(name: str) -> str:
    stem = name.replace("\\", "/").rpartition("/")[2]
    for _ in range(2):
        stem = _SUFFIX.sub("", stem)
    return stem


def _number(match: re.Match[str] | None) -> int | None:
    if match is None:
        return None
    number = int(match[1])
    return number if number <= NUMBER_MAX else None
