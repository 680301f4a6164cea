"""Sample files of every format, cut off and damaged: refused, or right as far as they go."""

import math
import random
import re
import time
import tracemalloc
from array import array
from functools import lru_cache
from pathlib import Path

import pytest

from sacmes_core.errors import FormatError
from sacmes_core.formats import methodscript, rodeostat
from sacmes_core.formats.decode import BYTES_MAX
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import ColumnMapping, Scan

SMALL_BYTES = 8192
PLACES = 60
"""Seeded places of a large file; at 500 of them and at every line end the property holds too."""

FILES = (
    "autolab_nova_txt/HDV_800rpm_first2000.txt",
    "chi_txt_cv/CHI760B_gc_WT_1.txt",
    "chi_txt_swv_bipot/WT_biofilm_swv_1.txt",
    "chi_txt_swv_multielectrode/F5Hz_M2.txt",
    "chi_bare_columns/F5Hz_M2_bare_comma_space.txt",
    "generic_text/F80Hz_M1_E4_semicolon_decimalcomma_uA.csv",
    "biologic_mpt/Pt_poly_cva_decimalcomma.mpt",
    "biologic_mpt/loop_CVA.mpt",
    "gamry_dta_cv/DHBDS_aged.DTA.txt",
    "gamry_dta_cv/HONQ_tagCV1.txt",
    "gamry_dta_cv/decimal_comma_cv.DTA",
    "gamry_dta_swv/squarewave_data.dta",
    "methodscript/aborted_swv.txt",
    "methodscript/cv_nscans2.txt",
    "methodscript/doc_lsv_10k_dummycell.txt",
    "methodscript/link_lost_mid_line.txt",
    "methodscript/mux_loop_two_channels.txt",
    "methodscript/odd_values.txt",
    "methodscript/swv_pcfr_F5Hz_M2_E4.txt",
    "line_csv_stream/F5Hz_M5_E4_acestat_style.txt",
    "line_csv_stream/F5Hz_M5_E4_kickstat_style.txt",
    "rodeostat_stream/doc_lines.jsonl",
    "rodeostat_stream/runtest_cyclic.jsonl",
    "rodeostat_stream/runtest_mux.jsonl",
    "rodeostat_txt/cyclic_shift_00.txt",
    "rodeostat_txt/cyclic_test_data.txt",
    "palmsens_pssession/A_swv3.pssession",
    "palmsens_pssession/cv_1scan.pssession",
    "pstrace_csv/cv_5scans.csv",
    "pstrace_csv/derived_swv_3curves.csv",
    "pstrace_csv/ECSA_0005mV_scan1-SWV.csv",
)
MAPPINGS = {
    "line_csv_stream/F5Hz_M5_E4_acestat_style.txt": ColumnMapping(
        potential_unit="mV", current_unit="µA"
    ),
    "line_csv_stream/F5Hz_M5_E4_kickstat_style.txt": ColumnMapping(current_unit="µA"),
}

SHARES = 2
"""Parts of a file's cuts, so that the work spreads over processes."""

Rows = dict[tuple[int, int, str], tuple[bytes, bytes]]


def rows_of(scans: tuple[Scan, ...]) -> Rows:
    """The potentials and currents of every curve bit by bit, so that nan is equal to nan."""
    return {
        (scan.index, curve.electrode, curve.role): (
            array("d", curve.potential_v).tobytes(),
            array("d", curve.current_a).tobytes(),
        )
        for scan in scans
        for curve in scan.curves
    }


def cuts(data: bytes, chance: random.Random) -> list[int]:
    if len(data) <= SMALL_BYTES:
        return list(range(len(data)))
    ends = [match.end() for match in re.finditer(rb"\r?\n\x00?", data)]
    about = [end + d for end in chance.sample(ends, min(6, len(ends))) for d in (-2, -1, 0, 1, 2)]
    return about + [chance.randrange(len(data)) for _ in range(PLACES)]


@pytest.fixture
def remembered_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remember what single lines say: the cuts of a file share nearly all of them."""
    for module, function in ((methodscript, "parse_package"), (rodeostat, "_message")):
        monkeypatch.setattr(module, function, lru_cache(None)(getattr(module, function)))


@pytest.mark.usefixtures("remembered_lines")
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("file", FILES)
def test_cut_file_gives_no_number_that_is_not_in_it(samples: Path, file: str, share: int) -> None:
    data = (samples / file).read_bytes()
    mapping = MAPPINGS.get(file)
    whole = rows_of(read(data, mapping=mapping))
    readable = 0
    for end in cuts(data, random.Random(file))[share::SHARES]:
        try:
            part = rows_of(read(data[:end], mapping=mapping))
        except FormatError:
            continue
        readable += 1
        for curve, (potentials, currents) in part.items():
            assert whole[curve][0].startswith(potentials), (end, curve)
            assert whole[curve][1].startswith(currents), (end, curve)
    assert readable or data.startswith(b"\xff\xfe{\x00")


@pytest.mark.parametrize("file", FILES)
def test_damaged_file_is_read_or_refused(samples: Path, file: str) -> None:
    chance = random.Random(file)
    content = (samples / file).read_bytes()
    for _ in range(25):
        data = bytearray(content)
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(data))
            kind = chance.randrange(3)
            if kind == 0:
                data[place] = chance.randrange(256)
            elif kind == 1:
                del data[place : place + chance.randrange(1, 200)]
            else:
                data[place:place] = data[: chance.randrange(1, 200)]
        try:
            scans = read(bytes(data), mapping=MAPPINGS.get(file))
        except FormatError as error:
            assert error.reason.endswith(".")  # noqa: PT017
            continue
        for scan in scans:
            for curve in scan.curves:
                assert len(curve.potential_v) == len(curve.current_a)
                assert all(map(math.isfinite, curve.potential_v))
                assert not any(map(math.isinf, curve.current_a))


ONE_OF_EACH = {file.split("/")[0]: file for file in FILES}


def sixteen_mebibytes(data: bytes) -> bytes:
    """The file with one of its lines over and over behind it."""
    lines = data.splitlines(keepends=True)
    line = lines[len(lines) * 3 // 4] if len(lines) > 1 else data
    return data + line * ((BYTES_MAX - len(data)) // len(line))


@pytest.mark.parametrize("file", ONE_OF_EACH.values())
def test_sixteen_mebibytes_take_bounded_time(samples: Path, file: str) -> None:
    data = sixteen_mebibytes((samples / file).read_bytes())
    start = time.process_time()
    try:
        read(data, mapping=MAPPINGS.get(file))
    except FormatError as error:
        assert error.reason.endswith(".")  # noqa: PT017
    assert time.process_time() - start < 30


def test_sixteen_mebibytes_take_bounded_memory(samples: Path) -> None:
    path = samples / "chi_txt_swv_multielectrode" / "F80Hz_M1.txt"
    data = sixteen_mebibytes(path.read_bytes())
    tracemalloc.start()
    try:
        (scan,) = read(data)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert scan.points > 200_000
    assert peak_bytes < 12 * BYTES_MAX
