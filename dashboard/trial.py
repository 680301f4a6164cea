"""A stored scan under settings that are tried out, beside what holds: figure, numbers, choice."""

from collections.abc import Sequence
from typing import Final

from dashboard.axes import calm_bounds, prefix_for, quantity, significant
from dashboard.blocks import Cell, Column
from dashboard.figures import Figure, axis, encoded, layout, lean, scan_label
from dashboard.flag_words import flag_name, flag_sentences
from dashboard.trend import Scan, Trend
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.replies import RevisionsReply, ScanReply
from sacmes_core.payloads.results import ElectrodeCurves, ElectrodeResult
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.session import SessionSettings

HALF_STEP_V: Final = 5e-5
"""A change of a potential is told to a tenth of a millivolt."""
_LOOKS: Final = (("now", "@0", "solid", "circle"), ("trial", "@1", "dash", "diamond"))


def settings_before(session: SessionDocument, reply: Payload | None) -> SessionSettings | None:
    """The last settings of a session that were others than those of now; None without any."""
    revisions = reply.revisions if isinstance(reply, RevisionsReply) else ()
    others = (r.settings for r in revisions if r.settings != session.settings)
    return next(others, None)


def scan_to_try(trend: Trend | None, frequency_hz: float | None, number: int | None) -> Scan | None:
    """The stored scan of this frequency and number, the newest one where no number is given."""
    for scan in reversed(trend.scans if trend is not None else ()):
        wanted = frequency_hz is None or scan.frequency_hz == frequency_hz
        if wanted and (number is None or scan.number == number):
            return scan
    return None


def scan_words(scan: Scan) -> str:
    """Which scan it is, with its file."""
    return f"{scan_label(scan, scan.position)} · {scan.file}"


def trial_columns(scan: Scan) -> tuple[Column, ...]:
    """Headings of the table of numbers, the first of which says of which scan they are."""
    label = scan_label(scan, scan.position)
    return Column(label), *(Column(what, "right") for what in ("Now", "Trial", "Change"))


def electrodes_of(*replies: ScanReply | None) -> tuple[int, ...]:
    """The electrodes of which there is a curve or a number."""
    found = {e.electrode for r in replies if r is not None for e in r.result.electrodes}
    return tuple(sorted(found))


def trial_figure(
    now: ScanReply | None,
    trial: ScanReply | None,
    electrode: int,
    window_v: tuple[float | None, float | None] = (None, None),
) -> bytes:
    """One electrode's voltammogram with what holds and what is tried, each with its baseline.

    Parameters
    ----------
    window_v
        Ends of the window that is tried, drawn where they are given.
    """
    curves = [_curves_of(reply, electrode) for reply in (now, trial)]
    every = [c for drawn in curves if drawn is not None for c in drawn.current_a]
    prefix = prefix_for(every, "A")
    traces: list[Figure] = []
    widest = max((c for c in curves if c is not None), key=lambda c: len(c.current_a), default=None)
    if widest is not None:
        dots = {"color": "@muted", "size": 4}
        measured = {"type": "scatter", "mode": "markers", "name": "measured", "marker": dots}
        x, y = widest.potential_v, [v * prefix.factor for v in widest.current_a]
        traces.append(measured | {"x": _potentials(x), "y": lean(y), "opacity": 0.6})
    for drawn, look in zip(curves, _LOOKS, strict=True):
        if drawn is not None:
            traces += _drawn(drawn, look, prefix.factor)
    position = now.result.position if now is not None else 0
    frame = layout(f"trial/{position}/{electrode}")
    frame |= {
        "hovermode": "closest",
        "showlegend": True,
        "xaxis": axis("Potential / V"),
        "yaxis": axis(f"Δ<i>I</i> / {prefix.unit}"),
    }
    frame["yaxis"]["range"] = calm_bounds((v * prefix.factor for v in every), headroom=0.1)
    frame["shapes"] = [_limit(v) for v in window_v if v is not None]
    return encoded(traces, frame, pale=False)


