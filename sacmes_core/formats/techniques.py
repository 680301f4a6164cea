"""The names that instruments give their techniques."""

import re
from functools import lru_cache
from typing import Final

from sacmes_core.formats.scan import TIME_TECHNIQUES

SWEEPS: Final = frozenset({"swv", "dpv", "npv", "cv", "lsv", "scv", "acv", "tafel"})
"""Techniques whose file is current over potential."""

READABLE: Final = SWEEPS | TIME_TECHNIQUES
"""Techniques that the readers accept."""

_NAMES: Final[tuple[tuple[str, str], ...]] = (
    ("impedance", "eis"),
    ("opencircuit", "ocp"),
    ("squarewavevoltammetry", "swv"),
    ("squarewave", "swv"),
    ("cyclicvoltammetry", "cv"),
    ("linearsweepvoltammetry", "lsv"),
    ("differentialpulsevoltammetry", "dpv"),
    ("differentialnormalpulse", "dpv"),
    ("normalpulsevoltammetry", "npv"),
    ("linearpolarization", "lsv"),
    ("cyclicpolarization", "cv"),
    ("staircasevoltammetry", "scv"),
    ("acvoltammetry", "acv"),
    ("tafelplot", "tafel"),
    ("chronoamperometry", "ca"),
    ("chronocoulometry", "cc"),
    ("chronopotentiometry", "cp"),
    ("pulseamperometry", "pad"),
    ("pulsedamperometric", "pad"),
    ("pulsedamperometry", "pad"),
    ("amperometricitcurve", "ca"),
    ("itcurve", "ca"),
    ("amperometry", "ca"),
    ("amperometricdetection", "ca"),
    ("bulkelectrolysis", "be"),
    ("multipotentialsteps", "ca"),
    ("multistepamperometry", "ca"),
    ("sweepstepfunctions", "ssf"),
)


# The files of a run name the same technique.
@lru_cache(maxsize=256)
def technique_in(text: str) -> str | None:
    """The technique named in a line of text, or None.

    >>> technique_in("Square Wave Voltammetry")
    'swv'
    """
    if len(text) > 200:
        return None
    letters = re.sub(r"[^a-z]", "", text.lower())
    return next((technique for name, technique in _NAMES if name in letters), None)
