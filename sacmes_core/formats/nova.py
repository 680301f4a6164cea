"""Metrohm Autolab Nova text exports: columns in any order, named after their working electrode."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sacmes_core.formats.generic import read_generic
from sacmes_core.formats.scan import ROLES, ColumnMapping, Scan

FORMAT: Final = "nova"

_HEAD_LINES: Final = 40
_SIGNALS: Final = ("WE(1).", "WE(2).")
_OF_A_PULSE: Final = re.compile(r"WE\(\d\)\.[^.;,\t]+\.Current")
"""The current of a part of a pulse, or the difference of two, as in ``WE(1).Base.Current``."""


def is_nova(lines: Sequence[str]) -> bool:
    """Whether one of the first lines names a signal of an Autolab's working electrode."""
    return any(signal in line for line in lines[:_HEAD_LINES] for signal in _SIGNALS)


def read_nova(lines: Sequence[str], mapping: ColumnMapping) -> tuple[Scan, ...]:
    """Read a Nova export by the names of its columns, whatever stands between them.

    Pulses have currents of their own names; other sweeps are linear or cyclic.

    Raises
    ------
    FormatError
        If potential and current are not both there.
    """
    pulses = any(map(_OF_A_PULSE.search, lines[:_HEAD_LINES]))
    return tuple(
        replace(
            scan,
            format=FORMAT,
            curves=tuple(sorted(scan.curves, key=lambda c: (c.electrode, ROLES.index(c.role)))),
        )
        for scan in read_generic(lines, mapping, unturned=None if pulses else "lsv")
    )
