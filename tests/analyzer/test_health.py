from dataclasses import replace

import pytest

from analyzer.health import STUCK_S, Condition, illnesses, obstacles, report

WELL = Condition(
    role="run",
    taking="held",
    links={"presence": True, "ingest": True},
    problems={},
    loop_ages_s={"ingest": 0.2, "worker": 0.0},
    look_age_s=1.0,
)


def test_well() -> None:
    assert illnesses(WELL) == obstacles(WELL) == ()
    assert report(WELL, ()) == {"status": "ok", "role": "run", "ingest": "held", "reasons": []}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (replace(WELL, links={"ingest": False}), "The broker is not connected (ingest)."),
        (replace(WELL, look_age_s=None), "The store has not been looked at yet."),
        (replace(WELL, look_age_s=60.0), "The store has not answered for 60 s."),
        (replace(WELL, problems={"store": "The disk is full."}), "The disk is full."),
        (replace(WELL, ending=True), "The analyzer ends."),
    ],
)
def test_what_cannot_work_lives_all_the_same(changed: Condition, reason: str) -> None:
    assert illnesses(changed) == ()
    assert obstacles(changed) == (reason,)
    assert report(changed, obstacles(changed))["status"] == "unavailable"


def test_a_loop_that_does_not_turn_is_an_illness() -> None:
    stuck = replace(WELL, loop_ages_s={"ingest": 0.1, "answers": STUCK_S + 1})
    assert illnesses(stuck) == obstacles(stuck) == ("The loop answers has not turned for 121 s.",)


def test_one_that_stands_by_is_ready() -> None:
    standby = replace(WELL, taking="standby", links={"presence": True})
    assert obstacles(standby) == ()
    assert report(standby, ())["ingest"] == "standby"


def test_the_same_sentence_is_said_once() -> None:
    troubled = replace(WELL, problems={"store": "Full.", "look": "Full."})
    assert report(troubled, obstacles(troubled))["reasons"] == ["Full."]
