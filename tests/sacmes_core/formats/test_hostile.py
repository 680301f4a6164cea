"""No bytes crash a reader, and no cut file gives a number that was not in it."""

import math
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sacmes_core.errors import FormatError
from sacmes_core.formats.decode import BYTES_MAX
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import ColumnMapping, Scan

FORMATS = {
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]chi": lambda e, i: f"{e:.3f}, {_chi(i)}, {_chi(2 * i)}, {_chi(i)}\r\n",
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]two columns": lambda e, i: f"{e:.3f},{i:.4e}\n",
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]decimal comma": lambda e, i: f"{e:.3f};{i:.4e}\r\n".replace(".", ","),
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]all digits": lambda e, i: f"{e!r}\t{i!r}\n",
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]microamperes": lambda e, i: f"{e:.3f} {i * 1e6:.4f}\n",
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]any microamperes": lambda e, i: f"{e:.3f} {i * 1e6!r}\n",
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]picoamperes": lambda e, i: f"{e:.3f}, {_chi(i * 1e-4)}\n",
}
HEADS = {
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]chi": (
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   "May 7, 2024   16:05:57\r\nSquare Wave Voltammetry\r\nInstrument Model:  CHI1040C\r\n"
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   "Init E (V) = 0\r\nFinal E (V) = -0.6\r\nIncr E (V) = 0.02\r\nFrequency (Hz) = 5\r\n\r\n"
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   "Potential/V, i4d/A, i4f/A, i4r/A\r\n\r\n"
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"],
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]microamperes": "E/V I/µA\n",
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]any microamperes": "E/V I/µA\n",
}


def _chi(value: float) -> str:
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]antissa, _, exponent = f"{value:.3e}".partition("e")
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]eturn f"{mantissa}e{int(exponent)}"


def written(kind: str) -> bytes:
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]ows = [
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   FORMATS[kind](-0.02 * k, -1.2345e-7 - 8.7e-7 * math.exp(-(((k - 15) / 4) ** 2)))
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   for k in range(1, 31)
    ]
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]eturn (HEADS.get(kind, "") + "".join(rows)).encode()


def points(scan: Scan) -> list[tuple[int, str, list[tuple[float, float]]]]:
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]eturn [
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   (c.electrode, c.role, list(zip(c.potential_v, c.current_a, strict=True)))
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   for c in scan.curves
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("kind", FORMATS)
def test_cut_at_every_byte_no_number_is_wrong(kind: str, encoding: str) -> None:
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]ata = written(kind).decode().encode(encoding)
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]whole,) = read(data)
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]xpected = points(whole)
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]ssert [len(rows) for _, _, rows in expected] == [30] * len(expected)
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]eadable = 0
    for end in range(len(data)):
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   try:
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]       (scan,) = read(data[:end])
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   except FormatError:
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]       continue
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   readable += 1
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   for (electrode, role, rows), (e, r, all_rows) in zip(points(scan), expected, strict=True):
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]       assert (electrode, role) == (e, r)
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]       assert rows == all_rows[: len(rows)]
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   if kind == "chi":
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]       cut = len(scan.curves[0].current_a) < 30
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]       assert scan.complete is not cut
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]       assert ("truncated_scan" in scan.flags) is cut
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]ssert readable > 100


def test_missing_last_line_end_of_a_whole_file_loses_nothing() -> None:
    for kind in ("chi", "two columns", "decimal comma", "microamperes"):
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   data = written(kind).rstrip()
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   (scan,) = read(data)
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   assert len(scan.curves[0].current_a) == 30
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   assert scan.complete


MAPPINGS = st.none() | st.builds(
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]olumnMapping,
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]elimiter=st.sampled_from([None, "tab", "semicolon", "comma", "space"]),
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]ecimal=st.sampled_from([None, "point", "comma"]),
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]otential_column=st.sampled_from([None, 1, 2, 7]),
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]urrent_column=st.sampled_from([None, 1, 2, 7]),
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]olumn_spacing=st.sampled_from([None, 1, 3]),
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]otential_unit=st.sampled_from([None, "mV"]),
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]urrent_unit=st.sampled_from([None, "µA"]),
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]nvert_current=st.booleans(),
)


