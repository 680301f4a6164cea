"""What people type, as settings or as a sentence."""

import pytest

from dashboard import forms
from dashboard.forms import FormError
from sacmes_core.settings.session import SessionSettings


def test_windows_are_read_as_they_are_written():
    found = forms.windows("up to 50 Hz: -0.45 to -0.10; Above 0.05 kHz: −.4 V to +0.05 V")
    assert found == (
        {"up_to_hz": 50.0, "potential_min_v": -0.45, "potential_max_v": -0.1},
        {"above_hz": 50.0, "potential_min_v": -0.4, "potential_max_v": 0.05},
    )
    (one,) = forms.windows("240Hz: -0.4 to -0.05\n")
    assert one["frequency_hz"] == 240.0
    assert forms.windows(" ") == ()


@pytest.mark.parametrize("text", ["50: 1 to 2", "50 Hz", "50 Hz: 1", "up to Hz: 1 to 2"])
def test_what_is_no_window_is_refused_with_an_example(text):
    with pytest.raises(FormError, match=r"write for example up to 50 Hz"):
        forms.windows(text)


def test_a_window_upside_down_is_refused():
    windows = forms.windows("50 Hz: 1 to -2")
    with pytest.raises(FormError, match="not above the lower one"):
        forms.settings(SessionSettings(), {"peak.windows": windows})


def test_windows_as_text_are_read_again_as_they_were():
    text = "up to 50 Hz: -0.45 to -0.1; above 50 Hz: -0.4 to 0.05; 240 Hz: -0.4 to -0.05"
    held = forms.settings(SessionSettings(), {"peak.windows": forms.windows(text)})
    assert forms.windows_text(held.peak.windows) == text
    half = forms.settings(
        SessionSettings(), {"peak.windows": [{"frequency_hz": 50.0, "potential_min_v": 0.1}]}
    )
    assert forms.windows_text(half.peak.windows) == ""


def test_potentials_are_read_with_and_without_their_unit():
    assert forms.potentials("-0.2, 0.1; −300 mV") == (-0.2, 0.1, -0.3)
    assert forms.potentials("") == ()
    with pytest.raises(FormError, match=r"write for example -0\.2"):
        forms.potentials("a")
    with pytest.raises(FormError, match="no potential of a cell"):
        forms.potentials("-200")
