"""Rodeostat recordings and files: units, channels, several tests, damaged lines."""

import json
from pathlib import Path

import pytest

from sacmes_core.errors import FormatError
from sacmes_core.flags import LINES_LOST
from sacmes_core.formats.reading import read
from sacmes_core.formats.rodeostat import is_rodeostat_text
from sacmes_core.formats.scan import ColumnMapping


def answer(test: str) -> str:
    return json.dumps({"success": True, "response": {"command": "runTest", "test": test}})


def samples_of(count: int = 20, **more: object) -> list[str]:
    return [
        json.dumps({"t": 10 * k, "v": 0.01 * k, "i": 1.5 + k, **more}) for k in range(1, count + 1)
    ]


def recording(*lines: str) -> bytes:
    return ("\r\n".join(lines) + "\r\n").encode()


@pytest.mark.parametrize(
    ("test", "technique", "role"),
    [
        ("cyclic", "cv", "total"),
        ("linearSweep", "lsv", "total"),
        ("squareWave", "swv", "difference"),
    ],
)
def test_test_says_the_technique(test: str, technique: str, role: str) -> None:
    (scan,) = read(recording(answer(test), *samples_of(), "{}"))
    assert (scan.format, scan.technique, scan.curves[0].role) == ("rodeostat", technique, role)
    assert scan.curves[0].current_a[0] == 2.5e-6
    assert scan.curves[0].potential_v[0] == 0.01
    assert scan.complete


def test_sample_streams_are_as_expected(samples: Path) -> None:
    folder = samples / "rodeostat_stream"
    for path in folder.glob("*.jsonl"):
        expected = json.loads((folder / f"{path.name}.expected.json").read_text())
        (scan,) = read(path.read_bytes())
        assert sum(len(curve.current_a) for curve in scan.curves) == expected["n_samples"]
        first, last = scan.curves[0], scan.curves[-1]
        assert first.current_a[0] == pytest.approx(expected["first"]["I_A"], rel=1e-12)
        assert first.potential_v[0] == expected["first"]["E_V"]
        assert last.current_a[-1] == pytest.approx(expected["last"]["I_A"], rel=1e-12)
        assert last.potential_v[-1] == expected["last"]["E_V"]
        assert scan.complete


def test_channels_are_electrodes_and_limits_are_flagged(samples: Path) -> None:
    (scan,) = read((samples / "rodeostat_stream" / "runtest_mux.jsonl").read_bytes())
    assert scan.electrodes == (1, 2)
    assert scan.flags == ("units_assumed", "overload")


def test_several_tests_are_several_scans() -> None:
    one = [answer("cyclic"), *samples_of(), "{}"]
    scans = read(recording(*one, *one, answer("constant"), *samples_of(), "{}", *one[:9]))
    assert [(s.index, s.complete) for s in scans] == [(0, True), (1, True), (2, False)]


def test_range_or_setting_says_the_unit() -> None:
    lines = [answer("cyclic"), *samples_of(), "{}"]
    nano = json.dumps({"success": True, "response": {"currRange": "100nA"}})
    assert read(recording(nano, *lines))[0].curves[0].current_a[0] == 2.5e-9
    (scan,) = read(recording(*lines), mapping=ColumnMapping(current_unit="nA", invert_current=True))
    assert scan.curves[0].current_a[0] == -2.5e-9
    assert scan.flags == ()


def test_damaged_lines_are_left_out_and_said() -> None:
    lines = [answer("cyclic"), *samples_of(), "{}"]
    lines[5] = lines[5][:9]
    (scan,) = read(recording(*lines))
    assert len(scan.curves[0].current_a) == 19
    assert "lines_lost" in scan.flags


def test_other_tests_are_refused_by_name() -> None:
    with pytest.raises(FormatError, match="sinusoid"):
        read(recording(answer("sinusoid"), *samples_of(), "{}"))
    with pytest.raises(FormatError, match="0 points"):
        read(recording(answer("cyclic")))


def test_other_json_is_refused() -> None:
    with pytest.raises(FormatError, match="JSON"):
        read(b'{"a": [1, 2, 3]}\n')


def text_file() -> list[str]:
    return [
        f"{0.01 * k:.3f}, {0.02 * abs(10 - k):.4f}, {(k * k % 17) * 0.731 - 3:.4f}"
        for k in range(1, 26)
    ]


