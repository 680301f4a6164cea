"""PalmSens .pssession: JSON with the method and every curve of a measurement."""

import json
from datetime import datetime, timedelta
from typing import Final

from sacmes_core.formats.scan import Curve, Scan
from sacmes_core.simulate.writers.programme import (
    NO_DATE,
    Programme,
    overloaded_points,
    programme_of,
)
from sacmes_core.simulate.writers.pstrace import axis_of, measurement_title, titled_parts

_TICKS_PER_MICROSECOND: Final = 10
_MICROAMPERE: Final = 1e6
_VERSION: Final = "5.7.2001.19388"

_METHODS: Final = {"swv": "swv", "cv": "cv", "ca": "ad"}
"""Chronoamperometry is PalmSens's amperometric detection."""

_SECOND: Final = {"type": "PalmSens.Units.Time", "s": "s", "q": "Time", "a": "t"}
_VOLT: Final = {"type": "PalmSens.Units.Volt", "s": "V", "q": "Potential", "a": "E"}
# PSTrace itself gives the symbol A beside the type MicroAmpere.
_CURRENT: Final = {"type": "PalmSens.Units.MicroAmpere", "s": "A", "q": "Current", "a": "I"}


def pssession(scan: Scan) -> bytes:
    """Write a session with one measurement: UTF-16, keys in lower case, currents in microamperes.

    Electrodes, directions and cycles are curves, as in a .csv of PSTrace.
    """
    method = _method(scan, programme_of(scan))
    title = measurement_title(scan)
    ticks = (scan.measured_at or NO_DATE) - datetime(1, 1, 1)
    stamp = ticks // timedelta(microseconds=1) * _TICKS_PER_MICROSECOND
    session = {
        "type": "PalmSens.DataFiles.SessionFile",
        "coreversion": _VERSION,
        "methodformeasurement": method,
        "measurements": [
            {
                "title": title,
                "timestamp": stamp,
                "deviceserial": "SIMULATED",
                "method": method,
                "curves": [_curve(scan, *part) for part in titled_parts(scan)],
            }
        ],
    }
    return f"\ufeff{json.dumps(session)}\ufeff".encode("utf-16-le")


def _curve(scan: Scan, title: str, curve: Curve, points: slice) -> dict[str, object]:
    over = overloaded_points(scan, curve)
    over_time, axis = scan.technique == "ca", axis_of(scan, curve)
    indices = range(points.start, points.stop)
    return {
        "title": title,
        "type": "PalmSens.Plottables.Curve",
        "xaxisdataarray": {
            "type": f"PalmSens.Data.DataArray{'Time' if over_time else 'Potentials'}",
            "unit": _SECOND if over_time else _VOLT,
            "datavalues": [{"v": axis[k], "s": 0} for k in indices],
        },
        "yaxisdataarray": {
            "type": "PalmSens.Data.DataArrayCurrents",
            "unit": _CURRENT,
            "datavalues": [
                {
                    "v": float(f"{curve.current_a[k] * _MICROAMPERE:.12g}"),
                    "s": int(k in over),
                    "c": 3,
                }
                for k in indices
            ],
        },
    }


def _method(scan: Scan, programme: Programme) -> str:
    lines = [f"#PSTrace, Version={_VERSION}", f"METHOD_ID={_METHODS[scan.technique or 'swv']}"]
    values = {"E_BEGIN": programme.initial_v, "E_STEP": programme.step_v}
    if scan.technique == "ca":
        values = {"E": programme.initial_v, "T_INTERVAL": programme.point_s}
    elif scan.technique == "swv":
        values |= {
            "E_END": programme.final_v,
            "E_AMP": programme.amplitude_v,
            "FREQ": programme.frequency_hz,
        }
    else:
        first, second = programme.vertices_v
        lines.append(f"N_SCANS={programme.cycles}")
        values |= {"E_VTX1": first, "E_VTX2": second, "SCAN_RATE": programme.scan_rate_v_s}
    lines += [f"{key}={value:.7E}" for key, value in values.items()]
    return "\r\n".join([*lines, ""])
