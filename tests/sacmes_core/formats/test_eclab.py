"""EC-Lab exports beyond the sample files: counts, columns and techniques."""

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
