"""Headers and column lines of CH Instruments text files beyond those of the sample files."""

from datetime import datetime

import pytest

from sacmes_core.errors import FormatError
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import ColumnMapping, Scan

SWV = (
    "Init E (V) = 0\nFinal E (V) = -0.3\nIncr E (V) = 0.005\nAmplitude (V) = 0.025\n"
    "Frequency (Hz) = 60\nQuiet Time (sec) = 2\nSensitivity (A/V) = 1e-6\n"
)


def chi(
    columns: str = "Potential/V, Diff(i/A), For(i/A), Rev(i/A)",
    *,
    technique: str = "Square Wave Voltammetry",
    parameters: str = SWV,
    date: str = "Sept. 7, 2024   16:05:57",
    rows: list[str] | None = None,
    model: str = "CHI660E",
) -> bytes:
    width = columns.count(",") + 1
    if rows is None:
        rows = [
            ", ".join(
                [f"{-0.005 * k:.3f}", *(f"{k * 10.0 ** -(7 + c):.3e}" for c in range(1, width))]
            )
            for k in range(1, 61)
        ]
    header = (
        f"{date}\n{technique}\nFile: c:\\f=5, m2.txt\nData Source:  Experiment\n"
        f"Instrument Model:  {model}\nHeader: a = 7\nNote: Potential/V = 3\n\n{parameters}\n"
    )
    return (header + f"{columns}\n\n" + "\n".join(rows) + "\n").encode()


def one(data: bytes, name: str = "") -> Scan:
    (scan,) = read(data, name=name)
    return scan


def test_one_electrode_has_three_roles() -> None:
    scan = one(chi())
    assert [(c.electrode, c.role) for c in scan.curves] == [
        (1, "difference"),
        (1, "forward"),
        (1, "reverse"),
    ]
    assert (scan.format, scan.technique, scan.frequency_hz) == ("chi", "swv", 60)
    assert scan.curves[1].current_a[1] == 2e-9


def test_equals_sign_in_the_file_line_is_no_parameter() -> None:
    parameters = one(chi()).parameters
    assert not any("m2" in value or "f" in name[:1] for name, value in parameters.items())
    assert "a" not in parameters
    assert "Header: a" not in parameters


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("May 7, 2024   16:05:57", datetime(2024, 5, 7, 16, 5, 57)),
        ("Dec. 9, 2005   03:14:08", datetime(2005, 12, 9, 3, 14, 8)),
        ("September 30, 2021   09:00:00", datetime(2021, 9, 30, 9, 0, 0)),
        ("Feb. 1, 2020   01:00:00 PM", datetime(2020, 2, 1, 13, 0, 0)),
        ("Feb. 31, 2020   01:00:00", None),
        ("07.05.2024", None),
    ],
)
def test_dates(date: str, expected: datetime | None) -> None:
    assert one(chi(date=date)).measured_at == expected


@pytest.mark.parametrize(
    ("technique", "columns", "expected"),
    [
        ("Cyclic Voltammetry", "Potential/V, Current/A", "cv"),
        ("Linear Sweep Voltammetry", "Potential/V, Current/A", "lsv"),
        ("Differential Pulse Voltammetry", "Potential/V, Current/A", "dpv"),
        ("A.C. Voltammetry", "Potential/V, Current/A", "acv"),
        ("Square Wave Voltammetry", "Potential/V, Current/A", "swv"),
    ],
)
def test_techniques(technique: str, columns: str, expected: str) -> None:
    scan = one(chi(columns, technique=technique))
    assert scan.technique == expected
    assert scan.curves[0].role == ("difference" if expected in ("swv", "dpv") else "total")


@pytest.mark.parametrize(
    ("technique", "columns"),
    [
        ("A.C. Impedance", "Freq/Hz, Z'/ohm, Z\"/ohm, Z/ohm, Phase/deg"),
        ("Open Circuit Potential - Time", "Time/sec, Potential/V"),
        ("Chronocoulometry", "Time/sec, Charge/C"),
    ],
)
def test_what_is_no_voltammogram_is_refused_by_its_name(technique: str, columns: str) -> None:
    with pytest.raises(FormatError, match=technique.split(" ")[0]):
        read(chi(columns, technique=technique))


def test_heading_without_data_is_left_out() -> None:
    rows = [f"{-0.005 * k:.3f}, {k * 1e-8:.3e}" for k in range(1, 61)]
    scan = one(chi("Potential/V, Current/A, Time/s", rows=rows))
    assert len(scan.curves) == 1
    assert scan.curves[0].current_a[0] == 1e-8


