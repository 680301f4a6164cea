"""The numbers of one electrode's current after one potential step."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lifetime:
    """One lifetime with its standard error and 95 % interval, in s."""

    lifetime_s: float
    lifetime_se_s: float
    low_s: float
    high_s: float


@dataclass(frozen=True, slots=True)
class Exponential:
    """One exponential of a decay: its lifetime, and its current at the step with its sign."""

    lifetime: Lifetime
    amplitude_a: float
    amplitude_se_a: float


@dataclass(frozen=True, slots=True)
class DecayNumbers:
    """What one decay gave; no exponentials and None where there is no number.

    Attributes
    ----------
    exponentials
        Fast first; one or two.
    mean
        Lifetime averaged with the amplitudes as weights.
    offset_a
        Current at long times.
    step_s
        Time of the step in the recording; None where there are no points.
    from_s, to_s
        First and last time since the step that was fitted.
    """

    exponentials: tuple[Exponential, ...] = ()
    mean: Lifetime | None = None
    offset_a: float | None = None
    step_s: float | None = None
    from_s: float | None = None
    to_s: float | None = None
