"""Gamry files beyond those of the sample files: notes, tags, wrong counts, aborted runs."""

from datetime import datetime
from pathlib import Path

import pytest

from sacmes_core.errors import FormatError
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import ColumnMapping, Scan

CV_HEADER = (
    "VINIT\tPOTEN\t0.00000E+000\tF\tInitial &E (V)\nVLIMIT1\tPOTEN\t2.00000E-001\tF\tLimit 1\n"
    "VLIMIT2\tPOTEN\t-1.00000E-001\tF\tLimit 2\nVFINAL\tPOTEN\t0.00000E+000\tF\tFinal\n"
    "STEPSIZE\tQUANT\t1.00000E+001\tStep Size (mV)\nCYCLES\tIQUANT\t1\tC&ycles (#)\n"
)
NAMES = "\tPt\tT\tVf\tIm\tVu\tSig\tAch\tIERange\tOver\tTemp\n"
UNITS = "\t#\ts\tV vs. Ref.\tA\tV\tV\tV\t#\tbits\tdeg C\n"
PATH = [*range(21), *range(19, -11, -1), *range(-9, 1)]


def rows(steps: list[int], first: int = 0, over: str = "...........") -> str:
    return "".join(
        f"\t{first + k}\t{0.1 * k:g}\t{0.01 * step:.5E}\t{1e-6 + 1e-8 * step:.5E}"
        f"\t0.00000E+000\t0.00000E+000\t0.00000E+000\t7\t{over}\t-327.66\n"
        for k, step in enumerate(steps)
    )


def gamry(tag: str = "CV", header: str = CV_HEADER, curves: list[str] | None = None) -> bytes:
    curves = [rows(PATH[:51]), rows(PATH[51:], 51)] if curves is None else curves
    tables = "".join(
        f"CURVE{k}\tTABLE\t99999\n{NAMES}{UNITS}{curve}" for k, curve in enumerate(curves, 1)
    )
    head = (
        f"EXPLAIN\nTAG\t{tag}\nTITLE\tLABEL\tCyclic Voltammetry\tTest &Identifier\n"
        "DATE\tLABEL\t16/11/2023\tDate\nTIME\tLABEL\t10:47:58\tTime\n"
        "NOTES\tNOTES\t2\t&Notes...\n\t1\t2\t3\t4\nCURVE of growth\n"
    )
    return (head + header + tables).encode()


def one(data: bytes) -> Scan:
    (scan,) = read(data)
    return scan


@pytest.mark.parametrize("tag", ["CV", "CV1", "cv"])
def test_each_curve_is_a_scan(tag: str) -> None:
    first, second = read(gamry(tag))
    assert (first.format, first.technique, first.index, second.index) == ("gamry", "cv", 0, 1)
    assert [c.role for c in first.curves] == ["total"]
    assert len(first.curves[0].current_a) == 51
    assert first.measured_at == datetime(2023, 11, 16, 10, 47, 58)
    assert (first.flags, second.flags) == ((), ("partial_cycle",))
    assert first.complete
    assert second.complete


def test_decimal_commas_are_decided_once_for_the_file() -> None:
    comma = gamry().replace(b".", b",").replace(b",,,,,,,,,,,", b"...........")
    assert [scan.curves for scan in read(comma)] == [scan.curves for scan in read(gamry())]


def test_missing_points_are_noticed_whatever_count_is_declared() -> None:
    first, second = read(gamry(curves=[rows(PATH[:51]), rows(PATH[51:57], 51)]))
    assert first.complete
    assert "truncated_scan" in second.flags


def test_potential_against_open_circuit_is_taken_to_the_reference() -> None:
    header = CV_HEADER.replace("0.00000E+000\tF", "-5.00000E-001\tT")
    header += "EOC\tQUANT\t0.5\tOpen Circuit (V)\n"
    assert all(scan.complete for scan in read(gamry(header=header)))


