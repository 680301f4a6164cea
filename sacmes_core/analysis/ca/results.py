"""What the analysis of a potential step returns: lifetimes with units, uncertainty and flags."""

from dataclasses import dataclass

from sacmes_core.analysis.peaks import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class DecayArrays:
    """Lifetimes of n decays; nan where there is no number.

    Attributes
    ----------
    lifetime_s, lifetime_se_s, lifetime_low_s, lifetime_high_s
        Lifetimes, fast first, their standard errors and the ends of their 95 % intervals, shape
        (n, 2); the second is nan where one exponential is enough.
    amplitude_a, amplitude_se_a
        Current of each exponential at the step, with its sign, shape (n, 2).
    mean_lifetime_s, mean_lifetime_se_s, mean_lifetime_low_s, mean_lifetime_high_s
        Lifetime averaged with the amplitudes as weights, Σaτ/Σa, shape (n,).
    offset_a
        Current at long times, shape (n,).
    step_s, from_s, to_s
        Time of the step in the recording; first and last time since the step that was fitted.
    noise_a
        Standard deviation of a point's white noise, shape (n,).
    fit_a
        The fitted current at the recording's times, shape (n, K); nan outside the window.
    flags
        For each decay its codes of `sacmes_core.flags`.
    """

    lifetime_s: FloatArray
    lifetime_se_s: FloatArray
    lifetime_low_s: FloatArray
    lifetime_high_s: FloatArray
    amplitude_a: FloatArray
    amplitude_se_a: FloatArray
    mean_lifetime_s: FloatArray
    mean_lifetime_se_s: FloatArray
    mean_lifetime_low_s: FloatArray
    mean_lifetime_high_s: FloatArray
    offset_a: FloatArray
    step_s: FloatArray
    from_s: FloatArray
    to_s: FloatArray
    noise_a: FloatArray
    fit_a: FloatArray
    flags: tuple[tuple[str, ...], ...]
