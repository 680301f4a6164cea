"""Settings of the analysis: how a voltammogram becomes a peak current."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sacmes_core.settings.ca import CaSettings
from sacmes_core.settings.cv import CvSettings
from sacmes_core.settings.parts import FrequencyHz, Part, Potential

BaselineName = Literal[
    "line",
    "hull",
    "polynomial",
    "asls",
    "arpls",
    "airpls",
    "modpoly",
    "imodpoly",
    "snip",
    "mor",
    "beads",
]
LOESS_DEGREE_MAX = 2


class FrequencyWindow(Part):
    """A potential window for one square-wave frequency, or for a range of them."""

    frequency_hz: FrequencyHz | None = Field(
        default=None, description="The one frequency in Hz that the window is for."
    )
    above_hz: FrequencyHz | None = Field(
        default=None,
        description="The window is for frequencies above this one in Hz; empty for no lower limit.",
    )
    up_to_hz: FrequencyHz | None = Field(
        default=None,
        description="The window is for frequencies up to this one in Hz, itself included; empty "
        "for no upper limit.",
    )
    potential_min_v: Potential | None = Field(
        default=None,
        description="Lower end of the window in V; empty for that of all frequencies.",
    )
    potential_max_v: Potential | None = Field(
        default=None,
        description="Upper end of the window in V; empty for that of all frequencies.",
    )

    def holds(self, frequency_hz: float) -> bool:
        """Whether the window is for this frequency; limits are met to the sixth digit."""
        if self.frequency_hz is not None:
            return abs(frequency_hz - self.frequency_hz) <= 1e-6 * self.frequency_hz
        above = self.above_hz is None or frequency_hz > self.above_hz
        return above and (self.up_to_hz is None or frequency_hz <= self.up_to_hz)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.frequency_hz is not None and (self.above_hz or self.up_to_hz):
            raise ValueError("a window is for one frequency or for a range of them, not for both")
        if self.above_hz and self.up_to_hz and self.up_to_hz <= self.above_hz:
            raise ValueError("the range of frequencies ends below its start")
        _check_window(self.potential_min_v, self.potential_max_v)
        return self


class PeakSettings(Part):
    """How a voltammogram becomes a peak current."""

    method: Literal["median", "fast", "classic", "sacmes-web", "sacmes-desktop"] = Field(
        default="median",
        description="How the peak is taken. median: several fits that fail differently are asked "
        "and the middle answer counts; the most accurate, nothing to choose. fast: two of them "
        "only, for runs of ten thousands of scans. classic: the smoothing and the baseline "
        "chosen below, then the apex above it. sacmes-web and sacmes-desktop: what these "
        "programs compute, to compare with older results.",
    )
    current: Literal["difference", "forward", "reverse"] = Field(
        default="difference",
        description="Which current of the square wave has the peak. The difference (forward minus "
        "reverse) is the sensor's signal: the charging current is mostly gone from it. Forward or "
        "reverse alone show why a difference changes, on a steeper background.",
    )
    potential_min_v: Potential | None = Field(
        default=None,
        description="Lower end of the potential window in V; empty for the whole scan.",
    )
    potential_max_v: Potential | None = Field(
        default=None,
        description="Upper end of the potential window in V; empty for the whole scan.",
    )
    windows: Annotated[tuple[FrequencyWindow, ...], Field(max_length=64)] = Field(
        default=(),
        description="Windows of their own for some frequencies, since a peak moves and widens "
        "with frequency. The first that holds for a scan's frequency takes the place of the "
        'window above. A cutoff of 50 Hz is {"up_to_hz": 50, …} and {"above_hz": 50, …}.',
    )
    peak_direction: Literal["either", "up", "down"] = Field(
        default="either",
        description="Method classic: which way the peak points, as the current is written. "
        "either takes the stronger bend; say up or down where the background bends more than the "
        "peak.",
    )
    smoothing: Literal["auto", "manual", "off"] = Field(
        default="auto",
        description="auto: a window that suits the peak's width (sacmes-desktop: 5 mV); manual: "
        "the fields below; off: none. With median it is for the drawn curve only, the fits take "
        "the points as they are. Smoothing makes noise smaller and, with a window wider than half "
        "of the peak, the peak as well.",
    )
    smoothing_filter: Literal["savitzky-golay", "whittaker", "loess"] = Field(
        default="savitzky-golay",
        description="Method classic: savitzky-golay, a polynomial through the points of the "
        "window; whittaker, the curve that weighs closeness against roughness; loess, a polynomial "
        "through points that count less the farther they are. They differ little.",
    )
    smoothing_window_v: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None,
        description="Window of manual smoothing in V, for example 0.02, which stays the same "
        "when the step of the scan changes; empty to give it in points.",
    )
    smoothing_window_points: Annotated[int, Field(ge=3, le=999)] = Field(
        default=15, description="Window of manual smoothing in points, odd."
    )
    smoothing_degree: Annotated[int, Field(ge=0, le=9)] = Field(
        default=2,
        description="Degree of the smoothing polynomial, with manual smoothing: 0 and 1 are a "
        "moving average and lower the peak, 2 and 3 keep its height, more keep the noise. "
        "whittaker has none.",
    )
    spike_filter: Literal["auto", "manual", "off"] = Field(
        default="off",
        description="Hampel filter: a point far off the median of its neighbours becomes that "
        "median. Not in sacmes-desktop; median leaves spikes out by itself.",
    )
    spike_window_points: Annotated[int, Field(ge=3, le=999)] = Field(
        default=5, description="Window of the manual spike filter in points, odd."
    )
    spike_threshold_sigmas: Annotated[float, Field(ge=1, le=100)] = Field(
        default=3.0,
        description="Distance from the local median, in robust standard deviations, "
        "from which a point counts as a spike.",
    )
    baseline: BaselineName = Field(
        default="mor",
        description="Method classic: what is drawn under the peak. mor: the curve with everything "
        "narrower than the window cut off; a good first choice. line: "
        "straight through both feet. hull: straight, touching the curve on both sides. polynomial: "
        "through the flanks, the peak left out. asls, arpls, airpls: a stiff curve that gives way "
        "downwards and not upwards. modpoly, imodpoly: a polynomial from which what lies above is "
        "cut, round after round. snip: the curve clipped by the means of its neighbours. beads: "
        "baseline and peak parted by their frequencies.",
    )
    baseline_degree: Annotated[int, Field(ge=1, le=6)] = Field(
        default=1,
        description="Degree of the baselines polynomial, modpoly and imodpoly. 1 for a straight "
        "background; polynomial takes 2 where it bends. modpoly and imodpoly follow the peak from "
        "2 on and lower it by a tenth.",
    )
    baseline_window_v: Annotated[float, Field(gt=0, le=10)] | None = Field(
        default=None,
        description="What is narrower than this, in V, belongs to the peak: for asls, arpls, "
        "airpls and beads the shortest wave that the baseline follows by half, for snip and mor "
        "the window. Empty for one that suits the width of each peak.",
    )

    def at_frequency(self, frequency_hz: float | None) -> Self:
        """The settings of one frequency: its window in place of that of all, and no others."""
        if not self.windows:
            return self
        found = next(
            (w for w in self.windows if frequency_hz is not None and w.holds(frequency_hz)), None
        )
        low, high = self.potential_min_v, self.potential_max_v
        if found is not None:
            low = low if found.potential_min_v is None else found.potential_min_v
            high = high if found.potential_max_v is None else found.potential_max_v
        return self.model_copy(
            update={"windows": (), "potential_min_v": low, "potential_max_v": high}
        )

    @model_validator(mode="after")
    def _window(self) -> Self:
        _check_window(self.potential_min_v, self.potential_max_v)
        for window in self.windows:
            low = self.potential_min_v if window.potential_min_v is None else window.potential_min_v
            high = (
                self.potential_max_v if window.potential_max_v is None else window.potential_max_v
            )
            _check_window(low, high)
        return self

    cv: CvSettings = Field(
        default_factory=CvSettings, description="Cyclic and linear sweep voltammetry."
    )
    ca: CaSettings = Field(default_factory=CaSettings, description="Chronoamperometry.")

    @model_validator(mode="after")
    def _smoother(self) -> Self:
        if self.method != "classic" or self.smoothing != "manual":
            return self
        if self.smoothing_filter == "loess" and self.smoothing_degree > LOESS_DEGREE_MAX:
            raise ValueError("loess takes a polynomial of degree 0, 1 or 2")
        points = self.smoothing_window_points
        has_degree = self.smoothing_filter != "whittaker" and self.smoothing_window_v is None
        if has_degree and points <= self.smoothing_degree + 1:
            raise ValueError(
                f"a smoothing window of {points} points takes a polynomial of degree "
                f"{points - 2} at most; widen the window or lower the degree"
            )
        return self


def _check_window(low: float | None, high: float | None) -> None:
    if low is not None and high is not None and high <= low:
        raise ValueError("the upper end of the potential window is not above the lower one")
