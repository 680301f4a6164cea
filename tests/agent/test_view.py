"""What an onlooker is shown: each state once, each result, nothing where nobody looks."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.agents import session_document

from agent.outbox import FileRecord, Outbox, Taken
from agent.problems import Problems
from agent.settling import Sighting
from agent.view import AgentView, Onlooker
from sacmes_core.payloads.presence import AnalyzerPresence, UploadCounters
from sacmes_core.payloads.results import Result, ScanReference


def result(position: int = 1) -> Result:
    document = session_document()
    return Result(
        session_id=document.session_id,
        position=position,
        upload_id="0" * 64,
        scan=ScanReference(file=f"SWV_{position}.txt"),
        settings_revision=1,
        trend_revision=1,
        version="0.1.0",
    )


def analyzer(state: str) -> AnalyzerPresence:
    now = datetime.now(UTC)
    return AnalyzerPresence.model_validate(
        {"state": state, "analyzer": f"a-{state}", "role": "run", "heartbeat_at": now,
         "since": now, "version": "0.1.0"}
    )  # fmt: skip


def look(onlooker: Onlooker, problems: Problems, *, connected: bool = True) -> None:
    onlooker.look(
        connected=connected,
        session=None,
        problems=problems,
        analyzers=[analyzer("online"), analyzer("lost")],
    )


def test_each_state_is_shown_once() -> None:
    seen: list[AgentView] = []
    onlooker = Onlooker(seen.append, "alice", "/data")
    problems = Problems()
    look(onlooker, problems)
    assert (seen[0].user_id, seen[0].source_name, seen[0].connected) == ("alice", "/data", True)
    assert [one.analyzer for one in seen[0].analyzers] == ["a-online"]
    problems.put("folder", "The folder is gone.")
    look(onlooker, problems)
    look(onlooker, problems)
    assert len(seen) <= 3
    assert seen[-1].problems == (("folder", "The folder is gone."),)


def test_results_that_come_together_are_each_shown() -> None:
    seen: list[AgentView] = []
    onlooker = Onlooker(seen.append, "alice", "/data")
    for position in (1, 2, 3):
        onlooker.hear(result(position))
    assert [view.result.position for view in seen if view.result] == [1, 2, 3]


def test_what_stands_behind_the_counters_comes_with_them(tmp_path: Path) -> None:
    seen: list[AgentView] = []
    onlooker = Onlooker(seen.append, "alice", "/data")
    outbox = Outbox.open(tmp_path / "outbox.sqlite")
    record = FileRecord("a.txt", Sighting(1, 1), "refused", reason="not text")
    outbox.add([Taken(record, session_document().session_id)])
    onlooker.count(UploadCounters(seen=1, refused=1), outbox)
    look(onlooker, Problems())
    assert seen[-1].counters.refused == 1
    assert [(one.file, one.reason) for one in seen[-1].refusals] == [("a.txt", "not text")]
    outbox.close()


def test_nothing_is_asked_where_nobody_looks(tmp_path: Path) -> None:
    onlooker = Onlooker(None, "alice", "/data")
    outbox = Outbox.open(tmp_path / "outbox.sqlite")
    outbox.close()
    onlooker.count(UploadCounters(seen=1), outbox)
    unasked = (pytest.fail("was asked") for _ in range(1))
    onlooker.look(connected=True, session=None, problems=Problems(), analyzers=unasked)
    assert not onlooker.wanted
