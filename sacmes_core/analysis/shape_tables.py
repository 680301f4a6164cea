"""Families of peak shapes: a mean and the few ways in which peaks differ from it.

A shape has unit height at x = 0 and unit full width at half maximum, x = (place − apex) / width.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from sacmes_core.analysis.peaks import FloatArray

REACH: Final = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class PeakShape:
    """value(x) = h · column 0 + Σ c_j · column j.

    Attributes
    ----------
    table
        Shape (2 + 2·m, G), on x = −5 … 5 at steps of `spacing`; the mean and m modes, then their
        derivatives. A mode is 0 at the apex, so that the factor of the mean is the height.
    spreads
        Shape (m,); standard deviation of each mode's factor for peaks of unit height.
    areas
        Shape (1 + m,); integrals over x.
    """

    table: FloatArray
    spreads: FloatArray
    areas: FloatArray
    spacing: float

    @classmethod
    def of(cls, values: FloatArray, slopes: FloatArray, spreads: FloatArray) -> "PeakShape":
        """A shape from values and slopes on the grid, shape (G, 1 + m); flat at its ends."""
        spacing = 2 * REACH / (len(values) - 1)
        slopes = slopes.copy()
        slopes[[0, -1]] = 0.0
        table = np.ascontiguousarray(np.concatenate([values, slopes], axis=1).T)
        return cls(table, spreads, values.sum(axis=0) * spacing, spacing)

    def at(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Values and slopes at any x, shapes (…, 1 + m); beyond the table as at its end."""
        values, slopes = np.split(np.moveaxis(self.columns_at(x), 0, -1), 2, axis=-1)
        return values, slopes

    def columns_at(self, x: FloatArray) -> FloatArray:
        """The same with the columns as the first axis, shape (2 + 2·m, …): values, then slopes."""
        place = self._place(x)
        index = place.astype(np.intp)
        both = np.take(self.table, index, axis=1, mode="clip")
        place -= index
        place *= self.spacing
        count = len(both) // 2
        for value, slope in zip(both[:count], both[count:], strict=True):
            value += slope * place
        return both

    def mean_at(self, x: FloatArray) -> FloatArray:
        """The mean alone at the nearest lower place of the table, of the shape of x."""
        return np.asarray(self.table[0, self._place(x).astype(np.intp)])

    def _place(self, x: FloatArray) -> FloatArray:
        return np.asarray((np.clip(x, -REACH, REACH) + REACH) / self.spacing)


@dataclass(frozen=True, slots=True, eq=False)
class Gaussian:
    """A Gaussian of unit height and width without modes, by its formula; see `PeakShape`."""

    spreads: ClassVar[FloatArray] = np.empty(0)
    areas: ClassVar[FloatArray] = np.array([np.sqrt(np.pi / np.log(2)) / 2])

    def columns_at(self, x: FloatArray) -> FloatArray:
        """The value and the slope at any x, shape (2, …)."""
        both = np.empty((2, *x.shape))
        np.multiply(x, x, out=both[0])
        both[0] *= -4 * np.log(2)
        np.exp(both[0], out=both[0])
        np.multiply(both[0], x, out=both[1])
        both[1] *= -8 * np.log(2)
        return both


def grid(spacing: float) -> FloatArray:
    """The places of a table, shape (G,)."""
    return np.linspace(-REACH, REACH, round(2 * REACH / spacing) + 1)


def family(peaks: FloatArray, modes: int) -> tuple[FloatArray, FloatArray]:
    """Mean and principal components of peaks of unit size, and the components' spreads.

    Parameters
    ----------
    peaks
        Shape (peaks, G).

    Returns
    -------
    columns, spreads
        Shapes (G, 1 + modes) and (modes,).
    """
    mean = peaks.mean(axis=0)
    _, singular, components = np.linalg.svd(peaks - mean, full_matrices=False)
    spreads = singular[:modes] / np.sqrt(len(peaks))
    return np.stack([mean, *components[:modes]], axis=1), spreads


def at_unit_size(place: FloatArray, curve: FloatArray, x: FloatArray) -> FloatArray:
    """A single peak at unit height and width with the apex at 0, on x; 0 beyond its ends."""
    apex = int(curve.argmax())
    height = curve[apex]
    rising = np.interp(height / 2, curve[:apex], place[:apex])
    falling = np.interp(-height / 2, -curve[apex:], place[apex:])
    at = place[apex] + x * (falling - rising)
    return np.asarray(np.interp(at, place, curve / height, left=0.0, right=0.0))