def test_aborted_experiment_is_truncated() -> None:
    aborted = CV_HEADER + "EXPERIMENTABORTED\tTOGGLE\tT\tExperiment Aborted\n"
    assert read(gamry(header=aborted))[-1].flags == ("partial_cycle", "truncated_scan")


def test_overloaded_point_is_flagged() -> None:
    curve = rows(PATH[:30]) + rows([PATH[30]], 30, "........i..") + rows(PATH[31:], 31)
    assert one(gamry(curves=[curve])).flags == ("overload",)


def test_other_tables_are_passed_over() -> None:
    ocv = "OCVCURVE\tTABLE\t3\n\tPt\tT\tVf\tIm\n\t#\ts\tV\tA\n" + "\t0\t1\t0.1\t1E-6\n" * 20
    scans = read(gamry(header=CV_HEADER + ocv))
    assert [len(scan.curves[0].current_a) for scan in scans] == [51, 10]


def test_mapping_counts_from_the_point_number() -> None:
    scan = read(gamry(), mapping=ColumnMapping(potential_column=3, current_column=4))[0]
    assert scan.curves == read(gamry())[0].curves
    inverted = read(gamry(), mapping=ColumnMapping(invert_current=True))[0]
    assert inverted.curves[0].current_a[0] == -1e-6


@pytest.mark.parametrize("tag", ["CORPOT", "CHRONOP", "EISPOT", "GALVEIS"])
def test_other_measurements_are_refused_by_name(tag: str) -> None:
    with pytest.raises(FormatError, match=rf"\({tag}\).*no voltammogram"):
        read(gamry(tag))


def test_header_without_data_says_to_wait() -> None:
    with pytest.raises(FormatError, match="wait"):
        read(gamry(curves=[]))


def test_square_wave_header_is_lifted(samples: Path) -> None:
    data = (samples / "gamry_dta_swv" / "squarewave_data.dta").read_bytes()
    scan = one(data)
    assert (scan.technique, scan.frequency_hz) == ("swv", 100)
    assert [(c.electrode, c.role) for c in scan.curves] == [
        (1, "difference"),
        (1, "forward"),
        (1, "reverse"),
    ]
    assert scan.parameters["PULSESIZE"] == "2.50000E+001"
    assert scan.flags == ("truncated_scan",)


def test_ambiguous_date_is_left_out() -> None:
    assert read(gamry().replace(b"16/11/2023", b"9/4/2018"))[0].measured_at is None
    assert read(gamry().replace(b"16/11/2023", b"20.4.2023"))[0].measured_at == datetime(
        2023, 4, 20, 10, 47, 58
    )
    assert read(gamry().replace(b"16/11/2023", b"10/30/2023"))[0].measured_at == datetime(
        2023, 10, 30, 10, 47, 58
    )


def bipotentiostat(tag: str, disk: list[tuple[float, float]], ring_points: int = 20) -> bytes:
    """A ring that is held at 0.5 V, and below it a disk at (time, potential)."""

    def table(name: str, points: list[tuple[float, float]]) -> str:
        lines = "".join(
            f"\t{k}\t{time:g}\t{potential:.5E}\t{1e-6 * k:.5E}\t0\t0\t0\t7\t...........\t0\n"
            for k, (time, potential) in enumerate(points)
        )
        return f"CURVE {name}\tTABLE\t{len(points)}\n{NAMES}{UNITS}{lines}"

    ring = [(0.1 * (k + 1), 0.5 + 1e-5 * (k % 3)) for k in range(ring_points)]
    return (
        f"EXPLAIN\nTAG\t{tag}\nTITLE\tLABEL\tTwo electrodes\tTest Identifier\n"
        "NOTES\tNOTES\t1\tNotes...\n\t\nPSTAT GENERATOR\tPSTAT\tOne\tPotentiostat\n"
        "CTRLMODE\tIQUANT\t1\tControl Mode\nPSTAT COLLECTOR\tPSTAT\tOther\tPotentiostat\n"
        f"CTRLMODE\tIQUANT\t0\tControl Mode\n{CV_HEADER}VRING\tPOTEN\t5.0E-001\tF\tRing E (V)\n"
        f"{table('DETECTOR', ring)}{table('GENERATOR', disk)}"
    ).encode()


