"""What differs between two settings, in one line that people read at a glance."""

from collections.abc import Iterator
from typing import Any, Final

from dashboard.forms import windows_text
from sacmes_core.settings.peak import PeakSettings
from sacmes_core.settings.session import SessionSettings

_UNITS: Final = {"_per_scan": "per scan", "_points": "points", "_sigmas": "σ", "_hz": "Hz"}
_UNITS_OF_ONE_LETTER: Final = {"_v": "V", "_s": "s", "_a": "A"}
_WINDOW: Final = ("peak.potential_min_v", "peak.potential_max_v")
_REFERENCE: Final = ("trend.reference_number", "trend.reference_last_number")


def changes_in_words(old: SessionSettings, new: SessionSettings) -> str:
    """What differs, for example ``window −0.45…−0.1 → −0.4…−0.05 V``; empty where nothing does."""
    before, after = _flat(old), _flat(new)
    found = []
    for name, value in after.items():
        if name == "peak.windows" or before.get(name) == value:
            continue
        if name in _WINDOW:
            words = f"window {_span(old.peak)} → {_span(new.peak)} V"
        elif name in _REFERENCE:
            words = f"normalised to scan {_reference(old)} → {_reference(new)}"
        else:
            words = _words(name, before.get(name), value)
        if words not in found:
            found.append(words)
    if old.peak.windows != new.peak.windows:
        spans = [windows_text(s.peak.windows) or "none" for s in (old, new)]
        found.append(f"windows of single frequencies {spans[0]} → {spans[1]}")
    return " · ".join(found)


def _flat(settings: SessionSettings) -> dict[str, Any]:
    return dict(_leaves(settings.model_dump()))


def _leaves(document: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _words(name: str, before: Any, after: Any) -> str:
    label, unit = name.rsplit(".", 1)[-1], ""
    for ending, written in (_UNITS | _UNITS_OF_ONE_LETTER).items():
        if label.endswith(ending):
            label, unit = label.removesuffix(ending), f" {written}"
            break
    return f"{label.replace('_', ' ')} {_value(before)} → {_value(after)}{unit}"


def _value(value: Any) -> str:
    if value is None or value in ("", ()):
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float | int):
        return f"{value:g}".replace("-", "−")
    if isinstance(value, tuple | list):
        return ", ".join(_value(v) for v in value)
    return str(value).replace("_", " ")


def _span(peak: PeakSettings) -> str:
    low, high = peak.potential_min_v, peak.potential_max_v
    if low is None and high is None:
        return "whole scan"
    return f"{'start' if low is None else _value(low)}…{'end' if high is None else _value(high)}"


def _reference(settings: SessionSettings) -> str:
    first, last = settings.trend.reference_number, settings.trend.reference_last_number
    return f"{first}" if last is None else f"{first}…{last}"
