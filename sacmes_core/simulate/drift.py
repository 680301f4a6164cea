"""How a sensor ages: its signal falls first exponentially and then on a line, its peak moves.

    s(n) = a · exp(−(n − 1)/τ) + (1 − a) · (1 − b · (n − 1)),

n the number of the scan. In whole blood the fast part is fouling by its components, the slow one
the loss of strands from the surface (K. K. Leung, A. M. Downs, G. Ortega, M. Kurnik, K. W. Plaxco,
ACS Sens. 6 (2021) 3340, doi:10.1021/acssensors.1c01183).
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Drift:
    """What a sensor loses with each scan.

    Attributes
    ----------
    fast_share
        Share of the signal that is lost exponentially, a above.
    fast_scans
        Scans in which the exponential falls to 1/e, τ.
    loss_per_scan
        Share of the rest that is lost with each scan, b.
    shift_v
        How far the peak moves in the end.
    shift_scans
        Scans in which 63 % of that has happened.
    """

    fast_share: float = 0.0
    fast_scans: float = 60.0
    loss_per_scan: float = 2e-4
    shift_v: float = 0.0
    shift_scans: float = 300.0


def remaining_signal(drift: Drift, number: int) -> float:
    """Share of the first scan's signal that is left at a scan, never below 0."""
    past = number - 1
    slow = max(0.0, 1 - drift.loss_per_scan * past)
    return drift.fast_share * math.exp(-past / drift.fast_scans) + (1 - drift.fast_share) * slow


def potential_shift_v(drift: Drift, number: int) -> float:
    """How far the formal potential has moved at a scan."""
    return drift.shift_v * (1 - math.exp(-(number - 1) / drift.shift_scans))
