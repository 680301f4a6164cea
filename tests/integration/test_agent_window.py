"""The agent's window against a real broker and a real analyzer: from pasting to the peak."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import programs
from support.agent import speaking
from support.agents import StoringAnalyzer, chi_file, session_document, storing_analyzer
from support.broker import WRONG_KEY, Broker
from support.certificates import Authority
from support.windows import OpenApp, open_app

from agent.outbox import Outbox
from dashboard.demo_broker import Listener, free_port
from sacmes_core import questions
from sacmes_core.address import BrokerAddress
from sacmes_core.payloads.questions import StartRequest
from sacmes_core.payloads.results import Receipt
from sacmes_core.simulate.potentiostat import Potentiostat, Run, file_name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "CHI data µ"
    path.mkdir()
    return path


@contextmanager
def connected(
    broker: Broker, tmp_path: Path, display: str, folder: Path, *, address: str | None = None
) -> Iterator[OpenApp]:
    """A window that somebody has set up with the administrator's line, without a notice."""
    home = tmp_path / "agent"
    home.mkdir(exist_ok=True)
    (home / "consent.txt").write_text("")
    with open_app(home, display) as window:
        window.put_on_clipboard(
            address or BrokerAddress.parse(broker.url("alice")).connection_string()
        )
        window.app.connection.paste.invoke()
        window.until(lambda: window.app.state.user_id == "alice", what="the user_id")
        window.type(window.app.connection.folder, str(folder))
        window.app.band.button.invoke()
        yield window


@pytest.mark.timeout(180)
def test_from_pasting_to_the_peak(
    own_broker: Broker, tmp_path: Path, display: str, folder: Path
) -> None:
    instrument = Potentiostat(Run(electrodes=(1, 2), seed=3))
    with (
        programs.running(
            "sacmes-analyzer", "run", "--broker", own_broker.url("analyzer"), "--home",
            tmp_path / "analyzer", log=tmp_path / "analyzer.log",
        ),
        connected(own_broker, tmp_path, display, folder) as window,
    ):  # fmt: skip
        window.until(lambda: "No session yet" in window.words, what="the connection")
        assert window.words.startswith("● Connected")
        with speaking(own_broker) as alice:
            alice.ask(questions.START, StartRequest(name="Aptamer A3"))
        window.until(lambda: "“Aptamer A3”" in window.words, what="the session")
        assert window.app.session.name["text"] == "Aptamer A3"
        for number in (1, 2, 3):
            for frequency_hz in (15.0, 200.0):
                content = instrument.file(number, frequency_hz)
                (folder / file_name(number, frequency_hz)).write_bytes(content)
        window.until(lambda: window.counter("stored") == "6", what="six scans")
        assert [window.counter(name) for name in ("seen", "sent", "waiting", "refused")] == [
            "6", "6", "0", "0",
        ]  # fmt: skip
        last = window.app.scan
        window.until(lambda: last.title["text"] == file_name(3, 200.0), what="the last peak")
        window.until(
            lambda: "200 Hz  ·  scan 3" in last.detail["text"], timeout=60, what="its numbers"
        )
        name, height, place = last._cells[1]
        assert name["text"] == "E2"
        assert "±" in height["text"]
        assert height["text"].endswith("A")
        assert place["text"].startswith("at −0.2")
        window.until(lambda: len(window.app.state.record.peaks) == 6, what="the trend")
        assert window.app.scan.trend.find_all()
        assert "Connected to" in window.log


@pytest.fixture
def store(own_broker: Broker) -> Iterator[StoringAnalyzer]:
    with storing_analyzer(own_broker.url("analyzer"), "alice") as one:
        one.publish(session_document(name="Aptamer A3"))
        yield one


def test_a_cut_network_and_a_folder_that_vanishes_change_the_words_and_lose_nothing(
    own_broker: Broker, tmp_path: Path, display: str, folder: Path, store: StoringAnalyzer
) -> None:
    with connected(own_broker, tmp_path, display, folder) as window:
        (folder / "SWV_15Hz_1.txt").write_bytes(chi_file())
        window.until(lambda: window.counter("stored") == "1", what="a scan")
        own_broker.stop()
        window.until(lambda: "▲ Connection lost" in window.words, what="the loss")
        (folder / "SWV_15Hz_2.txt").write_bytes(chi_file(shift=1))
        window.until(lambda: window.counter("waiting") == "1", what="a scan that waits")
        window.root.tk.call(window.root.protocol("WM_DELETE_WINDOW"))
        window.live()
        assert "1 scan is not sent yet" in window.app.dialogue.sentence["text"]  # type: ignore[union-attr]
        window.answer("Stay")
        own_broker.start()
        window.until(lambda: window.counter("stored") == "2", what="the scan that waited")
        window.until(lambda: "Connected" in window.words, what="the connection")
        elsewhere = folder.rename(tmp_path / "elsewhere")
        window.until(lambda: "the folder needs you" in window.words, what="the vanished folder")
        assert "is the drive or the network share connected?" in window.words
        elsewhere.rename(folder)
        window.until(lambda: "folder needs you" not in window.words, what="the folder again")
        (folder / "SWV_15Hz_3.txt").write_bytes(chi_file(shift=2))
        window.until(lambda: window.counter("stored") == "3", what="a scan after it")
    assert len(store.stored) == 3


