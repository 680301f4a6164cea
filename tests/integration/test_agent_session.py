"""Obeying the session document, and asking for a session."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import programs
from support.agents import StoringAnalyzer, chi_file, session_document, storing_analyzer
from support.broker import Broker
from support.tools import wait_until

OTHER_SESSION = "1f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.fixture
def store(own_broker: Broker, tmp_path: Path) -> Iterator[StoringAnalyzer]:
    (tmp_path / "data").mkdir()
    with storing_analyzer(own_broker.url("analyzer"), "alice") as one:
        yield one


@contextmanager
def agent(broker: Broker, home: Path, *options: str | Path) -> Iterator["subprocess.Popen[bytes]"]:
    with programs.running(
        "sacmes-agent", "watch", home / "data", "--broker", broker.url("alice"), "--home", home,
        *options, log=home / "agent.log",
    ) as process:  # fmt: skip
        yield process


def write(home: Path, name: str, frequency_hz: float = 15) -> None:
    (home / "data" / name).write_bytes(chi_file(frequency_hz))


def revision(store: StoringAnalyzer) -> int:
    return store.presence.revision if store.presence else -1


def test_one_that_was_there_before_the_start_is_obeyed(
    own_broker: Broker, tmp_path: Path, store: StoringAnalyzer
) -> None:
    store.publish(session_document(3, source={"handle": "swv_", "frequencies_hz": (15.0,)}))
    for name, frequency in (("SWV_15Hz_1.txt", 15), ("SWV_99Hz_1.txt", 99), ("CV_1.txt", 15)):
        write(tmp_path, name, frequency)
    with agent(own_broker, tmp_path):
        wait_until(lambda: store.stored, what="the scan")
        time.sleep(3)
        assert store.files == ["SWV_15Hz_1.txt"]
        assert revision(store) == 3


def test_an_older_revision_is_ignored_also_after_a_restart(
    own_broker: Broker, tmp_path: Path, store: StoringAnalyzer
) -> None:
    store.publish(session_document(5))
    with agent(own_broker, tmp_path):
        wait_until(lambda: revision(store) == 5, what="revision 5")
        store.publish(session_document(4, state="stopped"))
        write(tmp_path, "SWV_15Hz_1.txt")
        wait_until(lambda: store.stored, what="a scan of revision 5")
        assert revision(store) == 5
    store.presences.clear()
    with agent(own_broker, tmp_path):
        wait_until(lambda: revision(store) == 5, what="revision 5 after the restart")
        write(tmp_path, "SWV_15Hz_2.txt")
        wait_until(lambda: len(store.stored) == 2, what="another scan")


def test_stop_stops_and_a_new_session_begins_anew(
    own_broker: Broker, tmp_path: Path, store: StoringAnalyzer
) -> None:
    store.publish(session_document(1))
    with agent(own_broker, tmp_path):
        write(tmp_path, "SWV_15Hz_1.txt")
        wait_until(lambda: store.stored, what="a scan")
        store.publish(session_document(2, state="stopped"))
        wait_until(lambda: revision(store) == 2, what="the stop")
        write(tmp_path, "SWV_15Hz_2.txt")
        time.sleep(3)
        assert len(store.stored) == 1
        store.publish(session_document(3, session_id=OTHER_SESSION, source={"first_number": 2}))
        wait_until(lambda: len(store.stored) == 2, what="a scan of the new session")
    header = list(store.stored.values())[1][0]
    assert (header.session_id, header.file) == (OTHER_SESSION, "SWV_15Hz_2.txt")


def test_another_technique_is_sent_as_what_it_is(
    own_broker: Broker, tmp_path: Path, store: StoringAnalyzer
) -> None:
    store.publish(session_document(1, technique="ca"))
    with agent(own_broker, tmp_path):
        write(tmp_path, "CA_1.txt")
        wait_until(lambda: store.stored, what="the upload")
    assert store.uploads[0][0].technique == "ca"


START = ("--start", "swv", "--handle", "SWV_", "--frequency", "15", "--reference-number", "2")


def test_it_asks_for_a_session_itself_and_a_restart_goes_on_with_it(
    own_broker: Broker, tmp_path: Path, store: StoringAnalyzer
) -> None:
    write(tmp_path, "SWV_15Hz_1.txt")
    with agent(own_broker, tmp_path, *START) as process:
        wait_until(lambda: store.stored, what="the scan")
        process.kill()
        process.wait()
    (request,) = store.started
    assert request.settings.source.handle == "SWV_"
    assert request.settings.source.frequencies_hz == (15.0,)
    assert request.settings.trend.reference_number == 2
    write(tmp_path, "SWV_15Hz_2.txt")
    with agent(own_broker, tmp_path, *START):
        wait_until(lambda: len(store.stored) == 2, what="the next scan")
    assert len(store.started) == 1
    assert len({header.session_id for header, _ in store.stored.values()}) == 1


def test_it_waits_for_an_analyzer(
    own_broker: Broker, tmp_path: Path, store: StoringAnalyzer
) -> None:
    store.answers = False
    with agent(own_broker, tmp_path, *START):
        wait_until(
            lambda: (
                store.presence
                and store.presence.problem
                and "Waiting for an analyzer" in store.presence.problem
            ),
            what="the sentence",
        )
        store.answers = True
        wait_until(lambda: store.started, timeout=15, what="the request")
        wait_until(lambda: store.presence and store.presence.problem is None, what="its end")
    assert len(store.started) == 1


def test_it_starts_over_a_session_with_other_settings(
    own_broker: Broker, tmp_path: Path, store: StoringAnalyzer
) -> None:
    store.publish(session_document(8, source={"handle": "other"}))
    with agent(own_broker, tmp_path, *START):
        wait_until(lambda: store.started, what="the request")
        assert store.started[0].seen_revision == 8
        wait_until(lambda: revision(store) == 9, what="revision 9")
