"""Whether the confidence limits of calibrations hold what they promise, for good and bad designs.

    OMP_NUM_THREADS=1 python benchmarks/calibration.py [--repeats 300] [--seed 0]

Hill–Langmuir curves with normal noise; concentrations in units of K, noise as a share of the gain.
First table, for each design: share of 95 % limits that hold the truth, in %, for K, gain and
baseline, the same for K by the covariance matrix of scipy's `curve_fit` on K itself (where that
converges), median error of ln K in %, share of calibrations with K open above or below, and share
in which K has no number. Second table: share of 95 % limits of concentrations, of one reading each,
that hold the truth, with the share that has a number, in %; and of the limits of detection. Last
the share of calibrations without any response that are taken for one.
"""

import argparse
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import curve_fit

from sacmes_core.analysis.calibration.detection import DETECTION_SDS, detection_limits
from sacmes_core.analysis.calibration.fitting import Calibration, calibrate
from sacmes_core.analysis.calibration.inversion import concentrations_of
from sacmes_core.analysis.calibration.isotherm import HillCurve
from sacmes_core.analysis.calibration.limits import Limits
from sacmes_core.analysis.calibration.region import Hill

FloatArray = NDArray[np.float64]

READINGS = np.array([0.03, 0.1, 0.3, 1.0, 3.0, 10.0])


@dataclass(frozen=True, slots=True)
class Design:
    """How a calibration is measured."""

    name: str
    doses: tuple[float, ...]
    repeats: int
    noise: float
    hill: float = 1.0
    fitted: Hill = "one"
    knows_errors: bool = False

    @property
    def curve(self) -> HillCurve:
        """The truth."""
        return HillCurve(1.0, 0.5, 1.0, self.hill)

    def concentrations(self) -> FloatArray:
        """All doses with their repeats."""
        return np.repeat(np.array(self.doses), self.repeats)

    def sd(self, concentrations: FloatArray) -> FloatArray:
        """Standard deviation of each signal; it grows with the signal where it is known."""
        base = np.full(concentrations.shape, self.noise * 0.5)
        if not self.knows_errors:
            return base
        return base * (0.5 + 2 * (self.curve.signal(concentrations) - 1) / 0.5)


WIDE = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
DESIGNS = (
    Design("wide, thrice", WIDE, 3, 0.02),
    Design("wide, once", WIDE, 1, 0.05),
    Design("wide, noisy", WIDE, 2, 0.2),
    Design("errors known", WIDE, 2, 0.05, knows_errors=True),
    Design("five doses, once", (0.0, 0.1, 0.5, 2.0, 10.0), 1, 0.02),
    Design("below saturation", (0.0, 0.1, 0.2, 0.5, 1.0, 1.5), 2, 0.03),
    Design("far below", (0.0, 0.05, 0.1, 0.2, 0.3), 2, 0.01),
    Design("no blank", (0.3, 1.0, 3.0, 10.0, 30.0), 2, 0.03),
    Design("mostly saturated", (1.0, 3.0, 10.0, 30.0, 100.0), 2, 0.05),
    Design("h free, 1", WIDE, 2, 0.03, fitted="free"),
    Design("h free, 0.7", WIDE, 2, 0.03, hill=0.7, fitted="free"),
    Design("h free, 2, noisy", WIDE, 2, 0.1, hill=2.0, fitted="free"),
)


def measured(design: Design, random: np.random.Generator) -> Calibration:
    """One calibration of a design."""
    c = design.concentrations()
    sd = design.sd(c)
    signals = design.curve.signal(c) + sd * random.normal(size=c.shape)
    return calibrate(c, signals, sd if design.knows_errors else None, hill=design.fitted)


def holds(limits: Limits, truth: float) -> bool:
    """Whether limits hold the truth; an open one does."""
    low = -np.inf if limits.low is None else limits.low
    high = np.inf if limits.high is None else limits.high
    return bool(low <= truth <= high)


