"""The table of a session."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.exports import COLUMNS, lines, split
from sacmes_core.payloads.results import ElectrodeResult, Result, ScanReference

SESSION = "9b2f4c1e-0000-4000-8000-000000000001"


def result(position: int, **fields: object) -> Result:
    return Result(
        session_id=SESSION,
        position=position,
        upload_id="0" * 64,
        scan=ScanReference(file='a "b", c.txt', frequency_hz=60.0, number=3),
        settings_revision=1,
        trend_revision=2,
        version="1",
        **fields,  # type: ignore[arg-type]
    )


def test_one_line_for_each_scan_and_electrode() -> None:
    electrodes = (
        ElectrodeResult(electrode=1, peak_current_a=1.25e-7, kdm=1.5, flags=("too_noisy",)),
        ElectrodeResult(electrode=4, flags=("missing_electrode",)),
    )
    results = [
        result(1, electrodes=electrodes, flags=("units_assumed", "too_noisy")),
        result(2, error="It is broken; export it again."),
    ]
    rows = list(csv.DictReader(io.StringIO("".join(lines(results)))))
    assert [(row["position"], row["electrode"]) for row in rows] == [
        ("1", "1"),
        ("1", "4"),
        ("2", ""),
    ]
    assert tuple(rows[0]) == COLUMNS
    assert float(rows[0]["peak_current_a"]) == 1.25e-7
    assert rows[0]["file"] == 'a "b", c.txt'
    assert rows[0]["flags"] == "units_assumed too_noisy"
    assert rows[1]["peak_current_a"] == rows[1]["kdm"] == ""
    assert rows[2]["error"] == "It is broken; export it again."


def test_mean_and_deviation_over_the_electrodes_of_a_scan() -> None:
    found = [(1, 1.0), (2, 1.2), (3, None)]
    electrodes = tuple(ElectrodeResult(electrode=e, normalised=v) for e, v in found)
    alone = (ElectrodeResult(electrode=1, normalised=0.9),)
    table = "".join(lines([result(1, electrodes=electrodes), result(2, electrodes=alone)]))
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [float(row["normalised_mean"]) for row in rows[:3]] == [1.1] * 3
    assert float(rows[2]["normalised_sd"]) == pytest.approx(0.02**0.5)
    assert rows[0]["kdm_mean"] == rows[0]["kdm_sd"] == rows[3]["normalised_mean"] == ""


@given(st.lists(st.text(max_size=30).map(lambda t: t + "\n"), max_size=40), st.integers(1, 100))
def test_parts_are_whole_lines_and_together_the_file(table: list[str], size: int) -> None:
    parts = list(split(table, size))
    assert b"".join(parts) == "".join(table).encode()
    for part in parts:
        assert len(part) <= size or part.count(b"\n") >= 1
        assert part.endswith(b"\n") or parts == [b""]


def test_growing_table_changes_only_its_last_part() -> None:
    table = [f"line {k}\n" for k in range(100)]
    shorter, longer = list(split(table[:70], 100)), list(split(table, 100))
    assert longer[: len(shorter) - 1] == shorter[:-1]
