"""An instrument at a real tty or socket: measured on, unplugged, stopped, gone on with."""

import queue
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.agents import SESSION_ID, session_document
from support.potentiostat import SocketPico, pico
from support.tools import wait_until

from agent.home import Home
from agent.instruments import instrument_of
from agent.outbox import Outbox
from agent.recordings import CUT_SHORT, Label, Recordings, label_of
from agent.serial.source import SerialSource
from agent.serial.station import Station, StationOptions
from agent.source import SourceAnswer, SourceEvent, SourceReport
from agent.starting import Granted, Wish
from sacmes_core.formats.reading import read
from sacmes_core.instruments import campaign
from sacmes_core.instruments.driver import Finished
from sacmes_core.instruments.limits import Limits, refusal
from sacmes_core.instruments.orders import Order, Position
from sacmes_core.messages import Message
from sacmes_core.payloads.questions import MeasureRequest
from sacmes_core.payloads.replies import MeasureReply, Problem
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.protocol import AGENT_REQUEST, encode
from sacmes_core.questions import read_question
from sacmes_core.settings.method import MethodSettings, SquareWaveMethod
from sacmes_core.upload import UploadHeader

STARTED = datetime(2026, 11, 22, 10, 17, tzinfo=UTC)


def document(revision: int = 1, **method: Any) -> SessionDocument:
    wave = SquareWaveMethod(step_v=0.004)
    settings = {"interval_s": 0.0, "repeats": 2, "quiet_s": 0.0, "swv": wave} | method
    source = {"frequencies_hz": (15.0, 200.0), "method": MethodSettings(**settings)}
    return session_document(revision, source=source, started_at=STARTED)


class Bench:
    """A source on a port, with what it reported."""

    def __init__(self, home: Path, port: str, opened: Home, **options: Any) -> None:
        self.home = home
        self.opened = opened
        self.events: queue.SimpleQueue[SourceEvent] = queue.SimpleQueue()
        self.problems: list[str] = []
        self.answers: list[SourceAnswer] = []
        self.last: SourceReport | None = None
        allow = options.pop("allow_remote", True)
        wish = options.pop("wish", None)
        line = instrument_of("methodscript", None, "common")
        self.source = SerialSource(
            StationOptions(
                port=port,
                fresh=line.driver,
                bauds=line.bauds,
                limits=options.pop("limits", line.limits),
                user_id="alice",
                recordings=home / "recordings",
                **options,
            ),
            opened,
            self.events.put,
            allow_remote=allow,
            wish=wish,
        )

    def look(self) -> None:
        while not self.events.empty():
            event = self.events.get()
            if isinstance(event, SourceAnswer):
                self.answers.append(event)
            else:
                self.last = event
                if event.source_problem is not None:
                    self.problems.append(event.source_problem)

    def said(self, words: str) -> bool:
        self.look()
        return any(words in problem for problem in self.problems)

    def ask(self, request: MeasureRequest) -> MeasureReply | Problem:
        topic = AGENT_REQUEST.topic(user_id="alice", verb="measure")
        before = len(self.answers)
        self.source.ask(read_question(Message(topic, encode(request), expiry_s=30)))
        wait_until(lambda: self.look() or len(self.answers) > before, what="an answer")
        reply = self.answers[-1].reply
        assert isinstance(reply, MeasureReply | Problem)
        return reply

    def uploads(self) -> list[tuple[UploadHeader, bytes]]:
        with closing(Outbox.open(self.opened.outbox_path)) as outbox:
            loaded = [outbox.load(one.upload_id) for one in outbox.waiting(0, 1000)]
        return [one for one in loaded if one is not None]

    def wait_for(self, count: int) -> list[tuple[UploadHeader, bytes]]:
        wait_until(lambda: len(self.uploads()) >= count, timeout=20, what=f"{count} scans")
        return self.uploads()


@contextmanager
def bench(home: Path, port: str | Path, **options: Any) -> Iterator[Bench]:
    with Home.opened(home) as opened:
        one = Bench(home, str(port), opened, **options)
        one.source.start()
        try:
            yield one
        finally:
            one.source.stop()


@pytest.fixture
def port(tmp_path: Path) -> Path:
    return tmp_path / "potentiostat"


