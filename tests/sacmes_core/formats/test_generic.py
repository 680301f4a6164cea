"""Text columns as chemists have them: headings, delimiters, decimal signs, units, layouts."""

from collections.abc import Callable

import pytest

from sacmes_core.errors import FormatError
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import ColumnMapping, Scan

POTENTIALS = [round(-0.1 - 0.004 * k, 3) for k in range(60)]
CURRENTS = [round(1e-6 + 5e-7 * (1 - abs(k - 30) / 30), 10) for k in range(60)]


def table(
    heading: str,
    row: Callable[[int, float, float], str],
    *,
    eol: str = "\n",
    encoding: str = "utf-8",
) -> bytes:
    lines = [row(k, e, i) for k, (e, i) in enumerate(zip(POTENTIALS, CURRENTS, strict=True))]
    return (heading + eol.join(lines) + eol).encode(encoding)


def only(data: bytes, **options: object) -> Scan:
    (scan,) = read(data, **options)  # type: ignore[arg-type]
    return scan


def assert_values(scan: Scan) -> None:
    (curve,) = scan.curves
    assert curve.potential_v == pytest.approx(POTENTIALS, rel=1e-12)
    assert curve.current_a == pytest.approx(CURRENTS, rel=1e-9)


@pytest.mark.parametrize(
    ("heading", "e_scale", "i_scale"),
    [
        ("E/V\ti/A\n", 1, 1),
        ("Potential (V)\tCurrent (A)\n", 1, 1),
        ("Potential/mV\tCurrent/µA\n", 1e3, 1e6),
        ("Potential/mV\tCurrent/μA\n", 1e3, 1e6),
        ("E [mV]\tI [nA]\n", 1e3, 1e9),
        ("E (V vs. Ag/AgCl)\tI (uA)\n", 1, 1e6),
        ("E / V vs SCE\tI / mA\n", 1, 1e3),
        ("Vf\tIm\n", 1, 1),
        ("V vs. Ref.\tA\n", 1, 1),
        ("V\tµA\n", 1, 1e6),
        ("WE(1).Potential (V)\tWE(1).Current (A)\n", 1, 1),
        ("Ewe/V\t<I>/mA\n", 1, 1e3),
        ("potential_v\tcurrent_a\n", 1, 1),
        ("E_mV\tI_uA\n", 1e3, 1e6),
        ("Voltage in millivolts\tCurrent in nanoamps\n", 1e3, 1e9),
        ("Potential/V\tCurrent/1e-6A\n", 1, 1e6),
        ("Potential\tCurrent\nV\tnA\n", 1, 1e9),
        ("Spannung (mV)\tStrom (µA)\n", 1e3, 1e6),
        ("Potential applied (V)\tDiff. current (pA)\n", 1, 1e12),
    ],
)
def test_units_come_from_the_headings(heading: str, e_scale: float, i_scale: float) -> None:
    assert_values(only(table(heading, lambda k, e, i: f"{e * e_scale:.9g}\t{i * i_scale:.12g}")))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(encoding: str, eol: str) -> None:
    heading = f"E/V;I/µA{eol}"
    row = lambda k, e, i: f"{e};{i * 1e6:.9f}"  # noqa: E731
    assert_values(only(table(heading, row, eol=eol, encoding=encoding)))


