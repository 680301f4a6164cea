"""What the heading of a column says: quantity, unit, electrode and role."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from sacmes_core.formats.scan import Role

Quantity = Literal["potential", "current", "time", "other", "unknown"]

_PREFIXES: Final = {"": 1.0, "k": 1e3, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}
_LONG_PREFIXES: Final = {"milli": "m", "micro": "u", "nano": "n", "pico": "p", "kilo": "k"}
_ELECTRIC_UNIT: Final = re.compile(r"(1[eE][+-]?\d{1,2}\s*)?([kmunpf]?)([AV])", re.IGNORECASE)
_LONG_UNIT: Final = re.compile(
    r"(milli|micro|nano|pico|kilo|)\s?(v|a)(?:olts?|mp(?:ere)?s?)", re.IGNORECASE
)
_TIME_UNITS: Final = {
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0, "ms": 1e-3, "us": 1e-6,
    "min": 60.0, "mins": 60.0, "minutes": 60.0, "h": 3600.0, "hr": 3600.0, "hours": 3600.0,
}  # fmt: skip
_FOREIGN_UNITS: Final = frozenset(
    {
        *_TIME_UNITS,
        "hz",
        "khz",
        "mhz",
        "c",
        "mc",
        "uc",
        "nc",
        "ac",
        "ohm",
        "kohm",
        "mohm",
        "w",
        "mw",
        "uw",
        "deg",
        "degc",
        "f",
        "uf",
        "nf",
        "v/s",
        "mv/s",
        "a*s",
        "as",
        "v.s",
        "s/v",
        "bits",
        "ω",
        "kω",
        "°",
        "°c",
        "°f",
        "%",
        "#",
    }
)
_LENGTH_MAX: Final = 200
_MICRO: Final = re.compile("Âµ|Î¼|¦Ì|ƒÊ|µ|μ")
"""Both signs, and what UTF-8, GBK and Shift-JIS make of them where they are taken for cp1252."""
_UNIT_LENGTH_MAX: Final = 40
_DENSITY: Final = re.compile(r"[/ ·*]?\s*(?:[cmµu]?m)\s*(?:\^?\s*-?\s*[2²]|⁻²)")
_REFERENCE: Final = re.compile(r"\s+(?:vs|gg|against)\b", re.IGNORECASE)
_UNREADABLE_UNIT: Final = re.compile(r"[^\w\s]{1,2}[AV]")

_TIME: Final = re.compile(
    r"(?:(elapsed|corrected|relative|total|test|run|measurement)\s)?(?:time|zeit|temps|tiempo|tempo|t)",
    re.IGNORECASE,
)
_OTHER: Final = re.compile(
    r"\b(?:time|zeit|temps|elapsed|charge|power|temp\w*|freq\w*|phase|imped\w*|ohm|resist\w*|"
    r"range|overload|deriv\w*|std|sd|sem|sigma|error|noise|capacit\w*|conduct\w*|rate|real|imag\w*)\b|"
    r"\blog\b|\blog10\b|\bln\b|\babs\b|^\|.*\|$|^d\s?[ieq]\s?/\s?d|\bvs\.? time\b",
    re.IGNORECASE,
)
_OTHER_WHOLE: Final = re.compile(
    r"t|q|n|no\.?|nr\.?|#|pt\.?|point|points|index|id|cycle(?: number)?|segment|scan(?: number)?|"
    r"sample|number|step(?: number)?|channel|electrode|row|count",
    re.IGNORECASE,
)
_POTENTIAL: Final = re.compile(
    r"potential|potenzial|potentiel|potencial|volt(?:age|s)?\b|spannung|tension\b|"
    r"^[<(]?(?:e|u|v|ewe|vf|vm|vstep|vwe|e_?we|e_?applied|e_?app|bias)\b",
    re.IGNORECASE,
)
_CURRENT: Final = re.compile(
    r"current|courant|strom\b|corriente|corrente|\bamp(?:s|eres?)\b|"
    r"^[<(]?(?:i|im|iwe|i_?we|i_?(?:d|f|r|dif|diff|difference|delta|net|for|fwd|forward|rev|"
    r"reverse|bwd|backward)|[δΔ]\s?i|i[dfr]?\d+[dfr]?|i\d+)\b|"
    r"^(?:diff\w*|for|fwd|forward|rev|reverse|backward|net)\b",
    re.IGNORECASE,
)
_DERIVED: Final = re.compile(
    r"smooth|filter|baseline|background|\bfit|correct|subtract|averag|\bmean\b", re.IGNORECASE
)
_SECONDARY: Final = re.compile(
    r"applied|\bset\b|setpoint|target|control|nominal|counter|\bce\b|\bece\b|aux|2nd|second|"
    r"reference|(?:\b|_)(?:tip|tun)\b|^v(?:u|fwd|rev)\b|\bsig\b|\bach\b|leakage|limit|offset",
    re.IGNORECASE,
)
_OF_A_PULSE: Final = re.compile(
    r"\bbase\b|\bpulse\b|\bforward\b|\b(?:backward|reverse)\b|\bdelta\b|[δΔ]", re.IGNORECASE
)
"""Potentials of a part of a pulse, beside which that of the staircase may stand."""
_ROLES: Final[tuple[tuple[Role, re.Pattern[str]], ...]] = (
    ("difference", re.compile(r"diff|delta|[δΔ]|\bnet\b|\bi_?dif\b|^i\d+d\b|\bi_d\b", re.I)),
    ("forward", re.compile(r"forward|\bfor\b|\bi?_?fwd|^i\d+f\b|\bi_f(?:or)?\b", re.I)),
    ("reverse", re.compile(r"reverse|backward|\bi?_?rev|\bi?_?bwd|^i\d+r\b|\bi_r\b", re.I)),
)
_ELECTRODE: Final = re.compile(
    r"(?:^[<(]?i[dfr]?_?|\bch(?:annel)?\s?[#_.(\[-]?\s?|\bwe\s?[#_.(\[-]?\s?|"
    r"\belectrode\s?[#_.(\[-]?\s?|\bcurrent\s?[#_.(\[-]?\s?|^e)(\d{1,3})(?![.\d])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, eq=False)
class Heading:
    """What one heading says; told apart by identity, which makes it a quick key.

    Attributes
    ----------
    scale
        Factor to volts, amperes or seconds; None if no unit is named.
    unit_unreadable
        A unit is named, but with characters lost (``?A``).
    rank
        0 for a measured quantity, more for applied, smoothed or corrected ones.
    """

    quantity: Quantity
    scale: float | None = None
    role: Role | None = None
    electrode: int | None = None
    rank: int = 0
    unit_unreadable: bool = False


def parse_heading(text: str) -> Heading:
    """Read a heading such as ``Potential/V``, ``i4d/A``, ``WE(1).Current (A)`` or ``I [µA]``."""
    return _parse(text) if len(text) <= _LENGTH_MAX else Heading("unknown")


@lru_cache(maxsize=1024)
def _parse(text: str) -> Heading:
    text = " ".join(text.strip().strip("\"'").split())
    plain = _MICRO.sub("u", text)
    if plain.startswith("<") and plain.endswith(">"):
        plain = plain[1:-1]
    if not plain or not any(character.isalpha() or character in "#|<" for character in plain):
        return Heading("unknown")
    unit, name = _split_unit(plain)
    if (time := _time(unit.lower(), name)) is not None:
        return time
    if _DENSITY.search(plain) or _OTHER.search(name) or _OTHER_WHOLE.fullmatch(name):
        return Heading("other")
    electric = _electric(unit) if unit else None
    if unit and electric is None and not _UNREADABLE_UNIT.fullmatch(unit):
        return Heading("other")
    says_potential = bool(_POTENTIAL.search(name))
    says_current = bool(_CURRENT.search(name))
    if electric is not None:
        dimension, scale = electric
        says_so, says_else = (
            (says_potential, says_current) if dimension == "V" else (says_current, says_potential)
        )
        if says_else and not says_so:
            return Heading("other")
        quantity: Quantity = "potential" if dimension == "V" else "current"
    elif says_current:
        quantity, scale = "current", None
    elif says_potential:
        quantity, scale = "potential", None
    else:
        return Heading("unknown")
    return _heading(quantity, scale, name, unreadable=bool(unit and electric is None))


def is_unit_row(cells: list[str]) -> bool:
    """Whether every cell is a unit and nothing else, as in ``V, µA``."""
    found = False
    for cell in cells:
        unit = _MICRO.sub("u", cell).strip(" ()[]\"'")
        if len(unit) > _UNIT_LENGTH_MAX:
            return False
        unit = _without_reference(unit)
        if unit and _electric(unit) is None and unit.lower() not in _FOREIGN_UNITS:
            return False
        found = True
    return found


def _time(unit: str, name: str) -> Heading | None:
    if not name and unit in _TIME_UNITS:
        return Heading("time", _TIME_UNITS[unit], rank=1)
    match = _TIME.fullmatch(name)
    if match is None or (unit and unit not in _TIME_UNITS) or (not unit and name in ("t", "T")):
        return None
    # Of two clocks the corrected one begins with the scan.
    rank = 0 if match[1] and match[1].lower() == "corrected" else 1
    return Heading("time", _TIME_UNITS.get(unit), rank=rank)


def _heading(quantity: Quantity, scale: float | None, name: str, *, unreadable: bool) -> Heading:
    role = electrode = None
    if quantity == "current":
        role = next((role for role, pattern in _ROLES if pattern.search(name)), None)
        match = _ELECTRODE.search(name)
        electrode = int(match[1]) if match and 1 <= int(match[1]) <= 256 else None
    rank = 10 * bool(_DERIVED.search(name)) + bool(_SECONDARY.search(name))
    if quantity == "potential":
        rank += 2 * bool(_OF_A_PULSE.search(name))
    return Heading(quantity, scale, role, electrode, rank, unreadable)


def _split_unit(text: str) -> tuple[str, str]:
    """The unit, empty if none is named, and the rest."""
    brackets = list(re.finditer(r"[(\[{]([^()\[\]{}]*)[)\]}]", text))
    for match in reversed(brackets):
        content = _without_reference(match[1])
        unit = content.rpartition("/")[2].strip() if re.match(r"[A-Za-z]\s?/", content) else content
        if _is_unit(unit):
            return unit, f"{text[: match.start()]} {text[match.end() :]}".strip()
    for match in re.finditer(r"\s?/\s?((?:1[eE][+-]?\d+\s?)?[^\s/(),;\[\]]+)", text):
        if _is_unit(match[1]):
            return match[1], f"{text[: match.start()]} {text[match.end() :]}".strip()
    tail = re.search(r"(?:,\s?|_|\s|\bin\s)([^\W\d_]{1,10}|[^\w\s]A)$", text)
    if tail and (_electric(tail[1]) or tail[1].lower() in {"hz", *_TIME_UNITS}):
        return tail[1], text[: tail.start()].strip()
    whole = _without_reference(text)
    return (whole, "") if _electric(whole) else ("", text)


def _without_reference(unit: str) -> str:
    """``V`` of ``V vs. Ag/AgCl``."""
    return _REFERENCE.split(unit)[0].strip()


def _is_unit(unit: str) -> bool:
    return bool(
        _electric(unit) or unit.lower() in _FOREIGN_UNITS or _UNREADABLE_UNIT.fullmatch(unit)
    )


def _electric(unit: str) -> tuple[str, float] | None:
    """Dimension (V or A) and factor of a unit of potential or current."""
    if match := _ELECTRIC_UNIT.fullmatch(unit.strip()):
        multiple = float(match[1]) if match[1] else 1.0
        return match[3].upper(), multiple * _PREFIXES[match[2].lower()]
    if match := _LONG_UNIT.fullmatch(unit.strip()):
        return match[2].upper(), _PREFIXES[_LONG_PREFIXES.get(match[1].lower(), "")]
    return None
