"""Whether the standard errors of trends are right, on a series whose truth is known.

    OMP_NUM_THREADS=1 python benchmarks/trend.py [--scans 200] [--seed 0]

The series of `series.py` at several SNR, normalised to its first ten scans. Printed for each method
and quantity: rms error in %, the rms of the standard errors in %, and the share of 95 % intervals
that hold the truth, in %. Errors that the reference makes in all scans alike are among them, so
that each row is one draw of these: look at several seeds.
"""

import argparse
from collections.abc import Iterator

import numpy as np
from couples import FloatArray, as_scan
from series import HIGH_HZ, LOW_HZ, REFERENCE_SCANS, Series, make_series

from sacmes_core.analysis.analyzing import analyze
from sacmes_core.analysis.methods import METHODS
from sacmes_core.analysis.trend.running import TrendPoint, TrendValue, recompute
from sacmes_core.analysis.trend.uncertainty import Estimate, common_error_of
from sacmes_core.settings.peak import PeakSettings
from sacmes_core.settings.trend import TrendSettings

SNRS = (5.0, 10.0, 30.0, 100.0)
SETTINGS = TrendSettings(reference_number=1, reference_last_number=REFERENCE_SCANS)


def points(series: Series, frequency_hz: float, method: str) -> list[TrendPoint]:
    """What a method makes of a series, as the trend takes it."""
    scans = [as_scan(series.potential_v, current_a) for current_a in series.current_a]
    found = analyze(scans, PeakSettings.model_validate({"method": method}))
    return [
        TrendPoint(
            1,
            frequency_hz,
            number,
            analysis.peaks[0].peak_current_a,
            analysis.peaks[0].peak_current_se_a,
            common_error=common_error_of(method),
        )
        for number, analysis in enumerate(found, start=1)
    ]


def true_points(series: Series, frequency_hz: float) -> list[TrendPoint]:
    """The truth of a series, as the trend takes it."""
    return [
        TrendPoint(1, frequency_hz, number, float(height_a))
        for number, height_a in enumerate(series.height_a, start=1)
    ]


def compared(
    found: tuple[TrendValue, ...], truth: tuple[TrendValue, ...], name: str
) -> tuple[FloatArray, FloatArray]:
    """Errors and standard errors of a quantity where both know it, without the reference scans."""
    pairs = [
        (getattr(value, name), getattr(true, name))
        for number, (value, true) in enumerate(zip(found, truth, strict=True))
        if number % (len(found) // 2) >= REFERENCE_SCANS
    ]
    known = [(value, true) for value, true in pairs if _is_known(value) and _is_known(true)]
    errors = np.array([value.value - true.value for value, true in known])
    return errors, np.array([value.se for value, _ in known])


def _is_known(estimate: Estimate | None) -> bool:
    return estimate is not None


def rows(method: str, count: int, seed: int) -> Iterator[str]:
    """Lines of the table for one method."""
    for snr in SNRS:
        rng = np.random.default_rng((seed, int(snr)))
        both = [(make_series(hz, count, rng, snr), hz) for hz in (LOW_HZ, HIGH_HZ)]
        found, _ = recompute([p for s, hz in both for p in points(s, hz, method)], SETTINGS)
        truth, _ = recompute([p for s, hz in both for p in true_points(s, hz)], SETTINGS)
        cells = []
        for name in ("normalised", "kdm", "ratio"):
            errors, stated = compared(found, truth, name)
            rms, claimed = (100 * np.sqrt(np.mean(v**2)) for v in (errors, stated))
            held = 100 * np.mean(np.abs(errors) < 1.96 * stated)
            cells.append(f"{rms:6.2f} {claimed:6.2f} {held:4.0f}")
        yield f"{method:15s} {snr:5g} | " + " | ".join(cells)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scans", type=int, default=200, help="scans at each frequency")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(f"{'method':15s} {'SNR':>5s} | {'normalised':18s} | {'KDM':18s} | ratio")
    for method in METHODS:
        for row in rows(method, options.scans, options.seed):
            print(row, flush=True)


if __name__ == "__main__":
    main()
