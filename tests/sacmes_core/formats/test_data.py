"""Every file of every format's folder is read as the JSON file beside it says, or refused.

A folder ``data/<format>`` holds synthetic files in the layouts of that format, and beside each
``<file>`` a ``<file>.json`` with what was written into it: ``scans``, or ``refused`` with words of
the sentence, and where wanted the ``mapping`` to read it with.
"""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from sacmes_core.errors import FormatError
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import ColumnMapping, Curve, Scan

DATA = Path(__file__).parent / "data"
FILES = sorted(
    str(path.relative_to(DATA)) for path in DATA.glob("*/*") if Path(f"{path}.json").exists()
)
NOT_MORE = {"units_assumed", "technique_assumed"}
"""Flags that are there when nothing names units or technique, whatever is wrong besides."""


def assert_ends(values: tuple[float, ...], ends: list[float]) -> None:
    assert [values[0], values[-1]] == pytest.approx(ends, rel=1e-9, abs=1e-12)


def assert_curve(curve: Curve, expected: dict[str, Any]) -> None:
    assert (curve.electrode, curve.role) == (expected["electrode"], expected["role"])
    assert len(curve.current_a) == len(curve.potential_v) == expected["points"]
    assert_ends(curve.current_a, expected["current_a"])
    if expected["potential_v"] is None:
        assert all(map(math.isnan, curve.potential_v))
    else:
        assert_ends(curve.potential_v, expected["potential_v"])
    if "time_s" in expected:
        assert curve.time_s is not None
        assert_ends(curve.time_s, expected["time_s"])


def assert_scan(scan: Scan, expected: dict[str, Any], folder: str) -> None:
    assert (scan.format, scan.technique) == (folder, expected["technique"])
    assert scan.frequency_hz == expected.get("frequency_hz")
    assert scan.declared.scan_rate_v_s == expected.get("scan_rate_v_s", scan.declared.scan_rate_v_s)
    assert scan.number == expected.get("number")
    flags = set(expected.get("flags", ()))
    assert set(scan.flags) - NOT_MORE == flags - NOT_MORE
    assert flags <= set(scan.flags)
    assert len(scan.curves) == len(expected["curves"])
    for curve, expected_curve in zip(scan.curves, expected["curves"], strict=True):
        assert_curve(curve, expected_curve)


@pytest.mark.parametrize("file", FILES)
def test_file_is_read_as_it_was_written(file: str) -> None:
    expected = json.loads((DATA / f"{file}.json").read_text(encoding="utf-8"))
    content = (DATA / file).read_bytes()
    mapping = ColumnMapping(**expected.get("mapping", {}))
    if "refused" in expected:
        with pytest.raises(FormatError, match=expected["refused"]) as refusal:
            read(content, mapping=mapping)
        assert refusal.value.reason.endswith(".")
        return
    scans = read(content, mapping=mapping)
    assert len(scans) == len(expected["scans"])
    for scan, expected_scan in zip(scans, expected["scans"], strict=True):
        assert_scan(scan, expected_scan, file.split("/")[0])
