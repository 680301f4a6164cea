"""What other people's tools read on a scan, to compare with.

Each peer gets what its documentation asks for: an upright peak, potentials ascending, currents
smoothed where it has no smoothing of its own, and parameters that are near its best on the
benchmark's own scans. Baselines are those of pybaselines; aswift runs unmodified, in an
environment of its own (`aswift_home.py`), because it asks for Python 3.12 or newer.

    python benchmarks/peers.py

prints which peers can run here and, for one that cannot, why.
"""

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

import aswift_home
import numpy as np
from numpy.typing import NDArray
from pybaselines import Baseline
from scipy.optimize import curve_fit
from scipy.signal import find_peaks, savgol_filter

FloatArray = NDArray[np.float64]
Trace = tuple[FloatArray, FloatArray]
"""Potentials in V, ascending, and currents in A of one scan, shape (K,) each."""
Reading = tuple[float, float]
"""Height in A and potential in V of a peak, nan where there is none."""

SMOOTHING_V: Final = 0.024
MASK_V: Final = 0.12
"""Half of what is left out about the peak when a polynomial is drawn through the flanks."""
NOTHING: Final = (float("nan"), float("nan"))
ASWIFT: Final = "aswift"


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """What a peer reads on n scans.

    `height_a` and `potential_v` have shape (n,), nan where it finds nothing; `milliseconds` is the
    CPU time of one scan.
    """

    height_a: FloatArray
    potential_v: FloatArray
    milliseconds: float


def over_baseline(
    baseline: Callable[[Baseline, FloatArray, float], FloatArray],
    potential_v: FloatArray,
    current_a: FloatArray,
) -> Reading:
    """The most prominent peak of the smoothed current over a baseline of pybaselines."""
    step_v = float(np.median(np.diff(potential_v)))
    smoothed = smooth(current_a, step_v)
    return most_prominent(potential_v, smoothed - baseline(Baseline(potential_v), smoothed, step_v))


def gauss_on_line(potential_v: FloatArray, current_a: FloatArray) -> Reading:
    """A Gaussian on a straight line by Levenberg–Marquardt, started at the most prominent peak.

    One that leaves the window or is wider than it is none.
    """
    smoothed = smooth(current_a, float(np.median(np.diff(potential_v))))
    height, place = most_prominent(potential_v, smoothed - _chord(potential_v, smoothed))
    if np.isnan(height):
        return NOTHING
    middle = potential_v.mean()

    def model(
        x: FloatArray, height: float, place: float, width: float, level: float, slope: float
    ) -> FloatArray:
        bell = np.exp(-(((x - place) / width) ** 2) / 2)
        return np.asarray(height * bell + level + slope * (x - middle))

    start = (1.0, place, 0.045, float(np.median(current_a)) / height, 0.0)
    best, _ = curve_fit(model, potential_v, current_a / height, p0=start, maxfev=2000)
    inside = potential_v[0] < best[1] < potential_v[-1]
    if not inside or abs(best[2]) > np.ptp(potential_v) / 2:
        return NOTHING
    return float(best[0]) * height, float(best[1])


def polynomial_through_flanks(
    degree: int, potential_v: FloatArray, current_a: FloatArray
) -> Reading:
    """Height over a polynomial through what lies beyond 0.12 V of the most prominent peak."""
    smoothed = smooth(current_a, float(np.median(np.diff(potential_v))))
    _, place = most_prominent(potential_v, smoothed - _chord(potential_v, smoothed))
    flanks = np.abs(potential_v - place) > MASK_V
    if np.isnan(place) or flanks.sum() <= 2 * degree:
        return NOTHING
    line = np.polynomial.Polynomial.fit(potential_v[flanks], smoothed[flanks], degree)
    over = np.where(flanks, -np.inf, smoothed - line(potential_v))
    return float(over.max()), float(potential_v[over.argmax()])


def smooth(current_a: FloatArray, step_v: float) -> FloatArray:
    """Savitzky–Golay of degree 2 over 24 mV, none where that is under three points."""
    window = 2 * round(SMOOTHING_V / step_v / 2) + 1
    if window <= 2 or window > len(current_a):
        return current_a
    return np.asarray(savgol_filter(current_a, window, 2))


def most_prominent(potential_v: FloatArray, over_a: FloatArray) -> Reading:
    """Height and potential of the local maximum that stands out most."""
    places, found = find_peaks(over_a, prominence=0.0)
    if len(places) == 0:
        return NOTHING
    place = places[int(found["prominences"].argmax())]
    return float(over_a[place]), float(potential_v[place])


def stiffness(decades: float, step_v: float) -> float:
    """Whittaker's λ, 10^decades at 1 mV, for the same cut-off in volts at any step."""
    return float(10.0**decades * (1e-3 / step_v) ** 4)


def _chord(potential_v: FloatArray, current_a: FloatArray) -> FloatArray:
    ends = potential_v[[0, -1]], current_a[[0, -1]]
    return np.interp(potential_v, *ends)


def _whittaker(name: str, decades: float) -> Callable[[FloatArray, FloatArray], Reading]:
    def baseline(fitter: Baseline, current_a: FloatArray, step_v: float) -> FloatArray:
        found, _ = getattr(fitter, name)(current_a, lam=stiffness(decades, step_v))
        return np.asarray(found)

    return partial(over_baseline, baseline)


PEERS: Final[Mapping[str, Callable[[FloatArray, FloatArray], Reading]]] = MappingProxyType(
    {
        "asls": _whittaker("asls", 8),
        "airpls": _whittaker("airpls", 7),
        "arpls": _whittaker("arpls", 7),
        "aspls": _whittaker("aspls", 8),
        "imodpoly": partial(over_baseline, lambda fit, i, _: fit.imodpoly(i, poly_order=2)[0]),
        "rubberband": partial(over_baseline, lambda fit, i, _: fit.rubberband(i)[0]),
        "snip": partial(
            over_baseline,
            lambda fit, i, step: fit.snip(i, max_half_window=round(0.1 / step), decreasing=True)[0],
        ),
        "gauss-line": gauss_on_line,
        "masked-poly": partial(polynomial_through_flanks, 2),
    }
)
"""One function for each peer that reads a scan in this process."""


def available() -> tuple[str, ...]:
    """Names of the peers that can run here; says on the screen why one cannot."""
    try:
        aswift_home.find()
    except aswift_home.UnavailableError as reason:
        print(f"aswift is left out: {reason}")
        return tuple(PEERS)
    return (*PEERS, ASWIFT)


def read_peak(name: str, potential_v: FloatArray, current_a: FloatArray) -> Reading:
    """What a peer of `PEERS` reads on one scan; what it cannot read is nan."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return PEERS[name](potential_v, current_a)
        except (ValueError, RuntimeError, np.linalg.LinAlgError):
            return NOTHING


def read_peaks(name: str, traces: Sequence[Trace]) -> Readings:
    """What a peer, aswift among them, reads on many scans, one after the other.

    Parameters
    ----------
    traces
        Peaks upright, potentials ascending; turn a dip over before.
    """
    if name == ASWIFT:
        rows = aswift_home.fit(traces)
        return Readings(rows[:, 0], rows[:, 1], float(np.median(rows[:, 2])))
    start = time.process_time()
    found = np.array([read_peak(name, *trace) for trace in traces]).reshape(-1, 2)
    spent = time.process_time() - start
    return Readings(found[:, 0], found[:, 1], 1e3 * spent / max(1, len(traces)))


if __name__ == "__main__":
    print(*available())