def test_text_file_is_in_microamperes() -> None:
    (scan,) = read(("\n".join(text_file()) + "\n").encode())
    assert (scan.format, scan.technique) == ("rodeostat", "cv")
    assert scan.curves[0].potential_v[0] == 0.18
    assert scan.curves[0].current_a[0] == pytest.approx(-2.269e-6)
    assert scan.flags == ("units_assumed",)


@pytest.mark.parametrize("ends", ["", "\n", "\n\n\n", "\r\n \r\n"])
def test_blank_lines_around_the_text_file_are_no_matter(ends: str) -> None:
    scans = read((ends + "\n".join(text_file()) + ends).encode())
    assert [(scan.format, scan.points) for scan in scans] == [("rodeostat", len(text_file()))]


def test_other_three_columns_are_no_rodeostat() -> None:
    lines = text_file()
    swapped = [", ".join([a, c, b]) for a, b, c in (line.split(", ") for line in lines)]
    later = [line.replace("0.010", "0.015", 1) for line in lines]
    for rows in (swapped, later):
        assert not is_rodeostat_text([*rows, ""])
    assert is_rodeostat_text([*lines, ""])


def text_of(potentials: list[float]) -> bytes:
    return "".join(
        f"{0.005 * k:.3f}, {potential:.4f}, {0.1 * k + 0.03 * (k % 3):.4f}\n"
        for k, potential in enumerate(potentials, 1)
    ).encode()


def test_text_file_of_a_sweep_after_a_quiet_time_is_a_linear_sweep() -> None:
    # Steps of 1.25 mV, which four decimals round to 1.2 and 1.3 mV.
    (scan,) = read(text_of([0.0] * 40 + [0.00125 * k - 0.8 for k in range(160)]))
    assert (scan.format, scan.technique) == ("rodeostat", "lsv")
    assert scan.curves[0].current_a[-1] == pytest.approx(20.06e-6)


@pytest.mark.parametrize("quiet", [0, 30])
def test_text_file_of_held_potentials_is_chronoamperometry(quiet: int) -> None:
    (scan,) = read(text_of([0.0] * quiet + [0.7] * 100))
    assert (scan.format, scan.technique) == ("rodeostat", "ca")
    (curve,) = scan.curves
    assert (curve.role, curve.potential_v[-1]) == ("total", 0.7)
    assert curve.time_s is not None
    assert curve.time_s[0] == 0.005


@pytest.mark.parametrize("lost", [slice(0, 1), slice(7, 8), slice(5, 12)])
def test_samples_that_are_missing_are_said(lost: slice) -> None:
    lines = samples_of()
    del lines[lost]
    (scan,) = read(recording(answer("squareWave"), *lines, "{}"))
    assert LINES_LOST in scan.flags
    assert scan.incomplete is None


def test_a_jump_after_the_quiet_time_is_no_gap() -> None:
    quiet = [json.dumps({"t": 10 * k, "v": 0.0, "i": 0.1}) for k in range(1, 6)]
    swept = [json.dumps({"t": 50 + 10 * k, "v": 0.01 * k - 0.5, "i": k}) for k in range(1, 21)]
    (scan,) = read(recording(answer("linearSweep"), *quiet, *swept, "{}"))
    assert LINES_LOST not in scan.flags
    assert len(scan.curves[0].current_a) == 25


def quiet_of(test: str, quiet_ms: int) -> str:
    told = {"command": "setParam", "test": test, "param": {"quietTime": quiet_ms}}
    return json.dumps({"success": True, "response": told})


@pytest.mark.parametrize(
    ("before", "points"),
    [
        ([quiet_of("squareWave", 30)], 20),
        ([quiet_of("cyclic", 30)], 23),
        ([], 23),
    ],
)
def test_zeros_of_a_known_quiet_time_are_no_points(before: list[str], points: int) -> None:
    zeros = [json.dumps({"t": 10 * k, "v": 0.0, "i": 0.0}) for k in (1, 2, 3)]
    swept = [
        json.dumps({"t": 30 + 10 * k, "v": 0.01 * k, "i": 0.0 if k == 4 else 1.5})
        for k in range(1, 21)
    ]
    (scan,) = read(recording(*before, answer("squareWave"), *zeros, *swept, "{}"))
    assert LINES_LOST not in scan.flags
    assert len(scan.curves[0].current_a) == points
    assert scan.curves[0].current_a.count(0.0) == points - 19
