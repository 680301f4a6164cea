"""The peaks of a run as curves in a unit square, one for each frequency."""

from dataclasses import dataclass

from agent.window.quantities import measured
from agent.window.record import Peak


@dataclass(frozen=True, slots=True)
class Curve:
    """One frequency's peaks; x from 0 to 1 over the scans, y from 0 to 1 over all heights."""

    name: str
    points: tuple[tuple[float, float], ...]


def curves(peaks: tuple[Peak, ...]) -> tuple[Curve, ...]:
    """Curves of one scale, in the order of their frequencies."""
    if not peaks:
        return ()
    currents = [peak.current_a for peak in peaks]
    low, high = min(currents), max(currents)
    span = (high - low) or 1.0
    last = max(1, len(peaks) - 1)
    found: dict[float | None, list[tuple[float, float]]] = {}
    for k, peak in enumerate(peaks):
        y = (peak.current_a - low) / span if high > low else 0.5
        found.setdefault(peak.frequency_hz, []).append((k / last, y))
    return tuple(
        Curve("" if frequency_hz is None else f"{frequency_hz:g} Hz", tuple(found[frequency_hz]))
        for frequency_hz in sorted(found, key=lambda f: -1.0 if f is None else f)
    )


def span(peaks: tuple[Peak, ...]) -> str:
    """The smallest and the largest of the peaks, in words."""
    currents = [peak.current_a for peak in peaks]
    low, high = (measured(value, None, "A") for value in (min(currents), max(currents)))
    return low if low == high else f"{low} to {high}"