@pytest.mark.parametrize(
    ("heading", "row"),
    [
        ("", lambda k, e, i: f"{e},{i:.9e}"),
        ("", lambda k, e, i: f"{e}, {i:.9e},"),
        ("", lambda k, e, i: f"  {e:10.4f}   {i:.9e}  "),
        ("", lambda k, e, i: f"{e:.4f}\t{i:.9e}\t"),
        ("", lambda k, e, i: f"{e:.4f};{i:.9e}".replace(".", ",")),
        ("", lambda k, e, i: f"{e:.4f} {i:.9e}".replace(".", ",")),
        ("sep=;\n", lambda k, e, i: f"{e:.4f};{i:.9e}".replace(".", ",")),
        ("", lambda k, e, i: f"{e:.4f}\t{i:.9e}".replace("e", "D")),
        ('"E (V)","I (A)"\n', lambda k, e, i: f'"{e:.4f}","{i:.9e}"'),
        ('"E (V)";"I (A)"\n', lambda k, e, i: f'"{e:.4f}";"{i:.9e}"'.replace(".", ",")),
        ('"E (V)","I (A)"\n', lambda k, e, i: f'"{e:.4f}","{i:.9e}"'.replace(".", ",")),
        ("# a comment\n# E(V)  I(A)\n", lambda k, e, i: f"{e:.4f}  {i:.9e}"),
        ("% free text, 5 mM\n\n", lambda k, e, i: f"{e:.4f} {i:.9e}"),
        ("Operator: 7\nDate: 2024-05-07 10:11:12\n\nE/V I/A\n\n", lambda k, e, i: f"{e} {i:.9e}"),
        ("", lambda k, e, i: f"\u2212{-e:.4f}\t{i:.9e}"),
        ("", lambda k, e, i: f"{e:.4f}\t{i:.9e}\n"),
        # Columns that are neither potential nor current.
        ("Index\tTime (s)\tE (V)\tI (A)\n", lambda k, e, i: f"{k}\t{k / 7:.3f}\t{e}\t{i:.9e}"),
        ("t/s\tE/V\tI/A\tQ/C\n", lambda k, e, i: f"{k / 7:.3f}\t{e}\t{i:.9e}\t{k * 1e-6}"),
        ("Pt\tT\tVf\tIm\tVu\n#\ts\tV\tA\tV\n", lambda k, e, i: f"{k}\t{k * 0.1}\t{e}\t{i:.9e}\t1"),
        ("I/A,E/V\n", lambda k, e, i: f"{i:.9e},{e}"),
        ("E/V,I/A,log(I/A)\n", lambda k, e, i: f"{e},{i:.9e},-6"),
        ("E/V,I/A,J (µA/cm2)\n", lambda k, e, i: f"{e},{i:.9e},{i * 2}"),
        ("E/V,I/A,Current range\n", lambda k, e, i: f"{e},{i:.9e},100 µA"),
        ("E applied/V,E/V,I/A\n", lambda k, e, i: f"{e + 0.001:.4f},{e},{i:.9e}"),
        ("E/V,I/A,Smoothed current/A\n", lambda k, e, i: f"{e},{i:.9e},{i * 0.9}"),
        ("Potential/V, Current/A, Time/s\n\n", lambda k, e, i: f"{e}, {i:.9e}"),
        ("", lambda k, e, i: f"{k + 1} {e} {i:.9e}"),
        # Headings that are one short: an unnamed last column, R's unnamed row numbers.
        ("time/s I/A E/V\n", lambda k, e, i: f"{k / 7:.3f} {i:.9e} {e} {e + 0.01:.4f}"),
        ('"E(V)" "I(A)"\n', lambda k, e, i: f'"{k + 1}" {e} {i:.9e}'),
        ("E(V)\tI(A)\n", lambda k, e, i: f"{k + 1}\t{e}\t{i:.9e}"),
        ("", lambda k, e, i: f"{k * 0.25:.2f} {e} {i:.9e}"),
        ("", lambda k, e, i: f"{e} {i:.9e} {k * 0.25:.2f}"),
    ],
)
def test_layouts(heading: str, row: Callable[[int, float, float], str]) -> None:
    assert_values(only(table(heading, row)))


def test_electrodes_and_roles_by_headings() -> None:
    scan = only(
        table(
            "E (V),CH2 forward (A),CH2 reverse (A),CH3 forward (A),CH3 reverse (A)\n",
            lambda k, e, i: f"{e},{i},{-i},{2 * i},{-2 * i}",
        )
    )
    assert [(c.electrode, c.role) for c in scan.curves] == [
        (2, "forward"),
        (2, "reverse"),
        (3, "forward"),
        (3, "reverse"),
    ]


def test_gamry_columns_by_their_names() -> None:
    heading = (
        "Pt\tT\tVfwd\tVrev\tVstep\tIfwd\tIrev\tIdif\tSig\tAch\n"
        "#\ts\tV vs. Ref.\tV vs. Ref.\tV vs. Ref.\tA\tA\tA\tV\tV\n"
    )
    row = "{k}\t{t}\t{f:.4f}\t{r:.4f}\t{e}\t2e-6\t1e-6\t{i}\t{e}\t0.1"
    scan = only(
        table(
            heading,
            lambda k, e, i: row.format(k=k, t=k / 7, f=e + 0.025, r=e - 0.025, e=e, i=i),
        )
    )
    assert scan.flags == ()
    assert {c.role: c.current_a[0] for c in scan.curves} == {
        "forward": 2e-6,
        "reverse": 1e-6,
        "difference": CURRENTS[0],
    }
    assert list(scan.curves[0].potential_v) == POTENTIALS


