"""PSTrace exports beyond the sample files: channels, directions, units, ragged columns."""

from collections.abc import Sequence
from datetime import datetime

import pytest

from sacmes_core.errors import FormatError
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import ColumnMapping

Columns = Sequence[tuple[str, str, Sequence[tuple[float, float]]]]

SWEEP = [(-0.01 * k, -1.5 - 0.25 * k) for k in range(20)]


def pstrace(curves: Columns, encoding: str = "utf-16") -> bytes:
    """A file with a title, a unit and the points of each curve."""
    dates = "Date and time measurement:,2021-02-12 15:45:22," * len(curves)
    lines = [
        "Date and time:,2021-02-12 15:45:40",
        "Notes:,first line",
        "a note, of 3 cells",
        ",,".join(title for title, _, _ in curves),
        dates,
        ",".join(f"V,{unit}" for _, unit, _ in curves),
    ]
    for k in range(max(len(points) for _, _, points in curves)):
        cells = []
        for _, _, points in curves:
            cells += [f"{value:.5E}" for value in points[k]] if k < len(points) else ["", ""]
        lines.append(",".join(cells))
    return ("\r\n".join(lines) + "\r\n\ufeff").encode(encoding)


def test_each_curve_is_a_scan_with_the_number_of_its_title() -> None:
    titles = [f"Square Wave Voltammetry [{k}]: SWV I vs E [{k}]" for k in (3, 7)]
    scans = read(pstrace([(title, "µA", SWEEP) for title in titles]), name="SWV_60Hz_12.csv")
    assert [(s.format, s.technique, s.index, s.number) for s in scans] == [
        ("pstrace", "swv", 0, 3),
        ("pstrace", "swv", 1, 7),
    ]
    assert [c.role for c in scans[0].curves] == ["difference"]
    assert scans[0].curves[0].current_a[0] == -1.5e-6
    assert scans[0].measured_at == datetime(2021, 2, 12, 15, 45, 22)


def test_name_numbers_the_only_scan() -> None:
    (scan,) = read(
        pstrace([("Square Wave Voltammetry [3]: SWV I vs E", "µA", SWEEP)]), name="SWV_60Hz_12.csv"
    )
    assert (scan.number, scan.frequency_hz) == (12, 60)


def test_channels_are_the_electrodes_of_one_scan() -> None:
    curves = [(f"Square Wave Voltammetry: SWV I vs E Channel {k}", "µA", SWEEP) for k in (2, 5)]
    (scan,) = read(pstrace(curves))
    assert scan.electrodes == (2, 5)


def test_forward_and_reverse_belong_to_the_difference() -> None:
    titles = ["SWV I vs E", "SWV I forward vs E", "SWV I reverse vs E"]
    (scan,) = read(pstrace([(f"Square Wave Voltammetry: {t}", "µA", SWEEP) for t in titles]))
    assert [c.role for c in scan.curves] == ["difference", "forward", "reverse"]


@pytest.mark.parametrize(
    ("unit", "scale"), [("A", 1.0), ("mA", 1e-3), ("µA", 1e-6), ("uA", 1e-6), ("nA", 1e-9)]
)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_unit_of_each_column(unit: str, scale: float, encoding: str) -> None:
    curves = [("SWV I vs E", unit, SWEEP), ("CV i vs E", "µA", SWEEP)]
    first, second = read(pstrace(curves, encoding))
    assert first.curves[0].current_a[0] == pytest.approx(-1.5 * scale, rel=1e-12)
    assert second.curves[0].current_a[0] == -1.5e-6


@pytest.mark.parametrize("lengths", [(20, 12), (12, 20)])
def test_ragged_columns_keep_all_points(lengths: tuple[int, int]) -> None:
    curves = [
        (f"Cyclic Voltammetry: CV i vs E Scan {k}", "µA", SWEEP[:length])
        for k, length in enumerate(lengths, 1)
    ]
    scans = read(pstrace(curves))
    assert tuple(len(scan.curves[0].current_a) for scan in scans) == lengths
    assert all(scan.complete for scan in scans)


def test_semicolons_and_decimal_commas() -> None:
    text = pstrace([("SWV I vs E", "µA", SWEEP)]).decode("utf-16")
    localised = text.replace(",", ";").replace(".", ",").encode("utf-16")
    assert read(localised)[0].curves == read(text.encode("utf-16"))[0].curves


def test_cut_line_is_left_out_and_said() -> None:
    data = pstrace([("SWV I vs E", "µA", SWEEP), ("SWV I vs E", "µA", SWEEP[:5])])
    first, second = read(data[:-20])
    assert len(first.curves[0].current_a) == 19
    assert first.flags == ("truncated_scan",)
    assert second.complete


def test_other_measurements_in_the_file_are_passed_over() -> None:
    curves = [("SWV I vs E", "µA", SWEEP), ("Chronoamperometry: CA I vs E", "µA", SWEEP)]
    (scan,) = read(pstrace(curves))
    assert scan.technique == "swv"


def test_other_files_are_refused_by_name() -> None:
    text = "Date and time:,2021-02-12 15:45:40\nMeasurement:,Chronopotentiometry\ns,V\n1,2\n"
    with pytest.raises(FormatError, match="Chronopotentiometry"):
        read(text.encode("utf-16"))
    with pytest.raises(FormatError, match="0 points"):
        read(pstrace([("SWV I vs E", "µA", [])]))


def test_unknown_title_is_told_by_the_sweep() -> None:
    turning = [*SWEEP, *SWEEP[::-1]]
    first, second = read(pstrace([("Messung A", "µA", SWEEP), ("Messung B", "µA", turning)]))
    assert (first.technique, first.flags) == ("swv", ("technique_assumed",))
    assert (second.technique, second.flags) == ("cv", ())


def test_mapping_is_obeyed() -> None:
    data = pstrace([("SWV I vs E", "µA", SWEEP), ("SWV I vs E", "µA", SWEEP[::-1])])
    (scan,) = read(data, mapping=ColumnMapping(potential_column=3, current_column=4))
    assert scan.curves[0].potential_v[-1] == 0
    inverted = read(data, mapping=ColumnMapping(invert_current=True, current_unit="nA"))
    assert inverted[0].curves[0].current_a[0] == pytest.approx(1.5e-9)


@pytest.mark.parametrize(
    ("title", "technique"), [("Linear Polarization: LP", "lsv"), ("Cyclic Polarization: CP", "cv")]
)
def test_polarization_is_no_square_wave(title: str, technique: str) -> None:
    (scan,) = read(pstrace([(f"{title} i vs E", "µA", SWEEP)]))
    assert (scan.technique, scan.flags) == (technique, ())


def test_bipotentiostat_is_a_second_electrode() -> None:
    titles = ["Square Wave Voltammetry: SWV i vs E", "Square Wave Voltammetry: SWV i vs E (BiPot)"]
    (scan,) = read(pstrace([(title, "µA", SWEEP) for title in titles]))
    assert scan.electrodes == (1, 2)