def test_scans_are_taken_in_turn_and_kept_as_files(tmp_path: Path, port: Path) -> None:
    with pico(port) as instrument, bench(tmp_path, port) as one:
        one.source.work_on(document())
        uploads = one.wait_for(4)
        assert not instrument.cell_on
    assert [(h.number, h.frequency_hz) for h, _ in uploads] == [
        (1, 15.0), (1, 200.0), (2, 15.0), (2, 200.0),
    ]  # fmt: skip
    for header, content in uploads:
        assert header.complete
        assert header.measured_at_source == "host"
        path = tmp_path / "recordings" / header.file
        assert path.read_bytes() == content
        label = label_of(path)
        assert label is not None
        assert (label.complete, label.reason) == (True, None)
        (scan,) = read(content, name=header.file)
        assert (scan.technique, scan.points, scan.incomplete) == ("swv", 101, None)
    assert b"".join(content for _, content in uploads) in instrument.sent


def test_an_instrument_unplugged_in_a_scan_is_switched_off_when_it_is_back(
    tmp_path: Path, port: Path
) -> None:
    with pico(port, pause_s=0.01) as instrument, bench(tmp_path, port) as one:
        one.source.work_on(document())
        wait_until(lambda: instrument.cell_on, what="a scan")
        time.sleep(0.3)
        instrument.unplug()
        assert instrument.cell_on
        heard = len(instrument.heard)
        ((header, content),) = one.wait_for(1)
        assert not header.complete
        wait_until(lambda: one.said("is lost"), what="a sentence")
        instrument.pause_s = 0.0
        instrument.plug(port)
        wait_until(lambda: not instrument.cell_on, timeout=10, what="the cell to be off")
        assert instrument.heard[heard : heard + 4] == ["", "Z", "e", "cell_off"]
        uploads = one.wait_for(4)
    (scan,) = read(content, name=header.file)
    assert scan.incomplete is not None
    assert [(h.number, h.frequency_hz, h.complete) for h, _ in uploads] == [
        (1, 15.0, False), (1, 200.0, True), (2, 15.0, True), (2, 200.0, True),
    ]  # fmt: skip
    label = label_of(tmp_path / "recordings" / header.file)
    assert label is not None
    assert "lost in the middle" in str(label.reason)


def test_a_socket_that_ends_in_a_scan_is_opened_again(tmp_path: Path) -> None:
    instrument = SocketPico(pause_s=0.01)
    address = instrument.listen()
    instrument.start()
    try:
        with bench(tmp_path, address) as one:
            one.source.work_on(document())
            wait_until(lambda: instrument.cell_on, what="a scan")
            time.sleep(0.3)
            instrument.unplug()
            ((header, content),) = one.wait_for(1)
            assert not header.complete
            assert content in instrument.sent
            instrument.pause_s = 0.0
            uploads = one.wait_for(4)
            assert [h.complete for h, _ in uploads] == [False, True, True, True]
            assert not instrument.cell_on
    finally:
        instrument.stop()


def test_a_stop_of_the_agent_leaves_the_cell_off(tmp_path: Path, port: Path) -> None:
    with pico(port, pause_s=0.01) as instrument, bench(tmp_path, port) as one:
        one.source.work_on(document())
        wait_until(lambda: instrument.cell_on, what="a scan")
        one.source.stop()
        assert not instrument.cell_on
        ((header, _),) = one.uploads()
        assert not header.complete


def test_a_stop_of_the_session_leaves_the_cell_off(tmp_path: Path, port: Path) -> None:
    with pico(port, pause_s=0.01) as instrument, bench(tmp_path, port) as one:
        one.source.work_on(document())
        wait_until(lambda: instrument.cell_on, what="a scan")
        one.source.work_on(document(2).model_copy(update={"state": "stopped"}))
        ((header, _),) = one.wait_for(1)
        assert not header.complete
        wait_until(lambda: not instrument.cell_on, what="the cell to be off")


def test_a_runtime_error_is_followed_by_the_cell_off_and_the_next_scan(
    tmp_path: Path, port: Path
) -> None:
    with pico(port, error="!0032: Line 17") as instrument, bench(tmp_path, port) as one:
        one.source.work_on(document())
        uploads = one.wait_for(4)
        assert [h.complete for h, _ in uploads] == [False, True, True, True]
        assert instrument.scripts[2] == "cell_off"
        assert one.said("critical overload")


def test_a_method_beyond_the_limits_is_never_sent(tmp_path: Path, port: Path) -> None:
    limits = Limits(-0.3, 1.0, 1e-3)
    with pico(port) as instrument, bench(tmp_path, port, limits=limits) as one:
        one.source.work_on(document())
        wait_until(lambda: one.said("-0.525 V to -0.075 V"), what="a refusal")
        wait_until(lambda: one.look() or (one.last and one.last.instrument), what="the Pico")
        reply = one.ask(MeasureRequest())
        assert isinstance(reply, Problem)
        assert "allows -0.3 V to 1 V" in reply.detail
        assert instrument.scripts == ["cell_off"]
        assert one.last is not None
        assert one.last.limits is not None
        assert one.last.limits.min_v == -0.3


