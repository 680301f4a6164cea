"""What the rules of a session say of one scan: wrong, right, or nothing."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from analyzer import alert_words as words
from sacmes_core import flags
from sacmes_core.payloads.results import ElectrodeResult, Result
from sacmes_core.settings.alerts import AlertSettings, BandRule

NO_SCANS: Final = "no_scans"
AGENT_OFFLINE: Final = "agent_offline"
DEAD: Final = "electrode_dead"
BAND: Final = "signal_out_of_band"
UNTRUSTED: Final = frozenset(
    {
        *(flags.NO_PEAK, flags.TOO_FEW_POINTS, flags.NOT_FINITE, flags.SATURATED, flags.CONSTANT),
        *(flags.DOUBTFUL_PEAK, flags.TOO_NOISY, flags.DROPOUT, flags.OVERLOAD, flags.PEAK_AT_EDGE),
        *(flags.MISSING_ELECTRODE, flags.MISSING_CURRENT),
    }
)
"""Flags of a peak that says nothing of the electrode's signal."""


@dataclass(frozen=True, slots=True)
class Streak:
    """Scans of one series one after another on the wrong, and on the right side of a rule."""

    wrong: int = 0
    right: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says of one scan of one series: wrong, right, or neither where None."""

    cause: str
    kind: str
    is_wrong: bool | None
    scans: int
    scans_to_end: int
    sentence: str
    over: str
    about: Mapping[str, Any]

    def after(self, streak: Streak) -> Streak:
        """The streak of its series with this scan."""
        if self.is_wrong is None:
            return Streak()
        if self.is_wrong:
            return Streak(min(streak.wrong + 1, self.scans), 0)
        return Streak(0, min(streak.right + 1, self.scans_to_end))


def verdicts(
    rules: AlertSettings, result: Result, streaks: Mapping[str, Streak]
) -> Iterator[Verdict]:
    """What each rule says of each electrode of a scan."""
    hertz = result.scan.frequency_hz
    for electrode in result.electrodes:
        if rules.dead_after_scans is not None:
            untrusted = electrode.peak_current_a is None or UNTRUSTED & set(electrode.flags)
            yield _dead(rules.dead_after_scans, electrode.electrode, hertz, bool(untrusted))
        for rule in rules.bands:
            if (verdict := _band(rule, electrode, hertz)) is not None:
                yield verdict
    if rules.dead_after_scans is not None and result.error is not None:
        # No electrode of a scan that cannot be read has a peak.
        for number, its_hertz in series_of(streaks):
            if its_hertz == hertz:
                yield _dead(rules.dead_after_scans, number, hertz, True)


def _dead(scans: int, electrode: int, frequency_hz: float | None, wrong: bool) -> Verdict:
    where = words.place(electrode, frequency_hz)
    return Verdict(
        _cause(DEAD, str(scans), electrode, frequency_hz),
        DEAD,
        wrong,
        scans,
        1,
        words.electrode_dead(where, scans),
        "The electrode gives a peak again.",
        {
            "electrode": electrode,
            "frequency_hz": frequency_hz,
            "value": float(scans),
            "threshold": float(scans),
        },
    )


def _band(rule: BandRule, result: ElectrodeResult, hertz: float | None) -> Verdict | None:
    """What a band says; None where the rule is about another series, or there is no number."""
    if rule.electrode not in (None, result.electrode) or rule.frequency_hz not in (None, hertz):
        return None
    value = _value(rule, result)
    if value is None:
        return None
    is_below = rule.low is not None and value < rule.low
    is_above = rule.high is not None and value > rule.high
    threshold = rule.low if is_below else rule.high
    # KDM is carried by whichever frequency completes the pair.
    frequency_hz = None if rule.quantity == "kdm" else hertz
    where = words.place(result.electrode, frequency_hz)
    is_wrong: bool | None = is_below or is_above
    sentence = ""
    if is_wrong and threshold is not None:
        sentence = words.out_of_band(rule.quantity, value, threshold, where, rule.scans)
    elif not _is_well_inside(rule, value):
        is_wrong = None
    return Verdict(
        _cause(BAND, _key(rule), result.electrode, frequency_hz),
        BAND,
        is_wrong,
        rule.scans,
        rule.scans,
        sentence,
        f"It is {words.amount(value, rule.quantity)} again.",
        {
            "quantity": rule.quantity,
            "electrode": result.electrode,
            "frequency_hz": frequency_hz,
            "value": value,
            "threshold": threshold if is_wrong else None,
        },
    )


def _value(rule: BandRule, result: ElectrodeResult) -> float | None:
    values = {
        "peak_current": result.peak_current_a,
        "normalised": result.normalised,
        "kdm": result.kdm,
        "concentration": result.concentration_molar,
    }
    return values[rule.quantity]


def _is_well_inside(rule: BandRule, value: float) -> bool:
    return (rule.low is None or value >= rule.low + rule.hysteresis) and (
        rule.high is None or value <= rule.high - rule.hysteresis
    )


def rules_of(rules: AlertSettings) -> Iterator[str]:
    """The rules that hold, as causes begin."""
    if rules.no_scans_s is not None:
        yield NO_SCANS
    if rules.agent_offline_s is not None:
        yield AGENT_OFFLINE
    if rules.dead_after_scans is not None:
        yield f"{DEAD}|{rules.dead_after_scans}"
    for rule in rules.bands:
        yield f"{BAND}|{_key(rule)}"


def _key(rule: BandRule) -> str:
    return hashlib.sha256(rule.model_dump_json().encode()).hexdigest()[:16]


def _cause(kind: str, rule: str, electrode: int, frequency_hz: float | None) -> str:
    hertz = "" if frequency_hz is None else f"{frequency_hz:g}"
    return f"{kind}|{rule}|{electrode}|{hertz}"


def rule_of(cause: str) -> str:
    """The rule that a cause begins with."""
    return "|".join(cause.split("|")[:2])


def series_of(streaks: Mapping[str, Streak]) -> Iterator[tuple[int, float | None]]:
    """Electrode and frequency of the series that the rule of dead electrodes knows."""
    for cause in streaks:
        if cause.startswith(f"{DEAD}|"):
            _, _, electrode, hertz = cause.split("|")
            yield int(electrode), float(hertz) if hertz else None
