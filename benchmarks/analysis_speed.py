"""How long the analysis takes, alone and in a batch, on one core.

    python benchmarks/analysis_speed.py [--batch 10000] [--calls 101] [--peers 20]

Scans of 200 points on one grid (`couples.py`). Printed for each method:

- alone: CPU milliseconds of one call of `analyze_scan`, as in a live run, and of the bare method on
  arrays; median of many calls
- batch: CPU seconds for all scans in one call of `analyze`, and of the bare method, and which share
  of the time is spent outside of the method

then milliseconds a scan of each peer (`peers.py`), alone.
"""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

# Threads are counted when numpy is loaded.
import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np
import peers
from couples import FloatArray, as_scan, draw_trace

from sacmes_core.analysis import analyzing
from sacmes_core.analysis.methods import METHODS
from sacmes_core.analysis.peaks import PeakArrays
from sacmes_core.formats.scan import Scan
from sacmes_core.settings.peak import PeakSettings

POINTS = 200
STEP_V = 0.0025
DIFFERENT = 500
"""So many scans are simulated; a batch repeats them, which no method can tell."""
UNCOUNTED = 3


def make_scans(count: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Potentials, shape (K,) ascending, and currents, shape (count, K), at SNR 5 to 200."""
    rng = np.random.default_rng(seed)
    potential_v = -0.5 + STEP_V * np.arange(POINTS, dtype=np.float64)
    rows = []
    for _ in range(min(count, DIFFERENT)):
        snr = float(np.exp(rng.uniform(np.log(5), np.log(200))))
        trace = draw_trace(rng, snr)
        own_v = trace.potential_v[::-1]
        stretched = np.interp(potential_v, potential_v[[0, -1]], own_v[[0, -1]])
        clean = np.interp(stretched, own_v, (trace.peak_a + trace.background_a)[::-1])
        rows.append(clean + rng.normal(size=POINTS) * trace.height_a / snr)
    return potential_v, np.resize(np.array(rows), (count, POINTS))


def median_ms(call: Callable[[int], object], count: int) -> float:
    """Median CPU time of `call(k)` for k from 0, the first `UNCOUNTED` left out."""
    spent = []
    for k in range(count + UNCOUNTED):
        start = time.process_time()
        call(k)
        spent.append(1e3 * (time.process_time() - start))
    return float(np.median(spent[UNCOUNTED:]))


def batch_seconds(method: str, scans: Sequence[Scan]) -> tuple[float, float]:
    """CPU time of one call of `analyze`, and of the method within it."""
    settings = PeakSettings.model_validate({"method": method})
    bare, within = METHODS[method], []

    def timed(*arrays_and_settings: Any) -> PeakArrays:
        start = time.process_time()
        found = bare.analyze(*arrays_and_settings)
        within.append(time.process_time() - start)
        return found

    with patch.object(analyzing, "METHODS", {method: replace(bare, analyze=timed)}):
        start = time.process_time()
        analyzing.analyze(scans, settings)
        return time.process_time() - start, sum(within)


def row(method: str, traces: Sequence[tuple[FloatArray, FloatArray]], calls: int) -> str:
    """One line of the table."""
    settings = PeakSettings.model_validate({"method": method})
    bare = METHODS[method].analyze
    scans = [as_scan(*trace) for trace in traces]
    alone = median_ms(lambda k: analyzing.analyze_scan(scans[k], settings), calls)
    rows = [(v[np.newaxis], i[np.newaxis]) for v, i in traces[: calls + UNCOUNTED]]
    bare_alone = median_ms(lambda k: bare(*rows[k], settings), calls)
    batch, within = batch_seconds(method, scans)
    outside = 100 * (1 - within / batch)
    return f"{method:15s} {alone:9.2f} {bare_alone:9.2f} {batch:9.2f} {within:9.2f} {outside:9.0f}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--batch", type=int, default=10_000, help="scans in the batch")
    parser.add_argument("--calls", type=int, default=101, help="calls with one scan each")
    parser.add_argument("--peers", type=int, default=20, help="scans that peers read; 0 for none")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    potential_v, currents_a = make_scans(
        max(options.batch, options.calls + UNCOUNTED), options.seed
    )
    traces = [(potential_v, current_a) for current_a in currents_a]
    print(f"{options.batch} scans of {POINTS} points, one core")
    print(f"{'method':15s} alone, ms bare, ms  batch, s   bare, s outside %")
    for method in METHODS:
        print(row(method, traces, options.calls), flush=True)
    if options.peers:
        print("peers, ms a scan")
        for name in peers.available():
            readings = peers.read_peaks(name, traces[: options.peers])
            print(f"{name:15s} {readings.milliseconds:9.2f}", flush=True)


if __name__ == "__main__":
    main()
