"""Fit scans with aswift; run by `peers.py` in an environment where aswift is installed.

    python aswift_fits.py SCANS.npz READINGS.npy

SCANS.npz holds `lengths`, shape (n,), and `potential_v` and `current_a` of all scans, end to end.
READINGS.npy gets, shape (n, 3): height in A, potential in V, CPU time in ms; nan where aswift
finds no peak.
"""

import sys
import time
import warnings

import numpy as np
from aswift import aswift_fit  # type: ignore[import-not-found, unused-ignore]

READING_UNIT_A = 1e-6
"""aswift's examples and the instruments it reads give currents in µA."""


def main(scans_path: str, readings_path: str) -> None:
    """Fit all scans of a file one by one, as a live experiment would."""
    scans = np.load(scans_path)
    ends = np.cumsum(scans["lengths"])[:-1]
    pairs = zip(
        np.split(scans["potential_v"], ends), np.split(scans["current_a"], ends), strict=True
    )
    readings = []
    warnings.simplefilter("ignore")
    for potential_v, current_a in pairs:
        start = time.process_time()
        try:
            fit = aswift_fit(potential_v, current_a / READING_UNIT_A)
            found = fit.peak_signal * READING_UNIT_A, fit.peak_voltage
        except (ValueError, np.linalg.LinAlgError):
            found = np.nan, np.nan
        readings.append((*found, 1e3 * (time.process_time() - start)))
    np.save(readings_path, np.array(readings).reshape(-1, 3))


if __name__ == "__main__":
    main(*sys.argv[1:])