def test_current_without_a_role_beside_directions_is_the_difference() -> None:
    heading = "E /V\tI /uA\ti(forward) /uA\ti(backward) /uA\n"
    scan = only(table(heading, lambda k, e, i: f"{e}\t{i * 1e6:.6f}\t2.5\t1.5"))
    assert {c.role: c.current_a[0] for c in scan.curves} == {
        "difference": pytest.approx(CURRENTS[0]),
        "forward": 2.5e-6,
        "reverse": 1.5e-6,
    }


def test_real_and_imaginary_parts_are_no_currents() -> None:
    heading = "Point #, E(V), I(A), Elapsed Time(s), E Real, I Real, I Imag\n"
    scan = only(table(heading, lambda k, e, i: f"{k}, {e}, {i}, {0.1 * k:.1f}, 0.0, 0.0, 0.0"))
    assert_values(scan)
    assert scan.flags == ("technique_assumed",)


def test_currents_of_a_tip_are_no_working_electrode() -> None:
    heading = "Time_s\tE_WE_V\tI_WE_A\tU_Tip_V\tI_Tip_A\tU_Tun_V\n"
    scan = only(table(heading, lambda k, e, i: f"{0.1 * k:.1f}\t{e}\t{i}\t0.7\t1e-12\t1.2"))
    assert_values(scan)


def test_comment_sign_before_the_headings_is_no_part_of_the_first() -> None:
    scan = only(table("# t[s]\tE[V]\tI[A]\n", lambda k, e, i: f"{0.1 * k:.1f}\t{e}\t{i}"))
    assert scan.curves[0].time_s == tuple(round(0.1 * k, 1) for k in range(60))


def test_equal_headings_are_told_apart_by_the_numbers() -> None:
    heading = "sep=;\nApplied potential [V];WE current [A];WE current [A];WE current [A]\n"
    scan = only(table(heading, lambda k, e, i: f"{e};{i - 1e-7:.6e};{i:.6e};1.000000e-7"))
    assert [(c.electrode, c.role) for c in scan.curves] == [
        (1, "difference"),
        (1, "forward"),
        (1, "reverse"),
    ]


def test_two_bare_currents_are_two_electrodes() -> None:
    scan = only(table("", lambda k, e, i: f"{e} {i:.6e} {1.1 * i + 1e-8 * (k % 3):.6e}"))
    assert [(c.electrode, c.role) for c in scan.curves] == [(1, "difference"), (2, "difference")]


def test_sweep_that_turns_is_cyclic_and_keeps_its_order() -> None:
    up = [k / 100 for k in range(50)]
    potentials = up + up[::-1]
    scan = only("".join(f"{e}\t{1e-6 * k:.3e}\n" for k, e in enumerate(potentials)).encode())
    assert scan.technique == "cv"
    assert scan.curves[0].potential_v == tuple(potentials)
    assert scan.curves[0].role == "total"


def test_ragged_columns_end_where_their_values_end() -> None:
    scan = only(
        table(
            "E/V,I1/A,I2/A\n",
            lambda k, e, i: f"{e},{i:.9e},{i:.9e}" if k < 40 else f"{e},{i:.9e},",
        )
    )
    assert [len(c.current_a) for c in scan.curves] == [60, 40]


def test_several_tables_are_several_scans() -> None:
    data = table("E/V\tI/A\n", lambda k, e, i: f"{e}\t{i}") + b"\n"
    scans = read(data * 3)
    assert [scan.index for scan in scans] == [0, 1, 2]


def test_header_frequency_beats_the_name_and_the_mismatch_is_flagged() -> None:
    data = table("Frequency (Hz) = 80\nE/V\tI/A\n", lambda k, e, i: f"{e}\t{i}")
    assert only(data, name="SWV_80Hz_3.txt").flags == ()
    scan = only(data, name="SWV_60Hz_3.txt")
    assert (scan.frequency_hz, scan.number) == (80, 3)
    assert scan.flags == ("name_header_mismatch",)


