"""Exports that take long, as those see them who wait for them and who watch the analyzer."""

import threading
from pathlib import Path

import pytest
from support.agent import voltammogram
from support.stored import SESSION, fill

from analyzer.exporting import parts
from analyzer.exporting.desk import ExportDesk
from analyzer.status import Status
from analyzer.store.engines import home_url
from analyzer.store.store import open_store
from sacmes_core import questions
from sacmes_core.messages import Message, Publication
from sacmes_core.payloads.questions import ExportQuery
from sacmes_core.protocol import PROGRESS, parse_topic


def test_a_long_export_does_not_look_like_a_loop_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_TOLD_EVERY", 1)
    monkeypatch.setattr("analyzer.exporting.desk.PROGRESS_EVERY_S", -1.0)
    store = open_store(home_url(tmp_path))
    fill(store, "alice", SESSION, {f"{k}.txt": voltammogram() for k in range(3)})
    status = Status()
    turned: list[float] = []

    def send(message: Publication | None) -> None:
        if message is not None and parse_topic(message.topic).channel is PROGRESS:
            turned.append(status.turns()[threading.current_thread().name])

    desk = ExportDesk(store, status, send)
    query = ExportQuery()
    sent = questions.question(
        questions.EXPORT, query, user_id="alice", client="x", correlation_data=b"1"
    )
    asked = questions.read_question(
        Message(sent.topic, sent.payload, response_topic=sent.response_topic)
    )
    run = store.sessions.find("alice", None)
    assert run is not None
    assert desk.ask(asked, query, run) is None
    status.turned()
    before = status.turns()[threading.current_thread().name]
    assert desk.work(0)
    assert before < turned[0] < turned[1] < turned[2]
    store.close()
