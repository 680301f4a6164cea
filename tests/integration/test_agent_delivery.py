"""From a folder through a real broker into the hands of an analyzer that stores."""

import signal
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

from sacmes_core import questions
from sacmes_core.payloads.questions import ListQuery
from sacmes_core.payloads.replies import ListReply
from sacmes_core.payloads.results import Receipt


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "data"
    path.mkdir()
    return path


@contextmanager
def agent(
    broker: Broker, home: Path, *options: str | Path, user: str = "alice"
) -> Iterator["subprocess.Popen[bytes]"]:
    with programs.running(
        "sacmes-agent", "watch", home / "data", "--broker", broker.url(user), "--home", home,
        "--log-level", "debug", *options, log=home / "agent.log",
    ) as process:  # fmt: skip
        yield process


@contextmanager
def analyzer(broker: Broker) -> Iterator[StoringAnalyzer]:
    """Any connection may write receipts and sessions only as the service `analyzer`."""
    with storing_analyzer(broker.url("analyzer"), "alice") as one:
        yield one


def log(home: Path) -> str:
    return (home / "agent.log").read_text("utf-8")


def test_files_are_stored_in_order_and_described(
    own_broker: Broker, tmp_path: Path, folder: Path
) -> None:
    for number in (10, 2, 1):
        (folder / f"SWV_15Hz_{number}.txt").write_bytes(chi_file(shift=number))
    with analyzer(own_broker) as store:
        store.publish(session_document())
        with agent(own_broker, tmp_path):
            wait_until(lambda: len(store.stored) == 3, what="3 uploads")
            assert store.files == [f"SWV_15Hz_{n}.txt" for n in (1, 2, 10)]
            wait_until(
                lambda: store.presence and store.presence.counters.confirmed == 3, what="counters"
            )
            assert store.presence is not None
            assert store.presence.counters.model_dump() == {
                "seen": 3, "sent": 3, "confirmed": 3, "waiting": 0, "refused": 0,
            }  # fmt: skip
            assert store.presence.problem is None
    header, content = next(iter(store.stored.values()))
    assert content == chi_file(shift=1)
    assert (header.number, header.frequency_hz, header.complete) == (1, 15.0, True)


def test_blanks_umlauts_and_micro_signs_are_names_like_others(
    own_broker: Broker, tmp_path: Path
) -> None:
    home = tmp_path / "Heim für µ-Sensoren"
    (home / "data").mkdir(parents=True)
    names = ("Fühler µ 1_15Hz_1.txt", "a & b (100%)_15Hz_2.txt", "Ω電_15Hz_3.txt")
    for number, name in enumerate(names):
        (home / "data" / name).write_bytes(chi_file(shift=number))
    with analyzer(own_broker) as store:
        store.publish(session_document())
        with agent(own_broker, home):
            wait_until(lambda: len(store.stored) == 3, what="3 uploads")
    assert store.files == list(names)


def test_a_half_written_file_is_stored_once_and_whole(
    own_broker: Broker, tmp_path: Path, folder: Path
) -> None:
    content = chi_file()
    with analyzer(own_broker) as store:
        store.publish(session_document())
        with agent(own_broker, tmp_path):
            (folder / "SWV_15Hz_0.txt").write_bytes(content)
            wait_until(lambda: len(store.stored) == 1, what="the first scan")
            with (folder / "SWV_15Hz_1.txt").open("wb") as file:
                for start in range(0, len(content), 150):
                    file.write(content[start : start + 150])
                    file.flush()
                    time.sleep(0.3)
            wait_until(lambda: len(store.stored) == 2, what="the whole scan")
    assert [c for h, c in store.uploads if h.file == "SWV_15Hz_1.txt"] == [content]


def test_an_overwritten_file_is_a_second_upload_of_its_name(
    own_broker: Broker, tmp_path: Path, folder: Path
) -> None:
    with analyzer(own_broker) as store:
        store.publish(session_document())
        with agent(own_broker, tmp_path):
            for shift in (1, 2):
                (folder / "SWV_15Hz_1.txt").write_bytes(chi_file(shift=shift))
                wait_until(lambda shift=shift: len(store.stored) == shift, what=f"upload {shift}")
    assert store.files == ["SWV_15Hz_1.txt"] * 2
    assert [content for _, content in store.stored.values()] == [chi_file(shift=k) for k in (1, 2)]