def trial_rows(now: ScanReply | None, trial: ScanReply | None, electrode: int) -> list[list[Cell]]:
    """The numbers of one electrode as they are, as they would be, and by how much they change."""
    before, after = _result_of(now, electrode), _result_of(trial, electrode)
    rows = [
        _row("Peak current", "peak_current_a", "A", (before, after)),
        _row("± standard error", "peak_current_se_a", "A", (before, after)),
        _row("Peak potential", "peak_potential_v", "V", (before, after)),
        _row("Area", "area_av", "A·V", (before, after)),
        _row("Width at half height", "fwhm_v", "V", (before, after)),
    ]
    flags = [_flags(reply, result) for reply, result in ((now, before), (trial, after))]
    texts = [", ".join(flag_name(f) for f in named) or "none" for named in flags]
    cells = [
        Cell(text, title=flag_sentences(named), tone="attention" if named else "muted")
        for text, named in zip(texts, flags, strict=True)
    ]
    return [*rows, [Cell("Flags", tone="muted"), *cells, Cell("")]]


def _limit(potential_v: float) -> Figure:
    line = {"color": "@1", "width": 1, "dash": "dot"}
    ends = {"x0": potential_v, "x1": potential_v, "y0": 0, "y1": 1}
    return {"type": "line", "xref": "x", "yref": "paper", "line": line} | ends


def _curves_of(reply: ScanReply | None, electrode: int) -> ElectrodeCurves | None:
    if reply is None or reply.curves is None:
        return None
    return next((c for c in reply.curves.electrodes if c.electrode == electrode), None)


def _result_of(reply: ScanReply | None, electrode: int) -> ElectrodeResult | None:
    if reply is None:
        return None
    return next((e for e in reply.result.electrodes if e.electrode == electrode), None)


def _flags(reply: ScanReply | None, result: ElectrodeResult | None) -> tuple[str, ...]:
    scan = reply.result.flags if reply is not None else ()
    return tuple(dict.fromkeys((*scan, *(result.flags if result is not None else ()))))


def _drawn(drawn: ElectrodeCurves, look: tuple[str, str, str, str], factor: float) -> list[Figure]:
    name, colour, dash, symbol = look
    x = _potentials(drawn.potential_v)
    traces: list[Figure] = []
    line = {"color": colour, "width": 2, "dash": dash}
    for values_a, what, width in (
        (drawn.smoothed_a, "", 2.0),
        (drawn.baseline_a, " baseline", 1.2),
    ):
        if values_a is not None:
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "name": f"{name}{what}",
                    "legendgroup": name,
                    "showlegend": not what,
                    "x": x,
                    "y": lean([v * factor for v in values_a]),
                    "line": line | {"width": width},
                }
            )
    peak = _peak(drawn, factor)
    if peak is not None:
        marker = {
            "color": colour,
            "size": 10,
            "symbol": symbol,
            "line": {"color": "@paper", "width": 1.5},
        }
        traces.append(peak | {"name": f"{name} peak", "legendgroup": name, "marker": marker})
    return traces


def _peak(drawn: ElectrodeCurves, factor: float) -> Figure | None:
    """The peak and its height, a vertical line from the baseline to it."""
    potential_v, baseline_a = drawn.peak_potential_v, drawn.baseline_a
    if potential_v is None or drawn.peak_current_a is None or baseline_a is None:
        return None
    nearest = min(
        range(len(drawn.potential_v)), key=lambda k: abs(drawn.potential_v[k] - potential_v)
    )
    foot_a = baseline_a[nearest]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [round(potential_v, 6)] * 2,
        "y": lean([foot_a * factor, (foot_a + drawn.peak_current_a) * factor]),
        "line": {"color": "@muted", "width": 1},
        "showlegend": False,
    }


def _row(
    label: str, name: str, unit: str, both: tuple[ElectrodeResult | None, ElectrodeResult | None]
) -> list[Cell]:
    values = [None if result is None else getattr(result, name) for result in both]
    cells = [Cell(quantity(value, unit)) for value in values]
    return [Cell(label, tone="muted"), *cells, _change(values, unit)]


def _change(values: Sequence[float | None], unit: str) -> Cell:
    """The change: of a potential in mV, of the others in per cent."""
    before, after = values
    if before is None or after is None:
        return Cell("–" if before == after else "new" if before is None else "gone", tone="muted")
    difference = after - before
    if abs(difference) <= 1e-9 * abs(before):
        return Cell("same", tone="muted")
    if unit == "V":
        if abs(difference) < HALF_STEP_V:
            return Cell("same", tone="muted")
        return Cell(f"{1e3 * difference:+.1f} mV".replace("-", "−"))
    if before == 0:
        return Cell("–", tone="muted")
    share = 100 * difference / abs(before)
    sign = "+" if share > 0 else "−"
    return Cell(f"{sign}{significant(abs(share), 2)} %")


def _potentials(values_v: Sequence[float]) -> list[float]:
    return [round(v, 6) for v in values_v]
