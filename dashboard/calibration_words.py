"""A calibration as the page shows it: its curve, its parameters, its doses, and its forms."""

from collections.abc import Iterable, Mapping, Sequence
from math import log10
from typing import Any, Final

from dashboard.alert_words import amount, with_unit
from dashboard.blocks import Cell, Column
from dashboard.figures import Figure, axis, band, encoded, frequency_label, layout, lean
from dashboard.forms import FormError
from sacmes_core.flags import SENTENCES
from sacmes_core.payloads.calibration import (
    Calibration,
    CalibrationCurve,
    CalibrationQuantity,
    Dose,
    Drawn,
    EnteredCurve,
    Limited,
)
from sacmes_core.payloads.marks import Mark

QUANTITIES: Final[Mapping[CalibrationQuantity, str]] = {
    "normalised": "Normalised current",
    "kdm": "KDM",
    "peak_current": "Peak current",
}
UNITS: Final = ("µM", "nM", "pM", "mM", "M")
COLUMNS: Final = (Column("Parameter"), Column("Value", "right"), Column("95 % limits"))
_SIGNAL_UNITS: Final[Mapping[CalibrationQuantity, str]] = {
    "normalised": "",
    "kdm": "",
    "peak_current": "A",
}
_MICRO: Final = 1e6
_BLANK_BELOW: Final = 10.0
_STEP: Final = 1.3
"""Half the width of what is drawn at the blanks, on the logarithmic axis."""
_DIGITS: Final = 4


def series_words(curve: CalibrationCurve) -> str:
    """Which electrode and frequency a curve is of."""
    electrode = "Every electrode" if curve.electrode is None else f"Electrode {curve.electrode}"
    if curve.frequency_hz is None:
        return electrode
    return f"{electrode} · {frequency_label(curve.frequency_hz)}"


def holds_words(calibration: Calibration | None) -> str:
    """What holds for the session, in a sentence."""
    if calibration is None:
        return "This session has no calibration: it shows signals, and no concentrations."
    origin = "entered parameters" if calibration.origin == "entered" else "doses"
    if calibration.from_session_id is not None:
        origin += " of another session"
    count = len(calibration.curves)
    by = f", set by {calibration.by}" if calibration.by else ""
    curves = "one curve" if count == 1 else f"{count} curves"
    signal = QUANTITIES[calibration.quantity]
    return f"Concentrations come from {signal} by {curves} of {origin}{by}."


def curve_figure(curve: CalibrationCurve, quantity: CalibrationQuantity) -> bytes:
    """Doses, curve and confidence band over the concentration; blanks at the left edge."""
    unit = _SIGNAL_UNITS[quantity]
    scale = _scale(curve, unit)
    doses = [dose.concentration_molar for dose in curve.doses if dose.concentration_molar > 0]
    drawn = curve.drawn
    blank = min(doses, default=1e-6) / _BLANK_BELOW
    blanks = len(doses) < len(curve.doses)
    traces = _band(drawn, scale[0], blank if blanks else None) if drawn is not None else []
    traces.append(_points(curve.doses, scale[0], blank))
    frame = layout(f"calibration/{series_words(curve)}/{quantity}")
    name = QUANTITIES[quantity]
    frame["xaxis"] = axis("Concentration / µM") | {"type": "log", "exponentformat": "none"}
    frame["yaxis"] = axis(f"{name} / {scale[1]}" if scale[1] else name)
    frame |= {"showlegend": True, "hovermode": "closest"}
    if blanks:
        frame["annotations"] = [_blank_note(blank)]
    return encoded(traces, frame, pale=False)


def parameter_rows(curve: CalibrationCurve, quantity: CalibrationQuantity) -> list[list[Cell]]:
    """The parameters with their limits, for `COLUMNS`."""
    unit = _SIGNAL_UNITS[quantity]
    h_fixed = curve.hill_coefficient.low == curve.hill_coefficient.high == 1.0
    rows = [
        _row("Half-saturation concentration K", curve.half_concentration_molar, "M"),
        _row("Gain, saturation less blank", curve.gain, unit),
        _row("Baseline, without target", curve.baseline, unit),
        _row("Hill coefficient h", curve.hill_coefficient, "", fixed=h_fixed),
    ]
    if curve.entered is None:
        rows += [
            _row("Limit of detection", curve.detection_molar, "M"),
            _row("Limit of quantification", curve.quantification_molar, "M"),
            [Cell("One scan tells it to 30 %"), Cell(_usable(curve)), Cell("")],
            [Cell("r²"), Cell(_plain(curve.r_squared)), Cell("")],
        ]
    sd = "–" if curve.signal_sd is None else amount(curve.signal_sd, unit, 3)
    return [*rows, [Cell("Scatter of one signal, standard deviation"), Cell(sd), Cell("")]]


