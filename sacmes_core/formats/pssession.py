"""PalmSens .pssession files: JSON with every measurement of a session."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.flags import OVERLOAD
from sacmes_core.formats.completeness import why_too_few
from sacmes_core.formats.curves import divisor
from sacmes_core.formats.palmsens import TitledCurve, gather_scans
from sacmes_core.formats.scan import (
    TIME_TECHNIQUES,
    ColumnMapping,
    DeclaredSweep,
    Role,
    Scan,
    refuse_mapping,
)

FORMAT: Final = "pssession"

_UNIT: Final = re.compile(r"(pico|nano|micro|milli|)(volt|ampere|time)", re.IGNORECASE)
_SCALES: Final = {"pico": 1e-12, "nano": 1e-9, "micro": 1e-6, "milli": 1e-3, "": 1.0}
_METHOD_LINE: Final = re.compile(r"^(\w+)=(.*?)\s*$", re.MULTILINE)
_TICKS_PER_MICROSECOND: Final = 10
_OVERLOADED: Final = 1
_CHANNEL: Final = re.compile(r"(?<=\d)channel", re.IGNORECASE)
"""Where a channel begins in a description such as ``scan1channel2``."""
_TECHNIQUES: Final[Mapping[str, str | None]] = {
    "fcv": "cv", "cpot": "cv", "lp": "lsv",
    "ad": "ca", "fam": "ca", "ma": "ca", "ps": "ca",
    "ms": None, "mm": None,
}  # fmt: skip
"""Fast cyclic voltammetry, cyclic and linear polarization; amperometric detection, fast and
multistep amperometry, a held potential; scripts and mixed modes, which may be anything."""
_BIPOTENTIOSTAT: Final = (24, 31)
_DIRECTIONS: Final[Mapping[int | None, Role]] = {29: "forward", 26: "reverse"}
"""Types of arrays: currents of a second working electrode, and of the pulses of a square wave."""

_Point = tuple[float, int]


def is_pssession(lines: Sequence[str]) -> bool:
    """Whether the file is JSON that PalmSens wrote."""
    first = next((line for line in lines if line.strip()), "").lstrip()
    return first.startswith("{") and "palmsens" in " ".join(lines[:20])[:4000].lower()


def read_pssession(lines: Sequence[str], mapping: ColumnMapping) -> tuple[Scan, ...]:
    """Read every voltammogram of a session file.

    The file names columns and units; of the mapping only the sign of the current can count.

    Raises
    ------
    FormatError
        If the JSON is not whole, or no measurement is a voltammogram or chronoamperogram.
    """
    refuse_mapping(mapping, "PalmSens session file", of=("columns", "text", "units"))
    decoder = json.JSONDecoder(object_pairs_hook=_lower_keys, strict=False)
    try:
        # What stands behind the session is left of a longer one that was saved before.
        session, _ = decoder.raw_decode("\n".join(lines).lstrip())
    except (ValueError, RecursionError):
        raise FormatError(
            "The PalmSens session file is not whole; wait until PSTrace has saved it, or save it "
            "again."
        ) from None
    curves = list(_curves(session))
    if not curves:
        raise FormatError(
            "The PalmSens session holds no curve of a current over a potential; measure a "
            "square-wave or cyclic voltammogram and save the session again."
        )
    return gather_scans(curves, FORMAT, mapping)


def _lower_keys(pairs: list[tuple[str, object]]) -> object:
    """An object with lower-case keys, since these differ between versions; a point as a pair."""
    item = {key.lower(): value for key, value in pairs}
    if "v" not in item:
        return item
    value, status = item["v"], item.get("s")
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    number = number if abs(number) < 1e300 else math.nan
    return float(number), status if isinstance(status, int) else 0


def _curves(session: object) -> Iterator[TitledCurve]:
    for measurement in _list(session, "measurements"):
        method = _method(_text(measurement, "method") or _text(session, "methodformeasurement"))
        name = method.get("METHOD_ID", "").lower()
        technique = _TECHNIQUES.get(name, name or None)
        clock = _clock(measurement)
        for title, x, y in _drawn(measurement) or _measured(measurement, technique):
            if x is None or y is None or x.dimension == "ampere" or y.dimension != "ampere":
                continue
            places, currents, overloaded = _points(x, y)
            over_time = x.dimension == "time"
            times = places if over_time else clock if len(clock) == len(places) else None
            yield TitledCurve(
                title=f"{_text(measurement, 'title')}: {title}",
                potential_v=(math.nan,) * len(places) if over_time else places,
                current_a=currents,
                time_s=times,
                technique=technique,
                electrode=2 if y.kind in _BIPOTENTIOSTAT else None,
                role=_DIRECTIONS.get(y.kind),
                frequency_hz=_positive(method, "FREQ") if technique == "swv" else None,
                measured_at=_moment(measurement),
                parameters=tuple(method.items()),
                declared=_declared(method),
                flags=(OVERLOAD,) if overloaded else (),
                incomplete=None
                if over_time
                else why_too_few(len(places), _expected_points(method, technique)),
            )


@dataclass(frozen=True, slots=True)
class _Axis:
    """The numbers of one axis of a curve, their type, and what to divide them by for SI units."""

    dimension: str
    kind: int | None
    points: list[_Point]
    by: float


_TitledAxes = tuple[str, _Axis | None, _Axis | None]


def _drawn(measurement: object) -> list[_TitledAxes]:
    """The axes of the curves of a measurement with their titles."""
    return [
        (_text(curve, "title"), _axis(curve, "xaxisdataarray"), _axis(curve, "yaxisdataarray"))
        for curve in _list(measurement, "curves")
    ]


def _measured(measurement: object, technique: str | None) -> list[_TitledAxes]:
    """The currents of a data set of which no curve is drawn, each with the axis before it."""
    dataset = measurement.get("dataset") if isinstance(measurement, dict) else None
    along = "time" if technique in TIME_TECHNIQUES else "volt"
    axis: _Axis | None = None
    found: list[_TitledAxes] = []
    for array in _list(dataset, "values"):
        values = _values(array)
        if values is not None and values.dimension == along:
            axis = values
        elif values is not None:
            found.append((_CHANNEL.sub(" channel", _text(array, "description")), axis, values))
    return found


def _axis(item: object, key: str) -> _Axis | None:
    array = item.get(key) if isinstance(item, dict) else None
    return _values(array)


def _values(array: object) -> _Axis | None:
    """The numbers of an array; None if they are neither V, A nor s."""
    unit = array.get("unit") if isinstance(array, dict) else None
    # The symbol says A where the numbers are microamperes: the type of the unit is right.
    match = _UNIT.fullmatch(_text(unit, "type").rpartition(".")[2])
    if match is None:
        return None
    points = [value for value in _list(array, "datavalues") if isinstance(value, tuple)]
    kind = array.get("arraytype") if isinstance(array, dict) else None
    kind = kind if isinstance(kind, int) else None
    return _Axis(match[2].lower(), kind, points, divisor(_SCALES[match[1].lower()]))


def _clock(measurement: object) -> tuple[float, ...]:
    """The times of a measurement's points where its data set has them once; empty otherwise."""
    dataset = measurement.get("dataset") if isinstance(measurement, dict) else None
    axes = [axis for array in _list(dataset, "values") if (axis := _values(array)) is not None]
    clocks = [axis for axis in axes if axis.dimension == "time"]
    if len(clocks) != 1:
        return ()
    times = tuple(value / clocks[0].by for value, _ in clocks[0].points)
    return times if all(map(math.isfinite, times)) else ()


