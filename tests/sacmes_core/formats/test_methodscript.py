"""Recordings of MethodSCRIPT instruments: what becomes of them whole."""

import math
from pathlib import Path

import pytest

from sacmes_core.errors import FormatError
from sacmes_core.flags import LINES_LOST
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import ColumnMapping, Scan


def package(potential_uv: int, *currents_pa: int, channel: int | None = None) -> str:
    head = [] if channel is None else [f"ea{0x8000000 + channel:07X}i"]
    currents = [f"ba{0x8000000 + current:07X}p,10,285" for current in currents_pa]
    return "P" + ";".join([*head, f"da{0x8000000 + potential_uv:07X}u", *currents])


def loop(technique: str = "0002", channel: int | None = None, currents: int = 1) -> list[str]:
    rows = [
        package(-1000 * k, *(100 + k + c for c in range(currents)), channel=channel)
        for k in range(20)
    ]
    return [f"M{technique}", *rows, "*"]


def recording(*lines: str) -> bytes:
    return ("\n".join(["e", *lines, ""]) + "\n").encode()


def one(data: bytes) -> Scan:
    (scan,) = read(data)
    return scan


def test_samples_read_to_what_they_were_made_from(samples: Path) -> None:
    folder = samples / "methodscript"
    (scan,) = read((folder / "swv_pcfr_F5Hz_M2_E4.txt").read_bytes(), name="F5Hz_M2.txt")
    (chi,) = read((folder.parent / "chi_txt_swv_multielectrode" / "F5Hz_M2.txt").read_bytes())
    assert (scan.format, scan.technique, scan.frequency_hz) == ("methodscript", "swv", 5)
    assert [curve.role for curve in scan.curves] == ["difference", "forward", "reverse"]
    for curve in scan.curves:
        original = chi.curve(4, curve.role)
        assert original is not None
        assert curve.potential_v == pytest.approx(original.potential_v, rel=1e-12)
        assert curve.current_a == pytest.approx(original.current_a, rel=1e-12)
    assert scan.complete


def test_dummy_cell_obeys_ohms_law(samples: Path) -> None:
    scan = one((samples / "methodscript" / "doc_lsv_10k_dummycell.txt").read_bytes())
    (curve,) = scan.curves
    assert (scan.technique, curve.role) == ("lsv", "total")
    slope = (curve.potential_v[-1] - curve.potential_v[0]) / (
        curve.current_a[-1] - curve.current_a[0]
    )
    assert slope == pytest.approx(9000, rel=0.01)


@pytest.mark.parametrize(
    ("name", "points"), [("aborted_swv.txt", 56), ("link_lost_mid_line.txt", 37)]
)
def test_unfinished_recordings_are_truncated(samples: Path, name: str, points: int) -> None:
    scan = one((samples / "methodscript" / name).read_bytes())
    assert len(scan.curves[0].current_a) == points
    assert "truncated_scan" in scan.flags


def test_channels_of_a_round_are_electrodes_of_one_scan(samples: Path) -> None:
    scan = one((samples / "methodscript" / "mux_loop_two_channels.txt").read_bytes())
    assert scan.electrodes == (1, 2)
    rounds = [line for _ in range(3) for n in (2, 1) for line in loop(channel=n)]
    scans = read(recording("L", *rounds, "+"))
    assert [(s.index, s.electrodes) for s in scans] == [(0, (1, 2)), (1, (1, 2)), (2, (1, 2))]


def test_scans_of_a_loop_are_scans(samples: Path) -> None:
    scans = read((samples / "methodscript" / "cv_nscans2.txt").read_bytes())
    assert [(s.technique, s.index, len(s.curves[0].current_a)) for s in scans] == [
        ("cv", 0, 100),
        ("cv", 1, 100),
    ]
    assert all(scan.complete for scan in scans)
    body = loop("0005")[1:-1]
    first, second = read(recording("M0005", "C0000", *body, "-", "C0001", *body, "-"))
    assert first.complete
    assert not second.complete


def test_overload_is_flagged_and_underload_is_not() -> None:
    lines = loop()
    assert one(recording(*(x.replace("p,10", "p,14") for x in lines))).flags == ()
    lines[5] = lines[5].replace("p,10", "p,12")
    assert one(recording(*lines)).flags == ("overload",)


