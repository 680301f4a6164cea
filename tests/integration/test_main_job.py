"""From the instrument's folder to a late viewer, with every process killed on the way."""

import json
import threading
import time
from pathlib import Path

import pytest
from support import programs
from support.agent import speaking
from support.broker import Broker
from support.experiment import (
    Measurement,
    experiment,
    exported_rows,
    history,
    peaks,
    wait_for_history,
)
from support.tools import wait_until

from sacmes_core.payloads.questions import SessionsQuery
from sacmes_core.payloads.replies import SessionsReply
from sacmes_core.questions import SESSIONS

MEASUREMENT = Measurement(numbers=100)


@pytest.mark.timeout(240)
def test_200_files_come_through_three_kills_once_each(own_broker: Broker, tmp_path: Path) -> None:
    files, electrodes = MEASUREMENT.files, len(MEASUREMENT.electrodes)
    with experiment(own_broker, tmp_path) as one, speaking(own_broker) as viewer:
        wait_until(lambda: viewer.documents(), timeout=90, what="the session document")
        instrument = threading.Thread(target=one.measure, args=(MEASUREMENT,))
        instrument.start()
        one.wait_for_files(50)
        one.kill9("agent")
        one.start("agent")
        one.wait_for_files(100)
        one.kill9("analyzer")
        one.start("analyzer")
        one.wait_for_files(150)
        own_broker.kill9()
        time.sleep(1)
        own_broker.start()
        instrument.join()
        wait_for_history(viewer, files, timeout_s=90)
        time.sleep(2)
        with speaking(own_broker) as late:
            results = history(late)
            sessions = late.ask(SESSIONS, SessionsQuery())
            rows = exported_rows(late)
        statuses = one.end()

    assert isinstance(sessions, SessionsReply)
    assert len(sessions.sessions) == 1
    assert sorted(r.scan.file for r in results) == sorted(path.name for path in one.written)
    assert [r.position for r in results] == list(range(1, files + 1))
    assert all(r.scan.revision == 1 and r.error is None for r in results)
    assert len(rows) == files * electrodes
    assert statuses == {"agent": 0, "analyzer": 0}
    assert peaks(results) == pytest.approx(offline_peaks(one.written), rel=1e-9)
    pairs = [e.kdm for r in results for e in r.electrodes if e.kdm is not None]
    assert len(pairs) == MEASUREMENT.numbers * electrodes
    assert all(e.normalised is not None for r in results for e in r.electrodes)


def offline_peaks(files: list[Path]) -> dict[tuple[str, int], float | None]:
    """What the same science says of the same files without agent, broker and store."""
    said = programs.run("sacmes-analyzer", "analyze", *files, "--json", timeout=120)
    assert said.returncode == 0, said.stderr
    lines = [json.loads(line) for line in said.stdout.splitlines()]
    return {(Path(x["file"]).name, x["electrode"]): x["peak_current_a"] for x in lines}
