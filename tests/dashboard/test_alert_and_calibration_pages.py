"""The pages of alerts and calibration as Streamlit runs them, with the examples as answers."""

from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import access
from dashboard.connection import AskError
from dashboard.live_state import LiveState
from sacmes_core import examples, questions
from sacmes_core.payloads.alerts import AcknowledgeRequest, Alerts
from sacmes_core.payloads.calibration import CalibrateRequest
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.questions import SettingsRequest
from sacmes_core.payloads.session import SessionDocument


def example(model: type[Payload]) -> Any:
    return next(e for e in examples.EXAMPLES if type(e) is model)


class Answering:
    """A connection whose analyzer answers each question with the example of its answer."""

    def __init__(self) -> None:
        alert = example(Alerts).alerts[0].model_copy(update={"state": "active"})
        self.state = LiveState(
            "alice", link="online", session=example(SessionDocument), alerts=(alert,)
        )
        self.asked: list[Payload] = []
        self.refusal = ""

    def ask(self, question: questions.Question, payload: Payload, **_: Any) -> Payload:
        self.asked.append(payload)
        if self.refusal:
            raise AskError(self.refusal)
        assert question.reply is not None
        answer: Payload = example(question.reply)
        return answer


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Answering:
    answering = Answering()
    monkeypatch.setattr(access, "connection", lambda: answering)
    monkeypatch.setattr(access, "may_change", lambda: True)
    monkeypatch.setattr(access, "credentials", lambda: access.Credentials("alice", "alice", "k"))
    return answering


def alerts_script() -> None:
    from dashboard.views import alerts

    alerts.page()


def calibration_script() -> None:
    from dashboard.views import calibration

    calibration.page()


def banner_script() -> None:
    import streamlit as st

    from dashboard.views import alert_banner

    alert_banner.link_to = lambda *_: st.caption("See alerts")  # type: ignore[assignment]
    alert_banner.show()


def run(script: Any) -> AppTest:
    page = AppTest.from_function(script, default_timeout=90).run()
    assert not page.exception, page.exception[0]
    return page


def words(page: AppTest) -> str:
    """All that the panels say."""
    panels = page.get("bidi_component")
    return " ".join(p.proto.json + p.proto.bytes.decode("utf-8", "replace") for p in panels)


def press(page: AppTest, label: str) -> AppTest:
    next(b for b in page.button if b.label == label).click()
    page.run()
    assert not page.exception, page.exception[0]
    return page


def test_an_alert_is_acknowledged_and_listed(connection: Answering) -> None:
    page = run(alerts_script)
    assert "below 0.5 in 3 scans one after another" in words(page)
    press(page, "Acknowledge")
    (asked,) = [a for a in connection.asked if isinstance(a, AcknowledgeRequest)]
    assert asked.by == "alice"
    assert "Alerts, newest first" in words(page)


def test_rules_are_changed_for_everyone(connection: Answering) -> None:
    page = run(alerts_script)
    next(f for f in page.number_input if f.label == "No scans for / min").set_value(7.0)
    press(page, "Apply for everyone")
    (asked,) = [a for a in connection.asked if isinstance(a, SettingsRequest)]
    assert asked.settings.alerts.no_scans_s == 420
    assert connection.state.session is not None
    assert asked.settings.peak == connection.state.session.settings.peak
    assert "The rules hold from the next scan on" in words(page)


def test_who_may_only_look_changes_nothing(
    connection: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "may_change", lambda: False)
    changing = {"Acknowledge", "Apply for everyone", "Use for this session", "Save doses"}
    for script in (alerts_script, calibration_script):
        buttons = [b for b in run(script).button if b.label in changing]
        assert buttons
        assert all(b.disabled for b in buttons)
        assert {b.help for b in buttons} == {access.LOOK_ONLY}


def test_banner_is_there_while_an_alert_is_active_and_a_toast_comes_once(
    connection: Answering,
) -> None:
    page = run(banner_script)
    assert "Alert: Signal out of band" in words(page)
    assert not page.toast, "it was there before the page was"
    old = connection.state.alerts[0]
    connection.state = replace(
        connection.state, alerts=(old, old.model_copy(update={"alert_id": "new", "electrode": 4}))
    )
    page.run()
    assert [t.value for t in page.toast] == ["**New alert:** Signal out of band · E4 · 15 Hz"]
    page.run()
    assert not page.toast
    connection.state = replace(connection.state, alerts=())
    page.run()
    assert "Alert" not in words(page)


def test_curve_and_parameters_are_shown_and_used(connection: Answering) -> None:
    page = run(calibration_script)
    shown = words(page)
    assert "Half-saturation concentration K" in shown
    assert "Hill–Langmuir curve" in shown
    assert any("do not reach half saturation" in c.value for c in page.caption)
    press(page, "Use for this session")
    (asked,) = [a for a in connection.asked if isinstance(a, CalibrateRequest)]
    assert (asked.source, asked.quantity, asked.by) == ("marks", "normalised", "alice")
    assert "concentrations of the run are computed now" in words(page)


def test_entered_parameters_need_their_units(connection: Answering) -> None:
    page = run(calibration_script)
    fields = {field.label: field for field in page.text_input}
    fields["Baseline, without target"].set_value("1.0")
    fields["Gain, saturation less baseline"].set_value("-0.6")
    fields["Half saturation K"].set_value("40")
    press(page, "Use these for this session")
    assert "is no such number; write for example 40" in words(page)
    fields = {field.label: field for field in page.text_input}
    fields["Half saturation K"].set_value("40 µM")
    press(page, "Use these for this session")
    (asked,) = [a for a in connection.asked if isinstance(a, CalibrateRequest)]
    assert asked.entered[0].half_concentration_molar == pytest.approx(4e-5)


def test_without_an_answer_or_a_session_the_pages_say_so(connection: Answering) -> None:
    connection.refusal = "No analyzer answers."
    assert "No analyzer answers." in words(run(calibration_script))
    assert any("No analyzer answers." in c.value for c in run(alerts_script).caption)
    connection.state = LiveState("alice", link="online")
    assert "Nothing to calibrate yet" in words(run(calibration_script))
    assert "Nothing needs a look" in words(run(alerts_script))
