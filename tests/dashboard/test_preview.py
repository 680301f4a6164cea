"""A file of the agent's folder as the form shows it: what was found, and what is wrong."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from dashboard.preview import Wanted, found_words, mistakes, preview_figure
from sacmes_core.payloads.preview import PreviewCurve, PreviewReply, PreviewScan

CYCLE_V = tuple(
    map(float, np.concatenate([np.linspace(0.2, -0.5, 71), np.linspace(-0.5, 0.2, 71)]))
)


def curve(**changes):
    content = {
        "electrode": 1,
        "role": "total",
        "points": len(CYCLE_V),
        "potential_v": CYCLE_V,
        "current_a": tuple(1e-6 * v for v in CYCLE_V),
    }
    return PreviewCurve(**(content | changes))


def reply(*curves, **changes):
    curves = curves or (curve(),)
    content = {
        "index": 0,
        "format": "chi",
        "technique": "cv",
        "electrodes": tuple(sorted({c.electrode for c in curves})),
        "points": len(curves[0].current_a),
        "curves": curves,
    }
    scan = PreviewScan(**(content | changes))
    return PreviewReply(
        source_name="/data",
        file="CV_1.txt",
        size_bytes=40_600,
        modified_at=datetime(2026, 3, 1, tzinfo=UTC),
        scans=(scan,),
        scans_in_file=1,
    )


def drawn(scan, *segments):
    return json.loads(preview_figure(scan, segments))


def test_what_was_found_is_said_in_words():
    words = dict(found_words(reply(number=7)))
    assert words["Format"] == "CH Instruments text"
    assert words["Holds"] == "cyclic voltammogram, number 7"
    assert words["Points"] == "142, −0.5 to 0.2 V"
    assert words["Segments"] == "1 from 0.2 to −0.5 V; 2 from −0.5 to 0.2 V"


def test_a_cycle_is_drawn_sweep_by_sweep_and_the_chosen_ones_stand_out():
    scan = reply().scans[0]
    figure = drawn(scan)
    assert [t["name"] for t in figure["data"]] == ["Segment 1", "Segment 2"]
    assert len({t["line"]["color"] for t in figure["data"]}) == 2
    assert figure["layout"]["yaxis"]["title"]["text"] == "Current / nA"
    assert [t["opacity"] for t in drawn(scan, 2)["data"]] == [0.3, 1.0]
    several = drawn(reply(curve(), curve(electrode=2)).scans[0])
    assert [t["name"] for t in several["data"]][2] == "E2 segment 1"
    assert several["data"][0]["line"]["dash"] != several["data"][1]["line"]["dash"]


def test_a_decay_is_drawn_over_time_and_what_is_missing_stays_a_gap():
    decay = curve(potential_v=(), current_a=(1e-9, None, 2e-9), time_s=(0.0, 0.1, 0.2), points=3)
    figure = drawn(reply(decay, technique="ca").scans[0])
    assert figure["layout"]["xaxis"]["title"]["text"] == "Time / s"
    assert figure["data"][0]["y"] == [1.0, None, 2.0]


@pytest.mark.parametrize(
    ("wanted", "changes", "sentence"),
    [
        (Wanted("swv"), {}, "cyclic voltammogram; choose that technique"),
        (Wanted("cv", electrodes=(1, 3)), {}, "Electrode 3 is not in the file, which has 1"),
        (Wanted("cv"), {"incomplete": "It ends too soon."}, "It ends too soon."),
        (Wanted("cv"), {"flags": ("units_assumed",)}, "unit"),
        (
            Wanted("swv", frequencies_hz=(15.0,)),
            {"technique": "swv", "frequency_hz": 100.0},
            "measured at 100 Hz, which is not among",
        ),
        (Wanted("frequency_map"), {"technique": "swv"}, "says the frequency"),
    ],
)
def test_what_does_not_fit_is_a_sentence(wanted, changes, sentence):
    assert any(sentence in said for said in mistakes(reply(**changes), wanted))


def test_a_file_that_fits_has_no_mistake():
    assert mistakes(reply(), Wanted("cv", electrodes=(1,))) == []


def test_what_cannot_be_read_says_why_and_nothing_else():
    unread = reply().model_copy(update={"scans": (), "problem": "No numbers were found."})
    assert mistakes(unread, Wanted("cv")) == ["No numbers were found."]
    assert found_words(unread) == []