def covariance_holds(design: Design, calibration: Calibration) -> bool | None:
    """Whether K ± 1.96 errors of the usual fit holds 1; None where it does not converge."""
    c = design.concentrations()
    signals = calibration.curve.signal(c) + calibration.quality.residuals

    def model(c: FloatArray, b: float, g: float, k: float, h: float = 1.0) -> FloatArray:
        return np.asarray(b + g * c**h / (k**h + c**h))

    start = [1.0, 0.5, 1.0] + [1.0] * (design.fitted == "free")
    sigma = design.sd(c) if design.knows_errors else None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            found, covariance = curve_fit(
                model, c, signals, start, sigma, absolute_sigma=design.knows_errors
            )
        except (RuntimeError, ValueError):
            return None
        return bool(abs(found[2] - 1.0) <= 1.96 * np.sqrt(covariance[2, 2]))


def parameter_row(design: Design, made: list[Calibration]) -> str:
    """One line of the first table."""
    truth = (("half_concentration", 1.0), ("gain", 0.5), ("baseline", 1.0))
    known = [each for each in made if each.quality.has_response]
    held = [
        100 * np.mean([holds(getattr(each.parameters, name), true) for each in known])
        for name, true in truth
    ]
    usual = [covariance_holds(design, each) for each in made]
    peer = 100 * np.mean([held for held in usual if held is not None])
    k = [each.parameters.half_concentration for each in known]
    bias = 100 * np.median([np.log(each.value) for each in k if each.value is not None])
    is_open = 100 * np.mean([each.low is None or each.high is None for each in k])
    none = 100 * np.mean([each.value is None for each in k])
    return (
        f"{design.name:18s} {held[0]:5.1f} {held[1]:5.1f} {held[2]:5.1f} | {peer:5.1f} |"
        f" {bias:6.1f} {is_open:5.1f} {none:5.1f}"
    )


def reading_row(design: Design, made: list[Calibration], random: np.random.Generator) -> str:
    """One line of the second table."""
    sd = design.sd(READINGS)
    held, numbers, detected = [], [], []
    for calibration in made:
        signals = design.curve.signal(READINGS) + sd * random.normal(size=READINGS.shape)
        errors = sd if design.knows_errors else None
        found = concentrations_of(calibration, signals, errors)
        held.append((found.low <= READINGS) & (found.high >= READINGS))
        numbers.append(np.isfinite(found.value))
        blank_sd = design.sd(np.zeros(1))
        blanks = 1.0 + blank_sd * random.normal(size=10)
        limit = detection_limits(calibration, blanks).detection
        truth = float(design.curve.concentration(1.0 + DETECTION_SDS * float(blank_sd[0])))
        detected.append(holds(limit, truth))
    cells = [
        f"{100 * a:5.1f} {100 * b:3.0f}"
        for a, b in zip(np.mean(held, axis=0), np.mean(numbers, axis=0), strict=True)
    ]
    return f"{design.name:18s} " + " | ".join(cells) + f" | {100 * np.mean(detected):5.1f}"


def false_responses(repeats: int, random: np.random.Generator) -> float:
    """Share of calibrations of noise alone that are taken for a response, in %."""
    c = np.repeat(np.array(WIDE), 2)
    taken = [calibrate(c, random.normal(size=c.shape)).quality.has_response for _ in range(repeats)]
    return 100 * float(np.mean(taken))


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=300, help="calibrations of each design")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    made = [[measured(design, random) for _ in range(options.repeats)] for design in DESIGNS]
    print(f"{'design':18s}     K  gain  base | usual | ln K %  open  none")
    for design, calibrations in zip(DESIGNS, made, strict=True):
        print(parameter_row(design, calibrations), flush=True)
    print(f"\n{'design':18s} " + " | ".join(f"{c:5g} K  " for c in READINGS) + " | detection")
    for design, calibrations in zip(DESIGNS, made, strict=True):
        print(reading_row(design, calibrations, random), flush=True)
    print(f"\nnoise alone taken for a response: {false_responses(options.repeats, random):.1f} %")


if __name__ == "__main__":
    main()
