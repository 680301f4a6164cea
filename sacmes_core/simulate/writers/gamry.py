"""Gamry .DTA: a header of tagged lines, then one table for each curve."""

from collections.abc import Iterator
from typing import Final

from sacmes_core.formats.scan import Curve, Decimal, Scan
from sacmes_core.simulate.writers.programme import (
    NO_DATE,
    Programme,
    cycles_of,
    expect_one_electrode,
    exponent_of_three,
    overloaded_points,
    programme_of,
    times_of,
    with_decimal,
)

_EOL: Final = "\r\n"
_FINE: Final = "..........."
_OVER: Final = "....i......"
_TITLES: Final = {
    "swv": ("SQUARE_WAVE", "Square Wave"),
    "cv": ("CV", "Cyclic Voltammetry"),
    "ca": ("CHRONOA", "Chronoamperometry Scan"),
}


def gamry_dta(scan: Scan, decimal: Decimal = "point") -> bytes:
    """Write a voltammogram, or the current at a held potential, of one electrode.

    Six digits, as the instrument writes them. Of a cyclic voltammogram each cycle is a curve.

    Parameters
    ----------
    decimal
        ``comma`` as Gamry writes it on a German, French or Polish Windows.

    Raises
    ------
    ConfigError
        If the scan has several electrodes.
    """
    expect_one_electrode(scan, "A Gamry file")
    programme = programme_of(scan)
    lines = list(_header(scan, programme))
    lines += _pulses(scan, programme) if scan.technique == "swv" else _cycles(scan, programme)
    return with_decimal(_EOL.join([*lines, ""]), decimal).encode("latin-1")


def _header(scan: Scan, programme: Programme) -> Iterator[str]:
    tag, title = _TITLES[scan.technique or "swv"]
    moment = scan.measured_at or NO_DATE
    yield "EXPLAIN"
    yield f"TAG\t{tag}"
    yield f"TITLE\tLABEL\t{title}\tTest &Identifier"
    yield f"DATE\tLABEL\t{moment.month}/{moment.day}/{moment.year}\tDate"
    yield f"TIME\tLABEL\t{moment:%H:%M:%S}\tTime"
    yield "NOTES\tNOTES\t1\t&Notes..."
    yield "\tSimulated"
    yield "PSTAT\tPSTAT\tSIMULATED\tPotentiostat"
    if scan.technique == "ca":
        yield _potential("VSTEP1", programme.initial_v, "Step 1 Voltage (V)")
        yield _quantity("TSTEP1", programme.point_s * scan.points, "Step 1 Time (s)")
        yield _quantity("SAMPLETIME", programme.point_s, "Sample Period (s)")
    elif scan.technique == "cv":
        first, second = programme.vertices_v
        yield _potential("VINIT", programme.initial_v, "Initial &E (V)")
        yield _potential("VLIMIT1", first, "Scan Limit &1 (V)")
        yield _potential("VLIMIT2", second, "Scan Limit &2 (V)")
        yield _potential("VFINAL", programme.final_v, "Final &E (V)")
        yield _quantity("SCANRATE", programme.scan_rate_v_s * 1e3, "&Scan Rate (mV/s)")
        yield _quantity("STEPSIZE", programme.step_v * 1e3, "St&ep Size (mV)")
        yield f"CYCLES\tIQUANT\t{programme.cycles}\tC&ycles (#)"
        yield "EOC\tQUANT\t0\tOpen Circuit (V)"
    else:
        yield _quantity("VINIT", programme.initial_v, "Initial &E (V)")
        yield _quantity("VFINAL", programme.final_v, "Final &E (V)")
        yield _quantity("STEPSIZE", programme.step_v * 1e3, "St&ep Size (mV)")
        yield _quantity("FREQUENCY", programme.frequency_hz, "&Frequency (Hz)")
        yield _quantity("PULSESIZE", programme.amplitude_v * 1e3, "Pulse Size &Epeak (mV)")
    yield _quantity("AREA", 1.0, "Electrode &Area (cm^2)")


def _potential(key: str, value: float, label: str) -> str:
    return f"{key}\tPOTEN\t{exponent_of_three(value, 5)}\tF\t{label}"


def _quantity(key: str, value: float, label: str) -> str:
    return f"{key}\tQUANT\t{exponent_of_three(value, 5)}\t{label}"


def _pulses(scan: Scan, programme: Programme) -> Iterator[str]:
    curves = _by_role(scan)
    net = curves["difference"]
    over = overloaded_points(scan, net)
    times = times_of(net, programme)
    way = 1 if programme.final_v > programme.initial_v else -1
    pulse_v = way * programme.amplitude_v
    yield f"CURVE\tTABLE\t{len(net.current_a)}"
    yield "\tPt\tT\tVfwd\tVrev\tVstep\tIfwd\tIrev\tIdif\tSig\tAch\tIERange\tOver\tTemp"
    yield "\t#\ts\tV\tV\tV\tA\tA\tA\tV\tV\t#\tbits\tdeg C"
    for k, potential in enumerate(net.potential_v):
        potentials = (potential + pulse_v, potential - pulse_v, potential)
        currents = (curves[role].current_a[k] for role in ("forward", "reverse", "difference"))
        numbers = [exponent_of_three(value, 5) for value in (*potentials, *currents)]
        signal = exponent_of_three(potential - pulse_v, 5)
        flags = _OVER if k in over else _FINE
        yield "\t".join(
            ["", str(k), f"{times[k]:.6g}", *numbers, signal, "0.00000E+000", "7", flags, "25.0"]
        )


def _by_role(scan: Scan) -> dict[str, Curve]:
    """The three currents of a square wave, none of them missing."""
    curves: dict[str, Curve] = {curve.role: curve for curve in scan.curves}
    net = curves["difference"]
    nothing = Curve(net.electrode, "reverse", net.potential_v, (0.0,) * len(net.current_a))
    return {"forward": net, "reverse": nothing} | curves


def _cycles(scan: Scan, programme: Programme) -> Iterator[str]:
    curve = scan.curves[0]
    over = overloaded_points(scan, curve)
    times = times_of(curve, programme)
    for number, points in enumerate(cycles_of(curve), start=1):
        yield f"CURVE{number}\tTABLE"
        yield "\tPt\tT\tVf\tIm\tVu\tSig\tAch\tIERange\tOver"
        yield "\t#\ts\tV vs. Ref.\tA\tV\tV\tV\t#\tbits"
        for k in range(points.start, points.stop):
            potential = exponent_of_three(curve.potential_v[k], 5)
            current = exponent_of_three(curve.current_a[k], 5)
            rest = ["0.00000E+000", potential, "0.00000E+000", "7", _OVER if k in over else _FINE]
            yield "\t".join(["", str(k), f"{times[k]:.6g}", potential, current, *rest])
