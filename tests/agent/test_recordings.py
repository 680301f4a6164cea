"""Recordings: whole or labelled as cut short, whatever ended the program."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.agents import SESSION_ID, session_document

from agent.outbox import FILE_NAME
from agent.recordings import CUT_SHORT, Label, Recordings, is_label, label_of, labelled_header
from agent.sending import _taken
from sacmes_core.instruments.driver import Finished
from sacmes_core.instruments.orders import Order
from sacmes_core.messages import Message
from sacmes_core.settings.method import MethodSettings
from sacmes_core.upload import pack, unpack

ORDER = Order("swv", MethodSettings(), number=12, frequency_hz=12.5, electrode=2)
DOCUMENT = session_document()


@pytest.fixture
def recordings(tmp_path: Path) -> Recordings:
    return Recordings(tmp_path, DOCUMENT)


def test_a_recording_has_its_name_once_it_is_whole(recordings: Recordings, tmp_path: Path) -> None:
    recordings.begin(ORDER, "Pico")
    recordings.append(b"e\n")
    folder = tmp_path / recordings.run
    assert sorted(path.name for path in folder.iterdir()) == [
        "E2_SWV_12.5Hz_12.txt.json", "E2_SWV_12.5Hz_12.txt.part",
    ]  # fmt: skip
    recordings.append(b"M0002\n")
    label = recordings.finish(Finished(True, reading="{}"))
    assert label is not None
    path = tmp_path / label.file
    assert path.read_bytes() == b"e\nM0002\n"
    assert label_of(path) == label
    assert (label.complete, label.reason, label.reading) == (True, None, "{}")
    assert recordings.finish(Finished(True)) is None
    assert is_label(path.with_name(f"{path.name}.json"))
    assert not is_label(path)


def test_what_a_kill_leaves_behind_is_labelled(recordings: Recordings, tmp_path: Path) -> None:
    recordings.begin(ORDER, "Pico")
    recordings.append(b"e\nM0002\n")
    assert recordings._file is not None
    recordings._file.close()
    again = Recordings(tmp_path, DOCUMENT)
    (label,) = again.left_behind()
    assert (label.number, label.complete, label.reason) == (12, False, CUT_SHORT)
    assert (tmp_path / label.file).read_bytes() == b"e\nM0002\n"
    taken = again.taken(label, "alice")
    assert taken.header is not None
    assert not taken.header.complete
    assert list(Recordings(tmp_path / "none", DOCUMENT).left_behind()) == []


def test_what_is_known_is_not_opened(
    recordings: Recordings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = []
    for number in (12, 13, 14):
        recordings.begin(replace(ORDER, number=number), "Pico")
        label = recordings.finish(Finished(True))
        assert label is not None
        files.append(label.file)
    opened: list[str] = []

    def noticed(path: Path) -> Label | None:
        opened.append(path.name)
        return label_of(path)

    monkeypatch.setattr("agent.recordings.label_of", noticed)
    again = Recordings(tmp_path, DOCUMENT)
    assert [label.number for label in again.left_behind({files[0], files[2]})] == [13]
    assert [f"{again.run}/{name}" for name in opened] == [files[1]]
    assert [label.number for label in again.left_behind()] == [12, 13, 14]


def test_an_upload_carries_what_the_label_says(recordings: Recordings) -> None:
    recordings.begin(ORDER, "Pico")
    recordings.append(b"e\n")
    label = recordings.finish(Finished(False, "stop", reading='{"technique":"swv","µ":1}'))
    assert label is not None
    taken = recordings.taken(label, "alice")
    assert taken.header is not None
    publication = pack(taken.header, taken.content, user_id="alice")
    _, header, content = unpack(
        Message(publication.topic, publication.payload, user_properties=publication.user_properties)
    )
    assert content == b"e\n"
    assert header == taken.header
    assert (header.number, header.frequency_hz, header.electrode) == (12, 12.5, 2)
    assert (header.complete, header.measured_at_source) == (False, "host")
    assert header.reading == '{"technique":"swv","µ":1}'


def test_a_recording_is_sent_again_as_it_was_measured(
    recordings: Recordings, tmp_path: Path
) -> None:
    recordings.begin(ORDER, "Pico")
    recordings.append(b"e\n")
    label = recordings.finish(Finished(False, "stop"))
    assert label is not None
    path = tmp_path / label.file
    sent = _taken(DOCUMENT, path.name, path, "alice")
    assert sent.header == labelled_header(label, SESSION_ID, path.name, b"e\n")
    assert sent.header is not None
    assert sent.header.measured_at == label.measured_at


def test_a_label_that_is_damaged_is_none(recordings: Recordings, tmp_path: Path) -> None:
    recordings.begin(ORDER, "Pico")
    label = recordings.finish(Finished(True))
    assert label is not None
    path = tmp_path / label.file
    for damaged in ("", "{", "{}", '{"session_id": 1}'):
        path.with_name(f"{path.name}.json").write_text(damaged)
        assert label_of(path) is None
    assert label_of(tmp_path / FILE_NAME) is None
