"""Who holds a user_id, as everybody at the broker sees it."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from support import programs
from support.agents import StoringAnalyzer, chi_file, session_document, storing_analyzer
from support.broker import Broker
from support.client import connected
from support.tools import wait_until

from sacmes_core.payloads.presence import AgentPresence
from sacmes_core.protocol import AGENT_PRESENCE, decode


@pytest.fixture
def store(own_broker: Broker, tmp_path: Path) -> Iterator[StoringAnalyzer]:
    (tmp_path / "data").mkdir()
    with storing_analyzer(own_broker.url("analyzer"), "alice") as one:
        yield one


@contextmanager
def agent(broker: Broker, home: Path, *options: str | Path) -> Iterator["subprocess.Popen[bytes]"]:
    home.mkdir(exist_ok=True)
    with programs.running(
        "sacmes-agent", "watch", home.parent / "data", "--broker", broker.url("alice"),
        "--home", home, *options, log=home / "agent.log",
    ) as process:  # fmt: skip
        yield process


def seen(store: StoringAnalyzer, state: str, timeout: float = 30) -> AgentPresence:
    wait_until(
        lambda: store.presence and store.presence.state == state, timeout=timeout, what=state
    )
    assert store.presence is not None
    return store.presence


def retained(broker: Broker) -> AgentPresence:
    with connected(broker, "alice") as client:
        client.subscribe(AGENT_PRESENCE.topic(user_id="alice"))
        wait_until(lambda: client.seen, what="the retained presence")
        assert client.seen[0].retained
        return decode(AgentPresence, client.seen[0].payload)


def test_a_clean_stop_says_stopped(
    own_broker: Broker, tmp_path: Path, store: StoringAnalyzer
) -> None:
    with agent(own_broker, tmp_path / "a") as process:
        online = seen(store, "online")
        assert online.source_name == str(tmp_path / "data")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert seen(store, "stopped").number == online.number
    time.sleep(3)
    assert [p.state for p in store.presences].count("lost") == 0
    assert "Traceback" not in (tmp_path / "a" / "agent.log").read_text("utf-8")


def test_ctrl_c_is_a_clean_stop(own_broker: Broker, tmp_path: Path, store: StoringAnalyzer) -> None:
    with agent(own_broker, tmp_path / "a") as process:
        seen(store, "online")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert seen(store, "stopped")


def test_kill_9_is_told_by_the_will_after_its_delay(
    own_broker: Broker, tmp_path: Path, store: StoringAnalyzer
) -> None:
    with agent(own_broker, tmp_path / "a") as process:
        online = seen(store, "online")
        process.kill()
        killed = time.monotonic()
        lost = seen(store, "lost", timeout=12)
        assert 1.0 < time.monotonic() - killed < 10
    assert (lost.instance, lost.number) == (online.instance, online.number)


def test_a_restart_is_no_collision_and_counts_up(
    own_broker: Broker, tmp_path: Path, store: StoringAnalyzer
) -> None:
    with agent(own_broker, tmp_path / "a") as process:
        first = seen(store, "online")
        process.kill()
        process.wait()
    store.presences.clear()
    with agent(own_broker, tmp_path / "a"):
        again = seen(store, "online")
        assert (again.instance, again.number) == (first.instance, first.number + 1)
        time.sleep(4)
        assert retained(own_broker).state == "online"
        assert retained(own_broker).number == again.number


def test_a_second_agent_is_refused_with_a_sentence(
    own_broker: Broker, tmp_path: Path, store: StoringAnalyzer
) -> None:
    with agent(own_broker, tmp_path / "a") as first:
        online = seen(store, "online")
        with agent(own_broker, tmp_path / "b") as second:
            assert second.wait(20) == 1
        said = (tmp_path / "b" / "agent.log").read_text("utf-8")
        assert f"An agent on {online.host} has held this user_id since" in said
        assert "--take-over" in said
        assert "Traceback" not in said
        assert first.poll() is None
        assert retained(own_broker).instance == online.instance


def test_taking_over_ends_the_first_without_flapping(
    own_broker: Broker, tmp_path: Path, store: StoringAnalyzer
) -> None:
    store.publish(session_document())
    with agent(own_broker, tmp_path / "a") as first:
        old = seen(store, "online")
        with agent(own_broker, tmp_path / "b", "--take-over") as second:
            assert first.wait(20) == 1
            said = (tmp_path / "a" / "agent.log").read_text("utf-8")
            assert "has taken this user_id over" in said
            time.sleep(4)
            assert second.poll() is None
            new = retained(own_broker)
            assert (new.state, new.number) == ("online", old.number + 1)
            assert new.instance != old.instance
            turns = [p.instance for p in store.presences]
            changes = sum(a != b for a, b in pairwise(turns))
            assert changes <= 3, turns
            (tmp_path / "data" / "SWV_15Hz_1.txt").write_bytes(chi_file())
            wait_until(lambda: store.stored, what="a scan of the second agent")


def test_a_copied_home_folder_does_not_flap(
    own_broker: Broker, tmp_path: Path, store: StoringAnalyzer
) -> None:
    with agent(own_broker, tmp_path / "a") as first:
        seen(store, "online")
        shutil.copytree(tmp_path / "a", tmp_path / "b")
        with agent(own_broker, tmp_path / "b") as second:
            assert first.wait(20) == 1
            time.sleep(3)
            assert second.poll() is None
    assert "home folder" in (tmp_path / "a" / "agent.log").read_text("utf-8")


def test_a_late_or_foreign_presence_is_replaced(
    own_broker: Broker, tmp_path: Path, store: StoringAnalyzer
) -> None:
    with agent(own_broker, tmp_path / "a"), connected(own_broker, "alice") as client:
        seen(store, "online")
        topic = AGENT_PRESENCE.topic(user_id="alice")
        for payload in (b"", b"not ours", b'{"schema":1}'):
            client.publish(topic, payload, retain=True)
            time.sleep(1.5)
            assert retained(own_broker).state == "online"


def test_presence_is_there_again_after_the_broker_was_killed(
    own_broker: Broker, tmp_path: Path, store: StoringAnalyzer
) -> None:
    with agent(own_broker, tmp_path / "a"):
        before = seen(store, "online")
        own_broker.kill9()
        own_broker.start()
        wait_until(
            lambda: (
                store.presence
                and store.presence.heartbeat_at > before.heartbeat_at
                and store.presence.state == "online"
            ),
            timeout=30,
            what="the presence",
        )


def test_a_wrong_key_is_said_once_and_tried_on(
    own_broker: Broker, tmp_path: Path, store: StoringAnalyzer
) -> None:
    log = tmp_path / "agent.log"
    with programs.running(
        "sacmes-agent", "watch", tmp_path / "data", "--home", tmp_path / "a",
        "--broker", f"mqtt://alice@{own_broker.host}:{own_broker.port}",
        log=log, SACMES_KEY="no-such-key",
    ) as process:  # fmt: skip
        wait_until(lambda: "refuses the user_id alice" in log.read_text(), what="the sentence")
        time.sleep(4)
        assert process.poll() is None
    assert log.read_text().count("refuses the user_id alice") == 1
    assert "no-such-key" not in log.read_text()
