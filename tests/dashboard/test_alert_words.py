"""Alerts and their rules as the pages show them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboard import alert_words
from dashboard.forms import FormError, settings
from sacmes_core.payloads.alerts import Alert
from sacmes_core.settings.alerts import BandRule
from sacmes_core.settings.session import SessionSettings

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOW = AT.timestamp() + 600


def alert(k: int = 1, **changes: Any) -> Alert:
    content = {
        "alert_id": f"a{k}",
        "kind": "signal_out_of_band",
        "since": AT,
        "sentence": f"Sentence {k}.",
        "quantity": "peak_current",
        "electrode": 2,
        "frequency_hz": 15.0,
        "value": 8e-8,
        "threshold": 1.2e-7,
        "number": 40,
    }
    return Alert(**(content | changes))


def test_banner_tells_of_active_alerts_only() -> None:
    assert alert_words.banner([alert(state="acknowledged")]) is None
    one = alert_words.banner([alert(), alert(2, state="acknowledged")])
    assert one is not None
    assert (one.title, one.text) == ("Alert: Signal out of band · E2 · 15 Hz", "Sentence 1.")
    many = alert_words.banner([alert(k) for k in range(5)])
    assert many is not None
    assert many.title == "5 alerts"
    assert many.text == "; ".join([*["Signal out of band · E2 · 15 Hz"] * 4, "and 1 more"])


def test_an_alert_arrives_once() -> None:
    assert [a.alert_id for a in alert_words.arrived([alert(1), alert(2)], frozenset({"a1"}))] == [
        "a2"
    ]
    assert alert_words.arrived([alert(state="acknowledged")], frozenset()) == []


def test_history_says_value_limit_and_what_became_of_it() -> None:
    over = alert(
        state="cleared",
        acknowledged_at=AT,
        acknowledged_by="Ada",
        cleared_at=AT + timedelta(minutes=5),
        cleared_because="It is 130 nA again.",
    )
    silent = alert(
        kind="no_scans", quantity=None, electrode=None, frequency_hz=None, value=300.0, number=None
    )
    first, second = alert_words.rows([over, silent], NOW, UTC)
    assert [cell.text for cell in first] == [
        "12:00",
        "Signal out of band",
        "E2 · 15 Hz",
        "40",
        "80 nA",
        "120 nA",
        "Over",
        "Acknowledged at 12:00 by Ada. Over at 12:05, after 5 min. It is 130 nA again.",
    ]
    assert [cell.text for cell in second][1:5] == ["No scans", "–", "–", "5 min"]


def test_bands_come_back_from_the_table_as_they_were() -> None:
    bands = (
        BandRule(quantity="peak_current", electrode=1, low=1.2e-7, hysteresis=5e-9, scans=2),
        BandRule(quantity="concentration", frequency_hz=15.0, high=5e-6),
        BandRule(quantity="kdm", low=-0.5, high=0.25),
    )
    table = [*alert_words.band_rows(bands), dict(alert_words.EMPTY_BAND)]
    changed = settings(SessionSettings(), {"alerts.bands": alert_words.bands_of(table)})
    assert changed.alerts.bands == bands


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"quantity": "Peak current", "low": "12 mol"}, "write for example 120 nA"),
        ({"quantity": "Concentration", "high": "5"}, "write for example 5 µM"),
        ({"quantity": "KDM", "high": "much"}, "write for example 0.8"),
    ],
)
def test_a_limit_that_is_none_is_told(row: dict[str, Any], said: str) -> None:
    with pytest.raises(FormError, match=said):
        alert_words.bands_of([row])


def test_a_band_that_cannot_be_is_told() -> None:
    bands = alert_words.bands_of([{"quantity": "KDM", "low": "2", "high": "1"}])
    with pytest.raises(FormError, match="upper limit of the band is not above"):
        settings(SessionSettings(), {"alerts.bands": bands})
