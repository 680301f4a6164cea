"""The fields of the peak methods: those that a method uses are shown, no others."""

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import forms
from sacmes_core.settings.session import SessionSettings


def script():
    import streamlit as st

    from dashboard.views import peak_form

    st.session_state["said"] = peak_form.fields()


@pytest.fixture
def page():
    return AppTest.from_function(script, default_timeout=20).run()


def labels(page):
    return {each.label for each in (*page.selectbox, *page.number_input, *page.text_input)}


def choose(page, label, value):
    next(box for box in page.selectbox if box.label == label).set_value(value)
    page.run()
    assert not page.exception
    return page


def settings(page):
    said = dict(page.session_state["said"])
    said["peak.windows"] = forms.windows(said["peak.windows"])
    return forms.settings(SessionSettings(), said).peak


def test_the_default_has_nothing_to_choose(page):
    assert labels(page) == {"Method", "Current", "Windows of single frequencies"}
    assert "nothing to choose" in page.caption[0].value
    assert settings(page) == SessionSettings().peak


def test_what_the_page_says_are_settings_whatever_the_method(page):
    for method in ("classic", "sacmes-web", "sacmes-desktop", "median"):
        choose(page, "Method", method)
        assert page.caption[0].value
        assert settings(page).method == method


def test_the_chosen_baseline_decides_between_degree_and_window(page):
    choose(page, "Method", "classic")
    assert "Window of the baseline / V" in labels(page)
    choose(page, "Baseline", "polynomial")
    assert "Degree of the baseline" in labels(page)
    assert "Window of the baseline / V" not in labels(page)
    choose(page, "Baseline", "line")
    assert not {"Degree of the baseline", "Window of the baseline / V"} & labels(page)


def test_smoothing_by_hand_asks_for_a_window(page):
    choose(page, "Method", "classic")
    assert "Window / points" not in labels(page)
    choose(page, "Smoothing", "manual")
    next(box for box in page.number_input if box.label == "or / mV").set_value(20.0)
    page.run()
    found = settings(page)
    assert (found.smoothing, found.smoothing_window_v) == ("manual", 0.02)
    choose(page, "Filter", "whittaker")
    assert "Degree" not in labels(page)
    choose(page, "Smoothing", "off")
    assert "Filter" not in labels(page)


def test_the_desktop_program_has_no_spike_filter_and_no_baseline(page):
    choose(page, "Method", "sacmes-desktop")
    assert "Smoothing" in labels(page)
    assert not {"Spike filter", "Baseline", "Filter"} & labels(page)
