"""Mean and standard deviation over electrodes, those without a number left out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ElectrodeMeans:
    """What the electrodes say together in each scan; shape (n,), nan where there is no number.

    Attributes
    ----------
    count
        How many electrodes have a number in the scan.
    sd
        Standard deviation with count − 1 between electrodes; nan for fewer than two.
    se
        sd / √count, the standard error of the mean.
    """

    mean: FloatArray
    sd: FloatArray
    se: FloatArray
    count: NDArray[np.intp]


def over_electrodes(values: ArrayLike) -> ElectrodeMeans:
    """Mean and deviation over electrodes for each scan.

    Parameters
    ----------
    values
        Shape (electrodes, n); nan or None where an electrode has no number, which is then neither
        counted nor taken for zero.
    """
    numbers = np.array(values, dtype=np.float64, ndmin=2)
    there = np.isfinite(numbers)
    count = there.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, numbers, 0.0).sum(axis=0) / count
        squares = (np.where(there, numbers - mean, 0.0) ** 2).sum(axis=0)
        sd = np.sqrt(squares / (count - 1))
        sd[count < 2] = np.nan
        return ElectrodeMeans(mean, sd, sd / np.sqrt(count), count)
