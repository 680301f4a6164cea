"""What an alert says: sentences with value, limit, scan and electrode, and what to do next."""

from math import floor, isfinite, log10
from typing import Final

from sacmes_core.settings.alerts import AlertQuantity

NAMES: Final = {
    "peak_current": "peak current",
    "normalised": "normalised current",
    "kdm": "KDM",
    "concentration": "concentration",
}
_UNITS: Final = {"peak_current": "A", "normalised": "", "kdm": "", "concentration": "M"}
_PREFIXES: Final = ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"))


def amount(value: float, quantity: AlertQuantity) -> str:
    """A value to four digits with its unit and a prefix that suits it."""
    unit = _UNITS[quantity]
    if not unit:
        return f"{value:.4g}"
    for size, letter in _PREFIXES:
        if abs(value) >= size or (size, letter) == _PREFIXES[-1]:
            return f"{_digits(value / size)} {letter}{unit}"
    return f"{value:.4g} {unit}"


def duration(seconds: float) -> str:
    """A length of time as people say it."""
    steps: tuple[tuple[float, float, str], ...] = (
        (120, 1, "s"),
        (120 * 60, 60, "min"),
        (48 * 3600, 3600, "h"),
    )
    for limit_s, unit_s, name in steps:
        if seconds < limit_s:
            return f"{seconds / unit_s:.0f} {name}"
    return f"{seconds / 86400:.0f} days"


def place(electrode: int | None, frequency_hz: float | None) -> str:
    """Which series is meant."""
    where = f" of electrode {electrode}" if electrode is not None else ""
    return where if frequency_hz is None else f"{where} at {frequency_hz:g} Hz"


def out_of_band(
    quantity: AlertQuantity, value: float, threshold: float, where: str, scans: int
) -> str:
    """A signal has left its band."""
    side = "below" if value < threshold else "above"
    lasting = "" if scans == 1 else f", as in {scans} scans one after another"
    return (
        f"The {NAMES[quantity]}{where} is {amount(value, quantity)}, {side} the limit of "
        f"{amount(threshold, quantity)}{lasting}."
    )


def electrode_dead(where: str, scans: int) -> str:
    """An electrode gives no peaks."""
    return (
        f"No peak{where} could be trusted in the last {scans} scans. Check its connection, and the "
        "potential window in the settings."
    )


def no_scans(silent_s: float) -> str:
    """Nothing comes although the session runs."""
    return (
        f"No scan has come for {duration(silent_s)} although the session runs. Look whether the "
        "instrument still measures and whether the agent watches the right folder."
    )


def agent_offline(host: str, away_s: float) -> str:
    """The agent is not heard of."""
    where = f" on {host}" if host else ""
    return (
        f"The agent{where} has not been heard of for {duration(away_s)}. What it measures "
        "meanwhile waits on its disk; look whether the computer is on and has a network."
    )


def _digits(value: float) -> str:
    if value == 0 or not isfinite(value):
        return f"{value:g}"
    return f"{value:.{max(0, 3 - floor(log10(abs(value))))}f}"
