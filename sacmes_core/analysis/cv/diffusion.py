"""The current of a couple that diffuses, for any programme of potentials.

With equal diffusion coefficients the semi-integral of the current is the share of the couple that
the surface has reduced, and Butler–Volmer kinetics makes of it an integral equation (Nicholson
and Shain, Anal. Chem. 36 (1964) 706; Nicholson, ibid. 37 (1965) 1351; Oldham, Anal. Chem. 44
(1972) 196):

    d½u/dτ½ + g u = g (s − s₀),   g = Λ (e^{−αξ} + e^{(1−α)ξ}),   s = 1 / (1 + e^ξ)

ξ = (E − E½) nF / RT, τ the way of the sweep in units of RT / nF, u the share reduced since the
start, s₀ that at the start, Λ = k₀ / √(D nFν / RT) = ψ √π. The current is −nFAC √(D nFν / RT) times
d½u/dτ½, oxidation positive; its first peak is 0.4463 high for a fast couple. The semi-derivative of
straight pieces is exact, so that the equation is a triangular system.
"""

import itertools
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from scipy.linalg.lapack import dtrtrs

from sacmes_core.analysis.peaks import FloatArray

FARADAY_C_MOL: Final = 96485.33212
GAS_CONSTANT_J_MOL_K: Final = 8.314462618
PARAMETERS: Final = 3
"""Half-wave potential in V, ln Λ, transfer coefficient."""
_NODES: Final = 170
_EARLIER_NODES: Final = 50
_NODE_MIN: Final = 0.06
_OVER_MAX: Final = 200.0
_CURVATURE: Final = 0.23457
"""−ζ(−½) / Γ(3/2)."""


@dataclass(frozen=True, slots=True, eq=False)
class Programme:
    """The way of the sweep on nodes, from corner to corner.

    Attributes
    ----------
    potential_v
        Shape (N,), the potential at each node.
    starts
        Node at which each segment starts, and the last node.
    semi
        Shape (N, N); takes values at the nodes, 0 at the first, to their semi-derivatives.
    per_v
        nF / RT.
    """

    potential_v: FloatArray
    starts: tuple[int, ...]
    semi: FloatArray
    per_v: float

    def continued(self, segment: int) -> FloatArray:
        """Potentials as if the sweep had not turned at the start of a segment (counted from 0)."""
        turn = self.starts[segment]
        going_on = self.potential_v.copy()
        if turn == 0:
            going_on[:] = going_on[0]
            return going_on
        direction = np.sign(going_on[turn] - going_on[turn - 1])
        way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(self.potential_v[turn:])))])
        going_on[turn:] = going_on[turn] + direction * way
        return going_on


@lru_cache(maxsize=64)
def programme(corners_v: tuple[float, ...], fine: tuple[int, ...], per_v: float) -> Programme:
    """Lay the nodes; the segments `fine`, counted from 0, get more of them than the others."""
    pieces = [np.array([corners_v[0]])]
    starts = [0]
    for k, (a, b) in enumerate(itertools.pairwise(corners_v)):
        most = _NODES if k in fine else _EARLIER_NODES
        count = int(np.clip(abs(b - a) * per_v / _NODE_MIN, 8, most))
        pieces.append(np.linspace(a, b, count + 1)[1:])
        starts.append(starts[-1] + count)
    potential_v = np.concatenate(pieces)
    way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(potential_v)))]) * per_v
    return Programme(potential_v, tuple(starts), _semi_derivative(way), per_v)


def currents(
    of: Programme, parameters: FloatArray, potential_v: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Current at the nodes, shape (N,), and its derivatives, shape (3, N), oxidation positive.

    Parameters
    ----------
    parameters
        Half-wave potential in V, ln Λ, transfer coefficient.
    potential_v
        Other potentials at the nodes than the programme's, shape (N,).
    """
    at_v = of.potential_v if potential_v is None else potential_v
    over, reduced, quickness, matrix = _equation(of, parameters, at_v)
    gone = reduced - reduced[0]
    u = _solved(matrix, quickness * gone)
    left = gone - u
    steep = of.per_v * reduced * (1 - reduced)
    lean = of.per_v * (parameters[2] - (1 - reduced))
    right = np.stack([steep - steep[0] + lean * left, left, -over * left], axis=1)
    both = of.semi @ np.column_stack([u, _solved(matrix, quickness[:, np.newaxis] * right)])
    return -both[:, 0], -both[:, 1:].T


def wave(of: Programme, parameters: FloatArray) -> FloatArray:
    """The current alone; see `currents`."""
    _, reduced, quickness, matrix = _equation(of, parameters, of.potential_v)
    return np.asarray(-(of.semi @ _solved(matrix, quickness * (reduced - reduced[0]))))


def _equation(
    of: Programme, parameters: FloatArray, at_v: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Overpotential ξ, reduced share s at equilibrium, g, and the triangular matrix."""
    half_wave_v, log_rate, alpha = parameters
    over = np.clip(of.per_v * (at_v - half_wave_v), -_OVER_MAX, _OVER_MAX)
    quickness = np.exp(log_rate - alpha * over + np.logaddexp(0.0, over))
    # Only the diagonal differs, and a large g in it makes a fast couple the well-kept limit.
    matrix = of.semi.copy()
    matrix.reshape(-1)[:: len(over) + 1] += quickness
    return over, 1 / (1 + np.exp(over)), quickness, matrix


def _solved(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Solve with a lower triangular matrix, without the copy that column order would need."""
    solution, _ = dtrtrs(matrix.T, right, lower=0, trans=1)
    return np.asarray(solution)


def _semi_derivative(way: FloatArray) -> FloatArray:
    """Semi-derivatives of straight pieces between the nodes (L1 scheme), shape (N, N).

    What the last pieces' curvature adds to it, −ζ(−½)/Γ(3/2) · h^{3/2} f″ to leading order, is put
    right where two neighbouring pieces are of one length.
    """
    since = np.sqrt(np.maximum(way[:, np.newaxis] - way, 0.0))
    pieces = 2 / np.sqrt(np.pi) * (since[:, :-1] - since[:, 1:]) / np.diff(way)
    pieces = np.tril(pieces, -1)
    semi = np.zeros((len(way), len(way)))
    semi[:, 1:] += pieces
    semi[:, :-1] -= pieces
    length = np.diff(way)
    even = 2 + np.flatnonzero(np.isclose(length[1:], length[:-1], rtol=1e-6))
    bend = _CURVATURE / np.sqrt(length[even - 1])
    semi[even, even] += bend
    semi[even, even - 1] -= 2 * bend
    semi[even, even - 2] += bend
    return semi