@pytest.mark.timeout(180)
def test_200_files_come_through_though_broker_and_agent_are_killed(
    own_broker: Broker, tmp_path: Path, folder: Path
) -> None:
    written: dict[str, bytes] = {}

    def write(first: int, last: int) -> None:
        for number in range(first, last + 1):
            name = f"SWV_15Hz_{number}.txt"
            written[name] = chi_file(shift=number)
            (folder / name).write_bytes(written[name])

    with analyzer(own_broker) as store:
        store.publish(session_document())
        with agent(own_broker, tmp_path) as process:
            write(1, 60)
            wait_until(lambda: len(store.stored) >= 20, timeout=30, what="20 uploads")
            own_broker.kill9()
            write(61, 120)
            own_broker.start()
            wait_until(lambda: len(store.stored) >= 80, timeout=40, what="80 uploads")
            process.send_signal(signal.SIGKILL)
            process.wait()
            write(121, 160)
            store.publish(session_document())
        with agent(own_broker, tmp_path):
            write(161, 200)
            wait_until(lambda: len(store.stored) >= 200, timeout=60, what="200 uploads")
            status = programs.run("sacmes-agent", "status", "--home", tmp_path).stdout
            wait_until(
                lambda: store.presence and store.presence.counters.waiting == 0, what="receipts"
            )
    assert "running" in status
    assert {h.file: c for h, c in store.stored.values()} == written
    assert len(store.stored) == 200


def test_what_has_no_receipt_is_sent_again(
    own_broker: Broker, tmp_path: Path, folder: Path
) -> None:
    with analyzer(own_broker) as store:
        store.publish(session_document())
        store.deaf = True
        with agent(own_broker, tmp_path):
            (folder / "SWV_15Hz_1.txt").write_bytes(chi_file())
            wait_until(
                lambda: store.presence and store.presence.counters.waiting == 1, what="an upload"
            )
            store.deaf = False
            wait_until(lambda: len(store.stored) == 1, timeout=15, what="the repeat")


def test_a_refusal_is_counted_and_kept(own_broker: Broker, tmp_path: Path, folder: Path) -> None:
    with analyzer(own_broker) as store:
        store.publish(session_document())
        store.refusal = Receipt(
            upload_id="0" * 64, status="refused", reason="The store of this user is closed."
        )
        with agent(own_broker, tmp_path):
            (folder / "SWV_15Hz_1.txt").write_bytes(chi_file())
            wait_until(
                lambda: store.presence and store.presence.counters.refused == 1, what="the count"
            )
        said = programs.run("sacmes-agent", "status", "--home", tmp_path).stdout
        assert "The store of this user is closed." in said
        store.refusal = None
        with agent(own_broker, tmp_path, "--retry-refused"):
            wait_until(lambda: len(store.stored) == 1, what="the upload, sent again")


def test_a_refusal_for_now_is_said_and_tried_again(
    own_broker: Broker, tmp_path: Path, folder: Path
) -> None:
    with analyzer(own_broker) as store:
        store.publish(session_document())
        store.refusal = Receipt(
            upload_id="0" * 64, status="refused", reason="The disk is full.", retry=True
        )
        with agent(own_broker, tmp_path):
            (folder / "SWV_15Hz_1.txt").write_bytes(chi_file())
            wait_until(
                lambda: (
                    store.presence
                    and store.presence.problem
                    and "The disk is full." in store.presence.problem
                ),
                what="the sentence",
            )
            store.refusal = None
            wait_until(lambda: len(store.stored) == 1, timeout=20, what="the upload")
            wait_until(lambda: store.presence and store.presence.problem is None, what="the end")


