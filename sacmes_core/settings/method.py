"""Settings of the method that a potentiostat on a serial line runs: what is applied to the cell."""

from itertools import pairwise
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from sacmes_core.settings.parts import ELECTRODE_MAX, Electrode, Part

POINTS_MAX: Final = 100_000
"""Points of one scan: far above what an instrument sends for one, far below a disk."""
REPEATS_MAX: Final = 1_000_000
STEPS_MAX: Final = 16

AppliedVolts = Annotated[float, Field(ge=-20, le=20)]
StepVolts = Annotated[float, Field(ge=1e-5, le=1)]
Duration = Annotated[float, Field(ge=0, le=1e6)]

MethodKind = Literal["swv", "cv", "ca"]


class SquareWaveMethod(Part):
    """A square wave over a staircase."""

    start_v: AppliedVolts = Field(default=-0.1, description="First potential of the staircase, V.")
    end_v: AppliedVolts = Field(default=-0.5, description="Last potential of the staircase, V.")
    step_v: StepVolts = Field(default=0.001, description="Step of the staircase, V, positive.")
    amplitude_v: Annotated[float, Field(gt=0, le=0.5)] = Field(
        default=0.025,
        description="Height of the pulses above the staircase, V: half from peak to peak.",
    )

    @property
    def points(self) -> int:
        """Steps of the staircase."""
        return round(abs(self.end_v - self.start_v) / self.step_v) + 1

    @model_validator(mode="after")
    def _sweeps(self) -> Self:
        _expect_sweep(abs(self.end_v - self.start_v), self.step_v)
        return self


class CyclicMethod(Part):
    """Linear sweeps from the start over both vertices and back to the start."""

    start_v: AppliedVolts = Field(default=0.0, description="First and last potential, V.")
    vertex_1_v: AppliedVolts = Field(default=-0.5, description="Where the sweep turns first, V.")
    vertex_2_v: AppliedVolts = Field(default=0.0, description="Where it turns the second time, V.")
    step_v: StepVolts = Field(default=0.002, description="Step of the potential, V, positive.")
    scan_rate_v_s: Annotated[float, Field(gt=0, le=1000)] = Field(
        default=0.1, description="Scan rate, V/s."
    )
    cycles: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=1, description="Cycles of one scan."
    )

    @property
    def length_v(self) -> float:
        """Volts that one cycle goes through."""
        turns = (self.start_v, self.vertex_1_v, self.vertex_2_v, self.start_v)
        return sum(abs(b - a) for a, b in pairwise(turns))

    @model_validator(mode="after")
    def _sweeps(self) -> Self:
        _expect_sweep(self.length_v * self.cycles, self.step_v)
        return self


class StepMethod(Part):
    """Potentials that are held one after the other while the current is sampled."""

    potentials_v: Annotated[tuple[AppliedVolts, ...], Field(min_length=1, max_length=STEPS_MAX)] = (
        Field(default=(-0.1, -0.4), description="Potentials one after the other, V.")
    )
    duration_s: Annotated[float, Field(gt=0, le=1e5)] = Field(
        default=1.0, description="How long each potential is held, s."
    )
    sample_interval_s: Annotated[float, Field(ge=1e-5, le=1e4)] = Field(
        default=0.001, description="From one sample of the current to the next, s."
    )

    @property
    def points(self) -> int:
        """Samples of one scan."""
        return round(self.duration_s / self.sample_interval_s) * len(self.potentials_v)

    @model_validator(mode="after")
    def _samples(self) -> Self:
        if self.points < 1:
            raise ValueError("the interval between samples is longer than a potential is held")
        if self.points > POINTS_MAX:
            raise ValueError(f"a scan would have more than {POINTS_MAX:,} samples")
        return self


class MethodSettings(Part):
    """What a potentiostat on a serial line measures, and how often."""

    swv: SquareWaveMethod = Field(default_factory=SquareWaveMethod)
    cv: CyclicMethod = Field(default_factory=CyclicMethod)
    ca: StepMethod = Field(default_factory=StepMethod)
    interval_s: Duration = Field(
        default=60.0,
        description="From the beginning of a round to the beginning of the next, s; a round is "
        "one scan at each frequency and electrode. 0 for no pause.",
    )
    repeats: Annotated[int, Field(ge=1, le=REPEATS_MAX)] = Field(
        default=100, description="Rounds of the run."
    )
    electrodes: Annotated[tuple[Electrode, ...], Field(max_length=ELECTRODE_MAX)] = Field(
        default=(),
        description="Channels of a multiplexer, one scan of each in turn; empty without one.",
    )
    conditioning_v: AppliedVolts = Field(
        default=0.0, description="Potential that is held before each scan, V."
    )
    conditioning_s: Annotated[float, Field(ge=0, le=3600)] = Field(
        default=0.0, description="How long it is held, s; 0 for no conditioning."
    )
    quiet_s: Annotated[float, Field(ge=0, le=3600)] = Field(
        default=2.0, description="How long the first potential is held before each scan, s."
    )
    current_range_a: Annotated[float, Field(ge=1e-9, le=1)] = Field(
        default=1e-5, description="Largest current that is expected, A."
    )
    autorange: bool = Field(
        default=True,
        description="Whether the instrument may take a smaller range by itself, where it can.",
    )


def _expect_sweep(length_v: float, step_v: float) -> None:
    if length_v < step_v:
        raise ValueError("the sweep is shorter than one step; start and end must differ")
    if length_v / step_v > POINTS_MAX:
        raise ValueError(f"a scan would have more than {POINTS_MAX:,} points; take a larger step")
