"""Alerts and their rules as what a page shows: banner, rows, and the texts of a form."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Any, Final

from dashboard.axes import prefix_for
from dashboard.blocks import Cell, Column, Notice
from dashboard.figures import frequency_label
from dashboard.forms import FormError
from dashboard.standing import age_words, clock_words
from sacmes_core.payloads.alerts import Alert
from sacmes_core.settings import quantities
from sacmes_core.settings.alerts import AlertQuantity, BandRule

BANNER_TITLES: Final = 4
KINDS: Final = {
    "no_scans": "No scans",
    "agent_offline": "Agent offline",
    "electrode_dead": "Electrode dead",
    "signal_out_of_band": "Signal out of band",
}
QUANTITIES: Final[Mapping[AlertQuantity, str]] = {
    "peak_current": "Peak current",
    "normalised": "Normalised",
    "kdm": "KDM",
    "concentration": "Concentration",
}
STATES: Final = {"active": "Active", "acknowledged": "Acknowledged", "cleared": "Over"}
_UNITS: Final[Mapping[AlertQuantity, str]] = {
    "peak_current": "A",
    "normalised": "",
    "kdm": "",
    "concentration": "M",
}
EMPTY_BAND: Final[Mapping[str, Any]] = {
    "quantity": QUANTITIES["normalised"],
    "electrode": None,
    "frequency_hz": None,
    "low": None,
    "high": None,
    "hysteresis": None,
    "scans": 3,
}
"""The line of a table where a band can be entered."""
COLUMNS: Final = (
    Column("Since"),
    Column("Alert"),
    Column("Where"),
    Column("Scan", "right"),
    Column("Value", "right"),
    Column("Limit", "right"),
    Column("State"),
    Column("What became of it", "wrap"),
)


def kind_words(alert: Alert) -> str:
    """The kind of an alert in words of our own."""
    return KINDS.get(alert.kind, "Alert")


def title(alert: Alert) -> str:
    """The kind, and which electrode and frequency."""
    return " · ".join(part for part in (kind_words(alert), _where(alert)) if part)


def banner(alerts: Iterable[Alert]) -> Notice | None:
    """What stands above every page while an alert is active; None while there is none."""
    active = [alert for alert in alerts if alert.state == "active"]
    if not active:
        return None
    if len(active) == 1:
        return Notice(f"Alert: {title(active[0])}", active[0].sentence, "alarm")
    named = [title(alert) for alert in active[:BANNER_TITLES]]
    if len(active) > BANNER_TITLES:
        named.append(f"and {len(active) - BANNER_TITLES} more")
    return Notice(f"{len(active)} alerts", "; ".join(named), "alarm")


def arrived(alerts: Iterable[Alert], known: frozenset[str]) -> list[Alert]:
    """The active alerts that this page has not seen yet."""
    return [a for a in alerts if a.state == "active" and a.alert_id not in known]


def open_notice(alert: Alert, now: float, zone: tzinfo) -> Notice:
    """One alert that is not over."""
    since = clock_words(alert.since.timestamp(), now, zone)
    said = f"{alert.sentence} Since {since}."
    if alert.state == "acknowledged" and alert.acknowledged_at is not None:
        at = clock_words(alert.acknowledged_at.timestamp(), now, zone)
        by = f" by {alert.acknowledged_by}" if alert.acknowledged_by else ""
        return Notice(f"{title(alert)} · acknowledged", f"{said} Seen at {at}{by}.", "attention")
    return Notice(title(alert), said, "alarm")


def rows(alerts: Sequence[Alert], now: float, zone: tzinfo) -> list[list[Cell]]:
    """A line for each alert, in the order given, for `COLUMNS`."""
    return [_row(alert, now, zone) for alert in alerts]


def band_rows(bands: Iterable[BandRule]) -> list[dict[str, Any]]:
    """The bands as an editable table has them: limits as texts with units."""
    return [
        {
            "quantity": QUANTITIES[band.quantity],
            "electrode": band.electrode,
            "frequency_hz": band.frequency_hz,
            "low": _limit_text(band.low, band.quantity),
            "high": _limit_text(band.high, band.quantity),
            "hysteresis": _limit_text(band.hysteresis or None, band.quantity),
            "scans": band.scans,
        }
        for band in bands
    ]


def bands_of(table: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The bands of an edited table, as settings take them; empty lines are left out.

    Raises
    ------
    FormError
        If a limit is no number in the unit of its quantity.
    """
    names = {words: name for name, words in QUANTITIES.items()}
    bands = []
    for row in table:
        if not any(_is_given(row.get(name)) for name in ("low", "high")):
            continue
        name = names.get(str(row.get("quantity")), "peak_current")
        bands.append(
            {
                "quantity": name,
                "electrode": _whole(row.get("electrode")),
                "frequency_hz": _number(row.get("frequency_hz")),
                "low": _limit(row.get("low"), name),
                "high": _limit(row.get("high"), name),
                "hysteresis": _limit(row.get("hysteresis"), name) or 0.0,
                "scans": _whole(row.get("scans")) or BandRule.model_fields["scans"].default,
            }
        )
    return bands