def warnings(curve: CalibrationCurve) -> list[str]:
    """What is to be known before the curve is used."""
    found = [SENTENCES.get(flag, flag) for flag in curve.flags]
    return [*([curve.problem] if curve.problem else []), *found]


def dose_rows(marks: Iterable[Mark]) -> list[dict[str, Any]]:
    """The marks as an editable table has them."""
    return [
        {
            "mark_id": mark.mark_id,
            "kind": mark.kind,
            "label": mark.label,
            "number": mark.number,
            "concentration": mark.concentration,
            "unit": mark.concentration_unit or UNITS[0],
        }
        for mark in marks
    ]


def changed_marks(
    before: Sequence[Mark], table: Iterable[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], list[str]]:
    """What an edited table asks for: marks to make or to replace, and ids of those to take away.

    Raises
    ------
    FormError
        If a new line names no scan.
    """
    known = {mark.mark_id: mark for mark in before}
    wanted: list[dict[str, Any]] = []
    kept: set[str] = set()
    for row in table:
        identity = _text(row.get("mark_id"))
        mark = known.get(identity)
        number, concentration = _number(row.get("number")), _number(row.get("concentration"))
        if mark is None and number is None:
            if concentration is None and not _text(row.get("label")):
                continue
            raise FormError("Name the first scan that shows a new dose.")
        if mark is not None:
            kept.add(identity)
        request = {
            "kind": _text(row.get("kind")) or "injection",
            "label": _text(row.get("label")),
            "number": None if number is None else int(number),
            "at": None if mark is None else mark.at,
            "concentration": concentration,
            "concentration_unit": "" if concentration is None else _text(row.get("unit")),
        }
        if mark is not None:
            same = mark.model_dump(include=set(request)) == request
            request |= {"mark_id": identity, "by": mark.by}
            if same:
                continue
        wanted.append(request)
    return wanted, [identity for identity in known if identity not in kept]


def entered_curve(texts: Mapping[str, Any], quantity: CalibrationQuantity) -> EnteredCurve:
    """Parameters from what somebody typed, with units.

    Raises
    ------
    FormError
        If something is no number of its unit, or is missing.
    """
    signal = _SIGNAL_UNITS[quantity]
    found: dict[str, Any] = {
        "electrode": texts.get("electrode"),
        "frequency_hz": None if quantity == "kdm" else texts.get("frequency_hz"),
        "baseline": _typed(texts, "baseline", signal),
        "baseline_se": _typed(texts, "baseline_se", signal, 0.0),
        "gain": _typed(texts, "gain", signal),
        "gain_se": _typed(texts, "gain_se", signal, 0.0),
        "half_concentration_molar": _typed(texts, "half_concentration", "M"),
        "half_concentration_se_molar": _typed(texts, "half_concentration_se", "M", 0.0),
        "hill_coefficient": _typed(texts, "hill", "", 1.0),
        "hill_coefficient_se": _typed(texts, "hill_se", "", 0.0),
        "signal_se": None,
    }
    if _text(texts.get("signal_se")):
        found["signal_se"] = _typed(texts, "signal_se", signal)
    try:
        return EnteredCurve(**found)
    except ValueError as error:
        raise FormError(f"These parameters make no curve: {error}") from None


def example(quantity: CalibrationQuantity) -> str:
    """A signal as one would type it."""
    return "120 nA" if quantity == "peak_current" else "1.02"


def example_gain(quantity: CalibrationQuantity) -> str:
    """A gain as one would type it."""
    return "−60 nA" if quantity == "peak_current" else "−0.6"


def _scale(curve: CalibrationCurve, unit: str) -> tuple[float, str]:
    """Factor and unit of the drawn signals."""
    if not unit:
        return 1.0, ""
    largest = max([*(abs(d.signal) for d in curve.doses), *map(abs, _signals(curve))], default=1.0)
    for size, letter in ((1e-3, "m"), (1e-6, "µ"), (1e-9, "n")):
        if largest >= size:
            return 1 / size, letter + unit
    return 1e12, f"p{unit}"


