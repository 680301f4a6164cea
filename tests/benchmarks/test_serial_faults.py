from dataclasses import replace

import pytest
import serial_faults
from support.agent import packed

from sacmes_core.payloads.results import Result, ScanReference

SESSION = "5f0c7a52-3f0a-4a86-9d9b-0c4f6cc1d2a1"
FILES = ("SWV_5Hz_1.txt", "SWV_100Hz_1.txt")


def result(file: str, *flags: str) -> Result:
    return Result(
        session_id=SESSION,
        position=1,
        upload_id=dict(packed(SESSION, file, b"x").user_properties)["upload_id"],
        scan=ScanReference(file=file),
        settings_revision=1,
        trend_revision=1,
        version="1",
        flags=flags,
    )


CUT, WHOLE = map(result, FILES)
CLEAN = serial_faults.Findings(
    serial_faults.Plan(rounds=1),
    {FILES[0]: False, FILES[1]: True},
    [result(FILES[0], "truncated_scan"), WHOLE],
    returns=2,
    seen_off=2,
    off_at_end=True,
)


def test_a_clean_run_has_no_faults():
    assert list(CLEAN.faults()) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"results": CLEAN.results[:1]}, "lost: SWV_100Hz_1.txt"),
        ({"results": [*CLEAN.results, WHOLE]}, "twice: SWV_100Hz_1.txt"),
        ({"results": [CUT, WHOLE]}, "cut short, not labelled: SWV_5Hz_1.txt"),
        ({"recorded": dict.fromkeys(FILES, True)}, "whole, but labelled: SWV_5Hz_1.txt"),
        ({"plan": serial_faults.Plan(rounds=2)}, "2 recordings of 4 scans"),
        ({"seen_off": 1}, "cell seen off after 1 of 2 returns"),
        ({"off_at_end": False}, "the cell is on at the end"),
    ],
)
def test_whatever_is_wrong_is_found(changes, fault):
    assert list(replace(CLEAN, **changes).faults()) == [fault]


def test_a_plan_pulls_the_plug_in_slow_scans_and_is_the_same_for_a_seed():
    plan = serial_faults.Plan(seed=3)
    assert plan.unplugged() == plan.unplugged()
    assert len(set(plan.unplugged())) == plan.unplugs
    assert all(scan % 2 for scan in plan.unplugged())
    assert sorted(plan.blows()) == ["cut"] * 5 + ["kill"] * 5
