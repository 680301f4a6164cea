"""What a visit to the broker means."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.windows import analyzer

from agent.doctor.findings import Finding, document, ok, problem, warning, worst
from agent.doctor.there import judge
from agent.doctor.visit import Seen, Visit, seen_analyzer
from agent.identity import Identity
from agent.presence import Retained
from sacmes_core import __version__
from sacmes_core.address import BrokerAddress
from sacmes_core.link_events import Refused
from sacmes_core.payloads.presence import AgentPresence

ADDRESS = BrokerAddress("mqtts", "broker", 8883, "alice", "k")
IDENTITY = Identity("alice", "0" * 32, "1" * 16, 3)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def seen(age_s: float = 5.0, ahead_s: float | None = 0.4, **changes: Any) -> Seen:
    presence = analyzer().model_copy(update={"version": __version__} | changes)
    return Seen(presence, age_s, ahead_s)


WELL = Visit(connected=True, heard_itself=True, analyzers=(seen(),), answered=True)


def findings(visit: Visit, address: BrokerAddress = ADDRESS) -> dict[str, Finding]:
    return {finding.check: finding for finding in judge(visit, address, IDENTITY)}


def holder(instance: str, state: str = "online", **changes: Any) -> Retained:
    fields: dict[str, Any] = {
        "state": state, "instance": instance, "number": 4, "heartbeat_at": NOW, "since": NOW,
        "version": "0.1.0", "host": "PC-LAB2", "source": "folder",
    }  # fmt: skip
    return Retained(AgentPresence(**(fields | changes)), 10.0)


def test_all_is_well() -> None:
    assert {f.level for f in findings(WELL).values()} == {"ok"}
    assert list(findings(WELL)) == ["login", "rights", "user_id", "analyzer", "time"]


@pytest.mark.parametrize(
    ("visit", "key", "sentence"),
    [
        (Visit(refused=Refused("Not authorized", login=True)), "k", "refuses the user_id alice"),
        (Visit(refused=Refused("Not authorized", login=True)), None, "No key is named for alice"),
        (Visit(refused=Refused("It is no broker.", login=False)), "k", "It is no broker."),
        (Visit(), "k", "lets nobody in"),
    ],
)
def test_login(visit: Visit, key: str | None, sentence: str) -> None:
    found = findings(visit, ADDRESS.as_user("alice", key))
    assert list(found) == ["login"]
    assert found["login"].level == "problem"
    assert sentence in found["login"].sentence


def test_rights() -> None:
    denied = replace(WELL, denied={"send scans": "Not authorized"})
    assert findings(denied)["rights"].level == "problem"
    assert "(Not authorized): send scans." in findings(denied)["rights"].sentence
    deaf = findings(replace(WELL, heard_itself=False))["rights"]
    assert (deaf.level, "does not come back" in deaf.sentence) == ("problem", True)


def test_who_holds_the_user_id() -> None:
    other = findings(replace(WELL, holder=holder("f" * 32)))["user_id"]
    assert (other.level, "An agent on PC-LAB2 has held" in other.sentence) == ("problem", True)
    lost = findings(replace(WELL, holder=holder("f" * 32, "lost")))["user_id"]
    assert lost.level == "ok"
    mine = findings(replace(WELL, holder=holder(IDENTITY.instance)))["user_id"]
    assert (mine.level, "This agent runs" in mine.sentence) == ("ok", True)
    troubled = holder(IDENTITY.instance, problem="The folder is gone.")
    said = findings(replace(WELL, holder=troubled))["user_id"]
    assert (said.level, "The folder is gone." in said.sentence) == ("warning", True)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"analyzers": ()}, "No analyzer is online"),
        ({"analyzers": (seen(state="lost"),)}, "No analyzer is online"),
        ({"analyzers": (seen(age_s=91.0),)}, "No analyzer is online"),
        ({"answered": False}, "did not answer"),
        ({"analyzers": (seen(version="9.9.9"),)}, "update the older one"),
        ({"analyzers": (seen(problem="The disk is full."),)}, "The disk is full."),
    ],
)
def test_analyzers(changes: dict[str, Any], sentence: str) -> None:
    found = findings(replace(WELL, **changes))["analyzer"]
    assert found.level == "warning"
    assert sentence in found.sentence


@pytest.mark.parametrize(
    ("ahead_s", "level", "sentence"),
    [
        (4.0, "ok", "agree"),
        (-30.0, "warning", "30 s behind the"),
        (300.0, "problem", "5 min ahead of the"),
        (-9000.0, "problem", "2 h behind the"),
    ],
)
def test_clocks(ahead_s: float, level: str, sentence: str) -> None:
    found = findings(replace(WELL, analyzers=(seen(ahead_s=ahead_s),)))["time"]
    assert found.level == level
    assert sentence in found.sentence


def test_the_nearest_analyzer_counts_and_none_is_no_reason_to_guess() -> None:
    several = (seen(ahead_s=-500.0), seen(ahead_s=1.0))
    assert findings(replace(WELL, analyzers=several))["time"].level == "ok"
    assert "time" not in findings(replace(WELL, analyzers=(seen(ahead_s=None),)))


def test_the_brokers_countdown_tells_age_and_clocks_apart() -> None:
    """Said 20 s ago by a clock that is 100 s behind this one: it looks 120 s old, and is not."""
    presence = analyzer().model_copy(update={"heartbeat_at": NOW - timedelta(seconds=120)})
    one = seen_analyzer(presence, 70, NOW)
    assert (one.age_s, one.ahead_s, one.online) == (20.0, 100.0, True)
    unknown = seen_analyzer(presence, None, NOW)
    assert (unknown.age_s, unknown.ahead_s, unknown.online) == (120.0, None, False)


def test_the_worst_level_counts_and_programs_get_a_document() -> None:
    assert worst([]) == "ok"
    assert worst([ok("a", ""), problem("b", ""), warning("c", "")]) == "problem"
    assert document([ok("a", "Fine."), warning("c", "Hm.")]) == {
        "status": "warning",
        "checks": [
            {"check": "a", "level": "ok", "sentence": "Fine."},
            {"check": "c", "level": "warning", "sentence": "Hm."},
        ],
    }
