"""Alerts: what needs a person's eye now, what did before, and that somebody has seen it."""

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field

from sacmes_core.payloads.common import Flag, Payload, Position, Sentence, SessionId, ShortText
from sacmes_core.settings.alerts import AlertQuantity
from sacmes_core.settings.parts import Electrode, FrequencyHz, Part, ScanNumber

ALERTS_MAX: Final = 1000

AlertId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Alert(Part):
    """One thing that needs a person's eye."""

    alert_id: AlertId
    kind: Flag = Field(description="signal_out_of_band, electrode_dead, no_scans or agent_offline.")
    state: Literal["active", "acknowledged", "cleared"] = Field(
        default="active",
        description="acknowledged: somebody has seen it; cleared: its reason is over.",
    )
    since: AwareDatetime = Field(description="When it was raised.")
    sentence: Sentence
    session_id: SessionId | None = None
    quantity: AlertQuantity | None = None
    electrode: Electrode | None = None
    frequency_hz: FrequencyHz | None = None
    value: float | None = Field(
        default=None,
        description="What was measured when it was raised: in the unit of the quantity (A, a "
        "fraction, mol/L); scans for electrode_dead; seconds for no_scans and agent_offline.",
    )
    threshold: float | None = Field(default=None, description="The limit, in the same unit.")
    position: Position | None = Field(default=None, description="Of the scan that raised it.")
    number: ScanNumber | None = None
    measured_at: AwareDatetime | None = None
    acknowledged_at: AwareDatetime | None = None
    acknowledged_by: ShortText = ""
    cleared_at: AwareDatetime | None = None
    cleared_because: Sentence | None = None


class Alerts(Payload):
    """All alerts that are not over, the acknowledged ones among them; retained."""

    alerts: Annotated[tuple[Alert, ...], Field(max_length=ALERTS_MAX)]


class AlertsQuery(Payload):
    """The alerts of this user, those that are over among them, newest first."""

    limit: Annotated[int, Field(ge=1, le=ALERTS_MAX)] = 100


class AcknowledgeRequest(Payload):
    """Say that somebody has seen an alert; it stays until its reason is over."""

    alert_id: AlertId
    by: ShortText = ""


class AlertsReply(Payload):
    """Answer to `alerts` and `acknowledge`: newest first."""

    alerts: Annotated[tuple[Alert, ...], Field(max_length=ALERTS_MAX)]
