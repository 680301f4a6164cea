from pathlib import Path

import pytest
from support.agents import chi_file

from agent.listing import answer, list_folder, order
from sacmes_core.payloads.questions import ListQuery


def names(root: Path, *, subfolders: bool = False) -> set[str]:
    return {name for name, _ in list_folder(root, subfolders=subfolders)}


def test_hidden_and_temporary_files_are_left_out(tmp_path: Path) -> None:
    for name in ("a.txt", ".b.txt", "~$c.txt", "d.txt.tmp"):
        (tmp_path / name).write_bytes(b"x")
    assert names(tmp_path) == {"a.txt"}


def test_folders_are_entered_only_when_asked_and_links_never(tmp_path: Path) -> None:
    deep = tmp_path / "1" / "2" / "3" / "4"
    deep.mkdir(parents=True)
    for folder in (tmp_path, *deep.parents[:3], deep):
        (folder / "a.txt").write_bytes(b"x")
    (tmp_path / "1" / "loop").symlink_to(tmp_path)
    assert names(tmp_path) == {"a.txt"}
    found = names(tmp_path, subfolders=True)
    assert found == {"a.txt", "1/a.txt", "1/2/a.txt", "1/2/3/a.txt"}


def test_a_file_that_is_a_link_in_a_circle_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "loop.txt").symlink_to(tmp_path / "loop.txt")
    (tmp_path / "a.txt").write_bytes(b"x")
    assert names(tmp_path) == {"a.txt"}


def test_no_more_files_are_listed_than_can_be_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for k in range(5):
        (tmp_path / f"{k}.txt").write_bytes(b"x")
    monkeypatch.setattr("agent.listing.FILES_MAX", 3)
    assert len(names(tmp_path)) == 3


def test_a_folder_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        names(tmp_path / "gone")


def test_a_broken_link_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").symlink_to(tmp_path / "gone")
    assert names(tmp_path) == set()


def test_numbers_come_before_frequencies() -> None:
    files = ["SWV_200Hz_10.txt", "SWV_15Hz_9.txt", "SWV_200Hz_9.txt", "blank.txt"]
    assert sorted(files, key=order) == [
        "SWV_15Hz_9.txt",
        "SWV_200Hz_9.txt",
        "SWV_200Hz_10.txt",
        "blank.txt",
    ]


def test_the_kinds_of_files_are_told(tmp_path: Path) -> None:
    for number in (3, 4, 11):
        (tmp_path / f"SWV_15Hz_{number}.txt").write_bytes(chi_file(15))
    (tmp_path / "SWV_200Hz_3.txt").write_bytes(chi_file(200))
    (tmp_path / "notes.docx").write_bytes(b"x")
    reply = answer(ListQuery(), "C:\\CHI", list_folder(tmp_path, subfolders=False))
    assert reply.source_name == "C:\\CHI"
    assert [
        (f.handle, f.extension, f.frequency_hz, f.files, f.first_number, f.last_file)
        for f in reply.found
    ] == [
        ("SWV_", ".txt", 15.0, 3, 3, "SWV_15Hz_11.txt"),
        ("SWV_", ".txt", 200.0, 1, 3, "SWV_200Hz_3.txt"),
    ]
    assert [f.last_number for f in reply.found] == [11, 3]


def test_where_the_name_is_silent_the_header_tells_the_frequency(tmp_path: Path) -> None:
    for number, frequency in ((1, 15), (2, 200), (3, 15)):
        (tmp_path / f"run_{number}.txt").write_bytes(chi_file(frequency))
    reply = answer(ListQuery(handle="RUN"), "x", list_folder(tmp_path, subfolders=False))
    assert {(f.handle, f.frequency_hz, f.files) for f in reply.found} == {
        ("run", 15.0, 2),
        ("run", 200.0, 1),
    }


def test_files_in_folders_are_told_as_well(tmp_path: Path) -> None:
    (tmp_path / "run 1").mkdir()
    (tmp_path / "run 1" / "SWV_15Hz_1.txt").write_bytes(chi_file(15))
    reply = answer(ListQuery(handle="swv"), "x", list_folder(tmp_path, subfolders=True))
    assert [(f.handle, f.files) for f in reply.found] == [("SWV_", 1)]


def test_a_thousand_kinds_are_enough(tmp_path: Path) -> None:
    for k in range(1005):
        (tmp_path / f"{'abcdefghij'[k % 10]}{k}x_1Hz_1.txt").write_bytes(b"x")
    reply = answer(ListQuery(), "x", list_folder(tmp_path, subfolders=False))
    assert len(reply.found) == 1000
    assert reply.truncated


def test_the_real_series_is_listed(samples: Path) -> None:
    listing = list_folder(samples / "chi_txt_swv_series", subfolders=False)
    (found,) = answer(ListQuery(), "x", listing).found
    assert (found.frequency_hz, found.first_number) == (300.0, 1)
