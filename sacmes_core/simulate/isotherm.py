"""How much of a sensor's layer has bound its target: the isotherm, and the way there.

With θ the bound share, K the concentration of half binding and m Hill's coefficient (1: Langmuir),

    θ∞ = (c/K)^m / (1 + (c/K)^m),   dθ/dt = ((c/K)^m · (1 − θ) − θ) / τ,

τ the mean time that a target stays bound. For m = 1 that is Langmuir's mechanism with
k_off = 1/τ and k_on = 1/(τ K). Between two additions θ tends exponentially to θ∞, the faster the
higher the concentration. (I. Langmuir, J. Am. Chem. Soc. 40 (1918) 1361, doi:10.1021/ja02242a004;
J. N. Weiss, FASEB J. 11 (1997) 835, doi:10.1096/fasebj.11.11.9285481.)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Isotherm:
    """How a layer binds its target.

    Attributes
    ----------
    dissociation_m
        Concentration at which half of the layer is bound, mol/l.
    residence_scans
        Mean time that a target stays bound, in scans.
    """

    dissociation_m: float = 30e-6
    hill: float = 1.0
    residence_scans: float = 13.0


@dataclass(frozen=True, slots=True)
class Addition:
    """From a scan on, the target has this concentration; 0 washes it away.

    Attributes
    ----------
    number
        The first scan after the addition, counted from 1.
    """

    number: int
    concentration_m: float = 100e-6


def equilibrium_share(isotherm: Isotherm, concentration_m: float) -> float:
    """Bound share when all has settled, 0 to 1."""
    ratio = _ratio(isotherm, concentration_m)
    return ratio / (1 + ratio)


def bound_share(isotherm: Isotherm, additions: Sequence[Addition], number: int) -> float:
    """Bound share at a scan; the layer is free before the first addition.

    Parameters
    ----------
    additions
        In any order; each holds until the next one.
    number
        Of the scan, counted from 1; one scan's time has passed at the addition's own.
    """
    ordered = sorted((a for a in additions if a.number <= number), key=lambda a: a.number)
    share = 0.0
    for k, addition in enumerate(ordered):
        end = ordered[k + 1].number if k + 1 < len(ordered) else number + 1
        settled = equilibrium_share(isotherm, addition.concentration_m)
        speed = (1 + _ratio(isotherm, addition.concentration_m)) / isotherm.residence_scans
        share = settled + (share - settled) * math.exp(-speed * (end - addition.number))
    return share


def _ratio(isotherm: Isotherm, concentration_m: float) -> float:
    return float((concentration_m / isotherm.dissociation_m) ** isotherm.hill)
