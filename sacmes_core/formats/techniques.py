"""The names that instruments give their techniques."""

import re
from typing import Final

SWEEPS: Final = frozenset({"swv", "dpv", "npv", "cv", "lsv", "scv", "acv", "tafel"})
"""Techniques whose file is current over potential."""

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
    ("staircasevoltammetry", "scv"),
    ("acvoltammetry", "acv"),
    ("tafelplot", "tafel"),
    ("chronoamperometry", "ca"),
    ("chronocoulometry", "cc"),
    ("chronopotentiometry", "cp"),
    ("amperometricitcurve", "it"),
    ("itcurve", "it"),
    ("amperometry", "it"),
    ("bulkelectrolysis", "be"),
    ("multipotentialsteps", "ca"),
    ("sweepstepfunctions", "ssf"),
)


def technique_in(text: str) -> str | None:
    """The technique named in a line of text, or None.

    >>> technique_in("Square Wave Voltammetry")
    'swv'
    """
    if len(text) > 200:
        return None
    letters = re.sub(r"[^a-z]", "", text.lower())
    return next((technique for name, technique in _NAMES if name in letters), None)