def _signals(curve: CalibrationCurve) -> Sequence[float]:
    return () if curve.drawn is None else curve.drawn.signal


def _band(drawn: Drawn, factor: float, blank: float | None) -> list[Figure]:
    """Curve and band; where there are blanks, what both are without target is a step at these."""
    every = list(enumerate(drawn.concentration_molar))
    shown: list[tuple[int, float | None]] = [(place, c) for place, c in every if c > 0]
    if blank is not None:
        ends = (blank / _STEP, blank * _STEP, None)
        shown = [(place, end) for place, c in every if c == 0 for end in ends] + shown
    x = [None if c is None else c * _MICRO for _, c in shown]

    def column(values: Sequence[float | None]) -> list[float | None]:
        known = [None if c is None else values[place] for place, c in shown]
        return lean([None if v is None else v * factor for v in known])

    return [
        band(x, column(drawn.low), column(drawn.high), colour="@0", name="95 % band"),
        {
            "type": "scatter",
            "mode": "lines",
            "x": x,
            "y": column(drawn.signal),
            "name": "Hill–Langmuir curve",
            "connectgaps": False,
            "line": {"color": "@0", "width": 2},
            "text": [f"{drawn.concentration_molar[place] * _MICRO:.3g} µM" for place, _ in shown],
            "hovertemplate": "%{text}: %{y:.4~g}<extra></extra>",
        },
    ]


def _points(doses: Sequence[Dose], factor: float, blank: float) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "Scans at known concentrations",
        "x": [(d.concentration_molar or blank) * _MICRO for d in doses],
        "y": lean([d.signal * factor for d in doses]),
        "text": [_dose_words(d) for d in doses],
        "marker": {"color": "@1", "symbol": "circle-open", "size": 8, "line": {"width": 1.5}},
        "hovertemplate": "%{text}: %{y:.4~g}<extra></extra>",
    }


def _dose_words(dose: Dose) -> str:
    scan = f"scan {dose.number}" if dose.number is not None else f"position {dose.position}"
    return f"{amount(dose.concentration_molar, 'M', _DIGITS)}, {scan}"


def _blank_note(blank: float) -> Figure:
    return {
        "xref": "x",
        "yref": "paper",
        "x": log10(blank * _MICRO),
        "y": 0,
        "yanchor": "bottom",
        "text": "blank",
        "showarrow": False,
        "font": {"size": 12, "color": "@muted"},
    }


def _row(name: str, limited: Limited, unit: str, *, fixed: bool = False) -> list[Cell]:
    if fixed:
        return [Cell(name), Cell("1"), Cell("fixed")]
    value = "not determined" if limited.value is None else amount(limited.value, unit, _DIGITS)
    if limited.low is None and limited.high is None:
        return [Cell(name), Cell(value), Cell("open" if limited.value is not None else "")]
    low, high = (
        "open" if end is None else amount(end, unit, _DIGITS) for end in (limited.low, limited.high)
    )
    return [Cell(name), Cell(value), Cell(f"{low} to {high}")]


def _usable(curve: CalibrationCurve) -> str:
    if curve.usable_low_molar is None or curve.usable_high_molar is None:
        return "nowhere"
    ends = (amount(c, "M", 3) for c in (curve.usable_low_molar, curve.usable_high_molar))
    return " to ".join(ends)


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _typed(texts: Mapping[str, Any], name: str, unit: str, default: float | None = None) -> float:
    text = _text(texts.get(name)).replace("−", "-")
    if not text:
        if default is None:
            raise FormError(f"The {name.replace('_', ' ')} is missing.")
        return default
    try:
        return with_unit(text, unit) if unit else float(text)
    except ValueError:
        said = {"A": "120 nA", "M": "40 µM", "": "1.02"}[unit]
        raise FormError(
            f"The {name.replace('_', ' ')} {text!r} is no such number; write for example {said}."
        ) from None


def _text(value: Any) -> str:
    return "" if _is_missing(value) else str(value).strip()


def _number(value: Any) -> float | None:
    return None if _is_missing(value) else float(value)


def _is_missing(value: Any) -> bool:
    # An empty cell of a table may be a nan, which is not equal to itself.
    return value is None or value != value
