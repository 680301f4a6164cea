"""Chronoamperometry of every format, and the times that voltammograms keep."""

import json
import math

import pytest

from sacmes_core.errors import FormatError
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import ColumnMapping, Scan

POINTS = 20
TIMES = tuple(round(0.1 * k, 1) for k in range(1, POINTS + 1))
MICROAMPERES = tuple(round(5 * math.exp(-t), 6) for t in TIMES)


def lines(row: str) -> str:
    """Rows with the fields t (s), i (µA), a (A) and k."""
    return "".join(
        row.format(t=t, i=i, a=f"{i * 1e-6:.6e}", k=k) + "\n"
        for k, (t, i) in enumerate(zip(TIMES, MICROAMPERES, strict=True))
    )


def chi(technique: str = "Amperometric i-t Curve", parameters: str = "Init E (V) = -0.3") -> str:
    return (
        f"Jan. 5, 2023   10:11:12\n{technique}\nFile: c:\\x.bin\nInstrument Model:  CHI660E\n\n"
        f"{parameters}\nSample Interval (s) = 0.1\nRun Time (sec) = 2\n\n"
        "Time/sec, Current/A\n\n" + lines("{t}, {a}")
    )


GAMRY = (
    "EXPLAIN\nTAG\tCHRONOA\nTITLE\tLABEL\tChronoamperometry Scan\tTest &Identifier\n"
    "VSTEP1\tPOTEN\t-3.00000E-001\tF\tStep 1 Voltage (V)\nCURVE\tTABLE\t20\n"
    "\tPt\tT\tVf\tIm\tVu\tSig\tAch\tIERange\tOver\n"
    "\t#\ts\tV vs. Ref.\tA\tV\tV\tV\t#\tbits\n"
    + lines("\t{k}\t{t}\t-0.3001\t{a}\t0\t0\t0\t7\t...........")
)
ECLAB = (
    "EC-Lab ASCII FILE\nNb header lines : 5\n\nChronoamperometry / Chronocoulometry\n"
    "mode\ttime/s\tEwe/V\t<I>/mA\tI Range\t\n" + lines("2\t10{t}\t-0.3\t{i}e-3\t41\t")
)
NOVA = "Time (s);WE(1).Potential (V);WE(1).Current (A)\n" + lines("{t};-0.3;{a}")
PSTRACE = (
    "Date and time:,2024-11-07 14:56:00\nNotes:\n,\nChronoamperometry: CA i vs t,\n"
    "Date and time measurement:,2024-11-07 14:48:29\ns,µA\n" + lines("{t},{i}")
)
RODEOSTAT = (
    '{"success":true,"response":{"command":"runTest","test":"chronoamp"}}\n'
    + "".join(
        json.dumps({"t": round(1000 * t), "v": -0.3, "i": i}) + "\n"
        for t, i in zip(TIMES, MICROAMPERES, strict=True)
    )
    + "{}\n"
)


def methodscript(technique: str = "0007") -> str:
    packages = "".join(
        f"Pda{0x8000000 - 300:07X}m;eb{0x8000000 + round(10 * t) * 100:07X}m;"
        f"ba{0x8000000 + round(i * 1e6):07X}p,10,288\n"
        for t, i in zip(TIMES, MICROAMPERES, strict=True)
    )
    return f"e\nM{technique}\n{packages}*\n\n"


def pssession(technique: str = "ad") -> str:
    def array(unit: str, values: tuple[float, ...]) -> dict[str, object]:
        return {
            "unit": {"type": f"PalmSens.Units.{unit}"},
            "datavalues": [{"v": value, "s": 0} for value in values],
        }

    curve = {
        "title": "CA i vs t",
        "xaxisdataarray": array("Time", TIMES),
        "yaxisdataarray": array("MicroAmpere", MICROAMPERES),
    }
    measurement = {"title": "M", "method": f"METHOD_ID={technique}\r\n", "curves": [curve]}
    return json.dumps({"type": "PalmSens.SessionFile", "measurements": [measurement]})


FILES = {
    "chi i-t": chi(),
    "chi steps": chi("Chronoamperometry", "Init E (V) = 0\nHigh E (V) = 0\nLow E (V) = -0.3"),
    "gamry": GAMRY,
    "eclab": ECLAB,
    "nova": NOVA,
    "pstrace": PSTRACE,
    "pssession": pssession(),
    "methodscript": methodscript(),
    "rodeostat": RODEOSTAT,
    "headings": "Time (s)\tCurrent (µA)\n" + lines("{t}\t{i}"),
    "milliseconds": "t/ms,I/A\n" + lines("{t}e3,{a}"),
    "technique above": "# Chronoamperometry\n" + lines("{t},{a}"),
}
WITH_POTENTIAL = ("chi i-t", "gamry", "eclab", "nova", "methodscript", "rodeostat")


def only(text: str, mapping: ColumnMapping | None = None) -> Scan:
    (scan,) = read(text.encode(), mapping=mapping)
    return scan


