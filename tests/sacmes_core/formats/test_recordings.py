"""Recorded lines of KickStat and ACEstat: units by setting, banners, several scans."""

from pathlib import Path

import pytest

from sacmes_core.errors import FormatError
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import ColumnMapping

ROWS = "".join(f"{-0.005 * k:.3f},{0.2 + 0.001 * k * k:.4f}\r\n" for k in range(20))
MICRO = ColumnMapping(current_unit="µA")
ACESTAT = "[START:{0}][RANGE:-201,-500][RGAIN:10000][RESULTS:\r\n{1}][END:{0}]"


@pytest.mark.parametrize(
    ("name", "mapping"),
    [
        ("kickstat", MICRO),
        ("acestat", ColumnMapping(potential_unit="mV", current_unit="µA")),
    ],
)
def test_samples_are_read_with_their_units_set(
    samples: Path, name: str, mapping: ColumnMapping
) -> None:
    path = samples / "line_csv_stream" / f"F5Hz_M5_E4_{name}_style.txt"
    (scan,) = read(path.read_bytes(), name=path.name, mapping=mapping)
    (curve,) = scan.curves
    assert (scan.format, scan.technique, scan.frequency_hz) == ("recording", "swv", 5)
    assert len(curve.current_a) == 300
    assert (curve.potential_v[0], curve.potential_v[-1]) == (-0.201, -0.5)
    assert curve.current_a[0] == pytest.approx(-1.487e-7, rel=1e-12)
    assert curve.current_a[-1] == pytest.approx(-2.41e-7, rel=1e-12)
    assert scan.complete
    with pytest.raises(FormatError, match="set the unit"):
        read(path.read_bytes())


def test_end_of_a_kickstat_scan_is_a_banner_or_a_summary() -> None:
    for end in ("Ready!\r\n", "Ep: -0.35\r\nIp: 0.2\r\n"):
        data = f"Ready!\r\nVoltage,Current\r\n{ROWS}{end}".encode()
        (scan,) = read(data, mapping=MICRO)
        assert scan.complete
        assert len(scan.curves[0].current_a) == 20
    (scan,) = read(f"Ready!\r\nVoltage,Current\r\n{ROWS}".encode(), mapping=MICRO)
    assert "truncated_scan" in scan.flags


def test_several_scans_of_a_recording() -> None:
    one = f"Ready!\r\nVoltage,Current\r\n{ROWS}"
    scans = read(f"{one}{one}{one}Ready!\r\n".encode(), mapping=MICRO)
    assert [(scan.index, scan.complete) for scan in scans] == [(0, True), (1, True), (2, True)]


def test_scan_that_begins_again_was_lost() -> None:
    data = ACESTAT.format("SWV", ROWS).replace("][END:SWV]", "") + ACESTAT.format("CV", ROWS)
    first, second = read(data.encode(), mapping=MICRO)
    assert (first.technique, second.technique) == ("swv", "cv")
    assert (first.complete, second.complete) == (False, True)


def test_other_results_are_refused_by_name() -> None:
    with pytest.raises(FormatError, match="eis"):
        read(ACESTAT.format("EIS", ROWS).encode())
    with pytest.raises(FormatError, match="too few lines"):
        read(ACESTAT.format("SWV", "").encode())
