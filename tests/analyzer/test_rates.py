"""The rates of a session's map, from results as the store has them."""

import uuid
from datetime import UTC, datetime

import numpy as np
import pytest

from analyzer.rates import rates_of
from sacmes_core.analysis.kinetics.response import SquareWaveCouple, mixture_peaks, response
from sacmes_core.payloads.rates import RatesQuery
from sacmes_core.payloads.results import ElectrodeResult, Result, ScanReference
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.method import MethodSettings
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings

FREQUENCIES_HZ = (5.0, 15.0, 40.0, 100.0, 300.0, 1000.0)
RATE_HZ, CHARGE_C = 60.0, 3e-8


def document(**method):
    now = datetime(2026, 3, 1, tzinfo=UTC)
    chosen = MethodSettings(swv=method) if method else None
    return SessionDocument(
        session_id=str(uuid.UUID(int=1, version=4)),
        technique="frequency_map",
        state="running",
        revision=1,
        settings_revision=1,
        started_at=now,
        changed_at=now,
        changed_by="me",
        settings=SessionSettings(source=SourceSettings(method=chosen)),
    )


def results(number=1, rate_hz=RATE_HZ):
    peaks = mixture_peaks(
        response(SquareWaveCouple()),
        np.log([rate_hz]),
        np.array([CHARGE_C]),
        np.log(FREQUENCIES_HZ),
    )
    found = []
    for place, frequency_hz in enumerate(FREQUENCIES_HZ, start=1):
        found.append(
            Result(
                session_id=document().session_id,
                position=place,
                upload_id=f"{place:064x}",
                scan=ScanReference(file="a", frequency_hz=frequency_hz, number=number),
                settings_revision=1,
                trend_revision=1,
                version="0",
                electrodes=(
                    ElectrodeResult(
                        electrode=1,
                        peak_current_a=float(peaks[place - 1]),
                        peak_current_se_a=1e-10,
                    ),
                ),
            )
        )
    return found


def test_the_rate_and_the_charge_that_made_a_map_are_found():
    reply = rates_of(document(), results(), RatesQuery())
    (found,) = reply.electrodes
    (population,) = found.populations
    assert population.rate_hz == pytest.approx(RATE_HZ, rel=0.02)
    assert population.charge_c == pytest.approx(CHARGE_C, rel=0.02)
    assert population.rate_low_hz < RATE_HZ < population.rate_high_hz
    assert len(found.frequency_hz) == len(found.peak_current_a) > 20
    assert (reply.amplitude_v, reply.step_v, reply.electrons) == (0.025, 0.001, 2)


def test_only_the_sweep_that_is_asked_for_counts():
    both = [*results(), *results(number=2, rate_hz=200.0)]
    (found,) = rates_of(document(), both, RatesQuery(number=2)).electrodes
    assert found.populations[0].rate_hz == pytest.approx(200.0, rel=0.05)


def test_the_method_of_the_session_says_amplitude_and_step():
    held = document(amplitude_v=0.04, step_v=0.002)
    reply = rates_of(held, results(), RatesQuery())
    assert (reply.amplitude_v, reply.step_v) == (0.04, 0.002)
    reply = rates_of(held, results(), RatesQuery(amplitude_v=0.03, electrons=1))
    assert (reply.amplitude_v, reply.electrons) == (0.03, 1)


def test_too_few_frequencies_have_no_rate_and_say_so():
    (found,) = rates_of(document(), results()[:3], RatesQuery()).electrodes
    assert found.flags == ("rate_undetermined",)
    assert rates_of(document(), [], RatesQuery()).electrodes == ()
