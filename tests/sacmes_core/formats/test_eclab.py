"""EC-Lab exports beyond the sample files: counts, columns and techniques."""

import re
from datetime import datetime
from pathlib import Path

import pytest

from sacmes_core.errors import FormatError
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import ColumnMapping

COLUMNS = "mode\tox/red\tcontrol/V\tEwe/V\t<I>/mA\tcycle number\tI Range\t<Ece>/V\t"
STEPS = [*range(15), *range(15, -1, -1)]


def mpt(
    technique: str = "Cyclic Voltammetry", columns: str = COLUMNS, count: int | None = None
) -> bytes:
    width = columns.count("\t")
    header = [
        "EC-Lab ASCII FILE",
        f"Nb header lines : {10 if count is None else count}                          ",
        "",
        technique,
        "",
        "Electrode surface area : 0.001 cm²",
        "Acquisition started on : 07/29/2020 10:31:01",
        "dE/dt               100.000             ",
        "",
        columns,
    ]
    rows = ["\t".join(f"{0.1 * k + c / 7:.7E}" for c in range(width)) + "\t" for k in STEPS]
    return ("\r\n".join([*header, *rows]) + "\r\n").encode("latin-1")


def test_current_is_in_milliamperes_and_the_header_is_lifted() -> None:
    (scan,) = read(mpt())
    assert (scan.format, scan.technique) == ("eclab", "cv")
    (curve,) = scan.curves
    assert curve.potential_v[0] == pytest.approx(3 / 7, rel=1e-7)
    assert curve.current_a[0] == pytest.approx(4e-3 / 7, rel=1e-7)
    assert len(curve.current_a) == len(STEPS)
    assert scan.measured_at == datetime(2020, 7, 29, 10, 31, 1)
    assert scan.parameters["dE/dt"] == "100.000"
    assert scan.complete


@pytest.mark.parametrize("count", [0, 3, 64, 99999])
def test_wrong_count_of_header_lines_does_no_harm(count: int) -> None:
    assert read(mpt(count=count))[0].curves == read(mpt())[0].curves


def test_decimal_commas() -> None:
    head, _, rows = mpt().decode("latin-1").rpartition("\t\r\n2")
    data = (head + _ + rows).replace(".", ",").encode("latin-1")
    assert read(data)[0].curves == read(mpt())[0].curves


def test_square_wave_has_three_roles() -> None:
    columns = "time/s\tEwe/V\tI forward/mA\tI reverse/mA\tI delta/µA\t"
    (scan,) = read(mpt("Square Wave Voltammetry", columns))
    assert scan.technique == "swv"
    assert [curve.role for curve in scan.curves] == ["difference", "forward", "reverse"]
    assert scan.curves[0].current_a[0] == pytest.approx(4e-6 / 7, rel=1e-7)


@pytest.mark.parametrize(
    ("technique", "columns"),
    [
        ("Open Circuit Voltage", "mode\ttime/s\tEwe/V\tEce/V\t"),
        ("Potentio Electrochemical Impedance Spectroscopy", "freq/Hz\t<Ewe>/V\t<I>/mA\tx\t"),
    ],
)
def test_other_techniques_are_refused_by_name(technique: str, columns: str) -> None:
    with pytest.raises(FormatError, match=technique):
        read(mpt(technique, columns))


def test_header_without_data_says_to_wait() -> None:
    with pytest.raises(FormatError, match="wait"):
        read(mpt()[:270])


def test_mapping_is_obeyed() -> None:
    (scan,) = read(mpt(), mapping=ColumnMapping(potential_column=3, current_column=5))
    assert scan.curves[0].potential_v[0] == pytest.approx(2 / 7, rel=1e-7)


def test_binary_twin_names_the_remedy(samples: Path) -> None:
    with pytest.raises(FormatError, match=r"\.mpr.*text in EC-Lab"):
        read((samples / "biologic_mpr" / "lsv.mpr").read_bytes())


@pytest.mark.parametrize("first", ["EC-LAB SETTING FILE", "EC-Lab LOG FILE"])
def test_settings_and_logs_name_the_remedy(first: str) -> None:
    text = f"{first}\r\n\r\nCyclic Voltammetry\r\nEi (V)              0.000\r\n"
    with pytest.raises(FormatError, match=r"settings or log.*\.mpt"):
        read(text.encode())


@pytest.mark.parametrize("before", [b"  ", b"\r\n\r\n"])
def test_blanks_before_the_first_line_are_no_matter(before: bytes) -> None:
    (scan,) = read(before + mpt(technique="Staircase Voltammetry"))
    assert (scan.format, scan.technique) == ("eclab", "scv")


