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

CHI_HEAD = (
    "May 7, 2024   16:05:57\r\nSquare Wave Voltammetry\r\nInstrument Model:  CHI1040C\r\n"
    "Init E (V) = 0\r\nFinal E (V) = -0.6\r\nIncr E (V) = 0.02\r\nFrequency (Hz) = 5\r\n\r\n"
    "Potential/V, i4d/A, i4f/A, i4r/A\r\n\r\n"
)
FORMATS = {
    "chi": (CHI_HEAD, lambda e, i: f"{e:.3f}, {_chi(i)}, {_chi(2 * i)}, {_chi(i)}\r\n"),
    "two columns": ("", lambda e, i: f"{e:.3f},{i:.4e}\n"),
    "decimal comma": ("", lambda e, i: f"{e:.3f};{i:.4e}\r\n".replace(".", ",")),
    "all digits": ("", lambda e, i: f"{e!r}\t{i!r}\n"),
    "microamperes": ("E/V I/µA\n", lambda e, i: f"{e:.3f} {i * 1e6:.4f}\n"),
    "any microamperes": ("E/V I/µA\n", lambda e, i: f"{e:.3f} {i * 1e6!r}\n"),
    "picoamperes": ("", lambda e, i: f"{e:.3f}, {_chi(i * 1e-4)}\n"),
    "nanoamperes": ("", lambda e, i: f"{e:.3f}, {_chi(i * 5e-3)}\n"),
    "quoted": ('"E/V","I/A"\n', lambda e, i: f'"{e:.3f}","{i:.4e}"\n'),
}


def _chi(value: float) -> str:
    mantissa, _, exponent = f"{value:.3e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def written(kind: str) -> bytes:
    head, row = FORMATS[kind]
    rows = [
        row(-0.02 * k, -1.2345e-7 - 8.7e-7 * math.exp(-(((k - 15) / 4) ** 2))) for k in range(1, 31)
    ]
    return (head + "".join(rows)).encode()


def points(scan: Scan) -> list[tuple[int, str, list[tuple[float, float]]]]:
    return [
        (c.electrode, c.role, list(zip(c.potential_v, c.current_a, strict=True)))
        for c in scan.curves
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("kind", FORMATS)
def test_cut_at_every_byte_no_number_is_wrong(kind: str, encoding: str) -> None:
    data = written(kind).decode().encode(encoding)
    (whole,) = read(data)
    expected = points(whole)
    assert [len(rows) for _, _, rows in expected] == [30] * len(expected)
    readable = 0
    for end in range(len(data)):
        try:
            (scan,) = read(data[:end])
        except FormatError:
            continue
        readable += 1
        for (electrode, role, rows), (e, r, all_rows) in zip(points(scan), expected, strict=True):
            assert (electrode, role) == (e, r)
            assert rows == all_rows[: len(rows)]
        if kind == "chi":
            cut = len(scan.curves[0].current_a) < 30
            assert scan.complete is not cut
            assert ("truncated_scan" in scan.flags) is cut
    assert readable > 100


@pytest.mark.parametrize("kind", ["chi", "two columns", "decimal comma", "microamperes", "quoted"])
def test_missing_last_line_end_of_a_whole_file_loses_nothing(kind: str) -> None:
    (scan,) = read(written(kind).rstrip())
    assert len(scan.curves[0].current_a) == 30
    assert scan.complete


MAPPINGS = st.none() | st.builds(
    ColumnMapping,
    delimiter=st.sampled_from([None, "tab", "semicolon", "comma", "space"]),
    decimal=st.sampled_from([None, "point", "comma"]),
    potential_column=st.sampled_from([None, 1, 2, 7]),
    current_column=st.sampled_from([None, 1, 2, 7]),
    column_spacing=st.sampled_from([None, 1, 3]),
    potential_unit=st.sampled_from([None, "mV"]),
    current_unit=st.sampled_from([None, "µA"]),
    invert_current=st.booleans(),
    time_column=st.sampled_from([None, None, 1, 2, 7]),
    technique=st.sampled_from([None, "swv", "cv", "ca"]),
)


def assert_reads_or_refuses(data: bytes, name: str, mapping: ColumnMapping | None) -> None:
    try:
        scans = read(data, name=name, mapping=mapping)
    except FormatError as error:
        assert error.reason.endswith(".")  # noqa: PT017
        return
    assert scans
    for scan in scans:
        assert scan.curves
        for curve in scan.curves:
            assert len(curve.potential_v) == len(curve.current_a)
            assert not any(map(math.isinf, (*curve.potential_v, *curve.current_a)))
            axis = curve.time_s if scan.technique == "ca" else curve.potential_v
            assert axis is not None
            assert all(map(math.isfinite, axis))
            assert curve.time_s is None or len(curve.time_s) == len(curve.current_a)


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=400), st.text(max_size=30), MAPPINGS)
@example(b"\xff\xfe", "", None)
@example(b"\xff\xfe\x00\xd8\x00\x00", "", None)
def test_any_bytes(data: bytes, name: str, mapping: ColumnMapping | None) -> None:
    assert_reads_or_refuses(data, name, mapping)


