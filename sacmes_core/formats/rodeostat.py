"""Rodeostat: JSON lines as its firmware sends them, and the text files of its Python library."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.flags import LINES_LOST, OVERLOAD, UNITS_ASSUMED
from sacmes_core.formats.completeness import CUT_SENTENCE
from sacmes_core.formats.curves import divisor, expect_scans, turns
from sacmes_core.formats.gaps import has_gap
from sacmes_core.formats.generic import read_generic
from sacmes_core.formats.scan import (
    CURRENT_UNITS,
    POTENTIAL_UNITS,
    PULSE_TECHNIQUES,
    ColumnMapping,
    Curve,
    Role,
    Scan,
    refuse_mapping,
)

FORMAT: Final = "rodeostat"

_TECHNIQUES: Final = {
    "cyclic": "cv",
    "squareWave": "swv",
    "linearSweep": "lsv",
    "differentialPulse": "dpv",
    "chronoamp": "ca",
    "constant": "ca",
    "multiStep": "ca",
}
_PULSED: Final = ("squareWave", "differentialPulse")
_ROW: Final = re.compile(r"(\d+\.\d{3}), (-?\d+\.\d{4}), (-?\d+\.\d{4})")
_HEAD_LINES: Final = 20
_ROWS_MIN: Final = 10
_STEP_TOLERANCE: Final = 1.5e-3
_CHANGES_MAX: Final = 20
_SAMPLES_PER_CHANGE: Final = 5

_Sample = tuple[float, float, float]


@dataclass(slots=True)
class _Run:
    """One test: its name and, of each channel, potentials in V, currents in µA and times in s.

    ``quiet_s`` is the time before a test in which the first potential is held, where it is known.
    """

    test: str | None
    current_unit: str | None = None
    quiet_s: float = 0.0
    samples: dict[int, list[_Sample]] = field(default_factory=dict)
    limited: bool = False
    ended: bool = False
    bad_lines: int = 0


def is_rodeostat(lines: Sequence[str]) -> bool:
    """Whether the lines are the JSON answers and samples of a Rodeostat."""
    messages = [_message(line) for line in lines[:_HEAD_LINES] if line.strip()]
    return any(_is_sample(m) or _test_of(m) is not None for m in messages if m is not None)


def read_rodeostat(lines: Sequence[str], mapping: ColumnMapping) -> tuple[Scan, ...]:
    """Read every test of a recording; each channel of the multiplexer is an electrode.

    Raises
    ------
    FormatError
        If no test is a voltammogram of enough points.
    """
    refuse_mapping(mapping, "recording of a Rodeostat", of=("columns", "text"))
    runs = [run for run in _runs(lines) if run.samples]
    known = [run for run in runs if run.test is None or run.test in _TECHNIQUES]
    # Beside voltammograms chronoamperometry is the conditioning that goes before them.
    sweeps = [run for run in known if _TECHNIQUES.get(run.test or "") != "ca"] or known
    if runs and not sweeps:
        raise FormatError(
            f"The recording holds the Rodeostat's test “{runs[0].test}”, which is no voltammogram; "
            "choose a cyclic, squareWave or linearSweep test."
        )
    scans = tuple(_scan(run, k, mapping) for k, run in enumerate(sweeps))
    expect_scans(scans)
    return scans


def is_rodeostat_text(lines: Sequence[str]) -> bool:
    """Whether every line is time, potential and current as the Python library writes them.

    The first column counts the sample period up from one; the second is held, or goes in equal
    steps after a rest, as measured currents never do.
    """
    lines = _with_one_end(lines)
    if not all(_ROW.fullmatch(line) for line in lines[:-1]) or len(lines) <= _ROWS_MIN:
        return False
    rows = [tuple(map(float, line.split(", "))) for line in lines[:-1]]
    period = rows[0][0]
    if period <= 0 or any(abs(b[0] - a[0] - period) > _STEP_TOLERANCE for a, b in pairwise(rows)):
        return False
    potentials = [potential for _, potential, _ in rows]
    if _is_held(potentials):
        return True
    steps = {round(abs(b - a), 4) for a, b in pairwise(_after_rest(potentials))} - {0.0}
    return bool(steps) and max(steps) - min(steps) < _STEP_TOLERANCE


def read_rodeostat_text(lines: Sequence[str], mapping: ColumnMapping) -> tuple[Scan, ...]:
    """Read a file of the Python library: seconds, volts and, where not set, microamperes.

    Raises
    ------
    FormatError
        If there are too few points.
    """
    if mapping.says_anything_of_columns or mapping.delimiter or mapping.decimal:
        return read_generic(lines, mapping)
    lines = _with_one_end(lines)
    whole = lines[:-1]
    # Four decimals are the whole of a number: a last line with all of them has lost nothing.
    if _ROW.fullmatch(lines[-1]):
        whole = lines
    run = _Run(None, ended=not lines[-1].strip() or len(whole) == len(lines))
    run.samples[1] = [
        (float(potential), float(current), float(time))
        for time, potential, current in (line.split(", ") for line in whole)
    ]
    scan = _scan(run, 0, mapping, CUT_SENTENCE)
    expect_scans([scan])
    return (scan,)


def _with_one_end(lines: Sequence[str]) -> Sequence[str]:
    """The lines with at most one blank one at the end."""
    end = len(lines)
    while end > 1 and not lines[end - 1].strip() and not lines[end - 2].strip():
        end -= 1
    return lines if end == len(lines) else lines[:end]


def _runs(lines: Sequence[str]) -> list[_Run]:
    runs = [_Run(None)]
    unit: str | None = None
    quiet_s: dict[str, float] = {}
    for k, line in enumerate(lines):
        if not line.strip():
            continue
        message = _message(line)
        test = _test_of(message)
        unit = _unit_of(message) or unit
        quiet_s |= _quiet_of(message)
        if message is None:
            runs[-1].bad_lines += k < len(lines) - 1
        elif test is not None:
            runs.append(_Run(test, quiet_s=quiet_s.get(test, 0.0)))
        elif _is_sample(message):
            if runs[-1].ended:
                runs.append(_Run(None))
            channel = message.get("n", 1)
            electrode = channel if type(channel) is int and 1 <= channel <= 256 else 1
            point = _number(message, "v"), _number(message, "i"), _number(message, "t") / 1000
            runs[-1].samples.setdefault(electrode, []).append(point)
            runs[-1].limited |= message.get("le") is True
            runs[-1].current_unit = unit
        elif message == {}:
            runs[-1].ended = True
    return runs


def _message(line: str) -> dict[str, object] | None:
    if not line.lstrip().startswith("{"):
        return None
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def _test_of(message: dict[str, object] | None) -> str | None:
    """The test that an answer to ``runTest`` says is beginning."""
    response = message.get("response") if message else None
    if not isinstance(response, dict) or response.get("command") != "runTest":
        return None
    return str(response.get("test", ""))[:40]


def _unit_of(message: dict[str, object] | None) -> str | None:
    """The unit of the current in which an answer names the range, as in ``100uA``."""
    response = message.get("response") if message else None
    current_range = response.get("currRange") if isinstance(response, dict) else None
    match = re.fullmatch(r"[\d.]+([un])A", str(current_range))
    return {"u": "µA", "n": "nA"}[match[1]] if match else None


def _quiet_of(message: dict[str, object] | None) -> dict[str, float]:
    """The quiet time in s of the test whose parameters an answer confirms."""
    response = message.get("response") if message else None
    if not isinstance(response, dict) or response.get("command") != "setParam":
        return {}
    parameters = response.get("param")
    quiet_ms = _number(parameters, "quietTime") if isinstance(parameters, dict) else math.nan
    return {} if math.isnan(quiet_ms) else {str(response.get("test", ""))[:40]: quiet_ms / 1000}


def _is_sample(message: dict[str, object]) -> bool:
    return not math.isnan(_number(message, "v") + _number(message, "i"))


def _number(message: dict[str, object], key: str) -> float:
    """A number of a message; nan if it has none of a possible size."""
    value = message.get(key)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e12:
        return float(value)
    return math.nan


def _scan(
    run: _Run,
    index: int,
    mapping: ColumnMapping,
    sentence: str = "The recording ends before the instrument said that the test was finished.",
) -> Scan:
    potential_by = divisor(POTENTIAL_UNITS[mapping.potential_unit or "V"])
    # The firmware sends microamperes, that of variants with ranges of nanoamperes nanoamperes.
    current_unit = mapping.current_unit or run.current_unit
    current_by = divisor(CURRENT_UNITS[current_unit or "µA"])
    current_by = -current_by if mapping.invert_current else current_by
    samples = _of_the_test(run)
    first = next(iter(samples.values()))
    technique = _TECHNIQUES.get(run.test or "")
    if technique is None:
        technique = _technique_of([potential for potential, _, _ in first])
    role: Role = "difference" if technique in PULSE_TECHNIQUES else "total"
    flags = [UNITS_ASSUMED] if current_unit is None else []
    flags += [OVERLOAD] if run.limited else []
    flags += [LINES_LOST] if run.bad_lines or _has_gap(run) else []
    return Scan(
        curves=tuple(
            Curve(
                electrode,
                role,
                tuple(potential / potential_by for potential, _, _ in points),
                tuple(current / current_by for _, current, _ in points),
                None if any(t != t for _, _, t in points) else tuple(t for _, _, t in points),
            )
            for electrode, points in sorted(samples.items())
        ),
        technique=technique,
        format=FORMAT,
        index=index,
        flags=tuple(flags),
        incomplete=None if run.ended else sentence,
    )


def _technique_of(potentials: Sequence[float]) -> str:
    """What the potentials of a test without a name look like."""
    if _is_held(potentials):
        return "ca"
    return "cv" if turns(_after_rest(potentials)) else "lsv"


def _is_held(potentials: Sequence[float]) -> bool:
    """Whether the potential changes at so few of the samples that it was held between."""
    changes = sum(a != b for a, b in pairwise(potentials))
    return changes <= _CHANGES_MAX and len(potentials) > _SAMPLES_PER_CHANGE * (changes + 1)


def _after_rest(potentials: Sequence[float]) -> Sequence[float]:
    """The potentials without those before the first change, which may be a jump to the sweep."""
    rest = next((k for k, (a, b) in enumerate(pairwise(potentials)) if a != b), 0)
    return potentials[rest + 1 :] if rest else potentials


def _of_the_test(run: _Run) -> dict[int, list[_Sample]]:
    """The samples without those of the quiet time before a square wave.

    No difference of pulses is there yet, and the firmware sends zeros.
    """
    if run.test not in _PULSED or run.quiet_s <= 0:
        return run.samples
    kept = {
        electrode: [s for s in samples if s[1] != 0 or not s[2] <= run.quiet_s]
        for electrode, samples in run.samples.items()
    }
    return kept if any(kept.values()) else run.samples


def _has_gap(run: _Run) -> bool:
    """Whether samples are missing, by their times or, without these, their potentials."""
    # Of a test whose beginning was recorded the first sample comes one period later.
    begin = () if run.test is None else (0.0,)
    for samples in run.samples.values():
        potentials, _, times = zip(*samples, strict=True)
        timed = not any(map(math.isnan, times))
        if has_gap((*begin, *times) if timed else potentials):
            return True
    return False
