"""One line that says what differs between two settings."""

import pytest

from dashboard.settings_words import changes_in_words
from sacmes_core.settings.session import SessionSettings


def changed(**assignments):
    return SessionSettings().changed({k.replace("__", "."): v for k, v in assignments.items()})


@pytest.mark.parametrize(
    ("assignments", "words"),
    [
        ({}, ""),
        (
            {"peak__potential_min_v": -0.45, "peak__potential_max_v": -0.1},
            "window whole scan → −0.45…−0.1 V",
        ),
        ({"peak__potential_max_v": 0.2}, "window whole scan → start…0.2 V"),
        ({"peak__method": "classic"}, "method median → classic"),
        (
            {"peak__smoothing_window_points": 21, "trend__low_offset": -0.5},
            "smoothing window 15 → 21 points · low offset 0 → −0.5",
        ),
        ({"trend__reference_number": 3}, "normalised to scan 1 → 3"),
        (
            {"trend__reference_number": 3, "trend__reference_last_number": 7},
            "normalised to scan 1 → 3…7",
        ),
        ({"trend__low_slope_per_scan": 0.001}, "low slope 0 → 0.001 per scan"),
        ({"reading__electrodes": [1, 2]}, "electrodes none → 1, 2"),
    ],
)
def test_what_differs_in_words(assignments, words):
    assert changes_in_words(SessionSettings(), changed(**assignments)) == words


def test_windows_of_frequencies_are_said_as_they_are_typed():
    window = {"up_to_hz": 50.0, "potential_min_v": -0.4, "potential_max_v": -0.1}
    words = changes_in_words(SessionSettings(), changed(peak__windows=[window]))
    assert words == "windows of single frequencies none → up to 50 Hz: -0.4 to -0.1"
