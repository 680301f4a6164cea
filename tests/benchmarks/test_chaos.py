import random

import chaos
import pytest
from support.agent import packed
from support.experiment import Measurement

from sacmes_core.payloads.results import ElectrodeResult, Result, ScanReference

SESSION = "5f0c7a52-3f0a-4a86-9d9b-0c4f6cc1d2a1"


@pytest.mark.timeout(240)
def test_a_run_with_one_blow_of_each_kind_is_clean(monkeypatch):
    plan = [chaos.Blow(victim, 0.3) for victim in (*chaos.VICTIMS, "network")]
    monkeypatch.setattr(chaos, "blows", lambda *_: plan)
    findings = chaos.run(Measurement(20, (1,), 0.12), 3, 1, seed=5)
    assert findings.is_clean, findings
    assert findings.blows.total() == 4


def test_a_schedule_has_as_many_blows_as_asked_and_is_the_same_for_a_seed():
    plan = chaos.blows(100, 10, random.Random(4))
    assert len(plan) == 110
    assert sum(blow.victim == "network" for blow in plan) == 10
    assert {blow.victim for blow in plan} == {*chaos.VICTIMS, "network"}
    assert plan == chaos.blows(100, 10, random.Random(4))


def test_only_those_are_killed_who_may_be():
    plan = chaos.blows(20, 3, random.Random(4), ["agent"])
    assert {blow.victim for blow in plan} == {"agent", "network"}


def result(file: str, position: int, current_a: float = 1e-6) -> Result:
    return Result(
        session_id=SESSION,
        position=position,
        upload_id=dict(packed(SESSION, file, b"x").user_properties)["upload_id"],
        scan=ScanReference(file=file),
        settings_revision=1,
        trend_revision=1,
        version="1",
        electrodes=(ElectrodeResult(electrode=1, peak_current_a=current_a),),
    )


MEASUREMENT = Measurement(1, (1,))
NAMES = [name for name, _ in MEASUREMENT.contents()]
CALM = [result(name, k) for k, name in enumerate(NAMES, 1)]


def compared(results: list[Result], names: list[str]) -> chaos.Findings:
    findings = chaos.Findings(len(NAMES))
    chaos.compare(findings, MEASUREMENT, (results, [{"file": name} for name in names]), CALM)
    return findings


def test_equal_runs_are_clean():
    assert compared(CALM, NAMES).is_clean


@pytest.mark.parametrize(
    ("results", "names", "kind"),
    [
        (CALM[:1], NAMES, "lost"),
        (CALM, NAMES[:1], "lost"),
        ([*CALM, result(NAMES[0], 3)], NAMES, "twice"),
        (CALM, [*NAMES, NAMES[0]], "twice"),
        ([result(NAMES[1], 1), result(NAMES[0], 2)], NAMES, "out_of_order"),
        ([CALM[0], result(NAMES[1], 2, 1.00001e-6)], NAMES, "different"),
        ([CALM[0], CALM[1].model_copy(update={"error": "No."})], NAMES, "failed"),
    ],
)
def test_whatever_differs_is_found(results, names, kind):
    assert getattr(compared(results, names), kind)
