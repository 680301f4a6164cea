"""What a wall screen shows: few big numbers at a time and their trend, in turn where many are."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from dashboard.axes import quantity
from dashboard.blocks import Card
from dashboard.charts import electrodes_in, trend_figure
from dashboard.figures import frequency_label
from dashboard.series import TrendView
from dashboard.trend import Peak, Scan, Trend

NUMBERS: Final = 4
SLIDE_S: Final = 12.0
LARGER: Final = 1.7
"""By how much letters and lines of a chart grow, to be read from across the room."""


@dataclass(frozen=True, slots=True)
class Slide:
    """What stands on the screen at one time: electrodes in the chart, and their numbers."""

    electrodes: tuple[int, ...]
    cards: tuple[Card, ...]


@lru_cache(maxsize=32)
def slides(trend: Trend) -> tuple[Slide, ...]:
    """All slides of a trend; few frequencies go together by electrodes, many by frequency."""
    newest = _newest(trend)
    electrodes = electrodes_in(trend)
    frequencies = sorted({f for _, f in newest}, key=lambda f: (f is None, f or 0.0))
    together = max(1, NUMBERS // max(1, len(frequencies)))
    made = []
    for first in range(0, len(electrodes), together):
        group = electrodes[first : first + together]
        lines = [(e, f) for e in group for f in frequencies if (e, f) in newest]
        for start in range(0, len(lines), NUMBERS):
            cards = [_card(*newest[line]) for line in lines[start : start + NUMBERS]]
            made.append(Slide(group, tuple(cards)))
    return tuple(made)


def slide_at(trend: Trend, now: float) -> tuple[Slide | None, str]:
    """The slide of this moment, and which of how many it is; all screens turn together."""
    every = slides(trend)
    if not every:
        return None, ""
    place = int(now // SLIDE_S) % len(every)
    return every[place], f"{place + 1} of {len(every)}" if len(every) > 1 else ""


@lru_cache(maxsize=32)
def wall_figure(trend: Trend, view: TrendView) -> bytes:
    """The trend with letters and lines for a distance."""
    figure = json.loads(trend_figure(trend, view))
    return json.dumps(_larger(figure), separators=(",", ":"), ensure_ascii=False).encode()


def _newest(trend: Trend) -> dict[tuple[int, float | None], tuple[Scan, Peak]]:
    """The newest scan of each electrode at each frequency."""
    found: dict[tuple[int, float | None], tuple[Scan, Peak]] = {}
    for scan in trend.newest_revisions():
        for peak in scan.peaks:
            found[(peak.electrode, scan.frequency_hz)] = (scan, peak)
    return found


def _card(scan: Scan, peak: Peak) -> Card:
    value, _, unit = quantity(peak.current_a, "A").partition(" ")
    notes: Sequence[str] = [
        f"normalised {peak.normalised:.3f}" if peak.normalised is not None else "",
        f"KDM {peak.kdm:.3f}" if peak.kdm is not None else "",
    ]
    label = f"E{peak.electrode} · {frequency_label(scan.frequency_hz)}"
    return Card(label, value, unit, note=" · ".join(n for n in notes if n).replace("-", "−"))


def _larger(value: Any, name: str = "") -> Any:
    """The figure with every size of letters, dots and lines multiplied."""
    if isinstance(value, dict):
        return {k: _larger(v, k) for k, v in value.items()}
    if isinstance(value, list) and name != "size":
        return [_larger(v) if isinstance(v, dict) else v for v in value]
    if name in {"size", "width", "ticklen", "standoff"}:
        return [LARGER * v for v in value] if isinstance(value, list) else LARGER * value
    return value
