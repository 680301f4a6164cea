"""The four parts of a session's settings, as the session document carries them.

Each field's description is what the dashboard shows as help and what `docs/settings.md` lists.
A change of `source` reaches the agent, one of `reading` or `peak` re-analyses the run, and one of
`trend` recomputes the trend from the numbers that are there.
"""

import json
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sacmes_core.formats.scan import ColumnMapping

Technique = Literal["swv", "cv", "frequency_map", "ca"]

FREQUENCY_MAX_HZ = 1e6
NUMBER_MAX = 10_000_000
ELECTRODE_MAX = 256

DEFAULT_EXTENSIONS: Final = (".txt", ".csv", ".dta", ".mpt", ".pssession")
"""What an empty `SourceSettings.extension` takes."""

FrequencyHz = Annotated[float, Field(gt=0, le=FREQUENCY_MAX_HZ)]
ScanNumber = Annotated[int, Field(ge=0, le=NUMBER_MAX)]
Electrode = Annotated[int, Field(ge=1, le=ELECTRODE_MAX)]
Potential = Annotated[float, Field(ge=-100, le=100)]


class Part(BaseModel):
    """A part of the settings: immutable, finite numbers only, unknown fields ignored."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", allow_inf_nan=False, strict=True, ser_json_inf_nan="strings"
    )


class SourceSettings(Part):
    """Which files of the watched folder belong to the session."""

    handle: Annotated[str, Field(max_length=128)] = Field(
        default="", description="Start of the file names, for example SWV_; empty takes every name."
    )
    extension: Annotated[str, Field(max_length=16, pattern=r"^(\.[A-Za-z0-9]+)?$")] = Field(
        default="",
        description="End of the file names, for example .txt; empty takes .txt, .csv, "
        ".dta, .mpt and .pssession. Upper and lower case are the same.",
    )
    frequencies_hz: Annotated[tuple[FrequencyHz, ...], Field(max_length=64)] = Field(
        default=(),
        description="Square-wave frequencies in Hz that belong to the run; empty takes all.",
    )
    first_number: ScanNumber = Field(default=0, description="First scan number of the run.")
    last_number: ScanNumber | None = Field(
        default=None, description="Last scan number of the run; empty for no end."
    )
    backlog: Literal["all", "since", "none"] = Field(
        default="all",
        description="Files that are there when the session starts: all of them, those written "
        "since the session was started, or none.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.last_number is not None and self.last_number < self.first_number:
            raise ValueError("the last scan number is below the first")
        return self


class ReadingSettings(Part):
    """How bytes become a scan; what is None is found from the content."""

    delimiter: Literal["tab", "semicolon", "comma", "space"] | None = Field(
        default=None,
        description="What stands between two columns; found from the content if empty.",
    )
    decimal: Literal["point", "comma"] | None = Field(
        default=None, description="Decimal sign of the file; found from the content if empty."
    )
    potential_column: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        default=None, description="Column of the potential, counted from 1."
    )
    current_column: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        default=None, description="Column of the first electrode's current, counted from 1."
    )
    column_spacing: Annotated[int, Field(ge=1, le=64)] | None = Field(
        default=None, description="Columns from one electrode's current to the next one's."
    )
    potential_unit: Literal["V", "mV", "µV", "nV"] | None = Field(
        default=None, description="Unit of the potential; found from the headings if empty."
    )
    current_unit: Literal["A", "mA", "µA", "nA", "pA"] | None = Field(
        default=None, description="Unit of the current; found from the headings if empty."
    )
    electrodes: Annotated[tuple[Electrode, ...], Field(max_length=ELECTRODE_MAX)] = Field(
        default=(),
        description="Electrodes to analyse, counted from 1; empty takes all in the file.",
    )
    invert_current: bool = Field(
        default=False, description="Change the sign of every current (polarographic convention)."
    )

    def mapping(self) -> ColumnMapping:
        """The part of these settings that the readers of files understand."""
        return ColumnMapping(**self.model_dump(exclude={"electrodes"}))


class PeakSettings(Part):
    """How a voltammogram becomes a peak current."""

    method: Literal["median", "sacmes-web", "sacmes-desktop"] = Field(
        default="median",
        description="Name of the peak method: the median of several fits, or what the SACMES "
        "web port or desktop program would compute.",
    )
    potential_min_v: Potential | None = Field(
        default=None,
        description="Lower end of the potential window in V; empty for the whole scan.",
    )
    potential_max_v: Potential | None = Field(
        default=None,
        description="Upper end of the potential window in V; empty for the whole scan.",
    )
    smoothing: Literal["auto", "manual", "off"] = Field(
        default="auto",
        description="Savitzky–Golay smoothing: window from the peak's width, "
        "from the fields below, or none.",
    )
    smoothing_window_points: Annotated[int, Field(ge=3, le=999)] = Field(
        default=15, description="Window of manual smoothing in points, odd."
    )
    smoothing_degree: Annotated[int, Field(ge=0, le=9)] = Field(
        default=2, description="Degree of the smoothing polynomial."
    )
    spike_filter: Literal["auto", "manual", "off"] = Field(
        default="off", description="Hampel filter against single outliers."
    )
    spike_window_points: Annotated[int, Field(ge=3, le=999)] = Field(
        default=5, description="Window of the manual spike filter in points, odd."
    )
    spike_threshold_sigmas: Annotated[float, Field(ge=1, le=100)] = Field(
        default=3.0,
        description="Distance from the local median, in robust standard deviations, "
        "from which a point counts as a spike.",
    )

    @model_validator(mode="after")
    def _window(self) -> Self:
        low, high = self.potential_min_v, self.potential_max_v
        if low is not None and high is not None and high <= low:
            raise ValueError("the upper end of the potential window is not above the lower one")
        return self


class TrendSettings(Part):
    """How peak currents become a trend."""

    reference_number: ScanNumber = Field(
        default=1, description="Scan number that the normalised current is relative to."
    )
    low_frequency_hz: FrequencyHz | None = Field(
        default=None, description="Lower frequency of the KDM pair; the lowest of the run if empty."
    )
    high_frequency_hz: FrequencyHz | None = Field(
        default=None,
        description="Higher frequency of the KDM pair; the highest of the run if empty.",
    )
    low_offset: Annotated[float, Field(ge=-1e3, le=1e3)] = Field(
        default=0.0, description="Added to the normalised current of the low frequency before KDM."
    )
    low_slope_per_scan: Annotated[float, Field(ge=-1e3, le=1e3)] = Field(
        default=0.0, description="Added to the same per scan number, against a linear drift."
    )


class SessionSettings(Part):
    """Everything that a session is told, in the four parts that change different things."""

    source: SourceSettings = Field(default_factory=SourceSettings)
    reading: ReadingSettings = Field(default_factory=ReadingSettings)
    peak: PeakSettings = Field(default_factory=PeakSettings)
    trend: TrendSettings = Field(default_factory=TrendSettings)

    def changed(self, assignments: dict[str, Any]) -> Self:
        """The settings with dotted names replaced, for example ``{"peak.smoothing": "off"}``.

        Raises
        ------
        ValueError
            If a name is unknown or a value does not fit; pydantic's error is one.
        """
        document = self.model_dump(mode="json")
        for dotted, value in assignments.items():
            part, _, name = dotted.partition(".")
            if part not in document or name not in document[part]:
                known = ", ".join(f"{p}.{n}" for p in document for n in document[p])
                raise ValueError(f"there is no setting {dotted!r}; the settings are {known}")
            document[part][name] = value
        return type(self).model_validate_json(json.dumps(document, allow_nan=False))
