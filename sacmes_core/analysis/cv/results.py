"""What a model makes of a cycle: peaks, and curves to look at."""

from dataclasses import dataclass

from sacmes_core.analysis.cv.numbers import NOTHING, ModelName, Quantity, SweepPeak
from sacmes_core.analysis.peaks import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class SweepResult:
    """One sweep under a model: the peak, if there is one, and curves on the bins, shape (K,).

    The baseline is finite also where there is no peak; then it is what the model has without one.
    """

    peak: SweepPeak | None
    baseline_a: FloatArray
    fitted_a: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class ModelResult:
    """A cycle under one model.

    Attributes
    ----------
    sweeps
        In the order of the cycle's usable sweeps.
    half_wave_v
        Half-wave potential.
    separation_v
        Distance of the two peak potentials.
    evidence
        Logarithm of the marginal likelihood; comparable between models of one cycle.
    misfit
        Root mean square of what slowly varies in the residual beyond noise, as a share of the
        height.
    quasi_reversible
        Whether the transfer of electrons is too slow for a reversible couple.
    """

    model: ModelName
    sweeps: tuple[SweepResult, ...]
    half_wave_v: Quantity = NOTHING
    separation_v: Quantity = NOTHING
    evidence: float = float("-inf")
    misfit: float = float("nan")
    quasi_reversible: bool = False
