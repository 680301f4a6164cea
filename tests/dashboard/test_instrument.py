"""What a serial agent's instrument would do, said and checked before the agent is asked."""

from datetime import UTC, datetime

import pytest

from dashboard.instrument import instrument_words, method_refusal, run_words
from sacmes_core.payloads.presence import AgentPresence, MeasurementLimits
from sacmes_core.settings.method import MethodSettings
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings

LIMITS = MeasurementLimits(
    min_v=-0.6, max_v=0.4, max_current_a=1e-3, max_scans=1000, max_duration_s=600.0
)


def settings(frequencies_hz=(15.0, 200.0), **method):
    chosen = MethodSettings(**({"repeats": 10, "interval_s": 60.0} | method))
    return SessionSettings(source=SourceSettings(frequencies_hz=frequencies_hz, method=chosen))


def test_the_instrument_is_named_with_its_limits():
    now = datetime(2026, 3, 1, tzinfo=UTC)
    presence = AgentPresence(
        state="online",
        instance="0" * 16,
        number=1,
        heartbeat_at=now,
        since=now,
        version="0.1.0",
        host="pi",
        source="serial",
        source_name="/dev/ttyUSB0",
        instrument="EmStat Pico 1.3",
        limits=LIMITS,
    )
    words = instrument_words(presence)
    assert words.startswith("EmStat Pico 1.3 on pi, /dev/ttyUSB0. Allowed: −0.6 V to 0.4 V")
    assert "up to 1.00 mA, 1,000 scans in a run, 0:10:00 for a scan" in words
    assert "not seen yet" in instrument_words(presence.model_copy(update={"instrument": ""}))


def test_a_run_within_the_limits_is_told_and_not_refused():
    assert method_refusal("swv", settings(), LIMITS) is None
    said = run_words("swv", settings())
    assert said.startswith("A round is 2 scans")
    assert "measured 10 times" in said
    assert "−0.525 V to −0.075 V" in said


@pytest.mark.parametrize(
    ("technique", "held", "sentence"),
    [
        ("swv", settings(()), "at least one frequency"),
        ("frequency_map", settings(()), "at least one frequency"),
        ("swv", settings(swv={"start_v": -0.1, "end_v": -0.9}), "this agent allows -0.6 V"),
        ("swv", settings(current_range_a=0.1), "Choose a smaller range"),
        ("swv", settings(repeats=501), "fewer rounds"),
        ("ca", settings((), ca={"duration_s": 1000.0, "sample_interval_s": 1.0}), "Shorten it"),
        ("cv", settings((), conditioning_v=1.0, conditioning_s=5.0), "allows -0.6 V to 0.4 V"),
    ],
)
def test_what_the_agent_would_refuse_is_refused_in_the_form(technique, held, sentence):
    assert sentence in str(method_refusal(technique, held, LIMITS))


def test_an_interval_shorter_than_a_round_is_told():
    assert "no pause" in run_words("swv", settings(interval_s=5.0))
    assert run_words("swv", SessionSettings()) == ""