IMPEDANCE = "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\ttime/s\t<Ewe>/V\t<I>/mA\tcycle number\t"
BATTERY = "mode\tNs\ttime/s\tcontrol/V/mA\tEwe/V\t<I>/mA\td(Q-Qo)/dE/mA.h/V\t"


@pytest.mark.parametrize(
    ("technique", "columns"),
    [
        ("IR compensation (PEIS)", IMPEDANCE),
        ("Galvanostatic Cycling with Potential Limitation", BATTERY),
        ("Modulo Bat", BATTERY),
        ("Constant Current", BATTERY.replace("/V/mA", "/mA", 1)),
    ],
)
def test_impedance_and_set_currents_are_refused(technique: str, columns: str) -> None:
    with pytest.raises(FormatError, match=re.escape(technique)):
        read(mpt(technique, columns))


def short(columns: str, potentials: list[int] = STEPS) -> bytes:
    """An export of EC-Lab's own text with nothing but the headings, thus without a technique."""
    rows = ["\t".join(f"{0.1 * k:.7E}" for _ in range(columns.count("\t"))) for k in potentials]
    head = ["EC-Lab ASCII FILE", "Nb header lines : 3                           ", columns]
    return ("\n".join([*head, *rows]) + "\n").encode()


def test_impedance_without_the_name_of_the_technique_is_refused() -> None:
    with pytest.raises(FormatError, match="impedance"):
        read(short(IMPEDANCE))


def test_three_lines_of_header_are_enough() -> None:
    (scan,) = read(short(COLUMNS))
    assert (scan.technique, len(scan.curves[0].current_a)) == ("cv", len(STEPS))


def test_sweep_without_a_known_name_is_no_square_wave() -> None:
    for data in (short(COLUMNS, [*range(20)]), mpt("Potentiodynamic Pitting", COLUMNS)):
        (scan,) = read(data)
        assert scan.technique in ("lsv", "cv")
        assert scan.curves[0].role == "total"
        assert "technique_assumed" not in scan.flags


def test_linear_polarization_is_a_linear_sweep() -> None:
    (scan,) = read(mpt("Linear Polarization"))
    assert scan.technique == "lsv"


def test_headings_alone_are_enough() -> None:
    columns = "mode\tox/red\terror\ttime/s\tcontrol/V\tEwe/V\tI/mA\tcycle number\t"
    (scan,) = read(short(columns).split(b"\n", 2)[2].join([b"\n", b""]))
    assert (scan.format, scan.technique) == ("eclab", "cv")
    assert scan.curves[0].current_a[1] == pytest.approx(1e-4)
    impedance = short(IMPEDANCE).split(b"\n", 2)[2]
    with pytest.raises(FormatError, match="impedance"):
        read(impedance)


def test_unit_within_the_brackets_of_a_mean() -> None:
    columns = "mode\ttime/s\tcontrol/V\t<Ewe/V>\t<I>/mA\tcycle number\t"
    (scan,) = read(mpt(columns=columns))
    assert scan.curves[0].potential_v[0] == pytest.approx(3 / 7, rel=1e-7)
    assert scan.flags == ()
    with pytest.raises(FormatError, match="set current “Constant Current”"):
        read(mpt("Constant Current", "mode\ttime/s\tcontrol/mA\t<Ewe/V>\tI/mA\t"))


@pytest.mark.parametrize("sign", [".", ","])
def test_moments_in_place_of_times_are_seconds_since_the_first(sign: str) -> None:
    columns = "mode\ttime/s\tEwe/V\t<I>/mA\t"
    head = mpt("Chronoamperometry / Chronocoulometry", columns, 10).split(b"\r\n")[:10]
    moments = [(23, 59, 59.25 + 0.25 * k) if k < 3 else (0, 0, 0.25 * (k - 3)) for k in range(20)]
    rows = [
        f"2\t07/{29 + (h == 0)}/2020 {h:02d}:{m:02d}:{s:09.6f}\t0.5\t{k}.0E-3".replace(".", sign)
        for k, (h, m, s) in enumerate(moments)
    ]
    (scan,) = read(b"\n".join([*head, *map(str.encode, rows), b""]))
    assert scan.technique == "ca"
    assert scan.curves[0].time_s == tuple(0.25 * k for k in range(20))
    assert scan.curves[0].current_a[-1] == 19e-6
