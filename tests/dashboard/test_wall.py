"""The wall screen: few numbers at a time, all of them in turn, a chart for a distance."""

import json

from dashboard.charts import trend_figure
from dashboard.series import TrendView
from dashboard.trend import Epoch, Trend, scan_of
from dashboard.wall import LARGER, NUMBERS, SLIDE_S, slide_at, slides, wall_figure
from sacmes_core.payloads.results import ElectrodeResult, Result, ScanReference

SESSION = "0b8c5a52-6f0e-4d53-9f57-7d6f4b8f2a11"


def trend(electrodes, frequencies_hz, numbers=2):
    scans, position = [], 0
    for number in range(1, numbers + 1):
        for frequency_hz in frequencies_hz:
            position += 1
            found = tuple(
                ElectrodeResult(
                    electrode=e,
                    peak_current_a=1e-6 * e * number,
                    peak_potential_v=-0.2,
                    normalised=0.9,
                    kdm=-0.5,
                )
                for e in electrodes
            )
            reference = ScanReference(
                file=f"{position}.txt", technique="swv", frequency_hz=frequency_hz, number=number
            )
            scans.append(
                scan_of(
                    Result(
                        session_id=SESSION,
                        position=position,
                        upload_id=f"{position:064x}",
                        scan=reference,
                        settings_revision=1,
                        trend_revision=1,
                        version="0.1.0",
                        electrodes=found,
                    )
                )
            )
    return Trend("s", Epoch(1, 1)).with_scans(scans)


def test_two_electrodes_at_two_frequencies_stand_on_one_slide():
    (slide,) = slides(trend((1, 2), (15.0, 100.0)))
    assert slide.electrodes == (1, 2)
    labels = [c.label for c in slide.cards]
    assert labels == ["E1 · 15 Hz", "E1 · 100 Hz", "E2 · 15 Hz", "E2 · 100 Hz"]
    assert (slide.cards[0].value, slide.cards[0].unit) == ("2.000", "µA")
    assert slide.cards[0].note == "normalised 0.900 · KDM −0.500"


def test_many_lines_take_turns_and_each_has_its_turn():
    many = trend(range(1, 9), (5.0, 15.0, 50.0, 100.0, 200.0))
    every = slides(many)
    assert all(len(s.cards) <= NUMBERS for s in every)
    assert len({c.label for s in every for c in s.cards}) == 40
    seen = {slide_at(many, SLIDE_S * turn)[0] for turn in range(len(every))}
    assert seen == set(every)
    assert slide_at(many, 0.0)[1] == f"1 of {len(every)}"


def test_an_empty_trend_has_no_slide():
    assert slide_at(Trend("s", Epoch(1, 1)), 0.0) == (None, "")


def test_the_chart_has_the_same_numbers_in_larger_letters():
    shown = trend((1,), (15.0,), numbers=3)
    small, large = (json.loads(f(shown, TrendView())) for f in (trend_figure, wall_figure))
    assert large["data"][0]["y"] == small["data"][0]["y"]
    assert large["data"][0]["x"] == small["data"][0]["x"]
    font, larger = (f["layout"]["xaxis"]["tickfont"]["size"] for f in (small, large))
    assert larger == LARGER * font
