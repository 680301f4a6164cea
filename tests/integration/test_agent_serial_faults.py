"""A run on a potentiostat that is unplugged, by an agent that is killed, through a cut network."""

import sys
from pathlib import Path

import pytest
from support.broker import Broker

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import serial_faults


@pytest.mark.timeout(240)
def test_nothing_is_lost_or_twice_and_the_cell_is_off_after_each_return(
    own_broker: Broker, tmp_path: Path
) -> None:
    plan = serial_faults.Plan(rounds=4, unplugs=1, kills=1, cuts=1, seed=2)
    findings = serial_faults.run(plan, own_broker, tmp_path)
    assert list(findings.faults()) == []
    assert len(findings.results) == plan.scans
    assert findings.returns >= 1
    assert len(findings.cut_short) >= 1
