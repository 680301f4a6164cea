"""What an instrument on a serial line would do for a session, and whether its agent lets it."""

from datetime import timedelta
from typing import Final

from dashboard.axes import quantity
from sacmes_core.instruments.limits import Limits, refusal
from sacmes_core.instruments.orders import KINDS, orders_of_round
from sacmes_core.payloads.presence import AgentPresence, MeasurementLimits
from sacmes_core.settings.parts import Technique
from sacmes_core.settings.session import SessionSettings

NO_REMOTE_START: Final = (
    "This agent lets nobody start its instrument from afar. Whoever stands beside it can allow it: "
    "start sacmes-agent serial with --allow-remote."
)


def instrument_words(presence: AgentPresence) -> str:
    """Which instrument is on the line, and what its agent lets it do."""
    name = presence.instrument or "The instrument, not seen yet,"
    words = f"{name} on {presence.host}, {presence.source_name}."
    limits = presence.limits
    if limits is None:
        return words
    return (
        f"{words} Allowed: {_volts(limits.min_v)} to {_volts(limits.max_v)}, ranges up to "
        f"{quantity(limits.max_current_a, 'A', 3)}, {limits.max_scans:,} scans in a run, "
        f"{_duration(limits.max_duration_s)} for a scan."
    )


def method_refusal(
    technique: Technique, settings: SessionSettings, limits: MeasurementLimits | None
) -> str | None:
    """Why the agent would not begin such a run, in a sentence; None where it would."""
    if KINDS[technique] == "swv" and not settings.source.frequencies_hz:
        return "Give at least one frequency; a square wave has no other speed."
    orders = orders_of_round(technique, settings, 1)
    if not orders or limits is None:
        return None
    bounds = Limits(
        limits.min_v,
        limits.max_v,
        limits.max_current_a,
        limits.max_scans,
        limits.max_duration_s,
    )
    return refusal(orders, bounds)


def run_words(technique: Technique, settings: SessionSettings) -> str:
    """What will be measured, how long it takes and what the cell sees."""
    orders = orders_of_round(technique, settings, 1)
    if not orders:
        return ""
    method = orders[0].method
    round_s = sum(order.duration_s for order in orders)
    every_s = max(round_s, method.interval_s)
    total_s = every_s * (method.repeats - 1) + round_s
    low = min(order.applied_v[0] for order in orders)
    high = max(order.applied_v[1] for order in orders)
    scans = "1 scan" if len(orders) == 1 else f"{len(orders)} scans"
    rounds = "once" if method.repeats == 1 else f"{method.repeats:,} times"
    said = (
        f"A round is {scans} and takes {_duration(round_s)}; it is measured {rounds}, in about "
        f"{_duration(total_s)}. The cell sees {_volts(low)} to {_volts(high)}, pulses and "
        "conditioning included."
    )
    if method.repeats > 1 and 0 < method.interval_s < round_s:
        said += " A round takes longer than the interval, so that there is no pause between rounds."
    return said


def _volts(value_v: float) -> str:
    return f"{value_v:g} V".replace("-", "−")


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.3g} s"
    return str(timedelta(seconds=round(seconds)))
