"""Currents of a dissolved couple under a square wave: reversible, planar diffusion.

At a reversible couple the potential of each half-pulse sets the concentrations at the surface by
Nernst's equation. Each change of them sends a Cottrell current, and these add up:

    i_m = n F A c √(D / (π t_p)) · Σ_{j ≤ m} (Q_j − Q_{j−1}) / √(m − j + 1),
    Q_j = 1 / (1 + exp(n F (E_j − E°)/RT)),   t_p = 1 / (2 f).

Both forms diffuse equally fast, and only the oxidised one is there before the scan.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from sacmes_core.simulate.constants import FARADAY_C_MOL, PER_THERMAL_VOLT
from sacmes_core.simulate.square_wave import FloatArray, SquareWave


@dataclass(frozen=True, slots=True)
class DissolvedCouple:
    """A couple in solution.

    Attributes
    ----------
    concentration_mol_m3
        Of the oxidised form, which is the same number in mmol/l.
    """

    concentration_mol_m3: float = 0.1
    formal_potential_v: float = -0.28
    electrons: int = 1
    area_m2: float = 3e-6
    diffusion_m2_s: float = 7e-10

    def cottrell_a(self, seconds: float) -> float:
        """Current of the whole step, n F A c √(D / (π t))."""
        charge = self.electrons * FARADAY_C_MOL * self.area_m2 * self.concentration_mol_m3
        return float(charge * np.sqrt(self.diffusion_m2_s / (np.pi * seconds)))


def dissolved_pulse_currents(
    couple: DissolvedCouple, wave: SquareWave, frequency_hz: float
) -> tuple[FloatArray, FloatArray]:
    """Currents of a reversible dissolved couple at the ends of the half-pulses, cathodic positive.

    Returns
    -------
    forward, reverse
        A, shape (K,) each.

    References
    ----------
    L. Ramaley, M. S. Krause, Anal. Chem. 41 (1969) 1362, doi:10.1021/ac60280a005.
    J. G. Osteryoung, R. A. Osteryoung, Anal. Chem. 57 (1985) 101A, doi:10.1021/ac00279a004.
    """
    over = couple.electrons * PER_THERMAL_VOLT * (wave.pulses_v - couple.formal_potential_v)
    changes = np.diff(expit(-over), prepend=0.0)
    decays = 1 / np.sqrt(np.arange(1, len(changes) + 1))
    sums = np.convolve(changes, decays)[: len(changes)]
    currents = couple.cottrell_a(1 / (2 * frequency_hz)) * sums
    return currents[0::2], currents[1::2]
