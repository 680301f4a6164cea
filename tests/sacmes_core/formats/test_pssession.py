"""PalmSens session files beyond the sample files: keys of either case, units, other techniques."""

import json
from datetime import datetime

import pytest

from sacmes_core.errors import FormatError
from sacmes_core.flags import TECHNIQUE_ASSUMED
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import ColumnMapping

METHOD = (
    "#PSTrace, Version=5.7\r\nMETHOD_ID={technique}\r\nE_BEGIN=4.000E-001\r\nE_END=2.000E-001\r\n"
    "E_STEP=1.000E-002\r\nFREQ=6.000E+001\r\nMETHOD_ID=cv\r\n"
)


def array(unit: str, values: list[float], status: int = 0) -> dict[str, object]:
    return {
        "type": "PalmSens.Data.DataArray",
        "unit": {"type": f"PalmSens.Units.{unit}", "s": "A"},
        "datavalues": [{"v": value, "s": status} for value in values],
    }


def measurement(
    title: str = "Differential Pulse [4]",
    technique: str = "swv",
    titles: tuple[str, ...] = ("SWV I vs E",),
    points: int = 20,
    unit: str = "MicroAmpere",
    status: int = 0,
) -> dict[str, object]:
    potentials = [0.39 - 0.01 * k for k in range(points)]
    currents = [-1.5 - k for k in range(points)]
    return {
        "title": title,
        "timestamp": 637487411222572841,
        "method": METHOD.format(technique=technique),
        "curves": [
            {
                "title": curve,
                "xaxisdataarray": array("Volt", potentials),
                "yaxisdataarray": array(unit, [*currents, 7.0], status),
            }
            for curve in titles
        ],
    }


def session(*measurements: dict[str, object], pascal: bool = False) -> bytes:
    text = json.dumps({"type": "PalmSens.DataFiles.SessionFile", "measurements": measurements})
    if pascal:
        for key in ("measurements", "title", "timestamp", "method", "curves", "unit", "type"):
            text = text.replace(f'"{key}":', f'"{key.capitalize()}":')
        text = text.replace("xaxisdataarray", "XAxisDataArray").replace('"v":', '"V":')
        text = text.replace("yaxisdataarray", "YAxisDataArray").replace('"s":', '"S":')
        text = text.replace("datavalues", "DataValues")
    return (text + "\ufeff").encode("utf-16")


@pytest.mark.parametrize("pascal", [False, True])
def test_keys_of_either_case(pascal: bool) -> None:
    (scan,) = read(session(measurement(), pascal=pascal))
    assert (scan.format, scan.technique, scan.frequency_hz) == ("pssession", "swv", 60)
    assert scan.number == 4
    assert scan.measured_at == datetime(2021, 2, 12, 15, 38, 42, 257284)
    (curve,) = scan.curves
    assert curve.role == "difference"
    assert curve.current_a[:2] == (-1.5e-6, -2.5e-6)
    assert len(curve.current_a) == len(curve.potential_v) == 20
    assert scan.complete


def test_type_of_the_unit_counts_not_its_symbol() -> None:
    scans = read(session(*(measurement(unit=u) for u in ("Ampere", "MilliAmpere", "NanoAmpere"))))
    assert [scan.curves[0].current_a[0] for scan in scans] == [-1.5, -1.5e-3, -1.5e-9]
    assert [scan.index for scan in scans] == [0, 1, 2]


def test_channels_are_the_electrodes_of_one_scan() -> None:
    titles = ("SWV I vs E Channel 1", "SWV I vs E Channel 3")
    (scan,) = read(session(measurement(titles=titles)))
    assert scan.electrodes == (1, 3)


def test_aborted_measurement_is_truncated() -> None:
    (scan,) = read(session(measurement(points=12)))
    assert scan.flags == ("truncated_scan",)
    assert "12 points" in (scan.incomplete or "")


def test_overload_is_flagged_and_underload_is_not() -> None:
    overloaded, underloaded, unknown = read(
        session(*(measurement(status=status) for status in (1, 2, -1)))
    )
    assert overloaded.flags == ("overload",)
    assert underloaded.flags == unknown.flags == ()


def test_other_techniques_and_axes_are_passed_over() -> None:
    others = [measurement(technique="ad"), measurement(unit="Ohm"), measurement(technique="eis")]
    (scan,) = read(session(*others, measurement(technique="cv", title="any")))
    assert (scan.technique, scan.index) == ("cv", 0)
    with pytest.raises(FormatError, match="no curve of a current"):
        read(session(measurement(unit="Ohm")))
    with pytest.raises(FormatError, match="no voltammogram"):
        read(session(measurement(technique="ad")))


def test_sign_can_be_turned() -> None:
    (scan,) = read(session(measurement()), mapping=ColumnMapping(invert_current=True))
    assert scan.curves[0].current_a[0] == 1.5e-6


