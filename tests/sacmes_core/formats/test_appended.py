"""Files that were joined: each is a scan of its own, or the loss is said."""

from pathlib import Path

import pytest

from sacmes_core.errors import FormatError
from sacmes_core.formats.reading import read

JOINED = (
    "chi_txt_swv_multielectrode/F5Hz_M2.txt",
    "chi_txt_cv/CHI760B_gc_WT_1.txt",
    "gamry_dta_swv/squarewave_data.dta",
    "biologic_mpt/loop_CVA.mpt",
    "generic_text/F80Hz_M1_E4_comma_mV_nA.csv",
    "methodscript/cv_nscans2.txt",
    "rodeostat_stream/runtest_cyclic.jsonl",
)


@pytest.mark.parametrize("file", JOINED)
def test_joined_files_are_all_read(samples: Path, file: str) -> None:
    content = (samples / file).read_bytes()
    alone = read(content)
    joined = read((content if content.endswith(b"\n") else content + b"\n") * 3)
    assert [scan.index for scan in joined] == list(range(3 * len(alone)))
    for k, scan in enumerate(joined):
        assert scan.curves == alone[k % len(alone)].curves
        assert scan.frequency_hz == alone[k % len(alone)].frequency_hz


def test_a_thousand_files_are_read(samples: Path) -> None:
    content = (samples / "chi_bare_columns" / "F5Hz_M2_bare_space.txt").read_bytes()
    chi = (samples / "chi_txt_swv_multielectrode" / "F5Hz_M2.txt").read_bytes()
    assert len(read(chi * 700)) == 700
    # Bare columns without a line between them cannot be told apart and stay one scan.
    assert read(content * 2)[0].points == 2 * read(content)[0].points


def test_file_that_cannot_be_read_among_others_is_said(samples: Path) -> None:
    content = (samples / "chi_txt_swv_multielectrode" / "F5Hz_M2.txt").read_bytes()
    head = content[: content.index(b"Potential/V")]
    scans = read(content + head + content)
    assert len(scans) == 2
    assert all("lines_lost" in scan.flags for scan in scans)
    with pytest.raises(FormatError, match="column headings"):
        read(head + head)


def test_too_many_files_are_refused() -> None:
    with pytest.raises(FormatError, match="10,000"):
        read(b"EXPLAIN\nTAG\tCV\n" * 10_001)
