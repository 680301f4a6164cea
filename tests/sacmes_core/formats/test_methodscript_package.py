"""Data packages of MethodSCRIPT instruments: the values of one line."""

import json
import math
from pathlib import Path

import pytest

from sacmes_core.formats.methodscript_package import parse_package


def test_every_package_of_every_sample(samples: Path) -> None:
    checked = 0
    for path in (samples / "methodscript").glob("*.expected.json"):
        expected = json.loads(path.read_text())
        text = path.with_name(path.name.removesuffix(".expected.json")).read_text()
        if not isinstance(expected, dict):
            continue
        lines = [line for line in text.split("\n")[:-1] if line.startswith("P")]
        for line, variables in zip(lines, expected["packages"], strict=True):
            got = parse_package(line)
            assert got is not None
            assert [v.type for v in got] == [v["type"] for v in variables]
            assert [v.status for v in got] == [v.get("status", 0) for v in variables]
            for variable, wanted in zip(got, variables, strict=True):
                if wanted["value"] is None:
                    assert math.isnan(variable.value)
                else:
                    assert variable.value == pytest.approx(wanted["value"], rel=1e-12, abs=0)
                checked += 1
    assert checked > 2000


@pytest.mark.parametrize(
    "line", ["P", "Pda7F85F3", "Pda7F85F3Fu;ba48D503D", "Pda7F85F3Fu;", "da7F85F3Fu", "Pda7f85f3fu"]
)
def test_damaged_package_is_none(line: str) -> None:
    assert parse_package(line) is None


def test_zero_keeps_its_blank_prefix() -> None:
    got = parse_package("Pda8000000 ;ba8000000")
    assert got is not None
    assert [v.value for v in got] == [0, 0]