def test_ring_and_disk_are_two_electrodes() -> None:
    disk = [(0.1 * (k + 1), 0.01 * step) for k, step in enumerate(PATH)]
    ring, cycle = read(bipotentiostat("CV", disk))
    assert (ring.technique, ring.electrodes, ring.points) == ("ca", (2,), 20)
    assert (cycle.technique, cycle.electrodes, cycle.points) == ("cv", (1,), len(PATH))
    assert ring.complete
    assert cycle.complete
    assert cycle.curves[0].time_s is not None
    assert cycle.curves[0].time_s[0] == 0.1


def test_the_points_of_a_ring_do_not_make_up_for_those_of_the_disk() -> None:
    disk = [(0.1 * (k + 1), 0.01 * step) for k, step in enumerate(PATH[:30])]
    _, cycle = read(bipotentiostat("CV", disk, ring_points=40))
    assert "truncated_scan" in cycle.flags


def test_steps_at_two_electrodes_are_chronoamperometry() -> None:
    disk = [(0.1 * k - 0.4, 0.0 if k < 5 else 0.1 if k < 15 else 0.2) for k in range(25)]
    ring, steps = read(bipotentiostat("COLLECTCHRONOA", disk))
    assert [scan.technique for scan in (ring, steps)] == ["ca", "ca"]
    assert [scan.electrodes for scan in (ring, steps)] == [(2,), (1,)]
    assert steps.curves[0].potential_v[-1] == 0.2


def test_sweep_of_the_current_is_refused() -> None:
    header = (
        "IINIT\tQUANT\t0,00000E+000\tInitial i (mA)\nIFINAL\tQUANT\t5,00000E-001\tFinal i (mA)\n"
        "SCANRATE\tQUANT\t9,99998E-003\tScan Rate (mA/s)\n"
    )
    with pytest.raises(FormatError, match="set current"):
        read(gamry("LSV", header, [rows([*range(30)])]))


def test_sweep_of_an_unknown_name_is_no_square_wave() -> None:
    (scan,) = read(gamry("TAFEL", curves=[rows([*range(30)])]).replace(b"Cyclic Volt", b"Tafel "))
    assert (scan.technique, scan.curves[0].role) == ("lsv", "total")
    assert "technique_assumed" not in scan.flags


def test_title_counts_where_the_tag_is_unknown() -> None:
    data = gamry("OWN_SCRIPT", curves=[rows([*range(30)])])
    assert read(data)[0].technique == "cv"
    with pytest.raises(FormatError, match="Chronopotentiometry"):
        read(data.replace(b"Cyclic Voltammetry", b"Chronopotentiometry"))


def test_a_ring_at_a_set_current_is_left_out() -> None:
    disk = [(0.1 * (k + 1), 0.01 * step) for k, step in enumerate(PATH)]
    data = bipotentiostat("CV", disk)
    galvanic = b"VRING\tQUANT\t1.00000E+002\tRing i (uA)\n"
    (cycle,) = read(data.replace(b"VRING\tPOTEN\t5.0E-001\tF\tRing E (V)\n", galvanic))
    assert (cycle.technique, cycle.electrodes, cycle.points) == ("cv", (1,), len(PATH))


def test_recording_of_the_front_panel_is_refused_by_name() -> None:
    rows = "".join(f"\t{0.03 - 0.01 * (k % 4):.6f}\t{5e-11 + k * 1e-12:.6E}\n" for k in range(20))
    text = (
        "VFP600\nTAG\tVFP600\nFREQ\tQUANT\t1.50000E+1\tAcquisition Frequency (Hz)\n"
        f"VFPCURVE\tTABLE\n\tVoltage\tCurrent\n\tV\tA\n{rows}"
    )
    with pytest.raises(FormatError, match="measurement “VFP600”"):
        read(text.encode())
