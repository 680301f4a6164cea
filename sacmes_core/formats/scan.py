"""What a file becomes: scans and curves in volts, amperes and seconds, in order of measurement."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

from sacmes_core.errors import FormatError

Role = Literal["difference", "forward", "reverse", "total"]
ROLES: Final[tuple[Role, ...]] = ("difference", "forward", "reverse", "total")
Delimiter = Literal["tab", "semicolon", "comma", "space"]
Decimal = Literal["point", "comma"]

PULSE_TECHNIQUES: Final = frozenset({"swv", "dpv"})
"""Techniques whose single unnamed current is the difference of two pulses."""

TIME_TECHNIQUES: Final = frozenset({"ca"})
"""Techniques whose current is over time at potentials that are held."""

POTENTIAL_UNITS: Final[Mapping[str, float]] = MappingProxyType(
    {"V": 1.0, "mV": 1e-3, "µV": 1e-6, "nV": 1e-9}
)
CURRENT_UNITS: Final[Mapping[str, float]] = MappingProxyType(
    {"A": 1.0, "mA": 1e-3, "µA": 1e-6, "nA": 1e-9, "pA": 1e-12}
)


@dataclass(frozen=True, slots=True)
class Curve:
    """One current of one electrode over potential, or over time; all of one length, order kept.

    A current that the instrument could not give is nan; it is never 0 in place of missing.

    Attributes
    ----------
    potential_v
        Finite in a voltammogram. In chronoamperometry (technique ``ca``) the potential at which
        each current was measured where the file has or declares it, else nan throughout.
    time_s
        Seconds since the start of the scan, or since its first point where the file's clock began
        earlier; None where the file has no time. Always there, and finite, in chronoamperometry.
    """

    electrode: int
    role: Role
    potential_v: tuple[float, ...]
    current_a: tuple[float, ...]
    time_s: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class DeclaredSweep:
    """What the file's header promises of the sweep; None where it is silent.

    Attributes
    ----------
    initial_v, final_v
        Ends of the sweep where the file's potentials can be held against them: instruments that
        write measured potentials promise nothing here.
    step_v
        Size of a step of the staircase, without a sign.
    segments
        Half-cycles that the file should hold; 1 for a sweep without a turn.
    amplitude_v
        Height of a square wave's pulses above the staircase: half from peak to peak.
    scan_rate_v_s
        Of a cyclic or linear sweep, without a sign.
    """

    initial_v: float | None = None
    final_v: float | None = None
    step_v: float | None = None
    segments: int = 1
    amplitude_v: float | None = None
    scan_rate_v_s: float | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """One voltammogram or chronoamperogram: all electrodes and roles measured together.

    Attributes
    ----------
    technique
        ``swv``, ``cv``, ``lsv``, ``dpv``, …, ``ca`` for current over time; None if it cannot be
        told.
    format
        The reader that made it: ``chi``, ``gamry``, ``generic``, …
    frequency_hz
        From the header; from the file's name where the header is silent.
    number
        Number of the scan in its series: of a file's one scan from the file's name, of several
        what the file says.
    measured_at
        Time in the header by the instrument PC's clock, without a time zone.
    index
        Position of the scan in its file, from 0.
    flags
        Codes of `sacmes_core.flags` that hold for every electrode.
    incomplete
        Sentence that says why the scan does not look finished; None if it does.
    """

    curves: tuple[Curve, ...]
    technique: str | None
    format: str
    frequency_hz: float | None = None
    number: int | None = None
    measured_at: datetime | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    declared: DeclaredSweep = DeclaredSweep()
    index: int = 0
    flags: tuple[str, ...] = ()
    incomplete: str | None = None

    @property
    def complete(self) -> bool:
        """Whether the scan looks finished, as far as its format can tell."""
        return self.incomplete is None

    @property
    def electrodes(self) -> tuple[int, ...]:
        """Numbers of the electrodes that the file holds, ascending."""
        return tuple(sorted({curve.electrode for curve in self.curves}))

    @property
    def points(self) -> int:
        """Points of the longest curve."""
        return max((len(curve.current_a) for curve in self.curves), default=0)

    def curve(self, electrode: int, role: Role) -> Curve | None:
        """The curve of one electrode and role, or None if the file has none."""
        for curve in self.curves:
            if curve.electrode == electrode and curve.role == role:
                return curve
        return None


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """What a person says about a file's columns; it wins over what the content suggests.

    Columns count from 1; None leaves the finding to the reader. Electrode k has its current in
    column ``current_column + (k - 1) * column_spacing``, unless the headings number it otherwise;
    without a spacing there is one electrode. A current that is named so has the role ``difference``
    in techniques with pulses and ``total`` in others, whatever its heading says.
    A time column without a potential column makes the file chronoamperometry. A reader that cannot
    obey one of these, because its format names the thing itself, refuses the file and says so.

    Attributes
    ----------
    technique
        What the session measures. It counts only where the file says nothing: bare columns of
        ``ca`` begin with the time in seconds, bare columns of ``cv`` are no square wave even where
        the sweep does not turn.
    """

    delimiter: Delimiter | None = None
    decimal: Decimal | None = None
    potential_column: int | None = None
    current_column: int | None = None
    column_spacing: int | None = None
    potential_unit: str | None = None
    current_unit: str | None = None
    invert_current: bool = False
    time_column: int | None = None
    technique: str | None = None

    @property
    def first_is_time(self) -> bool:
        """Whether the first column is the time in seconds where nothing names the columns."""
        return self.technique in TIME_TECHNIQUES

    @property
    def names_columns(self) -> bool:
        """Whether the current's column is told and need not be found."""
        return self.current_column is not None

    @property
    def says_anything(self) -> bool:
        """Whether anything is told of the form of the text, its columns or their units."""
        text = (self.delimiter, self.decimal, self.potential_unit, self.current_unit)
        return any(text) or self.says_anything_of_columns

    @property
    def says_anything_of_columns(self) -> bool:
        """Whether any column, or the distance between columns, is told."""
        columns = (self.time_column, self.potential_column, self.current_column)
        return any(columns) or self.column_spacing is not None


def refuse_mapping(mapping: ColumnMapping, what: str, *, of: Collection[str]) -> None:
    """Refuse reading settings that a format has no use for, since none is ignored in silence.

    Parameters
    ----------
    what
        The format, as in ``"PalmSens session file"``.
    of
        Which of ``"columns"``, ``"text"`` (delimiter and decimal sign) and ``"units"`` are of no
        use.

    Raises
    ------
    FormatError
        If one of them is set.
    """
    text = mapping.delimiter or mapping.decimal
    units = mapping.potential_unit or mapping.current_unit
    told = {
        "columns": ("columns", mapping.says_anything_of_columns),
        "text": ("delimiter and decimal sign", text is not None),
        "units": ("units", units is not None),
    }
    named = [words for name, (words, is_set) in told.items() if is_set and name in of]
    if named:
        raise FormatError(
            f"A {what} names its {' and '.join(named)} itself, but the reading settings name them "
            "too; leave these settings empty."
        )