def test_what_was_refused_is_listed_with_its_reason_and_sent_again(
    own_broker: Broker, tmp_path: Path, display: str, folder: Path, store: StoringAnalyzer
) -> None:
    store.refusal = Receipt(upload_id="0" * 64, status="refused", reason="Too many columns.")
    with connected(own_broker, tmp_path, display, folder) as window:
        (folder / "SWV_15Hz_1.txt").write_bytes(chi_file())
        (folder / "SWV_15Hz_2.txt").write_bytes(bytes(range(256)) * 9)
        window.until(lambda: window.counter("refused") == "2", what="the refusals")
        page = window.app.pages.refused
        window.live(0.2)
        listed = [page.list.item(row, "values") for row in page.list.get_children()]
        assert listed[0] == ("SWV_15Hz_1.txt", "Too many columns.")
        assert listed[1][0] == "SWV_15Hz_2.txt"
        assert window.app.pages.tab(page, "text") == "Refused (2)"
        page.list.selection_set(page.list.get_children()[0])
        window.live()
        assert page.reason["text"] == "Too many columns."
        store.refusal = None
        page.retry.invoke()
        window.until(lambda: window.counter("stored") == "1", what="the scan sent again")
        window.until(lambda: window.counter("refused") == "1", what="the file that stays refused")


def test_a_line_with_a_private_certificate_is_enough_for_an_encrypted_broker(
    own_broker: Broker, tmp_path: Path, display: str, folder: Path
) -> None:
    authority = Authority(tmp_path / "authority")
    server = authority.server(begins="20200101000000Z", ends="20991231000000Z")
    listener = Listener(free_port(), certificate=server.certificate, private_key=server.private_key)
    own_broker.extra_listeners = [listener]
    own_broker.restart()
    line = BrokerAddress(
        "mqtts", "127.0.0.1", listener.port, "alice", own_broker.keys["alice"],
        ca_pem=authority.pem,
    ).connection_string()  # fmt: skip
    with connected(own_broker, tmp_path, display, folder, address=line) as window:
        window.until(lambda: "Connected" in window.words, what="the encrypted connection")
        assert window.app.connection.server.get() == f"mqtts://127.0.0.1:{listener.port}"


def test_a_wrong_key_is_a_sentence(
    own_broker: Broker, tmp_path: Path, display: str, folder: Path
) -> None:
    line = BrokerAddress.parse(own_broker.url("alice", key=WRONG_KEY)).connection_string()
    with connected(own_broker, tmp_path, display, folder, address=line) as window:
        window.until(lambda: "refuses the user_id alice or its key" in window.words, what="no")
        window.app.band.button.invoke()
        window.until(lambda: "○ Not connected" in window.words, what="the stop")


def test_the_window_stops_and_starts_again_and_another_agent_is_named(
    own_broker: Broker, tmp_path: Path, display: str, folder: Path, store: StoringAnalyzer
) -> None:
    with connected(own_broker, tmp_path, display, folder) as window:
        window.until(lambda: store.presence and store.presence.state == "online", what="presence")
        window.app.band.button.invoke()
        window.until(lambda: store.presence and store.presence.state == "stopped", what="the end")
        window.until(lambda: window.app.state.phase == "stopped", what="the stop")
        (tmp_path / "other").mkdir()
        with programs.running(
            "sacmes-agent", "watch", folder, "--broker", own_broker.url("alice"), "--home",
            tmp_path / "other", log=tmp_path / "other.log",
        ):  # fmt: skip
            window.until(
                lambda: store.presence and store.presence.state == "online", what="the other"
            )
            window.app.band.button.invoke()
            window.until(lambda: "✕ Stopped" in window.words, what="the refusal")
            assert "has held this user_id since" in window.words
            assert window.app.band.button["text"] == "Connect"


def test_the_command_line_goes_on_with_what_the_window_was_told(
    own_broker: Broker, tmp_path: Path, display: str, folder: Path, store: StoringAnalyzer
) -> None:
    with connected(own_broker, tmp_path, display, folder) as window:
        window.until(lambda: "Connected" in window.words, what="the connection")
    (folder / "SWV_15Hz_1.txt").write_bytes(chi_file())
    with programs.running("sacmes-agent", "watch", log=tmp_path / "log", SACMES_HOME=str(tmp_path)):
        for _ in range(600):
            if store.stored:
                break
            store._stopping.wait(0.05)
    assert store.files == ["SWV_15Hz_1.txt"]
    outbox = Outbox.open(tmp_path / "agent" / "outbox.sqlite")
    assert outbox.waiting_count() == 0
    outbox.close()