def amount(value: float, unit: str, digits: int) -> str:
    """A value with its unit and a prefix; a fraction has neither."""
    if not unit:
        return f"{value:.{digits}g}".replace("-", "−")
    prefix = prefix_for([value], unit)
    return f"{value * prefix.factor:.{digits}g} {prefix.unit}".replace("-", "−")


def with_unit(text: str, unit: str) -> float:
    """A quantity as somebody types it; without its unit it would be a million times another.

    Raises
    ------
    ValueError
        If it is none, or has no unit and is not 0.
    """
    value = quantities.quantity(text, unit)
    if value and not text.strip().endswith(unit):
        raise ValueError(f"{text} has no unit")
    return value


def _row(alert: Alert, now: float, zone: tzinfo) -> list[Cell]:
    tone: Any = "attention" if alert.state == "active" else ""
    return [
        Cell(clock_words(alert.since.timestamp(), now, zone)),
        Cell(kind_words(alert), alert.sentence, tone),
        Cell(_where(alert) or "–"),
        Cell(str(alert.number) if alert.number is not None else "–"),
        Cell(_value(alert.value, alert)),
        Cell(_value(alert.threshold, alert)),
        Cell(STATES[alert.state], tone=tone),
        Cell(_outcome(alert, now, zone)),
    ]


def _outcome(alert: Alert, now: float, zone: tzinfo) -> str:
    parts = []
    if alert.acknowledged_at is not None:
        at = clock_words(alert.acknowledged_at.timestamp(), now, zone)
        parts.append(f"Acknowledged at {at} by {alert.acknowledged_by or 'somebody'}.")
    if alert.cleared_at is not None:
        at = clock_words(alert.cleared_at.timestamp(), now, zone)
        lasted = age_words((alert.cleared_at - alert.since).total_seconds())
        parts.append(f"Over at {at}, after {lasted}. {alert.cleared_because or ''}".rstrip())
    return " ".join(parts) or "Waits for somebody to look."


def _where(alert: Alert) -> str:
    electrode = f"E{alert.electrode}" if alert.electrode is not None else ""
    hertz = frequency_label(alert.frequency_hz) if alert.frequency_hz is not None else ""
    return " · ".join(part for part in (electrode, hertz) if part)


def _value(value: float | None, alert: Alert) -> str:
    if value is None:
        return "–"
    if alert.quantity is not None:
        return amount(value, _UNITS[alert.quantity], 4)
    return f"{value:.0f} scans" if alert.kind == "electrode_dead" else age_words(value)


def _limit_text(value: float | None, name: AlertQuantity) -> str | None:
    return None if value is None else amount(value, _UNITS[name], 6).replace("−", "-")


def _limit(text: object, name: AlertQuantity) -> float | None:
    if not _is_given(text):
        return None
    unit = _UNITS[name]
    try:
        if unit:
            return with_unit(str(text), unit)
        return float(str(text).replace("−", "-"))
    except ValueError:
        example = {"A": "120 nA", "M": "5 µM", "": "0.8"}[unit]
        raise FormError(
            f"{QUANTITIES[name]}: {str(text)!r} is no such number; write for example {example}."
        ) from None


def _is_given(value: object) -> bool:
    # An empty cell of a table may be a nan, which is not equal to itself.
    return value is not None and value == value and str(value).strip() != ""


def _number(value: Any) -> float | None:
    return float(value) if _is_given(value) else None


def _whole(value: Any) -> int | None:
    return int(value) if _is_given(value) else None
