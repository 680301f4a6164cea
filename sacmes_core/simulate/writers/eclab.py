"""BioLogic EC-Lab .mpt: a counted header, whose last line names the columns."""

from collections.abc import Iterator
from typing import Final

from sacmes_core.formats.scan import Decimal, Scan
from sacmes_core.simulate.writers.programme import (
    NO_DATE,
    Programme,
    cycles_of,
    expect_one_electrode,
    exponent_of_three,
    programme_of,
    times_of,
    with_decimal,
)

_EOL: Final = "\r\n"
_TECHNIQUES: Final = {
    "swv": "Square Wave Voltammetry",
    "cv": "Cyclic Voltammetry",
    "ca": "Chronoamperometry / Chronocoulometry",
}
_PULSED: Final = {
    "difference": "I delta/mA",
    "forward": "I forward/mA",
    "reverse": "I reverse/mA",
}
_MILLIAMPERE: Final = 1e3


def eclab_mpt(scan: Scan, decimal: Decimal = "point") -> bytes:
    """Write a voltammogram, or the current at a held potential, of one electrode, in mA.

    Sixteen digits of time and current, eight of the potential.

    Parameters
    ----------
    decimal
        ``comma`` as EC-Lab writes it on a German, French or Polish Windows.

    Raises
    ------
    ConfigError
        If the scan has several electrodes.
    """
    expect_one_electrode(scan, "An EC-Lab file")
    programme = programme_of(scan)
    head = list(_header(scan, programme))
    columns = ["mode", "time/s", "control/V", "Ewe/V", *_currents(scan), "cycle number", ""]
    # Counted are the lines up to and with the columns.
    counted = ["EC-Lab ASCII FILE", f"Nb header lines : {len(head) + 3}", *head]
    lines = [*counted, "\t".join(columns), *_rows(scan, programme), ""]
    return with_decimal(_EOL.join(lines), decimal).encode("latin-1")


def _header(scan: Scan, programme: Programme) -> Iterator[str]:
    yield ""
    yield _TECHNIQUES[scan.technique or "swv"]
    yield ""
    yield "Run on channel : 1 (SN 0)"
    yield f"Acquisition started on : {scan.measured_at or NO_DATE:%m/%d/%Y %H:%M:%S}"
    yield "Comments : simulated"
    yield f"{'Ei (V)':<20}{programme.initial_v:<20.3f}"
    if scan.technique == "cv":
        first, second = programme.vertices_v
        yield f"{'dE/dt':<20}{programme.scan_rate_v_s * 1e3:<20.3f}"
        yield f"{'dE/dt unit':<20}{'mV/s':<20}"
        yield f"{'E1 (V)':<20}{first:<20.3f}"
        yield f"{'E2 (V)':<20}{second:<20.3f}"
        yield f"{'nc cycles':<20}{programme.cycles - 1:<20}"
    elif scan.technique == "swv":
        yield f"{'Ef (V)':<20}{programme.final_v:<20.3f}"
        yield f"{'PH (mV)':<20}{programme.amplitude_v * 1e3:<20.1f}"
        yield f"{'PW (ms)':<20}{500 / programme.frequency_hz:<20.3f}"
        yield f"{'SH (mV)':<20}{programme.step_v * 1e3:<20.1f}"
    yield ""


def _currents(scan: Scan) -> list[str]:
    if scan.technique != "swv":
        return ["<I>/mA"]
    return [_PULSED[curve.role] for curve in scan.curves]


def _rows(scan: Scan, programme: Programme) -> Iterator[str]:
    first = scan.curves[0]
    times = times_of(first, programme)
    cycles = cycles_of(first) if scan.technique == "cv" else [slice(0, len(first.current_a))]
    for number, points in enumerate(cycles, start=1):
        for k in range(points.start, points.stop):
            potential = exponent_of_three(first.potential_v[k], 7)
            currents = [
                exponent_of_three(curve.current_a[k] * _MILLIAMPERE, 15) for curve in scan.curves
            ]
            cycle = exponent_of_three(float(number), 15)
            cells = ["2", exponent_of_three(times[k], 15), potential, potential, *currents, cycle]
            yield "\t".join(cells)
