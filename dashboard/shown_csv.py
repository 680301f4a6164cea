"""What a chart shows as a table: the same points, in the units of its axes, with what made them."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from dashboard.charts import electrodes_in
from dashboard.marks import KINDS, mark_words
from dashboard.series import Series, TrendView, series_of
from dashboard.trend import Trend
from dashboard.trend_lines import names_of
from dashboard.trend_scales import (
    Scales,
    abscissa_title,
    mark_places,
    ordinate_title,
    scales_of,
    x_on_axis,
)
from sacmes_core.payloads.marks import Mark
from sacmes_core.payloads.session import SessionDocument

COLUMNS: Final = (
    "line",
    "electrode",
    "frequency_hz",
    "scan_number",
    "x",
    "y",
    "y_error",
    "scans",
    "flagged",
    "position",
    "index",
)


def shown_csv(
    session: SessionDocument, trend: Trend, view: TrendView, marks: Sequence[Mark] = ()
) -> bytes:
    """All points of all lines of the chart, none thinned out; the same bytes for the same chart.

    Lines that start with ``#`` say what it is, in which units, the marks, and the settings.
    """
    lines = series_of(trend, view)
    scales = scales_of(trend, view, lines)
    names = names_of(lines, view, several=len(electrodes_in(trend)) > 1)
    out = io.StringIO()
    for name, text in _head(session, trend, view, scales):
        out.write(f"# {name}: {_one_line(text)}\n")
    for mark, x in mark_places(trend, view, scales, marks):
        out.write(f"# mark: {KINDS[mark.kind]} at x = {x}: {_one_line(mark_words(mark))}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line, name in zip(lines, names, strict=True):
        writer.writerows(_rows(line, name, view, scales))
    return out.getvalue().encode()


def _head(
    session: SessionDocument, trend: Trend, view: TrendView, scales: Scales
) -> Iterator[tuple[str, str]]:
    chosen = view.electrodes or electrodes_in(trend)
    yield "session", f"{session.name or 'without a name'} ({session.session_id})"
    yield "started", session.started_at.isoformat()
    yield "y", ordinate_title(view.quantity, scales.prefix)
    yield "x", abscissa_title(view, scales)
    yield "y_error", _error_words(view)
    yield "electrodes", ", ".join(map(str, chosen)) or "none"
    yield "scans of a group", f"{view.group}"
    epoch = trend.epoch
    yield "revision", f"settings {epoch.settings_revision}, trend {epoch.trend_revision}"
    if epoch.settings_revision == session.settings_revision:
        for part in ("reading", "peak", "trend"):
            held = getattr(session.settings, part).model_dump(mode="json")
            yield f"settings {part}", json.dumps(held, ensure_ascii=False)
    else:
        yield "settings", "those before the last change, which is still being computed"


def _error_words(view: TrendView) -> str:
    if view.group > 1:
        return "standard error of the mean of the group"
    if view.arrangement == "averaged":
        return "standard deviation between electrodes"
    return "standard error"


def _rows(line: Series, name: str, view: TrendView, scales: Scales) -> Iterator[list[Any]]:
    factor = scales.prefix.factor
    electrode = "mean" if line.electrode is None else line.electrode
    frequency = "" if line.frequency_hz is None else f"{line.frequency_hz:g}"
    columns = (
        x_on_axis(line.x, view, scales),
        line.number.tolist(),
        (line.y * factor).tolist(),
        (line.error * factor).tolist(),
        line.scans.tolist(),
        line.flagged.tolist(),
        line.position.tolist(),
        line.index.tolist(),
    )
    for x, number, y, error, scans, flagged, position, index in zip(*columns, strict=True):
        place = ["", ""] if position < 0 else [position, index]
        values = [f"{number:.10g}", x, _number(y), _number(error)]
        yield [name, electrode, frequency, *values, scans, int(flagged), *place]


def _number(value: float) -> str:
    return f"{value:.9g}" if np.isfinite(value) else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())