def test_tabs_and_windows_line_ends() -> None:
    data = chi().replace(b", ", b"\t").replace(b"\n", b"\r\n")
    assert one(data).curves == one(chi()).curves


def test_data_end_at_the_first_line_that_is_no_number() -> None:
    data = chi() + b"\nResults:\nEp = -0.2V\n1, 2, 3, 4\n"
    assert one(data).curves == one(chi()).curves


def test_a_mapping_wins_over_the_column_line() -> None:
    mapping = ColumnMapping(potential_column=1, current_column=3, current_unit="nA")
    (scan,) = read(chi(), mapping=mapping)
    (curve,) = scan.curves
    assert curve.role == "difference"
    assert curve.current_a[1] == pytest.approx(2e-18)
    assert scan.frequency_hz == 60


@pytest.mark.parametrize("lost", [1, 2, 30])
def test_scan_that_ends_early_is_incomplete(lost: int) -> None:
    data = b"\n".join(chi().split(b"\n")[: -lost - 1]) + b"\n"
    scan = one(data)
    assert len(scan.curves[0].current_a) == 60 - lost
    assert not scan.complete
    assert scan.flags == ("truncated_scan",)


def test_scan_that_starts_on_the_initial_potential_ends_one_step_early() -> None:
    rows = [f"{-0.005 * k:.3f}, {k * 1e-8:.3e}" for k in range(60)]
    assert one(chi("Potential/V, Current/A", rows=rows)).complete


@pytest.mark.parametrize(
    ("segments", "initial", "final", "turns", "complete"),
    [
        (2, "N", None, 2, True),
        (2, "N", None, 1, False),
        (4, "N", None, 2, False),
        (1, "N", None, 1, True),
        (2, "P", None, 2, False),
    ],
)
def test_cyclic_scans_end_with_their_last_half_cycle(
    segments: int, initial: str, final: str | None, turns: int, complete: bool
) -> None:
    down = [-0.01 * k for k in range(40)]
    up = [-0.4 + 0.01 * k for k in range(40)]
    potentials = ((down + up) * 2)[: 40 * turns]
    parameters = (
        f"Init E (V) = 0\nHigh E (V) = 0\nLow E (V) = -0.4\nInit P/N = {initial}\n"
        f"Scan Rate (V/s) = 0.1\nSegment = {segments}\nSample Interval (V) = 0.01\n"
    )
    rows = [f"{e:.3f}, {k * 1e-8:.3e}" for k, e in enumerate(potentials)]
    scan = one(
        chi(
            "Potential/V, Current/A",
            technique="Cyclic Voltammetry",
            parameters=parameters,
            rows=rows,
        )
    )
    assert scan.complete is complete


@pytest.mark.parametrize(
    ("name", "flags", "electrodes"),
    [
        ("E2_SWV_60Hz_1.txt", (), (2,)),
        ("SWV_60Hz_1.txt", (), (1,)),
        ("SWV_15Hz_1.txt", ("name_header_mismatch",), (1,)),
    ],
)
def test_the_header_wins_over_the_name(
    name: str, flags: tuple[str, ...], electrodes: tuple[int, ...]
) -> None:
    scan = one(chi(), name)
    assert scan.frequency_hz == 60
    assert scan.flags == flags
    assert scan.electrodes == electrodes


def test_numbered_electrodes_win_over_the_name() -> None:
    scan = one(chi("Potential/V, i4d/A, i4f/A, i4r/A"), "E2_SWV_60Hz_1.txt")
    assert scan.electrodes == (4,)
    assert scan.flags == ("name_header_mismatch",)


def test_second_electrode_of_an_it_curve_is_held_at_its_own_potential() -> None:
    rows = "".join(f"{0.1 * k:.3e}, 1.0e-7, 2.0e-7\n" for k in range(1, 31))
    data = (
        "Jan. 5, 2023   10:11:12\nAmperometric i-t Curve\nInstrument Model:  CHI760E\n\n"
        f"Init E (V) = -0.4\n2nd E (V) = 0.1\n\nTime/sec, i1/A, i2/A\n\n{rows}"
    )
    (scan,) = read(data.encode())
    assert [(c.electrode, c.potential_v[0]) for c in scan.curves] == [(1, -0.4), (2, 0.1)]
