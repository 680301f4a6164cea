"""Two analyzers at one store, over a broker that is not Mosquitto: the next one takes over."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from support.agent import speaking, voltammogram
from support.broker import Broker
from support.programs import running
from support.tools import wait_until

from analyzer.store.database import Database
from analyzer.store.engines import sqlite_url
from analyzer.store.leases import holder_of
from sacmes_core import questions
from sacmes_core.payloads.questions import HistoryQuery
from sacmes_core.payloads.replies import HistoryReply

PATIENCE_S = 170
"""Of a machine that has other things to do; it takes a few seconds."""


@pytest.mark.timeout(400)
def test_the_next_takes_over_where_the_killed_one_was(
    iotcore_broker: Broker, tmp_path: Path
) -> None:
    file = tmp_path / "store.sqlite"
    common = ("--broker", iotcore_broker.url("analyzer"), "--store", sqlite_url(file))
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(
                running(
                    "sacmes-analyzer", "run", *common, "--home", tmp_path / name,
                    log=tmp_path / f"{name}.log",
                )
            )
            for name in ("one", "two")
        )  # fmt: skip
        logs = [tmp_path / f"{name}.log" for name in ("one", "two")]
        wait_until(
            lambda: any("Connected to the broker" in log.read_text("utf-8") for log in logs),
            timeout=PATIENCE_S,
            what="an analyzer",
        )
        alice = stack.enter_context(speaking(iotcore_broker))
        session = alice.start().session_id
        database = Database(sqlite_url(file))
        stack.callback(database.close)
        holder = holder_of(database)
        for number in range(1, 41):
            alice.upload(session, f"SWV_10Hz_{number}.txt", voltammogram())
            if number == 20:
                (first if str(first.pid) in str(holder) else second).kill()
        alice.wait_for_receipts(timeout=PATIENCE_S)
        assert holder_of(database) not in (None, holder)

        def results() -> tuple[str, ...]:
            reply = alice.ask(questions.HISTORY, HistoryQuery(session_id=session, limit=1000))
            assert isinstance(reply, HistoryReply), reply
            return tuple(result.scan.file for result in reply.results)

        files = wait_until(
            lambda: len(f := results()) == 40 and f, timeout=PATIENCE_S, what="40 results"
        )
    assert len(set(files)) == 40
