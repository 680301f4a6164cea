from pathlib import Path

import pytest
from support.agents import SESSION_ID, chi_file, session_document

from agent.outbox import FileRecord, Taken
from agent.resuming import Memory
from agent.sending import found_files, named_files
from agent.settling import Sighting
from sacmes_core.errors import ConfigError
from sacmes_core.payloads.results import Receipt
from sacmes_core.upload import UploadHeader, upload_id


def write(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(chi_file())
    return [folder / name for name in names]


def sent_as(folder: Path, *named: str) -> list[str]:
    return [name for name, _ in named_files(found_files([folder / one for one in named]))]


def test_files_of_a_folder_are_sent_in_the_order_of_measurement(tmp_path: Path) -> None:
    write(tmp_path, "µ 1/SWV_15Hz_10.txt", "µ 1/SWV_15Hz_9.txt", "µ 1/note.docx", "µ 1/.x.txt")
    assert sent_as(tmp_path, "µ 1") == ["SWV_15Hz_9.txt", "SWV_15Hz_10.txt"]


def test_a_pattern_that_no_shell_looked_up_is_looked_up(tmp_path: Path) -> None:
    write(tmp_path, "SWV_15Hz_1.txt", "SWV_15Hz_2.txt", "CV_1.txt", "SWV [1].txt")
    assert sent_as(tmp_path, "SWV_*.txt") == ["SWV_15Hz_1.txt", "SWV_15Hz_2.txt"]
    assert sent_as(tmp_path, "SWV [1].txt") == ["SWV [1].txt"]
    assert sent_as(tmp_path, "CV_1.txt", "CV_*.txt") == ["CV_1.txt"]


@pytest.mark.parametrize(
    ("one", "sentence"),
    [("gone.txt", "There is no file"), ("*.dta", "There is no file"), ("empty", "holds no scans")],
)
def test_nothing_to_send_is_a_sentence(tmp_path: Path, one: str, sentence: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=sentence):
        found_files([tmp_path / one])


def test_files_of_one_name_keep_the_folders_that_tell_them_apart(tmp_path: Path) -> None:
    write(tmp_path, "a/SWV_15Hz_1.txt", "b/SWV_15Hz_1.txt")
    assert sent_as(tmp_path, "a", "b") == ["a/SWV_15Hz_1.txt", "b/SWV_15Hz_1.txt"]


def taken(path: Path) -> Taken:
    content = path.read_bytes()
    status = path.stat()
    header = UploadHeader(
        session_id=SESSION_ID,
        upload_id=upload_id(SESSION_ID, path.name, content),
        file=path.name,
        sha256="0" * 64,
    )
    record = FileRecord(path.name, Sighting(status.st_size, status.st_mtime_ns), "sent")
    return Taken(record, SESSION_ID, header, content, len(content))


def test_a_command_that_was_stopped_is_gone_on_with(tmp_path: Path) -> None:
    files = write(tmp_path, "a_1.txt", "a_2.txt", "a_3.txt")
    document = session_document()
    with Memory.opened(tmp_path) as memory:
        memory.keep(("alice", "swv", "x"), document, started=True)
        for file in files:
            memory.outbox.add([taken(file)])
        for file in files[:2]:
            identity = upload_id(SESSION_ID, file.name, file.read_bytes())
            memory.outbox.settle([Receipt(upload_id=identity, status="stored")])
    files[0].write_bytes(chi_file(shift=4) + b" ")
    with Memory.opened(tmp_path) as memory:
        assert memory.kept(("alice", "swv", "another")) is None
        assert memory.kept(("alice", "swv", "x")) == (document, True)
        assert memory.has_begun(SESSION_ID, {"a_3.txt"})
        assert not memory.has_begun(SESSION_ID, {"b_1.txt"})
        named = [(file.name, file) for file in files]
        assert memory.stored(SESSION_ID, named) == {"a_2.txt"}
        assert memory.outbox.waiting_count() == 0
        memory.forget()
        assert memory.kept(("alice", "swv", "x")) is None


def test_of_two_at_once_the_second_remembers_nothing(tmp_path: Path) -> None:
    with Memory.opened(tmp_path) as first, Memory.opened(tmp_path) as second:
        first.keep(("alice", "swv", ""), session_document(), started=False)
        assert second.kept(("alice", "swv", "")) is None
    with Memory.opened(tmp_path) as third:
        assert third.kept(("alice", "swv", "")) is not None
