import os
import sys
from pathlib import Path

import pytest
from support.agents import chi_file

from agent.listing import list_folder
from agent.preview import preview
from sacmes_core.payloads.preview import PreviewQuery, PreviewReply
from sacmes_core.payloads.replies import Problem
from sacmes_core.protocol import MAX_UPLOAD_BYTES, encode
from sacmes_core.settings.reading import ReadingSettings


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "Daten µ 1"
    folder.mkdir()
    return folder


def ask(root: Path, **query: object) -> PreviewReply | Problem:
    question = PreviewQuery.model_validate(query, strict=False)
    return preview(question, root, list_folder(root, subfolders=True))


def look(root: Path, **query: object) -> PreviewReply:
    reply = ask(root, **query)
    assert isinstance(reply, PreviewReply), reply
    assert len(encode(reply)) < 1_000_000
    return reply


def test_a_scan_is_shown_as_it_is_read(root: Path) -> None:
    (root / "E3_Fühler_200Hz_7.txt").write_bytes(chi_file(15))
    reply = look(root, file="E3_Fühler_200Hz_7.txt")
    assert reply.text is not None
    assert reply.text.startswith("Nov. 22, 2026")
    (scan,) = reply.scans
    assert (scan.format, scan.technique, scan.frequency_hz) == ("chi", "swv", 15.0)
    assert (scan.number, scan.electrodes, scan.points) == (7, (3,), 50)
    assert scan.flags == ("name_header_mismatch",)
    assert scan.measured_at is not None
    (curve,) = scan.curves
    assert curve.potential_v[:2] == (-0.01, -0.02)
    assert curve.current_a[0] == 2e-7
    assert reply.problem is None


def test_an_unfinished_scan_says_what_is_missing(root: Path) -> None:
    (root / "a_1.txt").write_bytes(chi_file(last_v=-0.3))
    assert "goes to -0.5 V" in (look(root).scans[0].incomplete or "")


def test_without_a_name_the_file_written_last_is_shown(root: Path) -> None:
    for k, name in enumerate(("SWV_15Hz_2.txt", "SWV_15Hz_1.txt", "CV_1.txt", "x.docx")):
        (root / name).write_bytes(chi_file())
        os.utime(root / name, ns=(k + 1, k + 1))
    assert look(root).file == "CV_1.txt"
    assert look(root, handle="swv_").file == "SWV_15Hz_1.txt"


def test_settings_of_the_reading_are_tried_out(root: Path) -> None:
    rows = "".join(f"{k / 100};{k};{2 * k};{3 * k}\n" for k in range(40))
    (root / "a_1.txt").write_text(rows, "utf-8")
    reading = ReadingSettings(
        potential_column=1, current_column=3, column_spacing=1, current_unit="nA", electrodes=(2,)
    )
    (scan,) = look(root, reading=reading).scans
    (curve,) = scan.curves
    assert curve.electrode == 2
    assert curve.current_a[10] == 30e-9


@pytest.mark.parametrize(
    ("content", "sentence", "text"),
    [
        (b"Dear diary,\nthe electrode looked fine today.\n", "column", "Dear diary"),
        (b"PK\x03\x04" + bytes(500), "Excel", None),
        (b"", "The file is empty", None),
    ],
)
def test_what_cannot_be_read_is_a_sentence(
    root: Path, content: bytes, sentence: str, text: str | None
) -> None:
    (root / "a_1.txt").write_bytes(content)
    reply = look(root)
    assert reply.problem
    assert sentence in reply.problem
    assert (reply.text or "").startswith(text or "")
    assert (reply.text is None) == (text is None)


def test_a_file_too_large_is_not_read(root: Path) -> None:
    with (root / "a_1.txt").open("wb") as file:
        file.truncate(MAX_UPLOAD_BYTES + 1)
    assert "16,777,217 bytes" in (look(root).problem or "")


def test_very_many_points_are_thinned_out(root: Path) -> None:
    rows = "Potential/V, i1d/A, i1f/A, i1r/A\n" + "".join(
        f"{k * 1e-6:.6f}, {k * 1.234567e-9:.6e}, {k * 1e-9:.6e}, {k * 1e-10:.6e}\n"
        for k in range(60_000)
    )
    (root / "a_1.txt").write_text(rows, "utf-8")
    (scan,) = look(root).scans
    assert scan.points == 60_000
    assert {curve.points for curve in scan.curves} == {60_000}
    assert 3_000 < len(scan.curves[0].current_a) < 20_000


def test_very_many_scans_stay_within_a_message(root: Path) -> None:
    heads = "".join(f", i{e}/A" for e in range(1, 201))
    rows = "".join(f"{-k / 100}" + ", 1.234567e-7" * 200 + "\n" for k in range(30))
    (root / "a_1.txt").write_text(f"Potential/V{heads}\n{rows}" * 10, "utf-8")
    reply = look(root)
    assert sum(len(scan.curves) for scan in reply.scans) <= 512


@pytest.mark.parametrize(
    "file", ["../secret.txt", "/etc/passwd", "..\\secret.txt", "sub/../../secret.txt",
             ".hidden.txt", "data.docx", "", "sub", "SWV_1.txt\0"],
)  # fmt: skip
def test_nothing_is_read_that_the_folder_does_not_list(root: Path, file: str) -> None:
    (root.parent / "secret.txt").write_bytes(chi_file())
    for name in (".hidden.txt", "data.docx"):
        (root / name).write_bytes(chi_file())
    (root / "sub").mkdir()
    if file == "":
        assert isinstance(ask(root), Problem)
        return
    reply = ask(root, file=file)
    assert isinstance(reply, Problem)
    assert reply.type == "not_found"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own there")
def test_a_link_that_leads_out_of_the_folder_is_not_followed(root: Path) -> None:
    (root.parent / "secret.txt").write_bytes(chi_file())
    (root / "a_1.txt").symlink_to(root.parent / "secret.txt")
    assert isinstance(ask(root, file="a_1.txt"), Problem)


def test_a_file_in_the_cloud_is_not_fetched(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "a_1.txt").write_bytes(chi_file())
    monkeypatch.setattr("agent.listing.is_only_in_the_cloud", lambda _: True)
    assert "only in the cloud" in (look(root).problem or "")
