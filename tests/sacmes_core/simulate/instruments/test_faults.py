import pytest

from sacmes_core.errors import ConfigError
from sacmes_core.simulate.instruments.faults import Fault, FaultPlan, parse_fault
from sacmes_core.simulate.instruments.instrument import Mute, Say, Unplug, Wait, transmitted


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("cut@3", Fault("cut", 3)),
        ("nan~0.05", Fault("nan", None, 0.05)),
        ("error~1", Fault("error", None, 1.0)),
        ("unplug@5", Fault("unplug", 5, duration_s=2.0)),
        (" unplug@5:0.25s", Fault("unplug", 5, duration_s=0.25)),
        ("slow~.5:1s", Fault("slow", None, 0.5, 1.0)),
    ],
)
def test_faults_are_read(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize("text", ["", "cut", "cut@0", "fire@3", "nan~2", "unplug@3:2", "nan@3~1"])
def test_a_fault_that_cannot_be_read_is_a_sentence(text: str) -> None:
    with pytest.raises(ConfigError, match="such as cut@3"):
        parse_fault(text)


def test_a_fault_is_at_one_place_of_its_scan() -> None:
    plan = FaultPlan((Fault("nan", 2), Fault("overload", 2), Fault("slow", 3)), seed=4)
    assert not any(plan.of_scan(1, 100).at(k) for k in range(100))
    kinds = [fault.kind for k in range(100) for fault in plan.of_scan(2, 100).at(k)]
    assert sorted(kinds) == ["nan"] + ["overload"] * 10
    slow = [bool(plan.of_scan(3, 100).at(k)) for k in range(100)]
    assert 20 <= slow.index(True) < 80
    assert all(slow[slow.index(True) :])


def test_the_seed_says_which_scans_have_a_fault_by_chance() -> None:
    def scans(seed: int) -> list[int]:
        plan = FaultPlan((Fault("cut", None, 0.1),), seed)
        return [n for n in range(1, 1001) if plan.of_scan(n, 100).begins]

    assert scans(1) == scans(1)
    assert scans(1) != scans(2)
    assert 60 < len(scans(1)) < 140


@pytest.mark.parametrize(
    ("kind", "steps"),
    [
        ("cut", [Say(b"Pda8")]),
        ("drop", [Say(b"Pda8000\n")]),
        ("slow", [Wait(3.0), Say(b"Pda80000\n")]),
        ("silence", [Mute(3.0), Say(b"Pda80000\n")]),
        ("unplug", [Say(b"Pda8"), Unplug(3.0), Say(b"0000\n")]),
        ("nan", [Say(b"Pda80000\n")]),
    ],
)
def test_what_becomes_of_a_line(kind: str, steps: list[object]) -> None:
    fault = parse_fault(f"{kind}@1:3s")
    assert list(transmitted(b"Pda80000\n", [fault])) == steps