def assert_reads_or_refuses(data: bytes, name: str, mapping: ColumnMapping | None) -> None:
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]ry:
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   scans = read(data, name=name, mapping=mapping)
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]xcept FormatError as error:
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   assert error.reason.endswith(".")  # noqa: PT017
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   return
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]ssert scans
    for scan in scans:
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   assert scan.curves
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   for curve in scan.curves:
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]       assert len(curve.potential_v) == len(curve.current_a)
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]       assert all(map(math.isfinite, curve.potential_v))
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]       assert not any(map(math.isinf, curve.current_a))


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=400), st.text(max_size=30), MAPPINGS)
@example(b"\xff\xfe", "", None)
@example(b"\xff\xfe\x00\xd8\x00\x00", "", None)
def test_any_bytes(data: bytes, name: str, mapping: ColumnMapping | None) -> None:
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]ssert_reads_or_refuses(data, name, mapping)


CELL = st.sampled_from(
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]"1e-6", "-0.1", "0,5", "nan", "inf", "", "1e999", "-1e400", '"', '"1"', "x", "1_0", "٣", "-"]
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"] [f"{k * 0.01:.2f}" for k in range(12)]
)
LINE = st.tuples(
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]t.lists(CELL, min_size=1, max_size=5), st.sampled_from([",", ";", "\t", " ", ", "])
).map(lambda parts: parts[1].join(parts[0]))
HEADING = st.sampled_from(
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]"E/V,I/A", "E/V\tI1/A\tI2/A", "Potential/V, i4d/A", "#", "sep=;", "V;µA", "Square Wave Voltammetry",
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]"Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1", "Results:"]
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]t.lists(HEADING, max_size=5), LINE, st.integers(1, 15), st.lists(LINE, max_size=12), MAPPINGS
)
def test_any_table(
    headings: list[str], line: str, repeats: int, lines: list[str], mapping: ColumnMapping | None
) -> None:
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]ext = "\n".join([*headings, *[line] * repeats, *lines, *[line] * repeats])
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]ssert_reads_or_refuses(text.encode(), "", mapping)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(FORMATS)), st.data())
def test_any_damage(kind: str, data: st.DataObject) -> None:
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]ontent = bytearray(written(kind))
    for _ in range(data.draw(st.integers(1, 5))):
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]ssert_reads_or_refuses(bytes(content), "", None)


def test_real_files_cut_anywhere_keep_their_numbers(samples: Path) -> None:
    for name in ("generic_text/cv_U_I_tab_header.txt", "chi_txt_cv/CHI760B_gc_100uM_soak.txt"):
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   data = (samples / name).read_bytes()
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   (whole,) = read(data)
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   for end in range(len(data) // 2, len(data), 1499):
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]       (scan,) = read(data[:end])
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]       for (_, _, rows), (_, _, all_rows) in zip(points(scan), points(whole), strict=True):
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]           assert rows == all_rows[: len(rows)]


@pytest.mark.parametrize(
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]unit",
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]b"0.1 0.2\n", b"1 2\n1 2\n1 2\n1 2\n1 2\n1 2\nx\n", b"1,", b"1," * 30_000 + b"\n", b"\n"],
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]ds=["many lines", "many tables", "one line", "long lines", "blank lines"],
)
def test_huge_files_are_refused_soon(unit: bytes) -> None:
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]tart = time.process_time()
    with pytest.raises(FormatError):
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   read(unit * (BYTES_MAX // len(unit)))
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]ssert time.process_time() - start < 20


def test_too_large_a_file_is_refused() -> None:
    with pytest.raises(FormatError, match="16 MiB"):
     "Instrument Model: CHI660", "Init E (V) = nan", "Segment = 1e99", "Incr E (V) = -1",
     "Results:"]   read(b"1 2\n" * (BYTES_MAX // 4 + 1))