def test_electrode_of_the_name_numbers_a_file_of_one_electrode() -> None:
    data = table("E/V\tI/A\n", lambda k, e, i: f"{e}\t{i}")
    assert only(data, name="E3_SWV_80Hz_3.txt").electrodes == (3,)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b" \r\n\n", "empty"),
        (b"\x00\x01\x02binary" * 50, "binary"),
        (b"PK\x03\x04rest", "Excel"),
        (b"hello\nworld\n", "No table of numbers"),
        (table("E/V\tZ (ohm)\n", lambda k, e, i: f"{e}\t{i}"), "current"),
        (table("E/V\tI (?A)\n", lambda k, e, i: f"{e}\t{i}"), "unit"),
        (table("", lambda k, e, i: f"{e * 1e3} {i}"), "potentials"),
        (table("", lambda k, e, i: f"{e} {i * 1e6}"), "currents"),
        (table("E/V,J (mA/cm^2)\n", lambda k, e, i: f"{e},{i}"), "current"),
        (table("", lambda k, e, i: f"{e:.3f},{i * 1e6:.3f}".replace(".", ",")), "Commas"),
        (b"0.1 1e-6\n0.2 2e-6\n0.3 1e-6\n0.4 1e-6\n0.5 1e-6\n0.6 1e-6\n", "6 points"),
        (table("E/V\tI/A\n", lambda k, e, i: f"{e}\t{'nan' if k % 5 else i}"), "not numbers"),
        (table("E/V\tI/A\n", lambda k, e, i: f"0.5\t{i}"), "does not change"),
        (table("E/V,I/A\n", lambda k, e, i: f"{k / 7:.2f},{i},{e},7,8"), "do not fit"),
    ],
)
def test_refusals_say_what_to_do(data: bytes, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        read(data)


@pytest.mark.parametrize(
    ("name", "says"), [("A.nox", "ASCII in Nova"), ("b.idf", "IviumSoft"), ("c.BIN", "convert it")]
)
def test_binary_files_of_known_names_say_how_to_export(name: str, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        read(b"\x00\x01\x02binary" * 50, name=name)
    assert only(table("E/V\tI/A\n", lambda k, e, i: f"{e}\t{i}"), name=name).points > 10


def test_explicit_mapping_wins() -> None:
    data = table("E/V I/A x y z\n", lambda k, e, i: f"9 {i * 1e3} {e * 1e3} {i * 1e9} {k}")
    scan = only(
        data,
        mapping=ColumnMapping(
            potential_column=3,
            current_column=4,
            potential_unit="mV",
            current_unit="nA",
            invert_current=True,
        ),
    )
    assert scan.curves[0].potential_v == pytest.approx(POTENTIALS, rel=1e-12)
    assert scan.curves[0].current_a == pytest.approx([-i for i in CURRENTS], rel=1e-12)


def test_mapping_with_spacing_numbers_the_electrodes() -> None:
    data = table("", lambda k, e, i: f"{e} {i} 1 2 {2 * i} 3 4")
    scan = only(data, mapping=ColumnMapping(potential_column=1, current_column=2, column_spacing=3))
    assert [(c.electrode, c.current_a[0]) for c in scan.curves] == [
        (1, CURRENTS[0]),
        (2, 2 * CURRENTS[0]),
    ]


def test_mapping_beyond_the_columns_is_refused() -> None:
    data = table("", lambda k, e, i: f"{e} {i}")
    with pytest.raises(FormatError, match="no column 5"):
        read(data, mapping=ColumnMapping(potential_column=1, current_column=5))


ONE_SWEEP = "Potential/V,Current/A\n" + "".join(
    f"{-0.01 * k:.2f},{1e-7 + k * 1e-9}\n" for k in range(30)
)


@pytest.mark.parametrize(
    ("text", "name", "assumed"),
    [
        (ONE_SWEEP, "run_3.csv", True),
        (ONE_SWEEP, "SWV_3.csv", False),
        (ONE_SWEEP, "run_60Hz_3.csv", False),
        ("Square Wave Voltammetry\n" + ONE_SWEEP, "run_3.csv", False),
        ("Frequency (Hz): 60\n" + ONE_SWEEP, "run_3.csv", False),
    ],
)
def test_a_technique_that_nothing_names_is_flagged(text: str, name: str, assumed: bool) -> None:
    (scan,) = read(text.encode(), name=name)
    assert scan.technique == "swv"
    assert ("technique_assumed" in scan.flags) == assumed


@pytest.mark.parametrize(
    ("heading", "sign", "group", "point"),
    [
        ("E (V);I (pA)\n", ";", ".", ","),
        ("E (V);I (pA)\n", ";", "\u202f", ","),
        ("E (V);I (pA)\n", ";", "'", "."),
        ("E (V)\tI (pA)\n", "\t", ",", "."),
        ("E (V)\tI (pA)\n", "\t", "\xa0", "."),
    ],
)
def test_thousands_are_grouped_in_many_ways(
    heading: str, sign: str, group: str, point: str
) -> None:
    def row(k: int, e: float, i: float) -> str:
        whole, _, decimals = f"{i * 1e12:,.2f}".partition(".")
        return f"{str(e).replace('.', point)}{sign}{whole.replace(',', group)}{point}{decimals}"

    assert_values(only(table(heading, row)))


def test_quoted_cells_may_group_their_thousands() -> None:
    scan = only(table('"E (V)","I (pA)"\n', lambda k, e, i: f'"{e}","{i * 1e12:,.2f}"'))
    assert_values(scan)


def test_a_comma_that_may_be_of_thousands_or_decimals_is_not_guessed() -> None:
    rows = table("E (V)\tI (nA)\n", lambda k, e, i: f"{e}\t{900 + 20 * k:,}")
    with pytest.raises(FormatError, match="not numbers"):
        read(rows)


def test_scans_that_a_column_numbers_are_told_apart() -> None:
    rows = "".join(
        f"{scan},{-0.01 * k:.2f},{scan + 0.1 * k:.1f}\n" for scan in (4, 5) for k in range(12)
    )
    scans = read(f"scan,E/V,I/uA\n{rows}".encode())
    assert [(s.number, s.index, s.points) for s in scans] == [(4, 0, 12), (5, 1, 12)]
    assert scans[1].curves[0].current_a[0] == pytest.approx(5e-6)


def test_column_of_the_scan_that_does_not_change_or_counts_rows_is_no_matter() -> None:
    for number in (lambda _: 1, lambda k: k + 1):
        rows = "".join(f"{number(k)},{-0.01 * k:.2f},{1 + 0.1 * k:.1f}\n" for k in range(12))
        assert only(f"scan,E/V,I/uA\n{rows}".encode()).points == 12


ROWS = [(-0.01 * k, 1 + 0.1 * k) for k in range(12)]


def tidy(heading: str, *keys: str, interleaved: bool = False) -> bytes:
    lines = [[f"{key},{volts:.2f},{current:.1f}" for key in keys] for volts, current in ROWS]
    order = lines if interleaved else zip(*lines, strict=True)
    return "\n".join(
        [f"{heading},E/V,I/uA", *(line for part in order for line in part), ""]
    ).encode()


@pytest.mark.parametrize("interleaved", [False, True])
@pytest.mark.parametrize("keys", [("3", "7"), ("0", "1")])
def test_electrodes_that_a_column_names_are_curves_of_one_scan(
    keys: tuple[str, ...], interleaved: bool
) -> None:
    scan = only(tidy("Channel", *keys, interleaved=interleaved))
    assert scan.electrodes == ((3, 7) if "3" in keys else (1, 2))
    assert scan.curves[1].current_a == pytest.approx([current * 1e-6 for _, current in ROWS])


def test_frequencies_that_a_column_names_are_scans() -> None:
    scans = read(tidy("frequency_Hz", "10", "60"))
    assert [(s.frequency_hz, s.index, s.points) for s in scans] == [(10, 0, 12), (60, 1, 12)]


def test_scans_of_several_electrodes_and_frequencies() -> None:
    keys = [
        f"{scan},{hz},{electrode}" for scan in (1, 2) for hz in (10, 60) for electrode in (1, 2)
    ]
    scans = read(tidy("scan,freq (Hz),electrode", *keys))
    assert [(s.number, s.frequency_hz, s.electrodes) for s in scans] == [
        (1, 10, (1, 2)),
        (2, 10, (1, 2)),
        (1, 60, (1, 2)),
        (2, 60, (1, 2)),
    ]


@pytest.mark.parametrize("keys", [("1.5", "2"), ("300", "2"), ("-1", "2")])
def test_column_that_names_no_electrodes_is_no_matter(keys: tuple[str, ...]) -> None:
    assert only(tidy("electrode", *keys)).electrodes == (1,)


def test_channels_of_several_electrodes_are_scans() -> None:
    lines = [f"{c},{volts:.2f},{amps:.1f},{2 * amps:.1f}" for c in (1, 2) for volts, amps in ROWS]
    scans = read("\n".join(["channel,E/V,I1/uA,I2/uA", *lines, ""]).encode())
    assert [(s.electrodes, s.points) for s in scans] == [((1, 2), 12), ((1, 2), 12)]