def test_a_method_from_elsewhere_waits_for_leave(tmp_path: Path, port: Path) -> None:
    with pico(port) as instrument, bench(tmp_path, port, allow_remote=False) as one:
        doc = document()
        one.source.work_on(doc)
        wait_until(lambda: one.said("--allow-remote"), what="a refusal")
        wait_until(lambda: one.look() or (one.last and one.last.instrument), what="the Pico")
        reply = one.ask(MeasureRequest())
        assert isinstance(reply, Problem)
        assert reply.type == "forbidden"
        assert instrument.scripts == ["cell_off"]
        one.opened.keep_granted(Granted(Wish("swv", doc.settings), SESSION_ID))
        one.source.work_on(doc)
        one.wait_for(4)
        assert not one.source.facts.remote_start


def test_an_earlier_session_is_not_gone_on_with_where_another_one_is_asked_for(
    tmp_path: Path, port: Path
) -> None:
    earlier, asked = document(), document(2, quiet_s=0.01)
    wish = Wish("swv", asked.settings)
    with pico(port) as instrument, bench(tmp_path, port, wish=wish) as one:
        one.opened.keep_granted(Granted(Wish("swv", earlier.settings), SESSION_ID))
        one.source.work_on(earlier)
        wait_until(lambda: one.look() or (one.last and one.last.instrument), what="the Pico")
        time.sleep(0.3)
        assert instrument.scripts == ["cell_off"]
        one.opened.keep_granted(Granted(wish, SESSION_ID))
        one.source.work_on(asked)
        one.wait_for(4)
        assert all("wait 10m" in script for script in instrument.scripts[1:])


def test_a_round_more_is_measured_when_it_is_asked_for(tmp_path: Path, port: Path) -> None:
    with pico(port), bench(tmp_path, port) as one:
        one.source.work_on(document(interval_s=1000.0))
        one.wait_for(2)
        wait_until(lambda: isinstance(one.ask(MeasureRequest()), MeasureReply), what="leave")
        uploads = one.wait_for(4)
        assert [h.number for h, _ in uploads] == [1, 1, 2, 2]
        other = MeasureRequest(session_id="7f8fad5b-d9cb-469f-a165-70867728950e")
        reply = one.ask(other)
        assert isinstance(reply, Problem)
        assert reply.type == "conflict"


def test_a_restart_goes_on_with_the_next_number(tmp_path: Path, port: Path) -> None:
    with pico(port) as instrument:
        with bench(tmp_path, port) as one:
            one.source.work_on(document(repeats=1))
            one.wait_for(2)
        run = next((tmp_path / "recordings").iterdir())
        cut = run / "SWV_15Hz_2.txt"
        label = label_of(run / "SWV_15Hz_1.txt")
        assert label is not None
        other = label.model_copy(
            update={
                "file": f"{run.name}/{cut.name}", "number": 2, "complete": False,
                "reason": CUT_SHORT,
            }
        )  # fmt: skip
        (run / f"{cut.name}.json").write_text(other.model_dump_json())
        (run / f"{cut.name}.part").write_bytes(b"e\nM0002\nPda7FE7960u;ba80001F4p,10,204\n")
        scans = instrument.scans
        with bench(tmp_path, port) as one:
            one.source.work_on(document(repeats=4))
            uploads = one.wait_for(7)
            names = [h.file.rpartition("/")[2] for h, _ in uploads]
        assert instrument.scans == scans + 4
    assert names == [
        "SWV_15Hz_1.txt", "SWV_200Hz_1.txt", "SWV_15Hz_2.txt",
        "SWV_15Hz_3.txt", "SWV_200Hz_3.txt", "SWV_15Hz_4.txt", "SWV_200Hz_4.txt",
    ]  # fmt: skip
    assert [h.complete for h, _ in uploads] == [True, True, False, True, True, True, True]


@pytest.mark.parametrize(("note", "read"), [(None, 0), ("[", 2), ("[]", 2), ("", 2)])
def test_labels_are_read_again_where_the_place_is_not_known(
    tmp_path: Path, port: Path, monkeypatch: pytest.MonkeyPatch, note: str | None, read: int
) -> None:
    with pico(port), bench(tmp_path, port) as one:
        one.source.work_on(document(repeats=1))
        one.wait_for(2)
    opened: list[Path] = []

    def noticed(path: Path) -> Label | None:
        opened.append(path)
        return label_of(path)

    monkeypatch.setattr("agent.recordings.label_of", noticed)
    with (
        closing(Outbox.open(tmp_path / "outbox.sqlite")) as outbox,
        station(tmp_path, port, outbox) as other,
    ):
        if note is not None:
            outbox.keep_note(f"serial {SESSION_ID}", note)
        other.follow(document(repeats=4), allowed=True)
        assert (other.run.position, len(opened)) == (Position(2), read)
        other.turn()
        assert other.report().taken == 0


