"""Nothing is lost and nothing is twice when analyzer and broker are killed in the middle."""

import csv
import io
from collections import Counter
from pathlib import Path

import pytest
from support.agent import Speaker, speaking, voltammogram
from support.broker import Broker
from support.programs import end, running
from support.tools import wait_until

from sacmes_core import questions
from sacmes_core.payloads.questions import ExportQuery, HistoryQuery
from sacmes_core.payloads.replies import HistoryReply

FILES = 200


def feed(alice: Speaker, session_id: str, start: int, stop: int) -> None:
    for k in range(start, stop):
        hertz, number = ((10, 100)[k % 2], k // 2 + 1)
        content = voltammogram(height_a=1e-6 + k * 1e-9, frequency_hz=hertz)
        alice.upload(session_id, f"SWV_{hertz}Hz_{number}.txt", content)


@pytest.mark.timeout(300)
def test_200_results_none_twice(own_broker: Broker, tmp_path: Path) -> None:
    home, log = tmp_path / "analyzer", tmp_path / "log"
    arguments = ("run", "--broker", own_broker.url("analyzer"), "--home", home)
    with speaking(own_broker) as alice:
        with running("sacmes-analyzer", *arguments, log=log) as process:
            session = alice.start().session_id
            feed(alice, session, 0, 60)
            wait_until(lambda: len(alice.receipts) >= 20, what="20 receipts")
            process.kill()
        feed(alice, session, 60, 120)
        with running("sacmes-analyzer", *arguments, log=log) as process:
            wait_until(lambda: len(alice.receipts) >= 80, timeout=120, what="80 receipts")
            process.kill()
        with running("sacmes-analyzer", *arguments, log=log) as process:
            feed(alice, session, 120, FILES)
            wait_until(lambda: len(alice.receipts) >= 140, timeout=120, what="140 receipts")
            own_broker.kill9()
            own_broker.start()
            alice.wait_for_receipts(timeout=60)
            reply = wait_until(
                lambda: len((h := history(alice, session)).results) >= FILES and h,
                timeout=60,
                what="200 results",
            )
            assert isinstance(reply, HistoryReply)
            assert [r.position for r in reply.results] == list(range(1, FILES + 1))
            files = Counter(r.scan.file for r in reply.results)
            assert set(files.values()) == {1}
            assert len(files) == FILES
            complete = [r for r in reply.results if r.electrodes[0].kdm is not None]
            assert len(complete) == FILES // 2
            table = alice.ask(questions.EXPORT, ExportQuery(session_id=session))
            assert isinstance(table, bytes)
            rows = list(csv.DictReader(io.StringIO(table.decode())))
            assert len({(row["file"], row["electrode"]) for row in rows}) == len(rows) == 2 * FILES
            # A killed broker forgets what it had taken, so only the newest is sure to be heard.
            wait_until(
                lambda: alice.results[-1].position == FILES, what="the newest result retained"
            )
            heard = Counter(r.position for r in alice.results)
            assert sum(heard.values()) < FILES + 60
            assert end(process) == 0
    assert "Traceback" not in log.read_text("utf-8")


def history(alice: Speaker, session_id: str) -> HistoryReply:
    query = HistoryQuery(session_id=session_id, limit=1000)
    reply = alice.ask(questions.HISTORY, query, timeout=30)
    assert isinstance(reply, HistoryReply), reply
    return reply