def _points(x: _Axis, y: _Axis) -> tuple[tuple[float, ...], tuple[float, ...], bool]:
    """Places on the axis and currents in SI units, and whether one of them is overloaded."""
    pairs = [
        (place[0] / x.by, current[0] / y.by, current[1])
        for place, current in zip(x.points, y.points, strict=False)
        if not math.isnan(place[0])
    ]
    return (
        tuple(place for place, _, _ in pairs),
        tuple(current for _, current, _ in pairs),
        any(status > 0 and status & _OVERLOADED for _, _, status in pairs),
    )


def _declared(method: Mapping[str, str]) -> DeclaredSweep:
    """Step, amplitude and scan rate; the potentials are measured ones, so that none is promised."""
    step, amplitude, rate = (
        abs(value) if (value := _number(method, key)) else None
        for key in ("E_STEP", "E_AMP", "SCAN_RATE")
    )
    return DeclaredSweep(step_v=step, amplitude_v=amplitude, scan_rate_v_s=rate)


def _method(text: str) -> dict[str, str]:
    method: dict[str, str] = {}
    for match in _METHOD_LINE.finditer(text):
        method.setdefault(match[1], match[2])
    return method


def _expected_points(method: Mapping[str, str], technique: str | None) -> float | None:
    begin, end, step = (_number(method, key) for key in ("E_BEGIN", "E_END", "E_STEP"))
    first, second = _number(method, "E_VTX1"), _number(method, "E_VTX2")
    if technique == "cv":
        if begin is None or first is None or second is None:
            return None
        path = abs(first - begin) + abs(second - first) + abs(begin - second)
    elif begin is not None and end is not None:
        path = abs(end - begin)
    else:
        return None
    return path / abs(step) if step else None


def _moment(measurement: object) -> datetime | None:
    ticks = measurement.get("timestamp") if isinstance(measurement, dict) else None
    if not isinstance(ticks, int) or ticks <= 0:
        return None
    try:
        return datetime(1, 1, 1) + timedelta(microseconds=ticks // _TICKS_PER_MICROSECOND)
    except OverflowError:
        return None


def _number(method: Mapping[str, str], key: str) -> float | None:
    try:
        value = float(method[key].replace(",", "."))
    except (KeyError, ValueError):
        return None
    return value if math.isfinite(value) else None


def _positive(method: Mapping[str, str], key: str) -> float | None:
    value = _number(method, key)
    return value if value is not None and value > 0 else None


def _list(item: object, key: str) -> list[object]:
    value = item.get(key) if isinstance(item, dict) else None
    return value if isinstance(value, list) else []


def _text(item: object, key: str) -> str:
    value = item.get(key) if isinstance(item, dict) else None
    return value if isinstance(value, str) else ""
