"""The rate constants behind a frequency map: what is asked, and what is fitted."""

from typing import Annotated

from pydantic import Field

from sacmes_core.payloads.common import Flag, Payload, Samples, SessionId
from sacmes_core.settings.parts import Electrode, Part, ScanNumber


class RatesQuery(Payload):
    """Fit the rate of electron transfer to the map of a session's square waves."""

    session_id: SessionId | None = Field(default=None, description="The newest session if empty.")
    number: ScanNumber | None = Field(
        default=None,
        description="Number of the scans that make the map; all of the session, averaged, if "
        "empty.",
    )
    electrons: Annotated[int, Field(ge=1, le=4)] = Field(
        default=2, description="Electrons of the couple, which are taken as known."
    )
    transfer_coefficient: Annotated[float, Field(gt=0, lt=1)] = 0.5
    amplitude_v: Annotated[float, Field(gt=0, le=0.5)] | None = Field(
        default=None,
        description="Amplitude of the square wave, half from peak to peak; that of the session's "
        "method if empty, 25 mV without one.",
    )
    step_v: Annotated[float, Field(gt=0, le=0.1)] | None = Field(
        default=None, description="Step of the staircase; as the amplitude if empty, else 1 mV."
    )


class Population(Part):
    """One population of the couple, with standard errors and a 95 % interval."""

    rate_hz: float = Field(description="Apparent standard rate constant, 1/s.")
    rate_se_hz: float
    rate_low_hz: float
    rate_high_hz: float
    charge_c: float
    charge_se_c: float


class ElectrodeRates(Part):
    """What was fitted to the map of one electrode; no population where nothing could be."""

    electrode: Electrode
    populations: Annotated[tuple[Population, ...], Field(max_length=2)] = ()
    maximum_hz: float | None = Field(
        default=None, description="Frequency at which the charge is largest."
    )
    frequency_hz: Samples = ()
    peak_current_a: Samples = Field(default=(), description="The fitted curve.")
    flags: tuple[Flag, ...] = ()


class RatesReply(Payload):
    """Answer to `rates`."""

    session_id: SessionId
    amplitude_v: float = Field(description="As it was taken for the fit, as all that follows.")
    step_v: float
    electrons: int
    electrodes: Annotated[tuple[ElectrodeRates, ...], Field(max_length=256)] = ()