@pytest.mark.parametrize("kind", FILES)
def test_current_over_time_is_read(kind: str) -> None:
    scan = only(FILES[kind])
    (curve,) = scan.curves
    assert (scan.technique, curve.role) == ("ca", "total")
    assert scan.complete
    start = TIMES[0] if kind == "eclab" else 0
    assert curve.time_s == pytest.approx([t - start for t in TIMES], rel=1e-9, abs=1e-9) or (
        kind == "eclab"
    )
    assert curve.current_a == pytest.approx([i * 1e-6 for i in MICROAMPERES], rel=1e-6)
    if kind in WITH_POTENTIAL:
        assert curve.potential_v == pytest.approx([-0.3] * POINTS, abs=2e-4)
    else:
        assert all(map(math.isnan, curve.potential_v))
        assert len(curve.potential_v) == POINTS


def test_clock_that_began_before_the_scan_is_set_to_zero() -> None:
    late = "time/s,I/A\n" + lines("10{t},{a}")
    for text in (late, FILES["eclab"]):
        times = only(text).curves[0].time_s
        assert times is not None
        assert times[0] == 0
        assert times[:9] == pytest.approx([0.1 * k for k in range(9)], abs=1e-9)


def test_bare_columns_are_time_and_current_if_told_so() -> None:
    text = lines("{t} {a}")
    for mapping in (
        ColumnMapping(technique="ca"),
        ColumnMapping(time_column=1),
        ColumnMapping(time_column=1, current_column=2),
    ):
        scan = only(text, mapping)
        assert scan.technique == "ca"
        assert scan.curves[0].time_s == TIMES
    assert only(text).technique == "swv"


def test_headings_go_before_the_expectation_of_time() -> None:
    text = "Potential/V,Current/A\n" + "".join(f"{0.01 * k:.2f},1e-6\n" for k in range(20))
    scan = only(text, ColumnMapping(technique="ca"))
    assert scan.technique == "swv"
    assert scan.curves[0].potential_v[-1] == 0.19


def test_noise_of_a_held_potential_is_no_sweep() -> None:
    rows = "".join(
        f"{0.01 * k:.2f},{3.5 + 2.5e-4 * (7 * k % 16):.5f},{1e-9 * k}\n" for k in range(50)
    )
    assert only(f"Time (s),E (V),I (A)\n{rows}").technique == "ca"


def test_first_point_of_a_held_potential_may_be_off() -> None:
    potentials = [-0.3918, *(-0.3997 + 1e-4 * (k % 3) for k in range(60))]
    rows = "".join(f"{0.1 * k:.1f}\t{e:.5f}\t{1e-3 * k}\n" for k, e in enumerate(potentials))
    assert only(f"time/s\tEwe/V\tI/mA\n{rows}").technique == "ca"


def test_voltammogram_keeps_its_times() -> None:
    rows = [f"{0.01 * k:.2f}, {k}e-8" for k in range(20)]
    timed = "".join(f"{row}, {0.2 * k:.1f}\n" for k, row in enumerate(rows))
    head = "Jan. 5, 2023   10:11:12\nCyclic Voltammetry\nInstrument Model:  CHI660E\n\n"
    parameters = "Init E (V) = 0\nScan Rate (V/s) = 0.05\n\n"
    scan = only(f"{head}{parameters}Potential/V, Current/A, Time/s\n\n{timed}")
    assert scan.technique == "cv"
    assert scan.curves[0].time_s == pytest.approx([0.2 * k for k in range(20)], abs=1e-12)
    assert scan.declared.scan_rate_v_s == 0.05
    missing = only(f"{head}{parameters}Potential/V, Current/A\n\n" + "\n".join([*rows, ""]))
    assert missing.curves[0].time_s is None


def test_conditioning_before_a_voltammogram_is_left_out() -> None:
    sweep = "".join(f"Pda{0x8000000 + 10 * k:07X}m;ba{0x8000000 + k:07X}n\n" for k in range(POINTS))
    scan = only(f"{methodscript().rstrip()}\nM0002\n{sweep}*\n\n")
    assert scan.technique == "swv"


def test_currents_without_times_are_refused() -> None:
    text = "\n".join(
        line.partition(";eb")[0] + line[line.find(";ba") :] if ";eb" in line else line
        for line in methodscript().split("\n")
    )
    with pytest.raises(FormatError, match="0 points"):
        only(text)
    with pytest.raises(FormatError, match="no times"):
        only(RODEOSTAT.replace('"t"', '"x"'))


def test_square_wave_says_amplitude_and_step() -> None:
    head = "Jan. 5, 2023   10:11:12\nSquare Wave Voltammetry\nInstrument Model:  CHI660E\n\n"
    sweep = "".join(f"{0.01 * k:.2f}, {k}e-8\n" for k in range(1, 20))
    parameters = "Incr E (V) = 0.01\nAmplitude (V) = 0.025\nFrequency (Hz) = 60\n\n"
    declared = only(f"{head}{parameters}Potential/V, Diff(i/A)\n\n{sweep}").declared
    assert (declared.step_v, declared.amplitude_v, declared.scan_rate_v_s) == (0.01, 0.025, None)
