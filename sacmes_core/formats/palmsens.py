"""What PalmSens programs say in the titles of curves, and which curves belong to one scan."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.flags import TECHNIQUE_ASSUMED
from sacmes_core.formats.curves import expect_scans, turns
from sacmes_core.formats.scan import (
    PULSE_TECHNIQUES,
    ROLES,
    TIME_TECHNIQUES,
    ColumnMapping,
    Curve,
    DeclaredSweep,
    Role,
    Scan,
)
from sacmes_core.formats.techniques import SWEEPS, technique_in

_NUMBER: Final = re.compile(r"\[(\d{1,7})\]")
_CHANNEL: Final = re.compile(r"[\s,:-]*\b(?:channel|ch)[\s.]*(\d{1,3})\b", re.IGNORECASE)
_SHORT: Final = re.compile(r"\b(swv|cv|lsv|dpv|npv|acv)\b", re.IGNORECASE)
_SECOND: Final = re.compile(r"[\s(]*\bbi-?pot(?:entiostat)?\b\)?", re.IGNORECASE)
_DIRECTION: Final = re.compile(r"[\s(]*\b(?:(forward)|(reverse|backward))\b\)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TitledCurve:
    """One curve of a file in volts, amperes and seconds, with what the file says about it.

    Attributes
    ----------
    title
        Of the measurement and of the curve, as in ``Square Wave Voltammetry [3]: SWV I vs E``.
    technique
        What the method says; None to take it from the title.
    electrode, role
        What the file says of the current beside the title; None to take it from the title.
    potential_v
        nan throughout where the curve is over time.
    """

    title: str
    potential_v: tuple[float, ...]
    current_a: tuple[float, ...]
    time_s: tuple[float, ...] | None = None
    technique: str | None = None
    electrode: int | None = None
    role: Role | None = None
    frequency_hz: float | None = None
    measured_at: datetime | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    declared: DeclaredSweep = field(default_factory=DeclaredSweep)
    flags: tuple[str, ...] = ()
    incomplete: str | None = None

    @property
    def over_time(self) -> bool:
        """Whether the curve is drawn over time, not over potential."""
        return self.time_s is not None and all(map(math.isnan, self.potential_v))

    @property
    def known_technique(self) -> str | None:
        """The technique of the method, else the one that the title names."""
        short = _SHORT.search(self.title)
        named = technique_in(self.title) or (short[1].lower() if short else None)
        return self.technique or named


def gather_scans(
    curves: Iterable[TitledCurve], file_format: str, mapping: ColumnMapping
) -> tuple[Scan, ...]:
    """Make scans of voltammograms; channels and directions of one measurement are one scan.

    Raises
    ------
    FormatError
        If no curve is a voltammogram of enough points.
    """
    groups: dict[tuple[str, datetime | None, int], list[tuple[TitledCurve, Curve]]] = {}
    repeats: Counter[tuple[str, datetime | None, int, Role]] = Counter()
    others: list[str] = []
    for titled in curves:
        titled = _with_technique(titled)
        if titled.known_technique not in (TIME_TECHNIQUES if titled.over_time else SWEEPS):
            others.append(titled.title)
            continue
        curve = _curve(titled, mapping)
        base = _SECOND.sub("", _CHANNEL.sub("", titled.title))
        base = " ".join(_DIRECTION.sub(" ", base).split()).lower()
        same = (base, titled.measured_at, curve.electrode, curve.role)
        groups.setdefault((base, titled.measured_at, repeats[same]), []).append((titled, curve))
        repeats[same] += 1
    if others and not groups:
        raise FormatError(
            f"The PalmSens file holds a measurement “{others[0][:80]}”, which is no voltammogram; "
            "choose the files of a square-wave or cyclic voltammogram."
        )
    scans = tuple(_scan(group, file_format, k) for k, group in enumerate(groups.values()))
    expect_scans(scans)
    return scans


def _with_technique(titled: TitledCurve) -> TitledCurve:
    """The curve with the technique that its shape suggests where nothing names one."""
    if titled.known_technique is not None:
        return titled
    if titled.over_time:
        return replace(titled, technique="ca")
    if turns(titled.potential_v):
        return replace(titled, technique="cv")
    return replace(titled, technique="swv", flags=(*titled.flags, TECHNIQUE_ASSUMED))


def _curve(titled: TitledCurve, mapping: ColumnMapping) -> Curve:
    channel = _CHANNEL.search(titled.title)
    direction = _DIRECTION.search(titled.title)
    role: Role = "difference" if titled.known_technique in PULSE_TECHNIQUES else "total"
    if role == "difference" and titled.role is not None:
        role = titled.role
    elif role == "difference" and direction:
        role = "forward" if direction[1] else "reverse"
    current_a = titled.current_a
    if mapping.invert_current:
        current_a = tuple(-value for value in current_a)
    named = int(channel[1]) if channel and 1 <= int(channel[1]) <= 256 else None
    electrode = named or titled.electrode or (2 if _SECOND.search(titled.title) else 1)
    return Curve(electrode, role, titled.potential_v, current_a, titled.time_s)


def _scan(group: Sequence[tuple[TitledCurve, Curve]], file_format: str, index: int) -> Scan:
    first = group[0][0]
    number = _NUMBER.search(first.title)
    curves = [curve for _, curve in group]
    return Scan(
        curves=tuple(sorted(curves, key=lambda c: (c.electrode, ROLES.index(c.role)))),
        technique=first.known_technique,
        format=file_format,
        frequency_hz=first.frequency_hz,
        number=int(number[1]) if number else None,
        measured_at=first.measured_at,
        parameters={"Title": first.title, **dict(first.parameters)},
        declared=first.declared,
        index=index,
        flags=tuple(dict.fromkeys(flag for titled, _ in group for flag in titled.flags)),
        incomplete=next((t.incomplete for t, _ in group if t.incomplete), None),
    )