def test_error_while_running_ends_the_scan() -> None:
    lines = loop()
    scan = one(recording(*lines[:9], "!0032: Line 4", "*"))
    assert len(scan.curves[0].current_a) == 8
    assert "!0032" in (scan.incomplete or "")


def test_damaged_lines_are_left_out_and_said() -> None:
    lines = loop()
    lines[4] = lines[4][:9] + "x" + lines[4][10:]
    scan = one(recording(*lines))
    assert len(scan.curves[0].current_a) == 19
    assert scan.flags == ("lines_lost",)


def test_missing_current_is_missing() -> None:
    lines = loop()
    lines[4] = "Pda7FFF448u;ba     nan,12"
    scan = one(recording(*lines))
    assert math.isnan(scan.curves[0].current_a[3])


def test_currents_of_unknown_meaning_are_refused() -> None:
    with pytest.raises(FormatError, match="2 currents"):
        read(recording(*loop(currents=2)))


@pytest.mark.parametrize(("technique", "what"), [("000D", "impedance"), ("000A", "chronopot")])
def test_other_measurements_are_refused_by_name(technique: str, what: str) -> None:
    with pytest.raises(FormatError, match=what):
        read(recording(*loop(technique)))


def test_answers_without_data_are_refused(samples: Path) -> None:
    with pytest.raises(FormatError, match="e!4001: Line 2, Col 1"):
        read((samples / "methodscript" / "error_lines.txt").read_bytes())
    with pytest.raises(FormatError, match="no data"):
        read((samples / "methodscript" / "firmware_replies.txt").read_bytes())


def test_sign_can_be_turned() -> None:
    (scan,) = read(recording(*loop()), mapping=ColumnMapping(invert_current=True))
    assert scan.curves[0].current_a[0] == -1e-10


def steps(*potentials_mv: int, clock_goes_on: bool = True) -> bytes:
    """Chronoamperometry at one potential after the other, ten samples each."""
    lines: list[str] = []
    for order, potential in enumerate(potentials_mv):
        lines.append("M0007")
        for k in range(10):
            time_ms = 10 * (k + (10 * order if clock_goes_on else 0))
            head = f"Peb{0x8000000 + time_ms:07X}m;da{0x8000000 + potential:07X}m"
            lines.append(f"{head};ba{0x8000000 + 500 - k:07X}n,10,204")
        lines.append("*")
    return recording(*lines)


def test_steps_of_chronoamperometry_on_one_clock_are_one_scan() -> None:
    scan = one(steps(-100, -400))
    (curve,) = scan.curves
    assert scan.technique == "ca"
    assert (len(curve.current_a), scan.incomplete) == (20, None)
    assert curve.time_s is not None
    assert curve.time_s[-1] == pytest.approx(0.19)
    assert (curve.potential_v[0], curve.potential_v[-1]) == (-0.1, -0.4)


def test_steps_on_clocks_of_their_own_stay_apart() -> None:
    assert len(read(steps(-100, -400, clock_goes_on=False))) == 2


def test_two_packages_that_were_glued_by_a_lost_byte_are_a_lost_line() -> None:
    lines = loop(currents=3)
    for glued in (lines[5] + lines[6], lines[5][:40] + lines[6], lines[5][:30] + lines[6]):
        scan = one(recording(*lines[:5], glued, *lines[7:]))
        assert scan.points == 18
        assert scan.flags == (LINES_LOST,)


def test_points_that_are_missing_are_said() -> None:
    lines = loop()
    assert one(recording(*lines)).flags == ()
    scan = one(recording(*lines[:8], *lines[14:]))
    assert scan.flags == (LINES_LOST,)
    assert scan.incomplete is None


def test_times_that_are_missing_are_said() -> None:
    lines = [f"Peb{0x8000000 + 50 * k:07X}m;ba8000064p" for k in range(40)]
    assert one(recording("M0007", *lines, "*")).flags == ()
    assert one(recording("M0007", *lines[:9], *lines[10:], "*")).flags == (LINES_LOST,)