def test_a_broker_out_of_reach_for_too_long_switches_the_cell_off(
    tmp_path: Path, port: Path
) -> None:
    with (
        pico(port, pause_s=0.02) as instrument,
        bench(tmp_path, port, stop_after_offline_s=1.5) as one,
    ):
        one.source.work_on(document())
        wait_until(lambda: one.said("out of reach"), timeout=20, what="the sentence")
        wait_until(lambda: not instrument.cell_on, what="the cell to be off")
        before = len(one.wait_for(1))
        assert not one.uploads()[-1][0].complete
        instrument.pause_s = 0.0
        one.source.tell_connected(connected=True)
        one.wait_for(before + 1)


def test_a_port_that_another_program_has_is_said(tmp_path: Path, port: Path) -> None:
    with pico(port), bench(tmp_path, port) as one:
        wait_until(lambda: one.look() or (one.last and one.last.instrument), what="the Pico")
        other = tmp_path / "other"
        other.mkdir()
        with bench(other, port) as second:
            wait_until(lambda: second.said("Another program uses the port"), what="a sentence")


def test_a_port_that_is_not_there_is_said(tmp_path: Path, port: Path) -> None:
    with bench(tmp_path, port) as one:
        wait_until(lambda: one.said("is the instrument connected"), what="a sentence")


def test_a_folder_in_the_way_of_the_recordings_is_a_sentence(tmp_path: Path, port: Path) -> None:
    (tmp_path / "recordings").write_text("in the way")
    with pico(port) as instrument, bench(tmp_path, port) as one:
        one.source.work_on(document())
        wait_until(lambda: one.look() or (one.last and one.last.outbox_problem), what="a sentence")
        assert instrument.scripts == ["cell_off"]
        (tmp_path / "recordings").unlink()
        one.wait_for(1)


@contextmanager
def station(tmp_path: Path, port: Path, fill: Outbox) -> Iterator[Station]:
    line = instrument_of("methodscript", None, "common")
    one = Station(
        StationOptions(
            str(port), line.driver, line.bauds, line.limits, "alice", tmp_path / "recordings"
        ),
        fill,
    )
    try:
        yield one
    finally:
        one.close()


def test_a_recording_that_cannot_be_read_is_a_sentence(
    tmp_path: Path, port: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        pico(port),
        closing(Outbox.open(tmp_path / "outbox.sqlite")) as outbox,
        station(tmp_path, port, outbox) as one,
    ):
        recordings = Recordings(tmp_path / "recordings", document())
        recordings.begin(Order("swv", MethodSettings(), number=1, frequency_hz=15.0), "Pico")
        label = recordings.finish(Finished(True))
        assert label is not None
        path = tmp_path / "recordings" / label.file
        one.follow(document().model_copy(update={"state": "stopped"}), allowed=True)
        content = path.read_bytes()
        path.unlink()
        one.turn()
        problem = str(one.report().outbox_problem)
        assert f"{label.file} cannot be read" in problem
        assert "No such file" in problem
        assert "Errno" not in problem
        path.write_bytes(content)
        monkeypatch.setattr(one, "_hold_until", time.monotonic())
        one.turn()
        report = one.report()
        assert (report.taken, report.outbox_problem) == (1, None)


def test_a_method_is_not_checked_again_while_nothing_changes(
    tmp_path: Path, port: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[None] = []

    def counted(orders: Sequence[Order], limits: Limits) -> str | None:
        checked.append(None)
        return refusal(orders, limits)

    def rests(one: Station) -> bool:
        one.turn()
        return one.run.driver is not None and one.run.position.number == 2

    with (
        pico(port),
        closing(Outbox.open(tmp_path / "outbox.sqlite")) as outbox,
        station(tmp_path, port, outbox) as one,
    ):
        monkeypatch.setattr(campaign, "refusal", counted)
        one.follow(document(interval_s=1000.0), allowed=True)
        wait_until(lambda: rests(one), what="the end of the round")
        reports = [one.report()]
        assert checked
        checked.clear()
        for _ in range(20):
            one.turn()
            reports.append(one.report())
        assert checked == []
        assert reports[-1].limits is reports[-2].limits
        one.follow(document(2, interval_s=1000.0), allowed=False)
        assert "--allow-remote" in str(one.report().source_problem)