ODD_CELLS = ["1e-6", "-0.1", "0,5", "nan", "inf", "", "1e999", '"', '"1"', "x", "1_0", "٣", "-"]
CELL = st.sampled_from([*ODD_CELLS, *(f"{k * 0.01:.2f}" for k in range(12))])
DELIMITER = st.sampled_from([",", ";", "\t", " ", ", "])
LINE = st.tuples(st.lists(CELL, min_size=1, max_size=5), DELIMITER).map(
    lambda parts: parts[1].join(parts[0])
)
HEADING = st.sampled_from(
    [
        "E/V,I/A",
        "E/V\tI1/A\tI2/A",
        "Potential/V, i4d/A",
        "#",
        "sep=;",
        "V;µA",
        "s;µA",
        "Time (s);I/A",
        "WE(1).Current (A);Time (s)",
        "Chronoamperometry",
        "Instrument Model:  CHI660E",
        "EXPLAIN",
        "CURVE\tTABLE",
        "Date and time:,x",
        "EC-Lab ASCII FILE",
        "Square Wave Voltammetry",
        "Instrument Model: CHI660",
        "Init E (V) = nan",
        "Final E (V) = inf",
        "Segment = 1e99",
        "Incr E (V) = -1",
        "Frequency (Hz) = 1e999",
        "Results:",
    ]
)


@settings(max_examples=600, deadline=None)
@given(
    st.lists(HEADING, max_size=5), LINE, st.integers(1, 15), st.lists(LINE, max_size=12), MAPPINGS
)
def test_any_table(
    headings: list[str], line: str, repeats: int, lines: list[str], mapping: ColumnMapping | None
) -> None:
    text = "\n".join([*headings, *[line] * repeats, *lines, *[line] * repeats])
    assert_reads_or_refuses(text.encode(), "", mapping)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(FORMATS)), st.data())
def test_any_damage(kind: str, data: st.DataObject) -> None:
    content = bytearray(written(kind))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert_reads_or_refuses(bytes(content), "", None)


def test_real_files_cut_anywhere_keep_their_numbers(samples: Path) -> None:
    for name in ("generic_text/cv_U_I_tab_header.txt", "chi_txt_cv/CHI760B_gc_100uM_soak.txt"):
        data = (samples / name).read_bytes()
        (whole,) = read(data)
        for end in range(len(data) // 2, len(data), 1499):
            (scan,) = read(data[:end])
            for (_, _, rows), (_, _, all_rows) in zip(points(scan), points(whole), strict=True):
                assert rows == all_rows[: len(rows)]


@pytest.mark.parametrize(
    "unit",
    [b"0.1 0.2\n", b"1 2\n1 2\n1 2\n1 2\n1 2\n1 2\nx\n", b"1,", b"1," * 30_000 + b"\n", b"\n"],
    ids=["many lines", "many tables", "one line", "long lines", "blank lines"],
)
def test_huge_files_are_refused_soon(unit: bytes) -> None:
    start = time.process_time()
    with pytest.raises(FormatError):
        read(unit * (BYTES_MAX // len(unit)))
    assert time.process_time() - start < 20


def test_too_large_a_file_is_refused() -> None:
    with pytest.raises(FormatError, match="16 MiB"):
        read(b"1 2\n" * (BYTES_MAX // 4 + 1))