def test_scans_are_kept_while_there_is_no_broker(
    own_broker: Broker, tmp_path: Path, folder: Path
) -> None:
    with analyzer(own_broker) as store:
        store.publish(session_document())
        with agent(own_broker, tmp_path):
            wait_until(lambda: (tmp_path / "agent" / "session.json").exists(), what="the session")
        own_broker.stop()
        with agent(own_broker, tmp_path):
            (folder / "SWV_15Hz_1.txt").write_bytes(chi_file())
            wait_until(lambda: "taken: SWV_15Hz_1.txt" in log(tmp_path), what="the scan kept")
            (folder / "SWV_15Hz_1.txt").unlink()
            own_broker.start()
            wait_until(lambda: len(store.stored) == 1, timeout=40, what="the upload")
    assert "Nothing answers at" in log(tmp_path)


def test_what_is_in_the_folder_is_told(own_broker: Broker, tmp_path: Path, folder: Path) -> None:
    for number in (1, 2):
        (folder / f"SWV_15Hz_{number}.txt").write_bytes(chi_file())
    with analyzer(own_broker) as store, agent(own_broker, tmp_path):
        wait_until(lambda: store.presence, what="the agent")
        reply = store.ask(questions.LIST, ListQuery())
        assert isinstance(reply, ListReply)
        assert reply.source_name == str(folder)
        (found,) = reply.found
        assert (found.handle, found.frequency_hz, found.files) == ("SWV_", 15.0, 2)


def test_a_folder_that_is_gone_stands_in_the_presence(
    own_broker: Broker, tmp_path: Path, folder: Path
) -> None:
    with analyzer(own_broker) as store, agent(own_broker, tmp_path):
        store.publish(session_document())
        wait_until(lambda: store.presence and store.presence.session_id, what="the session")
        folder.rename(tmp_path / "away")
        wait_until(
            lambda: (
                store.presence and store.presence.problem and "is gone" in store.presence.problem
            ),
            what="the sentence",
        )
        (tmp_path / "away").rename(folder)
        (folder / "SWV_15Hz_1.txt").write_bytes(chi_file())
        wait_until(lambda: len(store.stored) == 1, what="the next scan")
        wait_until(lambda: store.presence and store.presence.problem is None, what="the end of it")


def test_without_the_right_to_write_there_is_a_sentence(
    own_broker: Broker, tmp_path: Path, folder: Path
) -> None:
    acl = next(own_broker.rights.rglob("*acl*"))
    text = acl.read_text("utf-8")
    acl.chmod(0o600)
    acl.write_text(text.replace("pattern write sacmes/%u/raw/+", ""), "utf-8")
    own_broker.restart()
    with analyzer(own_broker) as store:
        store.publish(session_document())
        (folder / "SWV_15Hz_1.txt").write_bytes(chi_file())
        with agent(own_broker, tmp_path):
            wait_until(
                lambda: (
                    store.presence
                    and store.presence.problem
                    and "does not let alice send scans" in store.presence.problem
                ),
                what="the sentence",
            )
            assert store.presence is not None
            assert store.presence.counters.waiting == 1


def test_old_files_are_sent_and_waited_for(
    own_broker: Broker, tmp_path: Path, samples: Path
) -> None:
    files = sorted((samples / "chi_txt_swv_series").glob("*.txt"))
    options = ("--broker", own_broker.url("alice"), "--home", tmp_path)
    with analyzer(own_broker) as store:
        said = programs.run("sacmes-agent", "send", *files, *options)
        assert said.returncode == 0, said.stderr
        assert f"{len(files)} of {len(files)} files stored" in said.stdout
        assert sorted(store.files) == sorted(f.name for f in files)
        assert len(store.started) == 1
        assert store.document is not None
        assert store.document.state == "stopped"
        store.publish(session_document(9))
        again = programs.run("sacmes-agent", "send", files[0], *options)
        assert again.returncode == 0
        assert session_document().session_id in again.stdout
        assert len(store.started) == 1
        (tmp_path / "a.txt").write_bytes(b"PK\x03\x04" + bytes(100))
        refused = programs.run("sacmes-agent", "send", tmp_path / "a.txt", *options)
        assert refused.returncode == 1
        assert "Excel" in refused.stdout
    wrong = own_broker.url("alice", key="wrong")
    denied = programs.run("sacmes-agent", "send", files[0], "--broker", wrong, "--home", tmp_path)
    assert denied.returncode == 1
    assert "refuses the user_id alice or its key" in denied.stderr