@pytest.mark.parametrize("end", [200, 1000, -20, -4])
def test_half_a_session_says_to_wait(end: int) -> None:
    with pytest.raises(FormatError, match="wait until PSTrace"):
        read(session(measurement())[:end])


@pytest.mark.parametrize(
    "text",
    [
        '{"palmsens": 1}',
        '{"palmsens": 1, "measurements": 3}',
        '{"palmsens": 1, "measurements": [1, null, {"curves": [[], {"xaxisdataarray": 1}]}]}',
        '{"palmsens": ' + "[" * 100_000,
        '{"palmsens": 1, "measurements": [{"timestamp": 1e999, "curves": {}}]}',
    ],
)
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        read(text.encode())


def test_values_that_are_no_numbers_are_missing() -> None:
    data = session(measurement()).decode("utf-16").replace('"v": -2.5', '"v": NaN', 1)
    (scan,) = read(data.replace('"v": -3.5', f'"v": {"9" * 400}', 1).encode("utf-16"))
    assert [value == value for value in scan.curves[0].current_a[:4]] == [True, False, False, True]


@pytest.mark.parametrize("behind", ["\ufffe", "\r\n", ' "curves": []}]}\ufeff'])
def test_what_stands_behind_the_session_is_no_part_of_it(behind: str) -> None:
    text = session(measurement()).decode("utf-16").rstrip("\ufeff") + behind
    (scan,) = read(text.encode("utf-16"))
    assert scan.complete


def test_line_ends_within_the_method_may_be_plain() -> None:
    text = session(measurement()).decode("utf-16").replace("\\r\\n", "\r\n")
    (scan,) = read(text.encode("utf-16"))
    assert scan.frequency_hz == 60


@pytest.mark.parametrize(
    ("method", "technique", "assumed"),
    [("lp", "lsv", False), ("cpot", "cv", False), ("fcv", "cv", False), ("ms", "swv", True)],
)
def test_methods_of_other_names(method: str, technique: str, assumed: bool) -> None:
    (scan,) = read(session(measurement("Test", method, ("I vs E",))))
    assert scan.technique == technique
    assert (TECHNIQUE_ASSUMED in scan.flags) is assumed


def of_kinds(*kinds: object, title: str = "SWV i vs E") -> bytes:
    measured = measurement(titles=(title,) * len(kinds))
    for curve, kind in zip(measured["curves"], kinds, strict=True):  # type: ignore[call-overload]
        curve["yaxisdataarray"]["arraytype"] = kind
    return session(measured)


def test_types_of_arrays_tell_directions_of_equal_titles() -> None:
    (scan,) = read(of_kinds(2, 29, 26))
    assert [(c.electrode, c.role) for c in scan.curves] == [
        (1, "difference"),
        (1, "forward"),
        (1, "reverse"),
    ]


@pytest.mark.parametrize("kind", [24, 31])
def test_current_of_the_bipotentiostat_is_a_second_electrode(kind: int) -> None:
    (scan,) = read(of_kinds(2, kind))
    assert [(c.electrode, c.role) for c in scan.curves] == [(1, "difference"), (2, "difference")]


def test_type_that_is_no_number_is_not_believed() -> None:
    (scan,) = read(of_kinds([24]))
    assert scan.electrodes == (1,)


def described(unit: str, description: str, values: list[float]) -> dict[str, object]:
    return {**array(unit, values), "description": description}


def test_data_set_is_read_where_no_curve_is_drawn() -> None:
    potentials = [0.39 - 0.01 * k for k in range(20)]
    values = [
        described("Time", "time", [0.1 * k for k in range(20)]),
        *(
            item
            for channel in (1, 3)
            for item in (
                described("Volt", f"scan1channel{channel}", potentials),
                described(
                    "MicroAmpere", f"scan1channel{channel}", [-channel - k for k in range(20)]
                ),
                described("MicroCoulomb", f"scan1channel{channel}", potentials),
            )
        ),
    ]
    measured = {**measurement(technique="swv", titles=()), "dataset": {"values": values}}
    (scan,) = read(session(measured, measurement()), name="a.pssession")[:1]
    assert (scan.technique, scan.electrodes, scan.points) == ("swv", (1, 3), 20)
    assert [c.current_a[0] for c in scan.curves] == [-1e-6, -3e-6]
    assert scan.curves[0].potential_v[0] == 0.39
    assert scan.curves[0].time_s is not None


def test_data_set_of_amperometry_is_over_time() -> None:
    values = [
        described("Time", "time", [0.1 * k for k in range(20)]),
        described("Volt", "potential", [0.3] * 20),
        described("MicroAmpere", "current", [1.0 + k for k in range(20)]),
    ]
    measured = {**measurement(technique="ad", titles=()), "dataset": {"values": values}}
    (scan,) = read(session(measured))
    assert scan.technique == "ca"
    assert scan.curves[0].time_s == pytest.approx([0.1 * k for k in range(20)])
